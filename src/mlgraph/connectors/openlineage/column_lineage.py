"""The columnLineage facet (OpenLineage ColumnLineageDatasetFacet), from its oldest form to 1-2-0."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.openlineage.dataset_lineage import DatasetLineage, LineageSource
from mlgraph.connectors.openlineage.name_resolver import NameResolver
from mlgraph.connectors.openlineage.transformations import read_transformations
from mlgraph.domain.payload import Located
from mlgraph.domain.sanitizing import sanitize_text


def read_column_lineage(facet: Located, names: NameResolver) -> DatasetLineage:
    """Return the sources of each field, and those of the complete dataset (`dataset`: joins, filters and similar)."""
    fields, dataset_level = facet.get("fields"), facet.get("dataset")
    by_field: dict[str, list[LineageSource]] = {}
    for name, entry in fields.members() if fields else ():
        listed = entry.get("inputFields")
        older = _older_transformation(entry)
        by_field[Located(name, entry.pointer).name()] = _sources(listed, older, names)
    return DatasetLineage(_sources(dataset_level, [], names), by_field)


def _sources(listed: Located | None, older: list[Any], names: NameResolver) -> list[LineageSource]:
    sources = []
    for item in listed.items() if listed else ():
        dataset, field = names.referenced_dataset(item), item.get("field")
        name = field.name() if field else None
        transformation = read_transformations(item) or older
        if dataset:
            sources.append(LineageSource(dataset, name, transformation, item))
    return sources


def _older_transformation(entry: Located) -> list[Any]:
    """Return the transformation in the deprecated members of a field, which applies to all its input fields."""
    kind, description = entry.get("transformationType"), entry.get("transformationDescription")
    transformation = {}
    if kind and kind.text():
        transformation["type"] = kind.text()
    if description and description.text():
        transformation["description"] = sanitize_text(description)
    return [transformation] if transformation else []
