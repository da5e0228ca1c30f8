"""The Feast connector: converts answers of the registry's REST API to facts (docs/connectors/feast.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mlgraph.connectors.feast.data_sources import data_source_statements
from mlgraph.connectors.feast.feast_instance import FeastInstance
from mlgraph.connectors.feast.feature_services import service_statements
from mlgraph.connectors.feast.feature_views import feature_statements, view_statements
from mlgraph.connectors.feast.payloads import instance_of, sanitized, subject
from mlgraph.connectors.feast.setup import SETUP
from mlgraph.connectors.feast.tool import FeastTool, deletion_statements
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import SourceFactory

__all__ = ["connector", "normalise", "subject"]

_READERS: Final[Mapping[str, Callable[[FeastInstance, Located], list[Statement]]]] = MappingProxyType(
    {
        "feast.data_source": data_source_statements,
        "feast.feature_view": view_statements,
        "feast.feature": feature_statements,
        "feast.feature_service": service_statements,
        "feast.deleted": deletion_statements,
    }
)


def normalise(payload: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    """Return the statements of `payload`: {type, instance, project, data, at?, held?}; `context` names what its sources name.

    `held` is the known state of the payload's subject from this origin: {since: RFC 3339, state?, ended?}. Raises
    `InvalidInput` with the pointer of the invalid value.
    """
    found = Located(payload)
    kind = found.need("type").text()
    reader = _READERS.get(kind)
    if reader is None:
        raise InvalidInput(f"unknown type {kind[:60]!r}: the types are {', '.join(_READERS)}", pointer="/type")
    return reader(instance_of(found, context), found.need("data"))


def connector(sources: SourceFactory) -> PulledConnector:
    """Return the connector; `sources` opens connections to registries."""
    return PulledConnector(
        name="feast",
        event_types=tuple(_READERS),
        kinds=("column", "dataset", "feature", "feature_service", "feature_view"),
        relations=("alias_of", "feeds", "part_of"),
        redacted=(
            "/data/source/owner",
            "/data/view/spec/owner",
            "/data/view/spec/featureTransformation/userDefinedFunction",
            "/data/view/spec/tags",
            "/data/source/snowflakeOptions/query",
            "/data/service/spec/tags",
        ),
        normalise=normalise,
        sanitize=sanitized,
        setup=SETUP,
        complete_edges={
            "feature_view": ((), ("feeds", "part_of")),
            "feature": ((), ("feeds",)),
            "feature_service": ((), ("feeds",)),
        },
        remedies={
            "dataset": "connect the registry with --place <SYSTEM>://<HOST>, where the tables of its data sources are",
        },
        mentions_in_passing=True,
        accepts_events=False,
        tool=FeastTool(),
        sources=sources,
    )
