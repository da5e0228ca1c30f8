"""All use cases of one server, as the HTTP interface takes them."""

from __future__ import annotations

from dataclasses import dataclass

from mlgraph.services.archives import Archives
from mlgraph.services.connections import Connections
from mlgraph.services.health import Health
from mlgraph.services.identity import Tokens
from mlgraph.services.intake import Intake
from mlgraph.services.query import Queries


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases."""

    intake: Intake
    queries: Queries
    connections: Connections
    health: Health
    tokens: Tokens


@dataclass(frozen=True, slots=True)
class Operated(Services):
    """The use cases, and those of whoever runs the server."""

    archives: Archives

    @classmethod
    def of(cls, services: Services, archives: Archives) -> Operated:
        """Return `services` with what is missing."""
        return cls(services.intake, services.queries, services.connections, services.health, services.tokens, archives)
