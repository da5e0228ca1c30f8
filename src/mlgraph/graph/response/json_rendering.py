"""Renders nodes and edges of an answer as JSON in compiled code: as Python objects they would cost more than the traversal."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np
import orjson

from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES
from mlgraph.graph.csr.text.text_arena import Pieces, Texts, _copy
from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs

_CERTAIN: Final = np.frombuffer(bytearray(b"certain"), np.uint8)
_POSSIBLE: Final = np.frombuffer(bytearray(b"possible"), np.uint8)
_NODE: Final = ('{"uri":"', '","kind":"', '","name":"', '","distance":', ',"certainty":"', '"}', '","deleted":true}')
_EDGE: Final = ('{"source":"', '","relation":"', '","target":"', '","origins":[', '],"certainty":"', '"}', '","folded":', "}")
_GROUP: Final = ('{"owner":"', ',{"owner":"', '","assets":[', "]}")
_LONGEST_NUMBER: Final = 12


def _by_code(names: dict[int, str]) -> Pieces:
    return Pieces.of(names.get(code, "") for code in range(256))


_KINDS: Final = _by_code(dict(KIND_NAMES))
_RELATIONS: Final = _by_code(dict(RELATION_NAMES))
_NODE_PIECES: Final = Pieces.of(_NODE, raw=True)
_EDGE_PIECES: Final = Pieces.of(_EDGE, raw=True)
_GROUP_PIECES: Final = Pieces.of(_GROUP, raw=True)


@numba.njit(cache=True, nogil=True)
def _text(out: Bytes, place: int, texts: Texts, entry: int) -> int:
    if texts.starts[entry] < 0:
        return _copy(out, place, texts.extra, ~texts.starts[entry], texts.ends[entry])
    return _copy(out, place, texts.data, texts.starts[entry], texts.ends[entry])


@numba.njit(cache=True, nogil=True)
def _piece(out: Bytes, place: int, pieces: Pieces, number: int) -> int:
    return _copy(out, place, pieces.data, pieces.offsets[number], pieces.offsets[number + 1])


@numba.njit(cache=True, nogil=True)
def _number(out: Bytes, place: int, value: int) -> int:
    digits = 1
    limit = 10
    while value >= limit:
        digits += 1
        limit *= 10
    for position in range(place + digits - 1, place - 1, -1):
        out[position] = 48 + value % 10
        value //= 10
    return place + digits


@numba.njit(cache=True, nogil=True)
def _write_nodes(
    out: Bytes,
    uris: Texts,
    names: Texts,
    kinds: Bytes,
    distances: Ints,
    certain: Bools,
    deleted: Bools,
    words: Pieces,
    pieces: Pieces,
    yes: Bytes,
    no: Bytes,
) -> int:
    place = 0
    for entry in range(len(kinds)):
        if entry > 0:
            out[place] = 44
            place += 1
        place = _piece(out, place, pieces, 0)
        place = _text(out, place, uris, entry)
        place = _piece(out, place, pieces, 1)
        place = _piece(out, place, words, kinds[entry])
        place = _piece(out, place, pieces, 2)
        place = _text(out, place, names, entry)
        place = _piece(out, place, pieces, 3)
        place = _number(out, place, distances[entry])
        place = _piece(out, place, pieces, 4)
        word = yes if certain[entry] else no
        place = _copy(out, place, word, 0, len(word))
        place = _piece(out, place, pieces, 6 if deleted[entry] else 5)
    return place


def nodes_json(uris: Texts, names: Texts, kinds: Bytes, distances: Ints, certain: Bools, deleted: Bools) -> orjson.Fragment:
    """Return the array of nodes: one for each entry of the arrays, in their order; only `deleted` ones have that key."""
    longest = int(np.diff(_KINDS.offsets).max()) + len(_NODE_PIECES.data) + len(_POSSIBLE) + _LONGEST_NUMBER + 1
    size = int((uris.ends - _begin(uris)).sum() + (names.ends - _begin(names)).sum()) + longest * len(kinds)
    out = np.empty(size, np.uint8)
    used = _write_nodes(out, uris, names, kinds, distances, certain, deleted, _KINDS, _NODE_PIECES, _CERTAIN, _POSSIBLE)
    return _array(out, used)


def _begin(texts: Texts) -> Longs:
    return np.where(texts.starts < 0, ~texts.starts, texts.starts)


def _array(out: Bytes, used: int) -> orjson.Fragment:
    return orjson.Fragment(b"".join((b"[", out[:used].data, b"]")))


class EdgeListing(NamedTuple):
    """Edges in order, as columns: the positions of their ends among the nodes, relations, certainty and origins.

    `folded` int32 is the number of hidden assets that an edge bridges. The origins of edge `i` are the origin numbers
    `origins[origin_index[i]:origin_index[i + 1]]`.
    """

    source: Ints
    relation: Bytes
    target: Ints
    certain: Bools
    folded: Ints
    origin_index: Longs
    origins: Ints


@numba.njit(cache=True, nogil=True)
def _write_edges(
    out: Bytes, uris: Texts, edges: EdgeListing, origin_index: Pieces, words: Pieces, pieces: Pieces, yes: Bytes, no: Bytes
) -> int:
    place = 0
    for edge in range(len(edges.source)):
        if edge > 0:
            out[place] = 44
            place += 1
        place = _piece(out, place, pieces, 0)
        place = _text(out, place, uris, edges.source[edge])
        place = _piece(out, place, pieces, 1)
        place = _piece(out, place, words, edges.relation[edge])
        place = _piece(out, place, pieces, 2)
        place = _text(out, place, uris, edges.target[edge])
        place = _piece(out, place, pieces, 3)
        for position in range(edges.origin_index[edge], edges.origin_index[edge + 1]):
            if position > edges.origin_index[edge]:
                out[place] = 44
                place += 1
            place = _piece(out, place, origin_index, edges.origins[position])
        place = _piece(out, place, pieces, 4)
        word = yes if edges.certain[edge] else no
        place = _copy(out, place, word, 0, len(word))
        if edges.folded[edge] > 0:
            place = _piece(out, place, pieces, 6)
            place = _number(out, place, edges.folded[edge])
            place = _piece(out, place, pieces, 7)
        else:
            place = _piece(out, place, pieces, 5)
    return place


def edges_json(uris: Texts, edges: EdgeListing, origins: Pieces) -> orjson.Fragment:
    """Return the array of edges between nodes with these `uris`; `origins` has the quoted names by origin number."""
    lengths = uris.ends - _begin(uris)
    fixed = int(np.diff(_RELATIONS.offsets).max()) + len(_EDGE_PIECES.data) + len(_POSSIBLE) + _LONGEST_NUMBER + 1
    origin_bytes = int(np.diff(origins.offsets)[edges.origins].sum()) + len(edges.origins)
    size = int(lengths[edges.source].sum() + lengths[edges.target].sum()) + origin_bytes + fixed * len(edges.source)
    out = np.empty(size, np.uint8)
    used = _write_edges(out, uris, edges, origins, _RELATIONS, _EDGE_PIECES, _CERTAIN, _POSSIBLE)
    return _array(out, used)


@numba.njit(cache=True, nogil=True)
def _write_groups(out: Bytes, names: Pieces, index: Longs, members: Longs, uris: Texts, pieces: Pieces) -> int:
    place = 0
    for group in range(len(index) - 1):
        place = _piece(out, place, pieces, 0 if group == 0 else 1)
        place = _piece(out, place, names, group)
        place = _piece(out, place, pieces, 2)
        for position in range(index[group], index[group + 1]):
            out[place] = 34
            place = _text(out, place + 1, uris, members[position])
            out[place], out[place + 1] = 34, 44
            place += 2
        place = _piece(out, place - 1, pieces, 3)
    return place


def owners_json(owners: list[str], index: Longs, members: Longs, uris: Texts) -> orjson.Fragment:
    """Return the array of owners, each with the URIs of its assets: `uris` of members[index[i]:index[i + 1]], at least one."""
    lengths = uris.ends - _begin(uris)
    names = Pieces.of(owners)
    size = int(lengths[members].sum()) + 3 * len(members) + len(names.data) + len(_GROUP_PIECES.data) * len(owners)
    out = np.empty(size, np.uint8)
    return _array(out, _write_groups(out, names, index, members, uris, _GROUP_PIECES))
