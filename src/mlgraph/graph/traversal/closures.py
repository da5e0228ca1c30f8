"""Closures: all assets up- or downstream of a root, with distance and certainty (docs/spec.md#4-pairs, #5-parts-and-wholes)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Literal

import numpy as np

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import (
    CERTAIN,
    COLUMN,
    MODEL_VERSION,
    PART_CODES,
    VERSION_OF,
    WALK,
    Bools,
    Bytes,
    Ints,
    Layer,
    NodeKey,
)
from mlgraph.graph.traversal.column_claims import columns_claimed
from mlgraph.graph.traversal.column_closures import ClosureStart, ColumnClosure
from mlgraph.graph.traversal.kernels import closure, nearest
from mlgraph.graph.traversal.name_hubs import NOT_LISTED, are_hubs, assets_listed, claims_used
from mlgraph.graph.traversal.noise_marks import NOTHING_HIDDEN
from mlgraph.graph.traversal.state_search import Seeds, StateSearchOptions, hops_of, search_states
from mlgraph.graph.traversal.state_search_kernel import EFFECTS
from mlgraph.graph.traversal.workspace import borrowed

NO_LIMIT: Final = 2**31 - 2
_RUN: Final = KINDS["run"].code
_UNCHANGED: Final = np.zeros((EFFECTS, 256, 2, 256), np.uint8)
"""The transition table of a state search for reachability alone: effect 0 stays 0 over every row."""

DirectionName = Literal["downstream", "upstream"]


@dataclass
class Closure:
    """The result of one directed traversal.

    `assets` int32[k] are the assets reached, with `distances` int32[k] and `certain` bool[k]. `nodes` are the visited nodes,
    ports included; `certain_nodes` those on paths of certain edges only. `parts` are the part edges followed, as (part, relation,
    parent), and the claims on ambiguous names, as (name, relation, claimant), with their certainty.
    """

    assets: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    distances: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    certain: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    nodes: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    certain_nodes: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    parts: dict[tuple[int, int, int], bool] = field(default_factory=dict)


def reachable_nodes(
    rows: DirectedRows, nodes: int, seeds: list[tuple[int, int]], moment: int, need: int, max_depth: int
) -> tuple[Ints, Ints, int]:
    """Return the nodes reached from `seeds` (node, starting distance) and their distances, in order of distance.

    `max_depth` bounds the distances. The third result are the flags common to all rows over which a node was reached first.
    """
    ordered = sorted(seeds, key=lambda seed: seed[1])
    starts = np.array([node for node, _ in ordered], np.int32)
    offsets = np.array([distance for _, distance in ordered], np.int32)
    return nodes_reached(rows, nodes, starts, offsets, moment, need, max_depth)


def nodes_reached(
    rows: DirectedRows, nodes: int, starts: Ints, offsets: Ints, moment: int, need: int, max_depth: int = NO_LIMIT
) -> tuple[Ints, Ints, int]:
    """Return the same as `reachable_nodes` from the nodes `starts` with their distances `offsets`, in order of distance."""
    if not len(starts):
        return np.zeros(0, np.int32), np.zeros(0, np.int32), 255
    with borrowed() as workspace:
        while True:
            space = workspace.for_walk(nodes)
            count, levels, common = closure(
                rows.arrays,
                rows.low,
                rows.high,
                starts,
                offsets,
                moment,
                need | rows.level,
                max_depth,
                space.stamp,
                space.epoch,
                space.queue,
                space.ends,
            )
            if levels <= len(space.ends):
                return space.queue[:count].copy(), hops_of(space.ends[:levels], count), common
            workspace.grow_levels(levels)


def walk(
    graph: GraphVersion,
    root: int,
    direction: DirectionName,
    level: Layer,
    moment: int,
    depth: int | None = None,
    marks: Bytes = NOTHING_HIDDEN,
) -> Closure:
    """Return the closure of asset `root` at `moment` (microseconds); `level` is `Layer.ASSET` or `Layer.RUN`.

    `depth` bounds the distances (None: no bound). A distance is the length of the shortest path; an asset is certain if at least
    one path to it consists of certain edges only. `marks` (uint8 by asset, see `noise_marks`) contract or exclude hidden assets;
    contracted assets are part of the result.
    """
    if depth is None:
        return _walk(graph, root, direction, level, moment, NO_LIMIT, marks)
    reached = _walk(graph, root, direction, level, moment, depth, marks)
    if not reached.certain.all():
        # a path of certain edges may be longer than `depth`
        unbounded = _walk(graph, root, direction, level, moment, NO_LIMIT, marks)
        reached.certain = np.isin(reached.assets, unbounded.assets[unbounded.certain])
        reached.certain_nodes = np.intersect1d(unbounded.certain_nodes, reached.nodes)
        reached.parts = {edge: unbounded.parts[edge] for edge in reached.parts}
    return reached


def _walk(
    graph: GraphVersion, root: int, direction: DirectionName, level: Layer, moment: int, limit: int, marks: Bytes
) -> Closure:
    view = graph.views[level]
    rows = view.out if direction == "downstream" else view.into
    reached = Closure()
    if graph.asset_index.kind(root) == COLUMN:
        starts = ColumnClosure(graph, root, direction, level, moment, limit, marks).starts(reached.parts)
    else:
        starts = starts_of(graph, root, moment, limit, reached)
    everywhere = [(node, start.distance) for start in starts for node in entry_nodes(graph, start, direction)]
    certain_entries = [
        (node, start.distance) for start in starts if start.certain for node in entry_nodes(graph, start, direction)
    ]
    reached.nodes, hops, common = _reachable_nodes(graph, rows, everywhere, moment, WALK, limit, marks)
    if common & CERTAIN and len(certain_entries) == len(everywhere):
        reached.certain_nodes = reached.nodes
    else:
        reached.certain_nodes, _, _ = _reachable_nodes(graph, rows, certain_entries, moment, WALK | CERTAIN, limit, marks)
    # an asset without rows has no node, so the starts are listed separately
    starts_by_distance = sorted(((start.asset, start.distance) for start in starts), key=lambda start: start[1])
    start_distances = np.array([distance for _, distance in starts_by_distance], np.int32)
    entries = np.array([node for node, _ in everywhere], np.int32)
    reached_assets = assets_listed(graph, level, moment, reached.nodes, entries)
    of_nodes = reached_assets != NOT_LISTED
    listed = _nearest(
        graph,
        np.array([asset for asset, _ in starts_by_distance], np.int32),
        start_distances,
        reached_assets[of_nodes],
        hops[of_nodes],
    )
    claims = chain(
        claims_used(graph, moment, reached.nodes, listed[0]),
        columns_claimed(graph, level, moment, listed[0]) if graph.asset_index.kind(root) == COLUMN else (),
    )
    reached.parts.update((claim, False) for claim in claims)
    if reached.certain_nodes is reached.nodes and all(start.certain for start in starts):
        certain_assets = listed[0]
    else:
        certain_starts = np.array([start.asset for start in starts if start.certain], np.int32)
        certain_assets = np.concatenate([certain_starts, graph.asset_of[reached.certain_nodes]])
    _add_models(graph, moment, limit, reached, listed, certain_assets)
    return reached


def _nearest(graph: GraphVersion, some: Ints, some_distances: Ints, others: Ints, other_distances: Ints) -> tuple[Ints, Ints]:
    with borrowed() as workspace:
        space = workspace.for_assets(len(graph.asset_index))
        assets, distances = nearest(some, some_distances, others, other_distances, space.stamp, space.epoch)
        return assets, distances


def _reachable_nodes(
    graph: GraphVersion, rows: DirectedRows, seeds: list[tuple[int, int]], moment: int, need: int, max_depth: int, marks: Bytes
) -> tuple[Ints, Ints, int]:
    if not len(marks) or not seeds:
        found = reachable_nodes(rows, graph.nodes, seeds, moment, need, max_depth)
        if not are_hubs(graph, found[0]).any():
            return found
    return _reachable_over_hidden(graph, rows, seeds, moment, need, max_depth, marks)


def _reachable_over_hidden(
    graph: GraphVersion, rows: DirectedRows, seeds: list[tuple[int, int]], moment: int, need: int, max_depth: int, marks: Bytes
) -> tuple[Ints, Ints, int]:
    """Return the same as `reachable_nodes`, with steps of length 0 to hubs and to assets that `marks` contracts."""
    nearest_first = sorted(seeds, key=lambda seed: seed[1])
    distances = np.array([distance for _, distance in nearest_first], np.int32)
    paths = int(distances[-1]) + 1  # one for each distance, since the order of paths does not matter here
    state_seeds = Seeds(
        np.arange(-1, paths - 1, dtype=np.int32),
        np.zeros(paths, np.int32),
        np.array([node * EFFECTS for node, _ in nearest_first], np.int64),
        distances,
        np.full(len(nearest_first), -1, np.int32),
    )
    found = search_states(graph, rows, state_seeds, StateSearchOptions(moment, need, 0, max_depth, _UNCHANGED, marks))
    return (found.states // EFFECTS).astype(np.int32), found.hops, found.common


def starts_of(graph: GraphVersion, root: int, moment: int, limit: int, reached: Closure) -> list[ClosureStart]:
    """Return the starts of a traversal from `root`, which is not a column: `root` and its parts, recursively to depth `limit`.

    Adds the part edges followed to `reached.parts`.
    """
    starts = [ClosureStart(root, 0, 0, certain=True)]
    frontier, distance, seen = [root], 0, {root}
    while frontier and distance < limit:
        distance += 1
        parts = [(part, relation, parent) for parent in frontier for part, relation in parts_of(graph, parent, moment)]
        reached.parts.update((edge, True) for edge in parts)
        frontier = list(dict.fromkeys(part for part, _, _ in parts if part not in seen))
        seen.update(frontier)
        starts.extend(ClosureStart(part, 0, distance, certain=True) for part in frontier)
    return starts


def parts_of(graph: GraphVersion, parent: int, moment: int) -> Iterator[tuple[int, int]]:
    """Yield (part, relation) for the parts of `parent` at `moment`, except columns."""
    node = graph.find(parent)
    if node is None:
        return
    for part, relation, _, _ in graph.views[Layer.STRUCTURE].into.rows_of(node, moment):
        asset = int(graph.asset_of[part])
        if relation in PART_CODES and graph.asset_index.kind(asset) != COLUMN:
            yield asset, relation


def entry_nodes(graph: GraphVersion, start: ClosureStart, direction: DirectionName) -> Iterable[int]:
    """Yield the graph nodes at which the traversal of a start begins."""
    if start.entry == "listed":
        return
    node = graph.asset_index.find(NodeKey(start.asset, start.port))
    if node is not None and node < graph.nodes:
        yield node
    if start.entry == "asset" and direction == "downstream":
        yield from (node for node in graph.asset_index.ports_of(start.asset) if node < graph.nodes)


def models_of_many(graph: GraphVersion, versions: Ints, moment: int) -> tuple[Ints, Ints]:
    """Return (position in `versions`, model) for each `version_of` edge of a version."""
    nodes = graph.nodes_of(versions)
    known = np.flatnonzero(nodes >= 0)
    rows = graph.views[Layer.STRUCTURE].out.gather(nodes[known], moment)
    chosen = rows.relation == VERSION_OF
    return known[rows.position[chosen]].astype(np.int32), graph.asset_of[rows.other[chosen]]


def _add_models(
    graph: GraphVersion, moment: int, limit: int, reached: Closure, listed: tuple[Ints, Ints], certain_assets: Ints
) -> None:
    """Set the assets of `reached`, adding the model of each version one step further (docs/spec.md#5-parts-and-wholes)."""
    assets, distances = listed
    certain = among(graph, assets, certain_assets)
    versions = np.flatnonzero((graph.asset_index.kinds(assets) == MODEL_VERSION) & (distances < limit))
    if len(versions):
        positions, models = models_of_many(graph, assets[versions], moment)
        model_certain = certain[versions[positions]]
        for version, model, is_certain in zip(
            assets[versions[positions]].tolist(), models.tolist(), model_certain.tolist(), strict=True
        ):
            edge = (version, VERSION_OF, model)
            reached.parts[edge] = is_certain or reached.parts.get(edge, False)
        assets, distances = _nearest(graph, models, distances[versions[positions]] + 1, assets, distances)
        certain = among(graph, assets, np.concatenate([certain_assets, models[model_certain]]))
    reached.assets, reached.distances, reached.certain = assets, distances, certain


def among(graph: GraphVersion, assets: Ints, chosen: Ints) -> Bools:
    """Return of each of `assets` whether it is one of `chosen`."""
    with borrowed() as workspace:
        space = workspace.for_assets(len(graph.asset_index))
        space.stamp[chosen] = space.epoch
        found: Bools = space.stamp[assets] == space.epoch
        return found


def is_run(graph: GraphVersion, asset: int) -> bool:
    """Return whether `asset` is a run, for which queries use the run level by default."""
    return graph.asset_index.kind(asset) == _RUN
