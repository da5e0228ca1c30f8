"""Closures: what lies downstream or upstream of an asset, how far, and how surely (CONTRACT, Semantics 4 and 5)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.column_walk import Start, column_starts
from mlgraph.graph.kernels import Ints, closure
from mlgraph.graph.layer import Direction
from mlgraph.graph.rows import CERTAIN, COLUMN, MODEL_VERSION, PART_CODES, VERSION_OF, WALK, Layer, NodeKey
from mlgraph.graph.snapshot import Snapshot

NO_LIMIT: Final = 2**31 - 2
_RUN: Final = KINDS["run"].code

DirectionName = Literal["downstream", "upstream"]


@dataclass
class Reached:
    """What one directed walk found.

    `distance` and `certain` are by asset. `nodes` are the graph's nodes walked, ports included, with their `hops`; `parts` the
    part edges that were used, as (part, relation, whole) with whether they are certain; `columns` the column edges.
    """

    distance: dict[int, int] = field(default_factory=dict)
    certain: set[int] = field(default_factory=set)
    nodes: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    hops: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    certain_nodes: Ints = field(default_factory=lambda: np.zeros(0, np.int32))
    parts: dict[tuple[int, int, int], bool] = field(default_factory=dict)

    @cached_property
    def visited(self) -> frozenset[int]:
        """The graph's nodes that were walked."""
        return frozenset(self.nodes.tolist())

    @cached_property
    def visited_surely(self) -> frozenset[int]:
        """The graph's nodes on ways that are certain throughout."""
        return frozenset(self.certain_nodes.tolist())


class _Workspace(threading.local):
    """Visit marks and queues, one set a thread, reused from walk to walk."""

    def __init__(self) -> None:
        self.stamp = np.zeros(0, np.int32)
        self.queue = np.zeros(0, np.int32)
        self.distance = np.zeros(0, np.int32)
        self.epoch = 0

    def ready(self, nodes: int) -> int:
        """Return a fresh epoch for a walk over `nodes` nodes."""
        if len(self.stamp) < nodes or self.epoch >= 2**31 - 2:
            size = max(nodes, 1024) * 5 // 4
            self.stamp, self.queue, self.distance = (np.zeros(size, np.int32) for _ in range(3))
            self.epoch = 0
        self.epoch += 1
        return self.epoch


_workspace = _Workspace()


def flood(rows: Direction, nodes: int, seeds: list[tuple[int, int]], moment: int, need: int, max_depth: int) -> tuple[Ints, Ints]:
    """Return the nodes reached from `seeds` (node, starting distance) and their distances, in order of distance."""
    if not seeds:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    epoch = _workspace.ready(nodes)
    ordered = sorted(seeds, key=lambda seed: seed[1])
    starts = np.array([node for node, _ in ordered], np.int32)
    offsets = np.array([distance for _, distance in ordered], np.int32)
    count = closure(
        *rows.kernel_arrays(), starts, offsets, moment, need, max_depth,
        _workspace.stamp, epoch, _workspace.queue, _workspace.distance,
    )  # fmt: skip
    return _workspace.queue[:count].copy(), _workspace.distance[:count].copy()


def walk(graph: Snapshot, root: int, direction: DirectionName, level: Layer, moment: int, depth: int | None = None) -> Reached:
    """Return all that is reached from asset `root` at `moment` (microseconds), `level` being `Layer.ASSET` or `Layer.RUN`.

    Distances are over all paths; a node is certain if any path to it is certain throughout.
    """
    if depth is None:
        return _walk(graph, root, direction, level, moment, NO_LIMIT)
    reached = _walk(graph, root, direction, level, moment, depth)
    if len(reached.certain) < len(reached.distance):
        # a way that is certain throughout may be longer than the depth that is listed
        whole = _walk(graph, root, direction, level, moment, NO_LIMIT)
        reached.certain = whole.certain & reached.distance.keys()
        reached.certain_nodes = np.intersect1d(whole.certain_nodes, reached.nodes)
        reached.parts = {edge: whole.parts[edge] for edge in reached.parts}
    return reached


