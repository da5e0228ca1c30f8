"""Data sources of Feast: what a source says about the dataset that it names."""

from __future__ import annotations

from mlgraph.connectors.feast.feast_instance import (
    FeastInstance,
    contacts,
    described,
    lifetime_of,
    optional,
    without_empty,
)
from mlgraph.connectors.feast.source_naming import NamedSource, named_source
from mlgraph.domain.facts import Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri


def sources_of(instance: FeastInstance, spec: Located) -> list[NamedSource]:
    """Return the batch and the stream source of a view, each dataset once."""
    found: dict[str, NamedSource] = {}
    for key in ("batchSource", "streamSource"):
        source = spec.get(key)
        named = named_source(instance, source) if source and source.get("type") else None
        if named:
            found.setdefault(str(named.uri), named)
    return list(found.values())


def dataset_of(instance: FeastInstance, source: Located) -> AssetUri | None:
    """Return the dataset that a data source describes; None for a push source (its batch source does) and a request."""
    named = named_source(instance, source) if source.need("type").text() != "PUSH_SOURCE" else None
    return named.uri if named else None


def data_source_statements(instance: FeastInstance, data: Located) -> list[Statement]:
    """Return the facts of `feast.data_source`: {source, dataset}: what the source says about the dataset."""
    source, uri = data.need("source"), data.need("dataset").uri()
    lifetime = lifetime_of(source)
    properties = without_empty(
        feast_source=f"{instance.project}/{source.need('name').name()}",
        source_type=source.need("type").text(),
        timestamp_field=optional(source, "timestampField"),
        created_at=format_time(lifetime.created),
    )
    instance, former = instance.of_creation(uri, lifetime)
    state = {**described(source), "properties": properties}
    return [*former, instance.asset(uri, lifetime, state), *contacts(source)]
