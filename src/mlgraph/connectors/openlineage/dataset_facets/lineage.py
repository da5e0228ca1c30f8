"""The lineage facet (OpenLineage LineageFacet 1-0-0): on a dataset, or on a job or run for any target."""

from __future__ import annotations

from collections.abc import Iterable

from mlgraph.connectors.openlineage.dataset_facets.dataset_lineage import DatasetLineage, LineageSource, is_dataset, read_sources
from mlgraph.connectors.openlineage.name_resolver import NameResolver, usable_key
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


def read_dataset_lineage(facet: Located, names: NameResolver) -> DatasetLineage:
    """Return the sources in a dataset's facet, or in one entry of a job's; jobs among the inputs are omitted."""
    by_field: dict[str, list[LineageSource]] = {}
    for name, entry in facet.object_members("fields"):
        if usable_key(name, entry):
            by_field[name] = read_sources(entry, "inputs", names)
    return DatasetLineage(read_sources(facet, "inputs", names), by_field)


def read_entries(names: NameResolver, *facets: Located | None) -> dict[AssetUri, DatasetLineage]:
    """Return the sources in the entries of these facets by target dataset (`lineage` in drafts of the facet)."""
    targets: dict[AssetUri, DatasetLineage] = {}
    for facet in facets:
        listed = (facet.objects("entries") or facet.objects("lineage")) if facet else None
        for entry in listed or ():
            if is_dataset(entry) and (target := entry.attempt(names.written_dataset)):
                targets[target] = merged_lineage(targets.get(target), read_dataset_lineage(entry, names)) or DatasetLineage()
    return targets


def merged_lineage(first: DatasetLineage | None, second: DatasetLineage | None) -> DatasetLineage | None:
    """Return the union of the sources; None if both are None."""
    if first is None or second is None:
        return first or second
    keys: Iterable[str] = {**first.fields, **second.fields}
    fields = {name: [*first.fields.get(name, ()), *second.fields.get(name, ())] for name in keys}
    return DatasetLineage([*first.dataset_level, *second.dataset_level], fields)
