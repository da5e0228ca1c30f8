"""Interpretation of the answers of the Kubernetes API for `mlgraph connect`. A cluster sends no webhooks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from mlgraph.connectors.kubernetes import payloads
from mlgraph.connectors.kubernetes.cluster import ORIGIN
from mlgraph.connectors.kubernetes.objects import API_TYPES, api_type
from mlgraph.domain.errors import Unauthorized
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Departure, Identity, Payload, States


class KubernetesTool:
    """The `PulledTool` of Kubernetes."""

    subject = staticmethod(payloads.subject)

    def source_key(self, uri: AssetUri) -> tuple[str, str] | None:
        """Return kind and name of a deployment, which is requested alone; None for services, which are only labels."""
        return ("deployment", uri.name) if uri.kind == "deployment" and not uri.name.startswith("/") else None

    def departures(
        self, instance: str, known: States, existing: Collection[AssetUri], identities: Mapping[str, Identity], at: int
    ) -> Sequence[Departure]:
        """Return the known deployments and services that no complete list of the cluster has any more.

        Those of types that the cluster refused to list stay, and with them all services.
        """
        del identities, at
        refused = {uri.name.strip("/") for uri in existing if uri.name.startswith("/")}
        return [
            Departure(uri)
            for uri in sorted(known)
            if uri.namespace == f"{ORIGIN}:{instance}" and uri not in existing and not _is_of(uri, refused)
        ]

    def deleted(self, uri: AssetUri, at: int) -> Payload:
        """Return the payload that asserts the end of a deployment or a service."""
        data = {"uri": str(uri), "at": format_time(at)}
        return {"type": payloads.DELETED, "instance": uri.namespace.partition(":")[2], "at": format_time(at), "data": data}

    def version_of(self, payload: object) -> None:
        """Return None: a resource version is opaque, and answers are the most recent ones."""
        del payload

    def version_of_state(self, state: Mapping[str, Any]) -> None:
        """Return None, for the same reason."""
        del state

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> NoReturn:
        """Refuse every webhook: a cluster sends none."""
        del headers, body, secret, now
        raise Unauthorized("Kubernetes sends no webhooks: mlgraph polls its API")

    def thin(self, event: Mapping[str, Any]) -> None:
        """Return None: there are no events."""
        del event

    def occurred_at(self, event: Mapping[str, Any]) -> int:
        """Return 0: there are no events."""
        del event
        return 0


def refused_listing(instance: str, singular: str) -> AssetUri:
    """Return the URI by which an inventory says that the objects of a type could not be listed."""
    return AssetUri("deployment", f"{ORIGIN}:{instance}", f"/{singular}/")


def type_in(uri: AssetUri) -> str | None:
    """Return the type, as it is named in URIs, of the object that a deployment is or belongs to."""
    parts = uri.name.split("/")
    return parts[1] if uri.kind == "deployment" and len(parts) > 2 and api_type(parts[1]) in API_TYPES else None


def deletion_statements(data: Located) -> list[Statement]:
    """Return the facts of `kubernetes.deleted`: {uri, at}."""
    return [AssetRetraction(data.need("uri").uri(), ORIGIN, data.need("at").time())]


def _is_of(uri: AssetUri, refused: Collection[str]) -> bool:
    return bool(refused) if uri.kind == "service" else type_in(uri) in refused
