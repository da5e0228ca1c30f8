"""The lineage facet (OpenLineage LineageFacet 1-0-0): on a dataset, or on a job or run for any target."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mlgraph.connectors.openlineage.dataset_lineage import DatasetLineage, LineageSource
from mlgraph.connectors.openlineage.name_resolver import NameResolver
from mlgraph.connectors.openlineage.transformations import read_transformations
from mlgraph.domain.payload import Located
from mlgraph.domain.uri import AssetUri

_DATASET: Final = "DATASET"


def read_dataset_lineage(facet: Located, names: NameResolver) -> DatasetLineage:
    """Return the sources in a dataset's facet, or in one entry of a job's; jobs among the inputs are omitted."""
    inputs, fields = facet.get("inputs"), facet.get("fields")
    by_field: dict[str, list[LineageSource]] = {}
    for name, entry in fields.members() if fields else ():
        by_field[Located(name, entry.pointer).name()] = _sources(entry.get("inputs"), names)
    return DatasetLineage(_sources(inputs, names), by_field)


def read_entries(names: NameResolver, *facets: Located | None) -> dict[AssetUri, DatasetLineage]:
    """Return the sources in the entries of these facets by target dataset (`lineage` in drafts of the facet)."""
    targets: dict[AssetUri, DatasetLineage] = {}
    for facet in facets:
        listed = (facet.get("entries") or facet.get("lineage")) if facet else None
        for entry in listed.items() if listed else ():
            if _is_dataset(entry) and (target := names.referenced_dataset(entry)):
                targets[target] = merged_lineage(targets.get(target), read_dataset_lineage(entry, names)) or DatasetLineage()
    return targets


def merged_lineage(first: DatasetLineage | None, second: DatasetLineage | None) -> DatasetLineage | None:
    """Return the union of the sources; None if both are None."""
    if first is None or second is None:
        return first or second
    keys: Iterable[str] = {**first.fields, **second.fields}
    fields = {name: [*first.fields.get(name, ()), *second.fields.get(name, ())] for name in keys}
    return DatasetLineage([*first.dataset_level, *second.dataset_level], fields)


def _sources(listed: Located | None, names: NameResolver) -> list[LineageSource]:
    sources = []
    for item in listed.items() if listed else ():
        dataset, field = names.referenced_dataset(item) if _is_dataset(item) else None, item.get("field")
        name = field.name() if field else None
        how = read_transformations(item)
        if dataset:
            sources.append(LineageSource(dataset, name, how, item))
    return sources


def _is_dataset(item: Located) -> bool:
    kind = item.get("type")
    return kind is None or kind.text().upper() == _DATASET
