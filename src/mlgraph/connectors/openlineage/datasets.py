"""Datasets in an event: their state, and the data that inputs and outputs need."""

from __future__ import annotations

from dataclasses import dataclass

from mlgraph.connectors.openlineage.dataset_facets.column_lineage import read_column_lineage
from mlgraph.connectors.openlineage.dataset_facets.dataset_lineage import DatasetLineage
from mlgraph.connectors.openlineage.dataset_facets.lifecycle import read_lifecycle, read_symlinks
from mlgraph.connectors.openlineage.dataset_facets.lineage import read_dataset_lineage
from mlgraph.connectors.openlineage.dataset_facets.quality import read_quality
from mlgraph.connectors.openlineage.dataset_facets.schemas import read_schema
from mlgraph.connectors.openlineage.descriptions import describe
from mlgraph.connectors.openlineage.facets import Facets, nonblank
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.history import merge
from mlgraph.domain.naming.dataset_naming import canonical_columns
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


@dataclass(frozen=True)
class Listed:
    """A dataset, its reported version, the fields of its schema, its sources by each facet, and whether it was dropped."""

    uri: AssetUri
    version: str | None
    fields: tuple[str, ...]
    lineage: DatasetLineage | None
    column_lineage: DatasetLineage | None
    is_dropped: bool


def read_dataset(item: Located, draft: StatementBuilder, *members: str, target: bool) -> Listed:
    """Return the dataset, and add its state to `draft`. Raises `InvalidInput` where it has no usable namespace or name.

    Lineage facets are interpreted on a `target` only; on other datasets they are stored like unknown facets.
    """
    uri = draft.names.written_dataset(item) if target else draft.names.dataset(item)
    facets = Facets(item, "facets", *members)
    properties = read_schema(facets)
    if properties.get("schema"):
        properties["schema"] = canonical_columns(uri.namespace, properties["schema"])
    version_facet = facets.take("version")
    version = nonblank(version_facet, "datasetVersion") if version_facet else None
    lineage = facets.take("lineage") if target else None
    columns = facets.take("columnLineage") if target else None
    properties |= read_lifecycle(uri, facets, draft)
    for place in draft.names.locations(facets):
        if place != uri:
            draft.edge(uri, "alias_of", place)
    read_symlinks(uri, facets, draft)
    if quality := read_quality(facets):
        properties["quality"] = quality
    state = describe(facets, draft)
    if rest := facets.rest():
        properties["facets"] = rest
    draft.asset(uri, draft.names.state(uri, merge({"properties": properties}, state) if properties else state))
    return Listed(
        uri,
        version.text() if version else None,
        tuple(field["name"] for field in properties.get("schema") or ()),
        read_dataset_lineage(lineage, draft.names) if lineage else None,
        read_column_lineage(columns, draft.names) if columns else None,
        properties.get("lifecycle") == "DROP",
    )
