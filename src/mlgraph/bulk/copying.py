"""Edges as rows in the binary format of COPY (PostgreSQL, COPY, Binary Format), written in compiled code."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.bulk.tokens import Bytes, Longs
from mlgraph.ports.edges import EdgeColumns, StatedEdges

COLUMNS: Final = (
    "tx", "source_id", "relation", "target_id", "origin_id", "valid_from", "valid_to", "mode", "role", "version", "by_id",
    "feeds", "content_id", "event_id", "digest",
)  # fmt: skip
"""Columns of `edge_fact` in the order in which they are written."""
_ROW_BYTES: Final = 2 + 4 * len(COLUMNS) + 62
"""A row without role and version."""
_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + struct.pack("!ii", 0, 0)
_TRAILER: Final = struct.pack("!h", -1)
_DIGEST_BYTES: Final = 16


class Given(NamedTuple):
    """The numbers that edges are stored with: of their ends, relations and origins, one row an edge; of what they share."""

    ends: Longs
    relations: Longs
    origins: Longs
    tx: int
    content: int


def edge_rows(edges: StatedEdges, order: Longs, given: Given) -> bytes:
    """Return the edges whose places are `order` as the data of one COPY."""
    text = np.frombuffer(edges.text, np.uint8)
    of = edges.columns
    into = np.empty(_size(order, of.role, of.version), np.uint8)
    digests = np.ascontiguousarray(of.digest).view(np.uint8).reshape(-1, _DIGEST_BYTES)
    _write(into, text, of, digests, order, given)
    return b"".join((_HEADER, into.data, _TRAILER))


def _size(order: Longs, *spans: Longs) -> int:
    return _ROW_BYTES * len(order) + sum(int((span[order, 1] - span[order, 0]).sum()) for span in spans)


@numba.njit(cache=True, nogil=True)
def _write(into: Bytes, text: Bytes, of: EdgeColumns, digests: Bytes, order: Longs, given: Given) -> None:
    at = 0
    for row in order:
        at = _whole(into, at, len(COLUMNS), 2)
        at = _field(into, at, given.tx, 8)
        at = _field(into, at, given.ends[row, 0], 4)
        at = _field(into, at, given.relations[row], 2)
        at = _field(into, at, given.ends[row, 1], 4)
        at = _field(into, at, given.origins[row], 2)
        at = _field(into, at, of.valid_from[row], 8)
        at = _field(into, at, of.valid_to[row], 8)
        at = _field(into, at, 0, 2)
        at = _text_field(into, at, text, of.role[row])
        at = _text_field(into, at, text, of.version[row])
        at = _whole(into, _whole(into, at, -1, 4), -1, 4)
        at = _field(into, at, given.content, 8)
        at = _whole(into, at, -1, 4)
        at = _whole(into, at, _DIGEST_BYTES, 4)
        into[at : at + _DIGEST_BYTES] = digests[row]
        at += _DIGEST_BYTES


@numba.njit(cache=True, nogil=True, inline="always")
def _whole(into: Bytes, at: int, number: int, size: int) -> int:
    """Write a whole number of `size` bytes, the most significant first; return the place behind it."""
    for place in range(size):
        into[at + place] = (number >> (8 * (size - 1 - place))) & 255
    return at + size


@numba.njit(cache=True, nogil=True, inline="always")
def _field(into: Bytes, at: int, number: int, size: int) -> int:
    """Write a field that holds a whole number."""
    return _whole(into, _whole(into, at, size, 4), number, size)


@numba.njit(cache=True, nogil=True)
def _text_field(into: Bytes, at: int, text: Bytes, span: Longs) -> int:
    """Write a field that holds a span of `text`, or NULL where it begins at -1."""
    if span[0] < 0:
        return _whole(into, at, -1, 4)
    length: int = span[1] - span[0]
    at = _whole(into, at, length, 4)
    into[at : at + length] = text[span[0] : span[1]]
    return at + length
