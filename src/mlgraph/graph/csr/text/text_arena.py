"""Text arenas: many JSON-escaped texts in one array of bytes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numba
import numpy as np
import orjson

from mlgraph.graph.csr.text.array_copies import copy_bytes
from mlgraph.graph.model.rows import Bytes, Longs


class Pieces(NamedTuple):
    """Concatenated texts: text `i` is `data[offsets[i]:offsets[i + 1]]`, UTF-8, JSON-escaped without quotes."""

    offsets: Longs
    data: Bytes

    @classmethod
    def of(cls, texts: Iterable[str], *, raw: bool = False) -> Pieces:
        """Return the texts, escaped for JSON unless `raw`."""
        encoded = [text.encode() if raw else escaped(text) for text in texts]
        offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return cls(offsets, np.frombuffer(bytearray(b"".join(encoded)), np.uint8))


class Texts(NamedTuple):
    """References to texts: text `i` is `data[starts[i]:ends[i]]`, or `extra[~starts[i]:ends[i]]` if `starts[i]` is negative."""

    starts: Longs
    ends: Longs
    data: Bytes
    extra: Bytes


def concatenated(starts: Longs, ends: Longs, data: Bytes) -> Pieces:
    """Return the texts data[starts[i]:ends[i]] concatenated."""
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(ends - starts, out=offsets[1:])
    out = np.empty(offsets[-1], np.uint8)
    _copy_all(out, data, starts, ends)
    return Pieces(offsets, out)


def escaped(text: str) -> bytes:
    """Return `text` JSON-escaped, without quotes."""
    return orjson.dumps(text)[1:-1]


@numba.njit(cache=True, nogil=True)
def _copy(out: Bytes, place: int, data: Bytes, start: int, end: int) -> int:
    copy_bytes(out, place, data, start, end - start)
    return place + end - start


@numba.njit(cache=True, nogil=True)
def _copy_all(out: Bytes, data: Bytes, starts: Longs, ends: Longs) -> None:
    place = 0
    for number in range(len(starts)):
        place = _copy(out, place, data, starts[number], ends[number])
