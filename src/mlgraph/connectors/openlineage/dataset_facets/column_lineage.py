"""The columnLineage facet (OpenLineage ColumnLineageDatasetFacet), from its oldest form to 1-2-0."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.openlineage.dataset_facets.dataset_lineage import DatasetLineage, LineageSource, read_sources
from mlgraph.connectors.openlineage.facets import clean_text_of
from mlgraph.connectors.openlineage.name_resolver import NameResolver, usable_key
from mlgraph.domain.payloads.payload import Located


def read_column_lineage(facet: Located, names: NameResolver) -> DatasetLineage:
    """Return the sources of each field, and those of the complete dataset (`dataset`: joins, filters and similar)."""
    by_field: dict[str, list[LineageSource]] = {}
    for name, entry in facet.object_members("fields"):
        if usable_key(name, entry):
            by_field[name] = read_sources(entry, "inputFields", names, columns=True, transformation=_older_transformation(entry))
    return DatasetLineage(read_sources(facet, "dataset", names, columns=True), by_field)


def _older_transformation(entry: Located) -> list[Any]:
    """Return the transformation in the deprecated members of a field, which applies to all its input fields."""
    transformation = {}
    if kind := clean_text_of(entry, "transformationType"):
        transformation["type"] = kind
    if description := clean_text_of(entry, "transformationDescription"):
        transformation["description"] = description
    return [transformation] if transformation else []