def _walk(graph: Snapshot, root: int, direction: DirectionName, level: Layer, moment: int, limit: int) -> Reached:
    view = graph.views[level]
    rows = view.out if direction == "downstream" else view.into
    reached = Reached()
    starts = starts_of(graph, root, direction, level, moment, limit, reached)
    everywhere = [(node, start.distance) for start in starts for node in entries(graph, start, direction)]
    surely = [(node, start.distance) for start in starts if start.certain for node in entries(graph, start, direction)]
    reached.nodes, reached.hops = flood(rows, graph.nodes, everywhere, moment, WALK, limit)
    reached.certain_nodes, _ = flood(rows, graph.nodes, surely, moment, WALK | CERTAIN, limit)
    assets = graph.asset_of[reached.nodes]
    for asset, hop in zip(assets.tolist(), reached.hops.tolist(), strict=True):
        if reached.distance.get(asset, hop) >= hop:
            reached.distance[asset] = hop
    reached.certain.update(graph.asset_of[reached.certain_nodes].tolist())
    for start in starts:  # assets that no row has ever touched have no node
        reached.distance[start.asset] = min(reached.distance.get(start.asset, start.distance), start.distance)
        if start.certain:
            reached.certain.add(start.asset)
    _add_models(graph, moment, limit, reached)
    return reached


def starts_of(
    graph: Snapshot, root: int, direction: DirectionName, level: Layer, moment: int, limit: int, reached: Reached
) -> list[Start]:
    """Return where the walk from `root` begins: at its parts and theirs too, or past its columns; notes the steps taken."""
    starts = [Start(root, 0, 0, certain=True)]
    if graph.registry.kind(root) == COLUMN:
        return column_starts(graph, root, direction, level, moment, limit)
    frontier, distance, seen = [root], 0, {root}
    while frontier and distance < limit:
        distance += 1
        parts = [(part, relation, whole) for whole in frontier for part, relation in parts_of(graph, whole, moment)]
        reached.parts.update((edge, True) for edge in parts)
        frontier = [part for part, _, _ in parts if part not in seen]
        seen.update(frontier)
        starts.extend(Start(part, 0, distance, certain=True) for part in dict.fromkeys(frontier))
    return starts


def parts_of(graph: Snapshot, whole: int, moment: int) -> Iterator[tuple[int, int]]:
    """Yield (part, relation) for the parts that `whole` has at `moment`, columns aside."""
    node = graph.find(whole)
    if node is None:
        return
    for part, relation, _, _ in graph.views[Layer.STRUCTURE].into.rows_of(node, moment):
        asset = int(graph.asset_of[part])
        if relation in PART_CODES and graph.registry.kind(asset) != COLUMN:
            yield asset, relation


def entries(graph: Snapshot, start: Start, direction: DirectionName) -> Iterable[int]:
    """Yield the graph's nodes that a start stands for."""
    if start.entry == "listed":
        return
    node = graph.registry.nodes.get(NodeKey(start.asset, start.port))
    if node is not None and node < graph.nodes:
        yield node
    if start.entry == "whole" and direction == "downstream":
        yield from (node for node in graph.registry.ports.get(start.asset, ()) if node < graph.nodes)


def _add_models(graph: Snapshot, moment: int, limit: int, reached: Reached) -> None:
    """Add the model of each reached model version as a leaf, one step further (Semantics 5)."""
    rows = graph.views[Layer.STRUCTURE].out
    versions = [asset for asset in reached.distance if graph.registry.kind(asset) == MODEL_VERSION]
    leaves: dict[int, int] = {}
    for version in versions:
        node = graph.find(version)
        hop = reached.distance[version] + 1
        if node is None or hop > limit:
            continue
        for target, relation, _, _ in rows.rows_of(node, moment):
            if relation == VERSION_OF:
                model = int(graph.asset_of[target])
                leaves[model] = min(leaves.get(model, hop), hop)
                sure = version in reached.certain
                reached.parts[version, relation, model] = sure or reached.parts.get((version, relation, model), False)
                if sure:
                    reached.certain.add(model)
    for model, hop in leaves.items():
        reached.distance[model] = min(reached.distance.get(model, hop), hop)


def is_run(graph: Snapshot, asset: int) -> bool:
    """Say whether `asset` is a run: its lineage is told at run level unless asked otherwise."""
    return graph.registry.kind(asset) == _RUN
