"""The columnLineage facet (OpenLineage ColumnLineageDatasetFacet), from its oldest form to 1-2-0."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.openlineage.names import Names
from mlgraph.connectors.openlineage.sources import Source, Sources
from mlgraph.connectors.openlineage.transformations import read_transformations
from mlgraph.domain.payload import Located
from mlgraph.domain.sanitizing import sanitize_text


def read_column_lineage(facet: Located, names: Names) -> Sources:
    """Return the sources of each field, and of the whole: `dataset` lists joins, filters and the like."""
    fields, whole = facet.get("fields"), facet.get("dataset")
    by_field: dict[str, list[Source]] = {}
    for name, entry in fields.members() if fields else ():
        listed = entry.get("inputFields")
        older = _older_transformation(entry)
        by_field[Located(name, entry.pointer).name()] = _sources(listed, older, names)
    return Sources(_sources(whole, [], names), by_field)


def _sources(listed: Located | None, older: list[Any], names: Names) -> list[Source]:
    sources = []
    for item in listed.items() if listed else ():
        dataset, field = names.mentioned_dataset(item), item.get("field")
        name = field.name() if field else None
        transformation = read_transformations(item) or older
        if dataset:
            sources.append(Source(dataset, name, transformation, item))
    return sources


def _older_transformation(entry: Located) -> list[Any]:
    """Return what the deprecated members of a field say (they hold for all its input fields)."""
    kind, description = entry.get("transformationType"), entry.get("transformationDescription")
    said = {}
    if kind and kind.text():
        said["type"] = kind.text()
    if description and description.text():
        said["description"] = sanitize_text(description)
    return [said] if said else []
