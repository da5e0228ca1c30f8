"""Single steps of a graph traversal, for answers that must report the path by which an asset was reached."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, CERTAIN, COLUMN, PART_OF, VERSION_OF, WALK, Layer, NodeKey
from mlgraph.graph.traversal.closures import DirectionName
from mlgraph.graph.traversal.column_claims import same_columns
from mlgraph.graph.traversal.column_closures import consumers_without_column_lineage, dataset_at, steps_from_column


class PositionKind(IntEnum):
    """The kind of a position in a traversal."""

    NODE = 0
    """A node of the graph: an asset or a port."""
    COLUMN = 1
    """A column, by its asset number."""
    DATASET = 2
    """A dataset entered from one of its columns: it continues only to consumers without known column lineage."""
    PARENT = 3
    """A column entered from one of its parts (nested fields), by its asset number: it does not continue to its other parts."""


class TraversalStep(NamedTuple):
    """One step of a traversal: the position that it reaches, the relation, and the flags of the row."""

    place: PositionKind
    number: int
    relation: int
    flags: int


def asset_at(graph: GraphVersion, place: PositionKind, number: int) -> int:
    """Return the asset that answers show for a position."""
    return int(graph.asset_of[number]) if place == PositionKind.NODE else number


def positions_of(graph: GraphVersion, asset: int, direction: DirectionName = "downstream") -> list[tuple[PositionKind, int]]:
    """Return the positions at which a traversal from `asset` starts: its node and, downstream, all its ports."""
    if graph.asset_index.kind(asset) == COLUMN:
        return [(PositionKind.COLUMN, asset)]
    ports = graph.asset_index.ports_of(asset) if direction == "downstream" else ()
    node = graph.asset_index.find(NodeKey(asset))
    nodes = (*(() if node is None else (node,)), *ports)
    return [(PositionKind.NODE, number) for number in nodes if number < graph.nodes]


def steps_from(
    graph: GraphVersion,
    level: Layer,
    moment: int,
    direction: DirectionName,
    place: PositionKind,
    number: int,
    continued: dict[int, bool] | None = None,
) -> Iterator[TraversalStep]:
    """Yield each step that a traversal may take from a position at `moment`.

    `continued` caches for one traversal whether it continues from datasets to consumers without column lineage.
    """
    if place == PositionKind.NODE:
        view = graph.views[level]
        rows = view.out if direction == "downstream" else view.into
        for other, relation, flags, _ in rows.rows_of(number, moment):
            if flags & WALK:
                yield TraversalStep(PositionKind.NODE, other, relation, flags)
    elif place in (PositionKind.COLUMN, PositionKind.PARENT):
        yield from _column_steps(graph, level, moment, direction, number, as_parent=place == PositionKind.PARENT)
        dataset = dataset_at(graph, number, moment)
        known = {} if continued is None else continued
        if dataset and dataset not in known:
            known[dataset] = any(consumers_without_column_lineage(graph, dataset, direction, level, moment))
        if dataset and known[dataset]:
            yield TraversalStep(PositionKind.DATASET, dataset, PART_OF, 0)
    else:
        for key, relation, flags in consumers_without_column_lineage(graph, number, direction, level, moment):
            if (node := graph.asset_index.find(key)) is not None:
                yield TraversalStep(PositionKind.NODE, node, relation, flags & ~CERTAIN)


def claim_steps(
    graph: GraphVersion, level: Layer, moment: int, direction: DirectionName, column: int, visited: set[tuple[int, str]]
) -> Iterator[TraversalStep]:
    """Yield the steps from a column to the same columns of other claimants of a name, or to those without such a column.

    `visited` has the hubs and fields of earlier steps (see `same_columns`).
    """
    for asset, is_column in same_columns(graph, level, moment, column, visited):
        if is_column:
            yield TraversalStep(PositionKind.COLUMN, asset, ALIAS_OF, 0)
        elif any(consumers_without_column_lineage(graph, asset, direction, level, moment)):
            yield TraversalStep(PositionKind.DATASET, asset, ALIAS_OF, 0)


def models_of(graph: GraphVersion, version: int, moment: int) -> Iterator[int]:
    """Yield the models that a model version is a version of."""
    node = graph.find(version)
    if node is not None:
        for target, relation, _, _ in graph.views[Layer.STRUCTURE].out.rows_of(node, moment):
            if relation == VERSION_OF:
                yield int(graph.asset_of[target])


def _column_steps(
    graph: GraphVersion, level: Layer, moment: int, direction: DirectionName, column: int, *, as_parent: bool
) -> Iterator[TraversalStep]:
    for step in steps_from_column(graph, level, column, moment, direction, as_parent=as_parent):
        flags = CERTAIN if step.certain else 0
        if graph.asset_index.kind(step.asset) == COLUMN:
            place = PositionKind.PARENT if step.as_parent else PositionKind.COLUMN
            yield TraversalStep(place, step.asset, step.relation, flags)
        elif (node := graph.find(step.asset)) is not None:
            yield TraversalStep(PositionKind.NODE, node, step.relation, flags)
