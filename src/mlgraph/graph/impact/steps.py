"""The walk one step at a time: for answers that must say by which way something was reached."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from mlgraph.graph.csr.snapshot import Snapshot
from mlgraph.graph.model.rows import CERTAIN, COLUMN, PART_OF, VERSION_OF, WALK, Layer, NodeKey
from mlgraph.graph.traversal.column_walk import column_steps, unresolved
from mlgraph.graph.traversal.walk import DirectionName


class Place(IntEnum):
    """What a position of the walk is."""

    NODE = 0
    """A node of the graph: an asset or a port."""
    COLUMN = 1
    """A column, by its asset number."""
    WHOLE = 2
    """A dataset entered from one of its columns: it leads on only where column lineage is not known."""


class Step(NamedTuple):
    """One step of the walk: where it leads, over which relation, and the flags of the row."""

    place: Place
    number: int
    relation: int
    flags: int


def asset_at(graph: Snapshot, place: Place, number: int) -> int:
    """Return the asset that answers show for a position."""
    return int(graph.asset_of[number]) if place == Place.NODE else number


def positions_of(graph: Snapshot, asset: int, direction: DirectionName = "downstream") -> list[tuple[Place, int]]:
    """Return where a walk from the whole of `asset` begins: its node and, downstream, all its ports."""
    if graph.registry.kind(asset) == COLUMN:
        return [(Place.COLUMN, asset)]
    ports = graph.registry.ports_of(asset) if direction == "downstream" else ()
    node = graph.registry.find(NodeKey(asset))
    nodes = (*(() if node is None else (node,)), *ports)
    return [(Place.NODE, number) for number in nodes if number < graph.nodes]


def steps_from(graph: Snapshot, level: Layer, moment: int, direction: DirectionName, place: Place, number: int) -> Iterator[Step]:
    """Yield each step that the walk may take from a position at `moment`."""
    if place == Place.NODE:
        view = graph.views[level]
        rows = view.out if direction == "downstream" else view.into
        for other, relation, flags, _ in rows.rows_of(number, moment):
            if flags & WALK:
                yield Step(Place.NODE, other, relation, flags)
    elif place == Place.COLUMN:
        yield from _column_steps(graph, level, moment, direction, number)
    else:
        for key, relation, flags in unresolved(graph, number, direction, level, moment):
            if (node := graph.registry.find(key)) is not None:
                yield Step(Place.NODE, node, relation, flags & ~CERTAIN)


def models_of(graph: Snapshot, version: int, moment: int) -> Iterator[int]:
    """Yield the models that a model version is a version of."""
    node = graph.find(version)
    if node is not None:
        for target, relation, _, _ in graph.views[Layer.STRUCTURE].out.rows_of(node, moment):
            if relation == VERSION_OF:
                yield int(graph.asset_of[target])


def _column_steps(graph: Snapshot, level: Layer, moment: int, direction: DirectionName, column: int) -> Iterator[Step]:
    view = graph.views[Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS]
    rows = view.out if direction == "downstream" else view.into
    for other, relation in column_steps(graph, rows, column, moment):
        if graph.registry.kind(other) == COLUMN:
            yield Step(Place.COLUMN, other, relation, CERTAIN)
        elif (node := graph.find(other)) is not None:
            yield Step(Place.NODE, node, relation, CERTAIN)
    dataset = graph.registry.dataset_of(column)
    if dataset and any(unresolved(graph, dataset, direction, level, moment)):
        yield Step(Place.WHOLE, dataset, PART_OF, 0)
