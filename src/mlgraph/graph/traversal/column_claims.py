"""Columns of ambiguous names: steps between the same columns of the claimants (docs/spec.md#11-ambiguous-names)."""

from __future__ import annotations

from collections.abc import Iterator

from mlgraph.domain.uri import AssetUri, column_uri, field_of_column
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, COLUMN, Ints, Layer, hub_of
from mlgraph.graph.traversal.name_hubs import hubs_of, members_of


def same_columns(
    graph: GraphVersion, level: Layer, moment: int, column: int, visited: set[tuple[int, str]]
) -> Iterator[tuple[int, bool]]:
    """Yield (asset, True) for the same column of the name and of each other claimant, where `column` or its dataset is one.

    Where a dataset has no such column, or nothing reads or writes that of the name, yield (dataset, False).

    `visited` has the hubs and fields from which a traversal continued already, so that the columns of n claimants take n steps.
    """
    index = graph.asset_index
    dataset, field = index.dataset_of(column), _field(graph, column)
    for owner in (column, dataset) if index.has_hubs else ():
        for hub in hubs_of(graph, level, moment, owner) if owner else ():
            if (hub, field) in visited:
                continue
            visited.add((hub, field))
            name = int(graph.asset_of[hub])
            for member in members_of(graph, level, moment, hub):
                same = member if owner == column else column_of(graph, member, field)
                if same is not None and (member != name or _is_used(graph, level, moment, same)):
                    yield same, True
                elif member not in (column, dataset) and owner == dataset:
                    yield member, False


def columns_claimed(graph: GraphVersion, level: Layer, moment: int, listed: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield (column of an ambiguous name, `ALIAS_OF`, same column of a claimant) for the `listed` columns."""
    index = graph.asset_index
    columns = set(listed[index.kinds(listed) == COLUMN].tolist()) if index.has_hubs else set()
    for column in columns:
        for name in (column, index.dataset_of(column)):
            hub = index.find(hub_of(name)) if name else None
            for member in members_of(graph, level, moment, hub) if hub is not None and hub < graph.nodes else ():
                claimant = member if name == column else column_of(graph, member, _field(graph, column))
                if claimant is not None and claimant in columns and claimant != column:
                    yield column, ALIAS_OF, claimant


def column_of(graph: GraphVersion, dataset: int, field: str) -> int | None:
    """Return the column `field` of a dataset, None if no fact names it."""
    return graph.asset_index.number(str(column_uri(AssetUri.parse(graph.asset_index.uri(dataset)), field)))


def _field(graph: GraphVersion, column: int) -> str:
    return field_of_column(AssetUri.parse(graph.asset_index.uri(column)))


def _is_used(graph: GraphVersion, level: Layer, moment: int, column: int) -> bool:
    """Return whether column lineage leads from `column` or to it at `moment`."""
    node = graph.find(column)
    view = graph.views[Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS]
    return node is not None and any(any(rows.rows_of(node, moment)) for rows in (view.out, view.into))
