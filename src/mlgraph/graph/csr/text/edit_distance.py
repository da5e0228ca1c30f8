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
_FOLDED: Final = np.frombuffer(bytes(range(256)).lower(), np.uint8)
_IS_SEPARATOR: Final = np.isin(np.arange(256), list(SEPARATORS))
_BITS: Final = 64
"""Bits of the set of the bytes of a text: letters and digits have one each, all others share the rest."""
_OWN_BIT: Final = b"abcdefghijklmnopqrstuvwxyz0123456789"
_BIT: Final = np.array(
    [1 << (_OWN_BIT.index(byte) if byte in _OWN_BIT else len(_OWN_BIT) + byte % (_BITS - len(_OWN_BIT))) for byte in range(256)],
    np.uint64,
)


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
        if _IS_SEPARATOR[byte]:
            parts -= 1
            if parts == 0:
                break
        left -= 1
        out[left] = _FOLDED[byte]
    return left


@numba.njit(cache=True, nogil=True)
def _bytes_in(text: Bytes) -> np.uint64:
    """Return the set of the bytes in a text, as bits."""
    found = np.uint64(0)
    for byte in text:
        found |= _BIT[byte]
    return found


@numba.njit(cache=True, nogil=True)
def _count(bits: np.uint64) -> int:
    count = 0
    while bits:
        bits &= bits - np.uint64(1)
        count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _distance(one: Bytes, other: Bytes, bound: int, rows: Longs) -> int:
    """Return the distance of two texts, or `FAR`; `rows` is space for three rows of the table.

    Only entries at most `bound` off the diagonal are computed: all others exceed it.
    """
    before, last, now = rows[0], rows[1], rows[2]
    for column in range(len(other) + 1):
        last[column] = column
    for row in range(1, len(one) + 1):
        first, final = max(1, row - bound), min(len(other), row + bound)
        now[first - 1] = least = row if first == 1 else bound + 1
        for column in range(first, final + 1):
            cost = min(last[column - 1] + (one[row - 1] != other[column - 1]), now[column - 1] + 1)
            if column < row + bound:
                cost = min(cost, last[column] + 1)
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
    sought = _bytes_in(text)
    for number in range(len(found)):
        if offsets[number] == offsets[number + 1]:
            continue
        left = _last_parts(data, offsets[number], offsets[number + 1], parts, out, uris)
        if left == 0 or abs(len(out) - left - len(text)) > bound:
            continue
        # An edit adds a byte to the set of bytes, removes one, or does both.
        if _count(sought ^ _bytes_in(out[left:])) <= 2 * bound:
            found[number] = _distance(out[left:], text, bound, rows)
    return found
