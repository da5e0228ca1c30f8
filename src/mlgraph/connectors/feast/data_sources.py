"""Data sources of Feast: what a source says about the dataset that it names."""

from __future__ import annotations

from typing import Final

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

_BATCH_OF: Final = ("PUSH_SOURCE",)


def sources_of(instance: FeastInstance, spec: Located) -> list[NamedSource]:
    """Return the batch and the stream source of a view, each dataset once."""
    found: dict[str, NamedSource] = {}
    for key in ("batchSource", "streamSource"):
        source = spec.get(key)
        named = named_source(instance, source) if source and source.get("type") else None
        if named:
            found.setdefault(str(named.uri), named)
    return list(found.values())


def data_source_statements(instance: FeastInstance, data: Located) -> list[Statement]:
    """Return the facts of `feast.data_source`: {source}. A request source has none; a push source is its batch source."""
    source = data.need("source")
    named = named_source(instance, source)
    if named is None or source.need("type").text() in _BATCH_OF:
        return []
    lifetime = lifetime_of(source)
    name = source.need("name").name()
    properties = without_empty(
        feast_source=f"{instance.project}/{name}",
        source_type=source.need("type").text(),
        timestamp_field=optional(source, "timestampField"),
        query_digest=named.digest,
        created_at=format_time(lifetime.created),
    )
    instance, former = instance.of_creation(named.uri, lifetime)
    state = {**described(source), "properties": properties}
    return [*former, instance.asset(named.uri, lifetime, state), *contacts(source)]
