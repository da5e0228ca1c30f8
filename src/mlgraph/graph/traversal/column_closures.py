"""Column traversal: follows column edges and falls back to datasets (docs/spec.md#5-parts-and-wholes).

The result are the starts of the asset traversal: columns, features, and consumers of a dataset without column lineage.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, HAS_COLUMN_LINEAGE, HUB, WALK, Bytes, Layer, NodeKey
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


def column_starts(
    graph: GraphVersion,
    root: int,
    direction: Literal["downstream", "upstream"],
    level: Layer,
    moment: int,
    limit: int,
    marks: Bytes,
) -> list[ClosureStart]:
    """Follow column edges from column `root` and return the starts of the asset traversal, up to distance `limit`.

    If a consumer (upstream: a producer) of a reached column's dataset has no column lineage, the traversal continues from the
    dataset. Column edges are certain; the dataset and its consumers are only possible, as are the same columns of other claimants
    of a name. A step to an asset that `marks` contracts has length 0.
    """
    reached, datasets = _columns_from(graph, root, direction, level, moment, marks, over_claims=False)
    certain = reached.keys()
    if graph.asset_index.has_hubs:
        reached, datasets = _columns_from(graph, root, direction, level, moment, marks, over_claims=True)
    starts = [ClosureStart(asset, 0, distance, certain=asset in certain) for asset, distance in reached.items()]
    for dataset, hop in datasets.items():
        consumers = [key for key, _, _ in consumers_without_column_lineage(graph, dataset, direction, level, moment)]
        if consumers:
            starts.append(ClosureStart(dataset, 0, hop, certain=False, entry="listed"))
            starts.extend(
                ClosureStart(key.asset, key.port, hop + (not is_contracted(marks, key.asset)), certain=False, entry="node")
                for key in consumers
            )
    return [start for start in starts if start.distance + is_contracted(marks, start.asset) <= limit]


def _columns_from(
    graph: GraphVersion,
    root: int,
    direction: Literal["downstream", "upstream"],
    level: Layer,
    moment: int,
    marks: Bytes,
    *,
    over_claims: bool,
) -> tuple[dict[int, int], dict[int, int]]:
    """Return the distances of the columns and features reached from column `root`, and those of the datasets to continue from."""
    view = graph.views[Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS]
    rows = view.out if direction == "downstream" else view.into
    frontier, distance = [root], 0
    reached, datasets = {root: 0}, dict[int, int]()
    visited: set[tuple[int, str]] = set()
    while frontier:
        following: list[int] = []
        for asset in frontier:  # contracted assets are appended during the loop
            if graph.asset_index.kind(asset) != COLUMN:
                continue
            dataset = graph.asset_index.dataset_of(asset)
            steps = [(other, True) for other, _ in column_steps(graph, rows, asset, moment)]
            if over_claims:
                steps += same_columns(graph, level, moment, asset, visited)
            for other, is_column in [*steps, (dataset, False)] if dataset else steps:
                hop = distance + (not is_contracted(marks, other))
                if not is_column:
                    datasets[other] = min(hop, datasets.get(other, hop))
                elif other not in reached:
                    reached[other] = hop
                    (following if hop > distance else frontier).append(other)
        frontier, distance = following, distance + 1
    return reached, datasets


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
    rows = view.out if downstream else view.into
    found: set[int] = set()
    for column in graph.asset_index.columns_of(dataset):
        for other, _ in column_steps(graph, rows, column, moment):
            found.add(graph.asset_index.dataset_of(other) or other)
    return found
