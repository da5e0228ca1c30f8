"""A cluster as the context of a payload: the names of its objects in the graph, and what is known of the payload's subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.connectors.kubernetes.objects import ApiType
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, EdgeFact, Mode, Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

ORIGIN: Final = "kubernetes"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster that a payload is about; `context` has the registry in which references to models are looked up.

    `at` is when the payload was requested (microseconds). `known_state` is what the graph knows of the payload's subject, valid
    since `known_since`.
    """

    name: str
    at: int
    context: NamingContext = NO_CONTEXT
    known_since: int | None = None
    known_state: Mapping[str, Any] | None = None
    known_ended: bool = False
    is_snapshot: bool = False
    """Whether the payload was sent by a client, so that nothing is known of what is stored."""

    @property
    def namespace(self) -> str:
        """The namespace of the assets of this cluster."""
        return f"{ORIGIN}:{self.name}"

    def deployment(self, found: ApiType, namespace: str, name: str, revision: str | None = None) -> AssetUri:
        """Return the URI of a workload: its type is a part, because a Deployment may have the name of a StatefulSet."""
        own = f"{namespace}/{found.singular}/{name}"
        return self._uri("deployment", own if revision is None else f"{own}/{revision}")

    def service(self, namespace: str, name: str) -> AssetUri:
        """Return the URI of the service of a namespace."""
        return self._uri("service", f"{namespace}/{name}")

    def _uri(self, kind: str, name: str) -> AssetUri:
        uri = AssetUri(kind, self.namespace, name)
        if len(str(uri)) > MAX_URI_CHARS:
            raise InvalidInput(f"the {kind} {name[:60]!r} has a URI over the limit of {MAX_URI_CHARS} characters")
        return uri

    @property
    def is_known(self) -> bool:
        """Whether the graph knows the subject, and it did not end."""
        return self.known_since is not None and not self.known_ended

    @property
    def known_properties(self) -> Mapping[str, Any]:
        """The properties of the subject that the graph knows."""
        found = (self.known_state or {}).get("properties") if self.is_known else None
        return found if isinstance(found, Mapping) else {}

    def state(self, uri: AssetUri, state: Mapping[str, Any], since: int) -> AssetFact:
        """Return the state of the subject: the first one from `since`, a later one and that of a snapshot from its reading."""
        if self.is_snapshot:
            return AssetFact(uri, ORIGIN, max(since, self.at), state)
        if self.known_since is None or self.known_ended:
            return AssetFact(uri, ORIGIN, since, state)
        return AssetFact(uri, ORIGIN, self.known_since if self.known_state == state else self.at, state)

    def start(self, since: int) -> int:
        """Return from when on an edge of the subject holds, if it is new.

        That is what the cluster tells, unless the graph knew the subject without the edge then: a change after `since` that
        the cluster gives no time.
        """
        if self.known_since is None or self.known_ended or since > self.known_since:
            return since
        return self.at


def edges(sources: Iterable[AssetUri], relation: str, target: AssetUri, since: int) -> list[Statement]:
    """Return edges to `target`. One that is stored already changes nothing (`Mode.PATCH` without properties)."""
    return [EdgeFact(source, relation, target, ORIGIN, since, mode=Mode.PATCH) for source in dict.fromkeys(sources)]


def cluster_of(payload: Located, member: str, context: NamingContext) -> Cluster:
    """Return the cluster that `member` of a payload names, with the payload's time and the known state of its subject."""
    known = payload.get("held")
    since, state = (known.get("since"), known.get("state")) if known else (None, None)
    return Cluster(
        payload.need(member).name(),
        payload.need("at").time(),
        context,
        known_since=since.time() if since else None,
        known_state=state.mapping() if state else None,
        known_ended=bool(known and known.value.get("ended")),
    )
