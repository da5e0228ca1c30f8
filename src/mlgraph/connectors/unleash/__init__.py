"""The Unleash connector: converts flags, their events and applications to facts (docs/connectors/unleash.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mlgraph.connectors.unleash.applications import application_statements
from mlgraph.connectors.unleash.flags import flag_statements
from mlgraph.connectors.unleash.removals import deletion_statements, refusal_of
from mlgraph.connectors.unleash.tool import UnleashTool
from mlgraph.connectors.unleash.unleash_instance import UnleashInstance, instance_of
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import EventDocument, Located
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import SourceFactory

__all__ = ["connector", "normalise"]

_READERS: Final[Mapping[str, Callable[[UnleashInstance, Located], list[Statement]]]] = MappingProxyType(
    {
        "unleash.flag": flag_statements,
        "unleash.application": application_statements,
        "unleash.deleted": deletion_statements,
        "unleash.refused": refusal_of,
    }
)


def normalise(payload: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    """Return the statements of `payload`: {type, instance, data}.

    References such as `models:/ranker/9` are looked up in the registry of `context`; without one no version is linked. Raises
    `InvalidInput` with the pointer of the invalid value.
    """
    found = EventDocument(payload)
    kind = found.need("type").text()
    reader = _READERS.get(kind)
    if reader is None:
        raise InvalidInput(f"unknown type {kind[:60]!r}: the types are {', '.join(_READERS)}", pointer="/type")
    return [*reader(instance_of(found, context), found.need("data")), *found.collector.all()]


def connector(sources: SourceFactory) -> PulledConnector:
    """Return the connector; `sources` opens connections to Unleash servers."""
    return PulledConnector(
        name="unleash",
        event_types=tuple(_READERS),
        kinds=("deployment", "experiment", "model_version", "service", "variant"),
        relations=("alias_of", "tested_in", "variant_of"),
        redacted=(
            "/data/events/*/createdBy",
            "/data/events/*/data/constraints",
            "/data/feature/environments/*/strategies/*/constraints",
            "/data/feature/description",
        ),
        normalise=normalise,
        remedies={
            "experiment": 'set the payload of one of its variants, of type json, to {"model": "models:/<NAME>/<VERSION>"}',
            "reference": 'set its payload, of type json, to {"model": "models:/<NAME>/<VERSION>"}',
        },
        accepts_events=False,
        refers_to_models=True,
        tool=UnleashTool(),
        sources=sources,
    )
