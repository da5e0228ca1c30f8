"""Interpretation of Feast's answers for `mlgraph connect`. Feast sends no webhooks, and nothing in it can be renamed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NoReturn

from mlgraph.connectors.feast import payloads
from mlgraph.connectors.feast.feast_instance import ORIGIN
from mlgraph.domain.errors import Unauthorized
from mlgraph.domain.facts import AssetRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.source_adapter import Departure, Identity, Payload, States

_LISTED: Final = ("dataset", "feature", "feature_service", "feature_view")
_FETCHED: Final = ("feature", "feature_service", "feature_view")


class FeastTool:
    """The `PulledTool` of Feast."""

    subject = staticmethod(payloads.subject)

    def source_key(self, uri: AssetUri) -> tuple[str, str] | None:
        """Return kind and `PROJECT/NAME` of an object; None for datasets, which it cannot look up, and for `refused_listing`."""
        return (uri.kind, uri.name) if uri.kind in _FETCHED and not uri.name.endswith("/") else None

    def departures(
        self, instance: str, known: States, existing: Collection[AssetUri], identities: Mapping[str, Identity], at: int
    ) -> Sequence[Departure]:
        """Return the known objects that the registry no longer lists, except for those of listings that it refused."""
        del identities, at
        namespace = f"feast:{instance}"
        refused = {(uri.kind, uri.name.partition("/")[0]) for uri in existing if uri.name.endswith("/")}
        return [
            Departure(uri)
            for uri in sorted(known)
            if uri.namespace == namespace
            and uri.kind in _LISTED
            and uri not in existing
            and (uri.kind, uri.name.partition("/")[0]) not in refused
        ]

    def deleted(self, uri: AssetUri, at: int) -> Payload:
        """Return the payload that asserts the deletion of an object."""
        project = uri.name.partition("/")[0]
        data = {"uri": str(uri), "at": format_time(at)}
        return {"type": "feast.deleted", "instance": uri.namespace.partition(":")[2], "project": project, "data": data}

    def version_of(self, payload: object) -> None:
        """Return None: answers bypass all caches, so the later one is the newer one. A restored registry has older times."""
        del payload

    def version_of_state(self, state: Mapping[str, Any]) -> None:
        """Return None, for the same reason."""
        del state

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> NoReturn:
        """Refuse every webhook: Feast sends none."""
        del headers, body, secret, now
        raise Unauthorized("Feast sends no webhooks: mlgraph polls its registry")

    def thin(self, event: Mapping[str, Any]) -> None:
        """Return None: there are no events."""
        del event

    def occurred_at(self, event: Mapping[str, Any]) -> int:
        """Return 0: there are no events."""
        del event
        return 0


def refused_listing(instance: str, kind: str, project: str) -> AssetUri:
    """Return the URI by which an inventory says that the objects of a kind could not be listed in a project."""
    return AssetUri(kind, f"feast:{instance}", f"{project}/")


def deletion_statements(_instance: object, data: Located) -> list[Statement]:
    """Return the facts of `feast.deleted`: {uri, at}."""
    return [AssetRetraction(data.need("uri").uri(), ORIGIN, data.need("at").time())]
