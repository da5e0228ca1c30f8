"""Lists the edges of an answer: those between its nodes, each with origins and certainty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.grouping_kernel import places_among
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, CERTAIN, COLUMN, FIRST_RULE_ORIGIN, SHOW, WALK, Bools, Bytes, Ints, Layer, Longs
from mlgraph.graph.noise.bridges import bridges
from mlgraph.graph.noise.rules import Hidden
from mlgraph.graph.response.json_rendering import EdgeListing
from mlgraph.graph.traversal.closures import Closure, DirectionName, among
from mlgraph.graph.traversal.workspace import borrowed

_RELATION_RANK: Final = np.zeros(256, np.int64)
_RELATION_RANK[sorted(RELATION_NAMES, key=lambda code: RELATION_NAMES[code])] = np.arange(len(RELATION_NAMES))

_PLACE_BITS: Final = 20
"""Bits of a position in the sort key: answers rarely list 2^20 assets or more, and those are sorted by separate keys."""
_ORIGIN_BITS: Final = 15
"""Bits of an origin, as in a row (see `csr/row_format.py`)."""


class _RowColumns(NamedTuple):
    """Rows between listed assets as columns: `shown` are listed, `walked` were taken by a closure, `taken_as_certain` as certain.

    `folded` int32 is the number of hidden assets between the ends (0: the row is an edge of the graph).
    """

    source: Ints
    target: Ints
    relation: Bytes
    origin: NDArray[np.int16]
    shown: Bools
    walked: Bools
    taken_as_certain: Bools
    folded: Ints


def edges_between(
    graph: GraphVersion,
    level: Layer,
    moment: int,
    closures: Mapping[DirectionName, Closure],
    listed: Ints,
    ranks: Callable[[int], Ints],
    hidden: Hidden | None = None,
) -> EdgeListing:
    """Return the edges valid at `moment` between `listed` assets, sorted by source, relation and target.

    These are all edges of walked relations, whether the closures used them or not, and the part edges that the closures used.
    An edge is `possible` if the closures took it on uncertain paths only. `ranks(n)` returns the position of each origin in the
    order of names, at least of those of the store up to number n and those of rules. Paths over `hidden` assets become edges
    between listed ones (`bridges`).
    """
    found = [_rows(graph, graph.views[layer].out, listed, closures, moment) for layer in _layers(graph, level, listed)]
    if hidden is not None:
        found += [_over_hidden(graph, layer, listed, hidden, closures, moment) for layer in _layers(graph, level, listed)]
    found += [_parts(graph, reached, listed, moment) for reached in closures.values() if reached.parts]
    rows = _RowColumns(*(np.concatenate(column) for column in zip(*found, strict=True)))
    ends = places_among(listed, np.concatenate([rows.source, rows.target]))
    source, target = ends[: len(rows.source)], ends[len(rows.source) :]
    rank = np.empty(len(listed), np.int64)
    rank[graph.asset_index.sort(listed, np.zeros(len(listed), np.int32))] = np.arange(len(listed))
    origin_index = ranks(greatest_asserted(rows.origin))[rows.origin]
    order = _in_order(rank[source], 2 * _RELATION_RANK[rows.relation] + (rows.folded > 0), rank[target], origin_index)
    return EdgeListing(*_merged_rows(source, target, *rows[2:], order))


def greatest_asserted(origins: NDArray[np.integer]) -> int:
    """Return the greatest number of an origin of the store among `origins` (0: there is none)."""
    greatest = int(origins.max(initial=0))
    return greatest if greatest < FIRST_RULE_ORIGIN else int(origins[origins < FIRST_RULE_ORIGIN].max(initial=0))


def _in_order(sources: Longs, relations: Longs, targets: Longs, origins: Ints) -> Longs:
    """Return the order of rows by source, relation (below 256), target and origin, each given as its rank."""
    if len(sources) and max(sources.max(), targets.max()) >> _PLACE_BITS:
        return np.lexsort((origins, targets, relations, sources))
    # sorting by a single packed key is several times as fast
    return np.argsort(((sources << 8 | relations) << _PLACE_BITS | targets) << _ORIGIN_BITS | origins)


@numba.njit(cache=True, nogil=True)
def _merged_rows(
    source: Ints,
    target: Ints,
    relation: Bytes,
    origin: NDArray[np.int16],
    shown: Bools,
    walked: Bools,
    taken_as_certain: Bools,
    folded: Ints,
    order: Longs,
) -> tuple[Ints, Bytes, Ints, Bools, Ints, Longs, Ints]:
    """Return the columns of an `EdgeListing` with each edge once.

    An edge is listed if any of its rows is, and certain if a closure took one as certain or took none of them.
    """
    many = len(order)
    sources, relations, targets = np.empty(many, np.int32), np.empty(many, np.uint8), np.empty(many, np.int32)
    certain, index, origins = np.empty(many, np.bool_), np.zeros(many + 1, np.int64), np.empty(many, np.int32)
    between = np.empty(many, np.int32)
    edges, origins_used, place = 0, 0, 0
    while place < many:
        first, last = order[place], 0
        is_shown, was_walked, is_certain, least = False, False, False, folded[first]
        while place < many:
            row = order[place]
            if source[row] != source[first] or relation[row] != relation[first] or target[row] != target[first]:
                break
            if (folded[row] > 0) != (folded[first] > 0):
                break
            least = min(least, folded[row])
            if shown[row] and origin[row] != 0 and origin[row] != last:
                origins[origins_used] = last = origin[row]
                origins_used += 1
            is_shown, was_walked = is_shown or shown[row], was_walked or walked[row]
            is_certain = is_certain or taken_as_certain[row]
            place += 1
        if is_shown:
            sources[edges], relations[edges], targets[edges] = source[first], relation[first], target[first]
            certain[edges], between[edges] = is_certain or not was_walked, least
            edges += 1
            index[edges] = origins_used
    return (
        sources[:edges],
        relations[:edges],
        targets[:edges],
        certain[:edges],
        between[:edges],
        index[: edges + 1],
        origins[:origins_used],
    )


def _layers(graph: GraphVersion, level: Layer, listed: Ints) -> tuple[Layer, ...]:
    if not (graph.asset_index.kinds(listed) == COLUMN).any():
        return (level,)
    return level, (Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS)


def _rows(
    graph: GraphVersion, rows: DirectedRows, listed: Ints, closures: Mapping[DirectionName, Closure], moment: int
) -> _RowColumns:
    """Return the rows between nodes of the listed assets."""
    own = graph.nodes_of(listed)
    own = own[own >= 0]
    inside = [reached.nodes[among(graph, graph.asset_of[reached.nodes], listed)] for reached in closures.values()]
    ports = np.concatenate([nodes[graph.port_of[nodes] != 0] for nodes in inside])
    chosen = np.concatenate([own, np.unique(ports)]) if len(ports) else own
    with borrowed() as workspace:
        space = workspace.for_walk(graph.nodes)
        for nodes in (own, *inside):
            space.stamp[nodes] = space.epoch
        gathered = rows.gather(chosen, moment, marks=(space.stamp, space.epoch))
    near = chosen[gathered.position]
    walked, taken_as_certain = np.zeros(len(near), np.bool_), np.zeros(len(near), np.bool_)
    for direction, reached in closures.items():
        _mark_walked(graph, direction, reached, near, gathered.other, gathered.flags, walked, taken_as_certain)
    return _RowColumns(
        graph.asset_of[near],
        graph.asset_of[gathered.other],
        gathered.relation,
        gathered.origin,
        gathered.flags & SHOW != 0,
        walked,
        taken_as_certain,
        np.zeros(len(near), np.int32),
    )


def _over_hidden(
    graph: GraphVersion, layer: Layer, listed: Ints, hidden: Hidden, closures: Mapping[DirectionName, Closure], moment: int
) -> _RowColumns:
    """Return the bridges over hidden assets between the listed ones, a row for each origin."""
    found = [
        (bridge.source, bridge.target, bridge.relation, origin, WALK | SHOW | (CERTAIN if bridge.certain else 0), bridge.folded)
        for bridge in bridges(graph, layer, moment, listed, hidden)
        for origin in (bridge.origins or (0,))
    ]
    columns = np.array(found, np.int32).reshape(-1, 6).T
    near, far, flags, folded = columns[0], columns[1], columns[4].astype(np.uint8), columns[5]
    walked, taken_as_certain = np.zeros(len(near), np.bool_), np.zeros(len(near), np.bool_)
    for direction, reached in closures.items():
        _mark_walked(graph, direction, reached, near, far, flags, walked, taken_as_certain)
    return _RowColumns(
        graph.asset_of[near],
        graph.asset_of[far],
        columns[2].astype(np.uint8),
        columns[3].astype(np.int16),
        flags & SHOW != 0,
        walked,
        taken_as_certain,
        folded,
    )


def _mark_walked(
    graph: GraphVersion,
    direction: DirectionName,
    reached: Closure,
    near: Ints,
    far: Ints,
    flags: Bytes,
    walked: Bools,
    taken_as_certain: Bools,
) -> None:
    """Set `walked` for the rows that a closure took, and `taken_as_certain` for those on a path of certain edges only."""
    with borrowed() as workspace:
        space = workspace.for_walk(graph.nodes)
        space.stamp[reached.nodes] = space.epoch
        taken = (flags & WALK != 0) & (space.stamp[near] == space.epoch) & (space.stamp[far] == space.epoch)
        space = workspace.for_walk(graph.nodes)
        space.stamp[reached.certain_nodes] = space.epoch
        certain_end = space.stamp[near if direction == "downstream" else far] == space.epoch
    walked |= taken
    taken_as_certain |= taken & (flags & CERTAIN != 0) & certain_end


def _parts(graph: GraphVersion, reached: Closure, listed: Ints, moment: int) -> _RowColumns:
    """Return the part edges and claims that a closure used, a row for each origin."""
    inside = set(listed.tolist())
    used: dict[tuple[int, int, int], list[tuple[int, int, bool]]] = defaultdict(list)
    for (part, relation, parent), is_certain in reached.parts.items():
        if part in inside and parent in inside:
            for source, target in _ends_of_rows(graph, part, relation, parent):
                used[source, relation, target].append((part, parent, is_certain))
    sources = np.array(sorted({source for source, _, _ in used}), np.int32)
    nodes = graph.nodes_of(sources)
    known = nodes >= 0
    rows = graph.views[Layer.STRUCTURE].out.gather(nodes[known], moment)
    ends = (sources[known][rows.position], rows.relation, graph.asset_of[rows.other], rows.origin)
    found = [
        (part, parent, relation, origin, is_certain)
        for source, relation, target, origin in zip(*(column.tolist() for column in ends), strict=True)
        for part, parent, is_certain in used.get((source, relation, target), ())
    ]
    columns = np.array(found, np.int32).reshape(-1, 5).T
    every = np.ones(len(found), np.bool_)
    return _RowColumns(
        columns[0],
        columns[1],
        columns[2].astype(np.uint8),
        columns[3].astype(np.int16),
        every,
        every,
        columns[4] != 0,
        np.zeros(len(found), np.int32),
    )


def _ends_of_rows(graph: GraphVersion, part: int, relation: int, parent: int) -> Iterator[tuple[int, int]]:
    """Yield the ends of the rows that contain an edge: for the claim of a column, its own or those of the two datasets."""
    yield part, parent
    if relation == ALIAS_OF and (name := graph.asset_index.dataset_of(part)):
        yield name, graph.asset_index.dataset_of(parent)
