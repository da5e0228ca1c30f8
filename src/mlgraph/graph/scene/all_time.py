"""The closure of an asset over all time: every node that some path of edges of any time reaches, with these edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.csr_table import DirectedRows, Gathered
from mlgraph.graph.csr.grouping_kernel import grouped, places_among
from mlgraph.graph.csr.row_format import EVER
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import (
    CERTAIN,
    COLUMN,
    MODEL_VERSION,
    PART_CODES,
    VERSION_OF,
    WALK,
    Bools,
    Ints,
    Layer,
    Longs,
)
from mlgraph.graph.scene.kernels import components, longest_paths
from mlgraph.graph.traversal.closures import DirectionName, entry_nodes
from mlgraph.graph.traversal.column_closures import ClosureStart
from mlgraph.graph.traversal.name_hubs import are_hubs

Integers = TypeVar("Integers", Ints, Longs)


@dataclass(frozen=True, slots=True)
class TimedArcs:
    """Edges as columns, in the direction of the traversal, each valid in [start, end). Ends are numbers of vertices."""

    source: Ints
    target: Ints
    start: Longs
    end: Longs
    certain: Bools

    def take(self, chosen: Longs | Bools) -> TimedArcs:
        """Return the arcs at these positions, in that order."""
        return TimedArcs(self.source[chosen], self.target[chosen], self.start[chosen], self.end[chosen], self.certain[chosen])


@dataclass(frozen=True, slots=True)
class Steps:
    """Of each asset: its `step` int32[n] from the root, and its `cycle` int32[n], equal for the assets of one cycle alone."""

    step: Ints
    cycle: Ints

    def take(self, chosen: Longs | Bools) -> Steps:
        """Return those of the assets at these positions, in that order."""
        return Steps(self.step[chosen], self.cycle[chosen])


@dataclass(frozen=True, slots=True)
class AllTimeClosure:
    """The vertices and arcs of one directed traversal from a root, which is vertex 0.

    Vertices are the starts (the root and its parts), then the nodes that they enter and reach. `assets` int32[a] are the distinct
    assets of vertices and the models of versions; `vertex_asset` int32[v] and the ends of `models` are positions in it. `models`
    lead from a version to its model, from which the traversal does not continue.
    """

    root: int
    assets: Ints
    vertex_asset: Ints
    arcs: TimedArcs
    models: TimedArcs
    starts: int

    def boundaries(self) -> Longs:
        """Return the times at which an arc begins or ends, ascending."""
        return distinct(np.concatenate([column for arcs in (self.arcs, self.models) for column in (arcs.start, arcs.end)]))

    def ordered(self, counts: Bools) -> tuple[Steps, AllTimeClosure]:
        """Return the steps and cycles of the assets, and the closure with its arcs in topological order where there is one.

        A step is the length of the longest path over the condensation, on which assets without `counts` take no step.
        """
        at_start = np.isin(self.models.target, self.vertex_asset[: self.starts])  # the model that the traversal began at
        sources = np.concatenate([self.vertex_asset[self.arcs.source], self.models.source[~at_start]])
        targets = np.concatenate([self.vertex_asset[self.arcs.target], self.models.target[~at_start]])
        steps, component, count = steps_of(sources, targets, len(self.assets), counts)
        arc_order = grouped((count - 1 - component[self.vertex_asset[self.arcs.source]]).astype(np.int32), count)[1]
        ordered = AllTimeClosure(self.root, self.assets, self.vertex_asset, self.arcs.take(arc_order), self.models, self.starts)
        return Steps(steps, cycles_of(component, self.assets)), ordered


def cycles_of(component: Ints, assets: Ints) -> Ints:
    """Return of each of `assets` the lowest number of an asset in its component: equal for those of one cycle."""
    lowest = np.full(int(component.max(initial=-1)) + 1, np.iinfo(np.int32).max, np.int32)
    np.minimum.at(lowest, component, assets)
    return lowest[component]


def distinct(values: Integers) -> Integers:
    """Return the distinct values, ascending; for many of them, sorting is faster than hashing them as `numpy.unique` does."""
    ordered = np.sort(values)
    found: Integers = ordered[np.concatenate([np.ones(min(1, len(ordered)), np.bool_), ordered[1:] != ordered[:-1]])]
    return found


def steps_of(sources: Ints, targets: Ints, many: int, counts: Bools) -> tuple[Ints, Ints, int]:
    """Return the step of each of `many` vertices over edges, the number of its component, and how many components there are."""
    apart = sources != targets
    index, order = grouped(sources[apart], many)
    successors = targets[apart][order].astype(np.int32)
    component, count = components(index, successors)
    return longest_paths(index, successors, component, count, counts), component, count


def all_time_closure(
    graph: GraphVersion, root: int, direction: DirectionName, level: Layer, until: int = FOREVER
) -> AllTimeClosure | None:
    """Return the closure of an asset over all time; None where edges do not decide it: of columns, and over ambiguous names.

    `until`: over the time up to this moment, as if no edge began or ended later.
    """
    if graph.asset_index.kind(root) == COLUMN:
        return None
    start_assets, part_arcs = _starts(graph, root, until)
    entries = [
        (number, node)
        for number, asset in enumerate(start_assets)
        for node in entry_nodes(graph, ClosureStart(asset, 0, 0, certain=True), direction)
    ]
    view = graph.views[level]
    directed = view.out if direction == "downstream" else view.into
    nodes, rows = _reached(graph, directed, [node for _, node in entries], until)
    if are_hubs(graph, nodes).any():
        return None
    starts = len(start_assets)
    arcs = _joined(part_arcs, _entries(entries, nodes, starts), _shifted(rows, starts))
    of_vertices = np.concatenate([np.array(start_assets, np.int32), graph.asset_of[nodes]])
    versions = distinct(of_vertices[graph.asset_index.kinds(of_vertices) == MODEL_VERSION])
    model_arcs = _models(graph, versions, until)
    assets = distinct(np.concatenate([of_vertices, model_arcs.target]))
    models = TimedArcs(places_among(assets, model_arcs.source), places_among(assets, model_arcs.target), *_times(model_arcs))
    return AllTimeClosure(root, assets, places_among(assets, of_vertices), arcs, models, starts)


def _times(arcs: TimedArcs) -> tuple[Longs, Longs, Bools]:
    return arcs.start, arcs.end, arcs.certain


def _gathered(rows: DirectedRows, nodes: Ints, until: int, need: int = 0) -> Gathered:
    """Return the rows of `nodes` that begin by `until`; what ends later has no end."""
    found = rows.gather(nodes, EVER, need)
    return found if until == FOREVER else found.up_to(until)


def _starts(graph: GraphVersion, root: int, until: int) -> tuple[list[int], TimedArcs]:
    """Return the root and its parts of any time, recursively, and the arcs from parents to parts."""
    found, arcs = {root: 0}, list[TimedArcs]()
    frontier = [root]
    while frontier:
        nodes = graph.nodes_of(np.array(frontier, np.int32))
        known = np.flatnonzero(nodes >= 0)
        rows = _gathered(graph.views[Layer.STRUCTURE].into, nodes[known], until)
        parts = graph.asset_of[rows.other]
        chosen = np.isin(rows.relation, list(PART_CODES)) & (graph.asset_index.kinds(parts) != COLUMN)
        parents = np.array(frontier, np.int32)[known[rows.position[chosen]]]
        frontier = [part for part in dict.fromkeys(parts[chosen].tolist()) if part not in found]
        found.update((part, len(found) + place) for place, part in enumerate(frontier))
        arcs.append(
            TimedArcs(
                np.array([found[parent] for parent in parents.tolist()], np.int32),
                np.array([found[part] for part in parts[chosen].tolist()], np.int32),
                rows.start[chosen],
                rows.end[chosen],
                np.ones(int(chosen.sum()), np.bool_),
            )
        )
    return list(found), _joined(*arcs)


def _reached(graph: GraphVersion, rows: DirectedRows, entries: list[int], until: int) -> tuple[Ints, TimedArcs]:
    """Return the nodes reached from `entries` over rows of any time, and these rows as arcs between positions in the nodes."""
    seen = np.zeros(graph.nodes, np.bool_)
    frontier = distinct(np.array(entries, np.int32))
    levels, found = [], []
    seen[frontier] = True
    before = 0
    while len(frontier):
        levels.append(frontier)
        gathered = _gathered(rows, frontier, until, WALK)
        found.append((before + gathered.position, gathered.other, gathered.start, gathered.end, gathered.flags & CERTAIN != 0))
        before += len(frontier)
        fresh = gathered.other[~seen[gathered.other]]
        seen[fresh] = True
        frontier = distinct(fresh)
    if not levels:
        return np.zeros(0, np.int32), _joined()
    nodes = np.concatenate(levels)
    source, other, start, end, certain = (np.concatenate(column) for column in zip(*found, strict=True))
    return nodes, TimedArcs(source.astype(np.int32), places_among(nodes, other), start, end, certain)


def _entries(entries: list[tuple[int, int]], nodes: Ints, starts: int) -> TimedArcs:
    """Return the arcs from starts to the nodes that they enter, which are valid at every time."""
    many = len(entries)
    source = np.array([number for number, _ in entries], np.int32)
    target = places_among(nodes, np.array([node for _, node in entries], np.int32)) + np.int32(starts)
    ever = np.full(many, np.iinfo(np.int64).max)
    return TimedArcs(source, target, np.full(many, np.iinfo(np.int64).min), ever, np.ones(many, np.bool_))


def _models(graph: GraphVersion, versions: Ints, until: int) -> TimedArcs:
    """Return the arcs from versions to their models, between assets."""
    nodes = graph.nodes_of(versions)
    known = np.flatnonzero(nodes >= 0)
    rows = _gathered(graph.views[Layer.STRUCTURE].out, nodes[known], until)
    chosen = rows.relation == VERSION_OF
    sources, models = versions[known[rows.position[chosen]]], graph.asset_of[rows.other[chosen]]
    return TimedArcs(sources, models, rows.start[chosen], rows.end[chosen], np.ones(len(models), np.bool_))


def _shifted(arcs: TimedArcs, by: int) -> TimedArcs:
    return TimedArcs(arcs.source + np.int32(by), arcs.target + np.int32(by), *_times(arcs))


def _joined(*parts: TimedArcs) -> TimedArcs:
    none: Ints = np.zeros(0, np.int32)
    empty = TimedArcs(none, none, none.astype(np.int64), none.astype(np.int64), none.astype(np.bool_))
    every = (empty, *parts)
    return TimedArcs(
        np.concatenate([each.source for each in every]),
        np.concatenate([each.target for each in every]),
        np.concatenate([each.start for each in every]),
        np.concatenate([each.end for each in every]),
        np.concatenate([each.certain for each in every]),
    )
