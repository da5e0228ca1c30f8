"""Column traversal: follows column edges and falls back to datasets (docs/spec.md#5-parts-and-wholes).

The result are the starts of the asset traversal: columns, features, and consumers of a dataset without column lineage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, COLUMN, HAS_COLUMN_LINEAGE, HUB, PART_OF, WALK, Bytes, Layer, NodeKey
from mlgraph.graph.traversal.column_claims import same_columns
from mlgraph.graph.traversal.noise_marks import is_contracted


class ClosureStart(NamedTuple):
    """A start of the asset traversal: an asset, or one of its ports, with its distance from the root.

    `entry` selects the nodes to start from: `asset`, the asset and all its ports; `node`, this node only; `listed`, none, since
    the asset is only part of the result and its consumers are starts of their own.
    """

    asset: int
    port: int
    distance: int
    certain: bool
    entry: Literal["asset", "node", "listed"] = "asset"


class ColumnStep(NamedTuple):
    """A step from a column: the asset that it reaches, the relation, and whether a path over it stays certain.

    `as_parent`: it leads to the parent of a nested field, from which the other parts are not reached. `edge` is the part edge
    taken, as (part, relation, parent).
    """

    asset: int
    relation: int
    certain: bool = True
    as_parent: bool = False
    edge: tuple[int, int, int] | None = None


@dataclass
class _ReachedColumns:
    """The assets reached from a column, with distances; the datasets of the columns, with theirs; the part edges taken."""

    distances: dict[int, int] = field(default_factory=dict)
    datasets: dict[int, int] = field(default_factory=dict)
    edges: set[tuple[int, int, int]] = field(default_factory=set)

    def add_dataset(self, dataset: int, distance: int) -> None:
        """Add a dataset at a distance, unless it is known at a lesser one."""
        self.datasets[dataset] = min(distance, self.datasets.get(dataset, distance))


@dataclass(frozen=True, slots=True)
class ColumnClosure:
    """The traversal of columns from column `root` at `moment` (microseconds), up to distance `limit`.

    Column edges are certain, so is the step from a nested field to its parent upstream, and back downstream; the opposite ones
    are only possible, like those to the same columns of other claimants of a name. A step to an asset that `marks` contracts has
    length 0.
    """

    graph: GraphVersion
    root: int
    direction: Literal["downstream", "upstream"]
    level: Layer
    moment: int
    limit: int
    marks: Bytes

    def starts(self, parts: dict[tuple[int, int, int], bool]) -> list[ClosureStart]:
        """Return the starts of the asset traversal.

        If a consumer (upstream: a producer) of a reached column's dataset has no column lineage, the traversal continues from the
        dataset, which is only possible, like its consumers. The part edges taken are added to `parts`, with their certainty.
        """
        reached, certain = self._reached(certain_only=False), self._reached(certain_only=True)
        parts.update((edge, edge in certain.edges) for edge in reached.edges)
        starts = [
            ClosureStart(asset, 0, distance, certain=asset in certain.distances) for asset, distance in reached.distances.items()
        ]
        for dataset, hop in reached.datasets.items():
            rows = consumers_without_column_lineage(self.graph, dataset, self.direction, self.level, self.moment)
            consumers = [key for key, _, _ in rows]
            if consumers:
                starts.append(ClosureStart(dataset, 0, hop, certain=False, entry="listed"))
                starts.extend(
                    ClosureStart(key.asset, key.port, hop + (not self._is_free(key.asset)), certain=False, entry="node")
                    for key in consumers
                )
        return [start for start in starts if start.distance + self._is_free(start.asset) <= self.limit]

    def _claims(self, column: int, distance: int, visited: set[tuple[int, str]], found: _ReachedColumns) -> Iterator[ColumnStep]:
        """Yield the steps to the same columns of other claimants; add those without such a column to the datasets of `found`."""
        for other, is_column in same_columns(self.graph, self.level, self.moment, column, visited):
            if is_column:
                yield ColumnStep(other, ALIAS_OF, certain=False)
            else:
                found.add_dataset(other, distance + (not self._is_free(other)))

    def _is_free(self, asset: int) -> bool:
        return is_contracted(self.marks, asset)

    def _reached(self, *, certain_only: bool) -> _ReachedColumns:
        """Follow column edges; `certain_only`: over certain steps alone."""
        graph, found = self.graph, _ReachedColumns()
        frontier, seen, distance = [(self.root, False)], {(self.root, False)}, 0
        visited: set[tuple[int, str]] = set()
        while frontier and distance <= self.limit:
            following: list[tuple[int, bool]] = []
            for asset, as_parent in frontier:  # contracted assets are appended during the loop
                found.distances.setdefault(asset, distance)
                if graph.asset_index.kind(asset) != COLUMN:
                    continue
                dataset = dataset_at(graph, asset, self.moment)
                if dataset:
                    found.add_dataset(dataset, distance + (not self._is_free(dataset)))
                steps = steps_from_column(graph, self.level, asset, self.moment, self.direction, as_parent=as_parent)
                claims = () if as_parent or certain_only else self._claims(asset, distance, visited, found)
                for step in (*steps, *claims):
                    free, state = self._is_free(step.asset), (step.asset, step.as_parent)
                    if (certain_only and not step.certain) or (distance == self.limit and not free):
                        continue
                    if step.edge is not None:
                        found.edges.add(step.edge)
                    if state not in seen and (step.asset, False) not in seen:
                        seen.add(state)
                        (frontier if free else following).append(state)
            frontier, distance = following, distance + 1
        return found


def steps_from_column(
    graph: GraphVersion,
    level: Layer,
    column: int,
    moment: int,
    direction: Literal["downstream", "upstream"],
    *,
    as_parent: bool,
) -> Iterator[ColumnStep]:
    """Yield the steps over column edges of this level, and to the parent and the parts of a nested field.

    `as_parent`: the column was reached from one of its parts, whose fate says nothing of the others.
    """
    view = graph.views[Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS]
    for other, relation in column_steps(graph, view.out if direction == "downstream" else view.into, column, moment):
        yield ColumnStep(other, relation)
    for parent in _columns_beside(graph, graph.views[Layer.STRUCTURE].out, column, moment):
        edge = (column, PART_OF, parent)
        yield ColumnStep(parent, PART_OF, certain=direction == "upstream", as_parent=True, edge=edge)
    for part in _columns_beside(graph, graph.views[Layer.STRUCTURE].into, column, moment) if not as_parent else ():
        yield ColumnStep(part, PART_OF, certain=direction == "downstream", edge=(part, PART_OF, column))


def dataset_at(graph: GraphVersion, column: int, moment: int) -> int:
    """Return the dataset of a column, under the name that it resolves to at `moment` (0: none)."""
    return graph.aliases.at(graph.asset_index.dataset_of(column), moment)


def _columns_beside(graph: GraphVersion, rows: DirectedRows, column: int, moment: int) -> Iterator[int]:
    """Yield the columns that `part_of` edges in `rows` connect with a column."""
    node = graph.find(column)
    if node is not None:
        for other, relation, _, _ in rows.rows_of(node, moment):
            asset = int(graph.asset_of[other])
            if relation == PART_OF and graph.asset_index.kind(asset) == COLUMN:
                yield asset


def column_steps(graph: GraphVersion, rows: DirectedRows, asset: int, moment: int) -> Iterator[tuple[int, int]]:
    """Yield (other asset, relation) for each column edge of `asset` in `rows` at `moment`."""
    node = graph.find(asset)
    if node is not None:
        for other, relation, flags, _ in rows.rows_of(node, moment):
            if flags & WALK:
                yield int(graph.asset_of[other]), relation


def consumers_without_column_lineage(
    graph: GraphVersion, dataset: int, direction: Literal["downstream", "upstream"], level: Layer, moment: int
) -> Iterator[tuple[NodeKey, int, int]]:
    """Yield the consumers (upstream: producers) of the dataset without known column lineage.

    Each is (node key, relation, flags), the latter two of its row to or from the dataset.
    """
    node = graph.find(dataset)
    if node is None:
        return
    view = graph.views[level]
    rows = view.out if direction == "downstream" else view.into
    rows_of_dataset = [
        (NodeKey(int(graph.asset_of[other]), int(graph.port_of[other])), relation, flags)
        for other, relation, flags, _ in rows.rows_of(node, moment)
        if flags & WALK and graph.asset_index.kind_at[other] != HUB
    ]
    if direction == "downstream":
        resolved = {key.asset for key, _, flags in rows_of_dataset if key.port and flags & HAS_COLUMN_LINEAGE}
        reached = _column_targets(graph, dataset, level, moment)
        for key, relation, flags in rows_of_dataset:
            if flags & HAS_COLUMN_LINEAGE or (not key.port and (key.asset in resolved or key.asset in reached)):
                continue
            yield key, relation, flags
        return
    sources = _column_sources(graph, dataset, level, moment)
    for key, relation, flags in rows_of_dataset:
        if not flags & HAS_COLUMN_LINEAGE and (key.port or key.asset not in sources):
            yield key, relation, flags


def _column_targets(graph: GraphVersion, dataset: int, level: Layer, moment: int) -> set[int]:
    """Return the datasets and features at the targets of column edges from this dataset's columns."""
    return _column_neighbours(graph, dataset, level, moment, downstream=True)


def _column_sources(graph: GraphVersion, dataset: int, level: Layer, moment: int) -> set[int]:
    return _column_neighbours(graph, dataset, level, moment, downstream=False)


def _column_neighbours(graph: GraphVersion, dataset: int, level: Layer, moment: int, *, downstream: bool) -> set[int]:
    view = graph.views[Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS]
    names = graph.aliases.names_at(dataset, moment) or [dataset]
    columns = {graph.aliases.at(column, moment) for name in names for column in graph.asset_index.columns_of(name)}
    nodes = graph.nodes_of(np.array(sorted(columns), np.int32))
    found = (view.out if downstream else view.into).gather(nodes[nodes >= 0], moment, WALK)
    return {dataset_at(graph, other, moment) or other for other in graph.asset_of[found.other].tolist()}
