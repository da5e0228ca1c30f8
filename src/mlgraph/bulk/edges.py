"""Lines that state an edge, most of any load: a chunk of them is read into columns without a Python object a line.

A line is taken here only where `mlgraph.domain.plain` would take it and say the same of it; whatever is unusual in it leaves it
to that reader. Spaces between the tokens are usual, other white space is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numba
import numpy as np
import numpy.typing as npt

from mlgraph.bulk.blake2b import digest_into
from mlgraph.bulk.tokens import (
    NO_TIME,
    Bytes,
    Longs,
    allows,
    is_role,
    is_version,
    moment,
    name_row,
    names,
    relation_row,
    spaces,
    string_end,
    uri_kind,
)
from mlgraph.domain.plain import may_be_origin
from mlgraph.domain.stated import quoted_origin
from mlgraph.domain.times import FOREVER
from mlgraph.ports.edges import EdgeColumns, StatedEdges

_KEYS: Final = names(
    ("source", "relation", "target", "valid_from", "valid_to", "origin", "properties", "role", "version", "edge")
)
SOURCE, RELATION, TARGET, VALID_FROM, VALID_TO, ORIGIN, PROPERTIES, ROLE, VERSION, EDGE = range(10)
_TEXTS: Final = len(_KEYS)
MAX_ORIGINS: Final = 64
"""Origins told apart in one chunk; lines of further ones are left to the other reader."""
_FRAME_BYTES: Final = 512
"""Room for what stands around the parts of a line in the text that its digest is made of."""


def _pieces(*texts: str) -> tuple[Bytes, ...]:
    return tuple(np.frombuffer(text.encode(), np.uint8) for text in texts)


_OPENING, _BETWEEN, _COMMA, _NULL, _CLOSING, _BRACES = _pieces('["edge",0,"', '","', ",", "null", "]", "{}")
_ROLE_IS, _VERSION_IS, _VERSION_TOO, _END_PROPERTIES = _pieces('{"role":"', '{"version":"', '","version":"', '"}')
_QUOTE_COMMA: Final = np.frombuffer(b'",', np.uint8)


def read_edges(lines: Sequence[bytes], default_origin: str, accepts: Callable[[str], bool]) -> tuple[StatedEdges, list[int]]:
    """Return the edges that `lines` state, and the places of the lines that are left to the other reader.

    `default_origin` is of those that name none; `accepts` says of an origin whether lines that name it are taken here.
    """
    joined = b"".join(lines)
    stops = np.cumsum(np.fromiter(map(len, lines), np.int64, len(lines)))
    text = np.frombuffer(joined, np.uint8)
    longest = max(map(len, lines), default=0)
    default = quoted_origin(default_origin).encode()
    columns = _empty(len(lines))
    origins = np.full((MAX_ORIGINS, 2), -1, np.int64)
    scratch = np.zeros(longest + len(default) + _FRAME_BYTES, np.uint8)
    taken = np.zeros(len(lines), np.bool_)
    count = _read(text, stops, np.frombuffer(default, np.uint8), columns, origins, scratch, taken)
    named = [joined[begin:end].decode("ascii") for begin, end in origins[1:].tolist() if begin >= 0]
    good = np.array([True, *(may_be_origin(origin) and accepts(origin) for origin in named)])
    columns = columns.at(slice(count))
    if not good.all():
        fit = good[columns.origin]
        taken[np.flatnonzero(taken)[~fit]] = False
        columns = columns.at(fit)
    return StatedEdges(joined, [default_origin, *named], columns), np.flatnonzero(~taken).tolist()


def _empty(many: int) -> EdgeColumns:
    keys = [np.zeros((many, 2), np.uint64) for _ in range(3)]
    spans = [np.full((many, 2), -1, np.int64) for _ in range(4)]
    return EdgeColumns._make([*keys, *spans, *(np.zeros(many, np.int64) for _ in range(4))])


@numba.njit(cache=True, nogil=True)
def _read(
    text: Bytes, stops: Longs, default: Bytes, columns: EdgeColumns, origins: Longs, scratch: Bytes, taken: npt.NDArray[np.bool_]
) -> int:
    """Fill the columns from line after line; return how many rows they have."""
    parts = np.empty((_TEXTS, 2), np.int64)
    words = np.empty(24, np.uint64)
    begin, count = 0, 0
    for line in range(len(stops)):
        stop = stops[line]
        parts[:] = -1
        if _line(text, begin, stop, parts) and _judged(text, parts, columns, count, origins):
            length = _said(text, parts, columns, count, default, scratch)
            digest_into(columns.digest[count], scratch, 0, length, words)
            digest_into(columns.source_key[count], text, parts[SOURCE, 0], parts[SOURCE, 1], words)
            digest_into(columns.target_key[count], text, parts[TARGET, 0], parts[TARGET, 1], words)
            taken[line] = True
            count += 1
        begin = stop
    return count


@numba.njit(cache=True, nogil=True)
def _line(text: Bytes, begin: int, stop: int, parts: Longs) -> bool:
    """Find the parts of `{"edge":{...}}`, and say whether it is nothing but that."""
    at = _value_at(text, _opened(text, begin, stop), stop, parts)
    if at < 0 or parts[EDGE, 0] < 0:
        return False
    at = _opened(text, at, stop)
    if at < 0:
        return False
    while True:
        key = _key(text, at, stop)
        at = _value_at(text, at, stop, parts)
        if at < 0 or key >= ROLE:
            return False
        at = _properties(text, at, stop, parts) if key == PROPERTIES else _text(text, at, stop, parts, key)
        if at < 0 or at >= stop:
            return False
        if text[at] != 44:  # a comma
            break
        at = spaces(text, at + 1, stop)
    at = _closed(text, at, stop)
    return at >= 0 and _closed(text, at, stop) == stop


@numba.njit(cache=True, nogil=True)
def _properties(text: Bytes, at: int, stop: int, parts: Longs) -> int:
    """Find role and version; return the place behind the object, -1 where there is anything else in it."""
    at = _opened(text, at, stop)
    if at >= 0 and at < stop and text[at] == 125:  # nothing in it
        return _closed(text, at, stop)
    while at >= 0:
        key = _key(text, at, stop)
        if key not in (ROLE, VERSION):
            return -1
        at = _text(text, _value_at(text, at, stop, parts), stop, parts, key)
        if at < 0 or at >= stop or text[at] != 44:
            break
        at = spaces(text, at + 1, stop)
    return _closed(text, at, stop)


@numba.njit(cache=True, nogil=True)
def _key(text: Bytes, at: int, stop: int) -> int:
    """Return which key begins at `at`, -1 where none does that is known."""
    if at < 0:
        return -1
    end = string_end(text, at, stop)
    return -1 if end < 0 else name_row(text, at + 1, end, _KEYS)


@numba.njit(cache=True, nogil=True)
def _value_at(text: Bytes, at: int, stop: int, parts: Longs) -> int:
    """Pass over a known key and its colon, and note that it was there; -1 where it is no such key, or was there before."""
    key = _key(text, at, stop)
    if key < 0 or parts[key, 0] >= 0:
        return -1
    parts[key, 0] = parts[key, 1] = at
    at = spaces(text, at + 2 + _KEYS[key, 0], stop)
    if at >= stop or text[at] != 58:  # a colon
        return -1
    return spaces(text, at + 1, stop)


@numba.njit(cache=True, nogil=True)
def _text(text: Bytes, at: int, stop: int, parts: Longs, key: int) -> int:
    """Note the span of the string at `at`; return the place behind it."""
    if at < 0:
        return -1
    end = string_end(text, at, stop)
    if end < 0:
        return -1
    parts[key, 0], parts[key, 1] = at + 1, end
    return spaces(text, end + 1, stop)


@numba.njit(cache=True, nogil=True)
def _opened(text: Bytes, at: int, stop: int) -> int:
    """Return the place behind an opening brace, -1 where there is none."""
    return spaces(text, at + 1, stop) if 0 <= at < stop and text[at] == 123 else -1


@numba.njit(cache=True, nogil=True)
def _closed(text: Bytes, at: int, stop: int) -> int:
    """Return the place behind a closing brace, -1 where there is none."""
    return spaces(text, at + 1, stop) if 0 <= at < stop and text[at] == 125 else -1


@numba.njit(cache=True, nogil=True)
def _judged(text: Bytes, parts: Longs, columns: EdgeColumns, row: int, origins: Longs) -> bool:
    """Fill a row from the parts of a line, and say whether they are all as they should be."""
    if parts[SOURCE, 0] < 0 or parts[RELATION, 0] < 0 or parts[TARGET, 0] < 0 or parts[VALID_FROM, 0] < 0:
        return False
    relation = relation_row(text, parts[RELATION, 0], parts[RELATION, 1])
    source, target = uri_kind(text, parts[SOURCE, 0], parts[SOURCE, 1]), uri_kind(text, parts[TARGET, 0], parts[TARGET, 1])
    if relation < 0 or source < 0 or target < 0 or not allows(relation, source, target):
        return False
    begin, end = moment(text, parts[VALID_FROM, 0], parts[VALID_FROM, 1]), FOREVER
    if parts[VALID_TO, 0] >= 0:
        end = moment(text, parts[VALID_TO, 0], parts[VALID_TO, 1])
    if begin == NO_TIME or end <= begin:
        return False
    if (parts[ROLE, 0] >= 0 and not is_role(text, parts[ROLE, 0], parts[ROLE, 1])) or (
        parts[VERSION, 0] >= 0 and not is_version(text, parts[VERSION, 0], parts[VERSION, 1])
    ):
        return False
    origin = _origin_row(text, parts[ORIGIN, 0], parts[ORIGIN, 1], origins) if parts[ORIGIN, 0] >= 0 else 0
    if origin < 0:
        return False
    columns.relation[row], columns.origin[row] = relation, origin
    columns.valid_from[row], columns.valid_to[row] = begin, end
    columns.source[row], columns.target[row] = parts[SOURCE], parts[TARGET]
    columns.role[row], columns.version[row] = parts[ROLE], parts[VERSION]
    return True


@numba.njit(cache=True, nogil=True)
def _origin_row(text: Bytes, begin: int, end: int, origins: Longs) -> int:
    """Return the place of an origin among those of the chunk, where it is put if it is new; -1 where there are too many."""
    for row in range(1, len(origins)):
        first, length = origins[row, 0], end - begin
        if first < 0:
            origins[row, 0], origins[row, 1] = begin, end
            return row
        if origins[row, 1] - first == length:
            same = 0
            while same < length and text[first + same] == text[begin + same]:
                same += 1
            if same == length:
                return row
    return -1


@numba.njit(cache=True, nogil=True)
def _said(text: Bytes, parts: Longs, columns: EdgeColumns, row: int, default: Bytes, into: Bytes) -> int:
    """Write the text that the digest of an edge is made of (`mlgraph.domain.stated`); return its length."""
    at = _put(into, 0, _OPENING)
    at = _put(into, _put(into, at, text[parts[SOURCE, 0] : parts[SOURCE, 1]]), _BETWEEN)
    at = _put(into, _put(into, at, text[parts[RELATION, 0] : parts[RELATION, 1]]), _BETWEEN)
    at = _put(into, _put(into, at, text[parts[TARGET, 0] : parts[TARGET, 1]]), _QUOTE_COMMA)
    at = _put(into, at, default if parts[ORIGIN, 0] < 0 else text[parts[ORIGIN, 0] - 1 : parts[ORIGIN, 1] + 1])
    at = _put_number(into, _put(into, at, _COMMA), columns.valid_from[row])
    at = _put(into, at, _COMMA)
    at = _put(into, at, _NULL) if parts[VALID_TO, 0] < 0 else _put_number(into, at, columns.valid_to[row])
    at = _put(into, at, _COMMA)
    if parts[ROLE, 0] >= 0:
        at = _put(into, _put(into, at, _ROLE_IS), text[parts[ROLE, 0] : parts[ROLE, 1]])
    if parts[VERSION, 0] >= 0:
        at = _put(into, at, _VERSION_IS if parts[ROLE, 0] < 0 else _VERSION_TOO)
        at = _put(into, at, text[parts[VERSION, 0] : parts[VERSION, 1]])
    at = _put(into, at, _BRACES if parts[ROLE, 0] < 0 and parts[VERSION, 0] < 0 else _END_PROPERTIES)
    return _put(into, at, _CLOSING)


@numba.njit(cache=True, nogil=True)
def _put(into: Bytes, at: int, piece: Bytes) -> int:
    for place in range(len(piece)):
        into[at + place] = piece[place]
    return at + len(piece)


@numba.njit(cache=True, nogil=True)
def _put_number(into: Bytes, at: int, number: int) -> int:
    """Write a whole number in decimal; return the place behind it."""
    if number < 0:
        into[at] = 45
        return _put_number_of(into, at + 1, -number)
    return _put_number_of(into, at, number)


@numba.njit(cache=True, nogil=True)
def _put_number_of(into: Bytes, at: int, number: int) -> int:
    digits, rest = 1, number // 10
    while rest > 0:
        digits, rest = digits + 1, rest // 10
    for place in range(at + digits - 1, at - 1, -1):
        into[place] = 48 + number % 10
        number //= 10
    return at + digits
