"""Edit distances between one text and the ends of many names, up to a bound.

The distance counts insertions, deletions, substitutions and transpositions of adjacent bytes ("optimal string alignment",
Boytsov, "Indexing methods for approximate dictionary searching", 2011, section 2.1). Case does not count.
"""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from mlgraph.graph.csr.text.string_index import Strings
from mlgraph.graph.model.rows import Bytes, Longs

FAR: Final = 255
"""In place of a distance: greater than the bound."""
SEPARATORS: Final = b"./:#"
"""The characters between the parts of a name."""
MOST_BYTES: Final = 200
"""Of a text that is compared."""
_SEPARATORS: Final = np.frombuffer(SEPARATORS, np.uint8)


def distances(strings: Strings, text: str, bound: int, *, uris: bool) -> Bytes:
    """Return the distance of each name to `text`: of as many of its last parts as `text` has; `FAR` if it exceeds `bound`.

    With `uris` the names are the last segments of URIs. At most `MOST_BYTES` of `text` count. An empty name is `FAR`.
    """
    sought = text.encode().lower()[:MOST_BYTES]
    parts = 1 + sum(sought.count(separator) for separator in SEPARATORS)
    return _distances(strings.offsets, strings.data, np.frombuffer(sought, np.uint8), parts, bound, int(uris))


@numba.njit(cache=True, nogil=True)
def _hex(byte: int) -> int:
    return byte - 48 if byte < 58 else byte - 55


@numba.njit(cache=True, nogil=True)
def _last_parts(data: Bytes, start: int, end: int, parts: int, out: Bytes, uris: int) -> int:
    """Copy the last `parts` parts of the name in data[start:end] to the end of `out`, folded; return where they begin there."""
    place, left = end, len(out)
    while place > start and left > 0:
        byte = data[place - 1]
        place -= 1
        if uris == 1 and byte == 47:  # the slash before the last segment
            break
        if uris == 1 and place - 2 >= start and data[place - 2] == 37:  # a percent sign
            byte = np.uint8(_hex(data[place - 1]) * 16 + _hex(byte))
            place -= 2
        if 65 <= byte <= 90:
            byte += np.uint8(32)
        for separator in _SEPARATORS:
            if byte == separator:
                parts -= 1
        if parts == 0:
            break
        left -= 1
        out[left] = byte
    return left


@numba.njit(cache=True, nogil=True)
def _distance(one: Bytes, other: Bytes, bound: int, rows: Longs) -> int:
    """Return the distance of two texts, or `FAR`; `rows` is space for three rows of the table."""
    before, last, now = rows[0], rows[1], rows[2]
    for column in range(len(other) + 1):
        last[column] = column
    for row in range(1, len(one) + 1):
        now[0] = least = row
        for column in range(1, len(other) + 1):
            differs = one[row - 1] != other[column - 1]
            cost = min(last[column - 1] + differs, last[column] + 1, now[column - 1] + 1)
            if row > 1 and column > 1 and one[row - 1] == other[column - 2] and one[row - 2] == other[column - 1]:
                cost = min(cost, before[column - 2] + 1)
            now[column] = cost
            least = min(least, cost)
        if least > bound:
            return FAR
        before, last, now = last, now, before
    return last[len(other)] if last[len(other)] <= bound else FAR


@numba.njit(cache=True, nogil=True)
def _distances(offsets: Longs, data: Bytes, text: Bytes, parts: int, bound: int, uris: int) -> Bytes:
    found = np.full(len(offsets) - 1, FAR, np.uint8)
    out = np.empty(len(text) + bound + 1, np.uint8)
    rows = np.empty((3, len(text) + 1), np.int64)
    for number in range(len(found)):
        if offsets[number] == offsets[number + 1]:
            continue
        left = _last_parts(data, offsets[number], offsets[number + 1], parts, out, uris)
        if left > 0 and abs(len(out) - left - len(text)) <= bound:
            found[number] = _distance(out[left:], text, bound, rows)
    return found
