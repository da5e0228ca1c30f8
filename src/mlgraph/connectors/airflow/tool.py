"""Interpretation of Airflow's answers for `mlgraph connect`. Airflow sends no webhooks, and a renamed DAG is another DAG."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from mlgraph.connectors.airflow import payloads
from mlgraph.connectors.airflow.airflow_instance import ORIGIN, AirflowInstance
from mlgraph.domain.errors import Unauthorized
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Departure, Identity, Payload, States


class AirflowTool:
    """The `PulledTool` of Airflow."""

    subject = staticmethod(payloads.subject)

    def source_key(self, uri: AssetUri) -> tuple[str, str] | None:
        """Return kind and name of a DAG or task; None for runs and datasets, which are only listed."""
        return (uri.kind, uri.name) if uri.kind == "workflow" else None

    def departures(
        self, instance: str, known: States, existing: Collection[AssetUri], identities: Mapping[str, Identity], at: int
    ) -> Sequence[Departure]:
        """Return the known DAGs and tasks that Airflow no longer lists. Runs stay: what it purges, it has nevertheless done."""
        del instance, identities, at
        return [Departure(uri) for uri in sorted(known) if uri.kind == "workflow" and uri not in existing]

    def deleted(self, uri: AssetUri, at: int) -> Payload:
        """Return the payload that asserts the deletion of a DAG or task."""
        names = {"instance": uri.namespace, "namespace": uri.namespace}
        return {"type": "airflow.deleted", **names, "at": format_time(at), "data": {"uri": str(uri)}}

    def version_of(self, payload: object) -> None:
        """Return None: Airflow reports no version of what it knows of a DAG, so the answer requested later is the newer one."""
        del payload

    def version_of_state(self, state: Mapping[str, Any]) -> None:
        """Return None, for the same reason."""
        del state

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> NoReturn:
        """Refuse every webhook: Airflow sends none."""
        del headers, body, secret, now
        raise Unauthorized("Airflow sends no webhooks: mlgraph polls it, and its provider sends OpenLineage events")

    def thin(self, event: Mapping[str, Any]) -> None:
        """Return None: there are no events."""
        del event

    def occurred_at(self, event: Mapping[str, Any]) -> int:
        """Return 0: there are no events."""
        del event
        return 0


def deletion_statements(instance: AirflowInstance, data: Located) -> list[Statement]:
    """Return the facts of `airflow.deleted`: {uri}."""
    return [AssetRetraction(data.need("uri").uri(), ORIGIN, instance.at)]
