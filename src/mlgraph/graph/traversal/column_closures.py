"""The part of a walk that runs over columns, up to where it goes on from features and whole datasets.

See docs/spec.md#5-parts-and-wholes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, HAS_COLUMN_LINEAGE, WALK, Bytes, Layer, NodeKey
from mlgraph.graph.traversal.visibility import is_contracted


class ClosureStart(NamedTuple):
    """Where the walk over assets begins: an asset (or one port of it), with its distance from the root.

    `entry` says how: `whole`, through the asset and all its ports; `here`, through this node alone; `listed`, not at all: the
    asset is reached, and what it leads to is started from apart.
    """

    asset: int
    port: int
    distance: int
    certain: bool
    entry: Literal["whole", "here", "listed"] = "whole"


def column_starts(
    graph: GraphVersion,
    root: int,
    direction: Literal["downstream", "upstream"],
    level: Layer,
    moment: int,
    limit: int,
    marks: Bytes,
) -> list[ClosureStart]:
    """Walk from column `root` over column edges; where a dataset's consumer has no column lineage, go on from the dataset.

    Column edges are certain. The whole dataset, and all beyond it, is only possible. Steps to what `marks` passes over count
    nothing.
    """
    starts: list[ClosureStart] = []
    column_layer = Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS
    view = graph.views[column_layer]
    rows = view.out if direction == "downstream" else view.into
    frontier, seen, distance = [root], {root}, 0
    datasets: dict[int, int] = {}
    while frontier:
        following: list[int] = []
        for asset in frontier:  # grows by what is passed over
            starts.append(ClosureStart(asset, 0, distance, certain=True))
            if graph.registry.kind(asset) != COLUMN:
                continue
            dataset = graph.registry.dataset_of(asset)
            if dataset:
                datasets.setdefault(dataset, distance + (not is_contracted(marks, dataset)))
            for other, _ in column_steps(graph, rows, asset, moment):
                if other not in seen:
                    seen.add(other)
                    (frontier if is_contracted(marks, other) else following).append(other)
        frontier, distance = following, distance + 1
    for dataset, hop in datasets.items():
        consumers = [key for key, _, _ in consumers_without_column_lineage(graph, dataset, direction, level, moment)]
        if consumers:
            starts.append(ClosureStart(dataset, 0, hop, certain=False, entry="listed"))
            starts.extend(
                ClosureStart(key.asset, key.port, hop + (not is_contracted(marks, key.asset)), certain=False, entry="here")
                for key in consumers
            )
    return [start for start in starts if start.distance + is_contracted(marks, start.asset) <= limit]


def column_steps(graph: GraphVersion, rows: DirectedRows, asset: int, moment: int) -> Iterator[tuple[int, int]]:
    """Yield (other asset, relation) for each column edge of `asset` in `rows`."""
    node = graph.find(asset)
    if node is not None:
        for other, relation, flags, _ in rows.rows_of(node, moment):
            if flags & WALK:
                yield int(graph.asset_of[other]), relation


def consumers_without_column_lineage(
    graph: GraphVersion, dataset: int, direction: Literal["downstream", "upstream"], level: Layer, moment: int
) -> Iterator[tuple[NodeKey, int, int]]:
    """Yield what consumes (upstream: produces) the dataset without column lineage being known for it.

    Each comes with the relation and flags of the row that leads there.
    """
    node = graph.find(dataset)
    if node is None:
        return
    view = graph.views[level]
    rows = view.out if direction == "downstream" else view.into
    rows_of_dataset = [
        (NodeKey(int(graph.asset_of[other]), int(graph.port_of[other])), relation, flags)
        for other, relation, flags, _ in rows.rows_of(node, moment)
        if flags & WALK
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
    """Return the datasets and features that column edges from this dataset's columns lead to."""
    return _column_neighbours(graph, dataset, level, moment, downstream=True)


def _column_sources(graph: GraphVersion, dataset: int, level: Layer, moment: int) -> set[int]:
    return _column_neighbours(graph, dataset, level, moment, downstream=False)


def _column_neighbours(graph: GraphVersion, dataset: int, level: Layer, moment: int, *, downstream: bool) -> set[int]:
    view = graph.views[Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS]
    rows = view.out if downstream else view.into
    found: set[int] = set()
    for column in graph.registry.columns_of(dataset):
        for other, _ in column_steps(graph, rows, column, moment):
            found.add(graph.registry.dataset_of(other) or other)
    return found
