"""The connected model registries, in which references to model versions are looked up (docs/naming.md#model-references)."""

from __future__ import annotations

import time
from typing import Final

from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.ports.connections import STOPPED, ConnectionStore
from mlgraph.ports.connector import Connector, ConnectorRegistry

_VALID_S: Final = 0.2
"""Seconds for which the listed registries are used again: a stream has thousands of events a second."""


class ModelRegistries:
    """The registries among the connected sources. Thread-safe."""

    def __init__(self, connections: ConnectionStore, connectors: ConnectorRegistry) -> None:
        self._connections = connections
        self._kinds = frozenset(connectors.registries)
        self._listed: tuple[float, tuple[str, ...]] | None = None

    def namespaces(self) -> tuple[str, ...]:
        """Return the namespace of each registry that is read, `KIND:INSTANCE`, ordered by instance."""
        now, listed = time.monotonic(), self._listed
        if listed is None or now - listed[0] > _VALID_S:
            found = (each for each in self._connections.all() if each.kind in self._kinds and each.state != STOPPED)
            listed = self._listed = now, tuple(f"{each.kind}:{each.name}" for each in found)
        return listed[1]

    def completed(self, context: NamingContext, connector: Connector) -> NamingContext:
        """Return `context` with the only connected registry, if the connector refers to models and no other is configured."""
        if not connector.refers_to_models or context.registry is not None:
            return context
        found = self.namespaces()
        return context.in_registry(found[0]) if len(found) == 1 else context
