"""The edges of an answer: those between the nodes that it lists, with who says so and how surely they were walked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.layer import Direction
from mlgraph.graph.render import Drawn
from mlgraph.graph.rows import CERTAIN, COLUMN, SHOW, WALK, Bools, Bytes, Ints, Layer
from mlgraph.graph.snapshot import Snapshot
from mlgraph.graph.walk import DirectionName, Reached

_RELATION_RANK: Final = np.zeros(256, np.int64)
_RELATION_RANK[sorted(RELATION_NAMES, key=lambda code: RELATION_NAMES[code])] = np.arange(len(RELATION_NAMES))


class _Rows(NamedTuple):
    """Rows between listed assets: ends, relation and origin, whether they are listed, were walked, and surely."""

    source: Ints
    target: Ints
    relation: Bytes
    origin: NDArray[np.int16]
    shown: Bools
    walked: Bools
    surely: Bools


def edges_between(
    graph: Snapshot,
    level: Layer,
    moment: int,
    walks: Mapping[DirectionName, Reached],
    listed: Ints,
    ranks: Callable[[int], Ints],
) -> Drawn:
    """Return the edges that hold at `moment` between `listed` assets, sorted by source, relation and target.

    All edges of walked relations count, needed by the walk or not, and the part edges that the walk used. An edge is `possible`
    where the walk took it on ways that are only possible. `ranks` returns the place of each origin among their names, for all up
    to the one it is given.
    """
    found = [_rows(graph, graph.views[layer].out, listed, walks, moment) for layer in _layers(graph, level, listed)]
    found += [_parts(graph, reached, listed, moment) for reached in walks.values() if reached.parts]
    rows = _Rows(*(np.concatenate(column) for column in zip(*found, strict=True)))
    by_number = np.argsort(listed)
    source = by_number[np.searchsorted(listed, rows.source, sorter=by_number)].astype(np.int32)
    target = by_number[np.searchsorted(listed, rows.target, sorter=by_number)].astype(np.int32)
    rank = np.empty(len(listed), np.int64)
    rank[graph.registry.sort(listed, np.zeros(len(listed), np.int32))] = np.arange(len(listed))
    origin_rank = ranks(int(rows.origin.max(initial=0)))
    order = np.lexsort((origin_rank[rows.origin], rank[target], _RELATION_RANK[rows.relation], rank[source]))
    return _united(_Rows(source, target, *rows[2:]), order)


def _united(rows: _Rows, order: NDArray[np.int64]) -> Drawn:
    """Return each edge once: listed where any row is, certain where a walk took it surely or not at all."""
    rows = _Rows(*(column[order] for column in rows))  # type: ignore[arg-type] # column by column
    if not len(order):
        return Drawn(rows.source, rows.relation, rows.target, rows.surely, np.zeros(1, np.int64), rows.source)
    same = np.ones(len(order), np.bool_)
    same[0] = False
    for column in (rows.source, rows.relation, rows.target):
        same[1:] &= column[1:] == column[:-1]
    first = np.flatnonzero(~same)
    shown = np.logical_or.reduceat(rows.shown, first)
    certain = ~np.logical_or.reduceat(rows.walked, first) | np.logical_or.reduceat(rows.surely, first)
    said = rows.shown & (rows.origin != 0)
    edge = np.cumsum(~same) - 1
    named = np.flatnonzero(said)
    repeated = np.zeros(len(named), np.bool_)
    repeated[1:] = (edge[named[1:]] == edge[named[:-1]]) & (rows.origin[named[1:]] == rows.origin[named[:-1]])
    named = named[~repeated]
    counts = np.bincount(edge[named], minlength=len(first))[shown]
    kept = first[shown]
    return Drawn(
        rows.source[kept], rows.relation[kept], rows.target[kept], certain[shown],
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), rows.origin[named].astype(np.int32),
    )  # fmt: skip


def _layers(graph: Snapshot, level: Layer, listed: Ints) -> tuple[Layer, ...]:
    if not (graph.registry.kinds(listed) == COLUMN).any():
        return (level,)
    return level, (Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS)


def _rows(graph: Snapshot, rows: Direction, listed: Ints, walks: Mapping[DirectionName, Reached], moment: int) -> _Rows:
    """Return the rows among the listed assets' nodes."""
    inside = np.zeros(len(graph.registry), np.bool_)
    inside[listed] = True
    own = graph.nodes_of(listed)
    marks = np.zeros(graph.nodes, np.uint8)
    marks[own[own >= 0]] = 1
    for reached in walks.values():
        marks[reached.nodes[inside[graph.asset_of[reached.nodes]]]] = 1
    ports = [reached.nodes[(marks[reached.nodes] == 1) & (graph.port_of[reached.nodes] != 0)] for reached in walks.values()]
    chosen = np.concatenate([own[own >= 0], np.unique(np.concatenate(ports))])
    gathered = rows.gather(chosen, moment, marks=(marks, 1))
    near = chosen[gathered.position]
    walked, surely = np.zeros(len(near), np.bool_), np.zeros(len(near), np.bool_)
    for direction, reached in walks.items():
        _judge(graph, direction, reached, near, gathered.other, gathered.flags, walked, surely)
    return _Rows(
        graph.asset_of[near], graph.asset_of[gathered.other], gathered.relation, gathered.origin, gathered.flags & SHOW != 0,
        walked, surely,
    )  # fmt: skip


def _judge(  # noqa: PLR0913, PLR0917 - rows by column, and what is noted of them
    graph: Snapshot, direction: DirectionName, reached: Reached, near: Ints, far: Ints, flags: Bytes, walked: Bools, surely: Bools
) -> None:
    """Note which rows a walk took, and whether on a way that is certain throughout."""
    visited = np.zeros(graph.nodes, np.uint8)
    visited[reached.nodes] = 1
    visited[reached.sure_nodes] = 3
    taken = (flags & WALK != 0) & (visited[near] != 0) & (visited[far] != 0)
    walked |= taken
    surely |= taken & (flags & CERTAIN != 0) & (visited[near if direction == "downstream" else far] == 3)


def _parts(graph: Snapshot, reached: Reached, listed: Ints, moment: int) -> _Rows:
    """Return the part edges that a walk used, a row for each origin."""
    inside = set(listed.tolist())
    used = {triple: sure for triple, sure in reached.parts.items() if triple[0] in inside and triple[2] in inside}
    parts = np.array(sorted({part for part, _, _ in used}), np.int32)
    nodes = graph.nodes_of(parts)
    known = nodes >= 0
    rows = graph.views[Layer.STRUCTURE].out.gather(nodes[known], moment)
    sources, targets = parts[known][rows.position], graph.asset_of[rows.other]
    triples = zip(sources.tolist(), rows.relation.tolist(), targets.tolist(), strict=True)
    sure = [used.get(triple) for triple in triples]
    chosen = np.array([judged is not None for judged in sure], np.bool_)
    every = np.ones(int(chosen.sum()), np.bool_)
    surely = np.array([judged for judged in sure if judged is not None], np.bool_)
    return _Rows(sources[chosen], targets[chosen], rows.relation[chosen], rows.origin[chosen], every, every, surely)
