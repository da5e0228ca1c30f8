"""What single producers do differently from OpenLineage's conventions, one module for each of them."""

from __future__ import annotations

from typing import Final

from mlgraph.connectors.openlineage.producers.dbt import Dbt
from mlgraph.connectors.openlineage.producers.feast import Feast
from mlgraph.connectors.openlineage.producers.producer import Producer
from mlgraph.domain.payloads.payload import Located

_KNOWN: Final[tuple[type[Producer], ...]] = (Dbt, Feast)


def producer_of(event: Located, scope: str | None) -> Producer:
    """Return the producer of an event, which converts its names to URIs; ambiguous namespaces get the prefix `scope`."""
    return next((found for known in _KNOWN if (found := known.recognised(event, scope)) is not None), Producer(scope))
