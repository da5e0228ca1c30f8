"""The class `Client`, with one method for each call of the HTTP API (docs/http.md)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from mlgraph.client.calls.change_calls import ChangeCalls
from mlgraph.client.calls.changed_files_calls import ChangedFilesCalls
from mlgraph.client.calls.coverage_calls import CoverageCalls
from mlgraph.client.calls.curation_calls import CurationCalls
from mlgraph.client.calls.name_calls import NameCalls
from mlgraph.client.calls.scene_calls import SceneCalls
from mlgraph.client.calls.search_calls import SearchCalls
from mlgraph.client.calls.session_calls import SessionCalls
from mlgraph.client.calls.similar_calls import SimilarCalls
from mlgraph.client.calls.team_calls import TeamCalls
from mlgraph.client.display.impact_answer import ImpactAnswer
from mlgraph.client.display.lineage_answer import LineageAnswer
from mlgraph.client.responses import Answer, HttpTransport
from mlgraph.domain.options.walk_options import DEFAULTS, WalkOptions

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

    from mlgraph.client.answer_shapes import ingest_shapes, name_shapes, shapes, source_shapes
    from mlgraph.client.answer_shapes.graphql_shapes import GraphqlAnswer
    from mlgraph.client.answer_shapes.propagation_shapes import Propagation


class Client(
    ChangeCalls,
    ChangedFilesCalls,
    CoverageCalls,
    CurationCalls,
    NameCalls,
    SceneCalls,
    SearchCalls,
    SessionCalls,
    SimilarCalls,
    TeamCalls,
):
    """A connection to one mlgraph server.

    `token` defaults to the environment variable MLGRAPH_TOKEN. Every method raises `ClientError` if the server answers with
    an error, `ServerNotReachable`, or `UnresolvedName`: wherever a call takes the URI of an asset, a name does that means one
    asset alone (docs/naming.md); it costs a request more. Use the client as a context manager, or call `close`.
    """

    def __init__(self, url: str, token: str | None = None, *, transport: httpx.BaseTransport | None = None) -> None:
        """Configure the client. Raises `ValueError` if `url` is not an HTTP URL. `transport` replaces the network in tests."""
        self._transport = HttpTransport(url, token or os.environ.get("MLGRAPH_TOKEN") or None, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The URL of the server, without a trailing slash."""
        return self._transport.url

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def lineage(self, uri: str, options: WalkOptions = DEFAULTS, *, at_least: int | None = None) -> LineageAnswer:
        """Return the closure of the asset, downstream or upstream."""
        query = {"uri": uri, **_parameters(options), "at_least": at_least}
        return self._transport.get("/api/v1/lineage", query, LineageAnswer, assets=("uri",))

    def impact(
        self, uri: str, options: WalkOptions = DEFAULTS, *, change: str | None = None, at_least: int | None = None
    ) -> ImpactAnswer:
        """Return the assets that a change can hurt: `change` is schema, values, withdraw or retire."""
        query = {"uri": uri, "change": change, **_parameters(options), "at_least": at_least}
        return self._transport.get("/api/v1/impact", query, ImpactAnswer, assets=("uri",))

    def propagation(
        self,
        uri: str,
        since: str,
        *,
        as_of: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        at_least: int | None = None,
    ) -> Answer[Propagation]:
        """Return which consumers have rebuilt since the asset changed at `since`, which use the old state, which failed."""
        query = {"uri": uri, "since": since, "as_of": as_of, "limit": limit, "cursor": cursor, "at_least": at_least}
        return self._transport.get("/api/v1/propagation", query, assets=("uri",))

    def path(
        self,
        source: str,
        target: str,
        *,
        level: str | None = None,
        as_of: str | None = None,
        fold: bool | None = None,
        at_least: int | None = None,
    ) -> Answer[shapes.Path]:
        """Return the shortest path between two assets; if `fold` is False, noise rules hide no asset."""
        query = {"source": source, "target": target, "level": level, "as_of": as_of, "fold": fold, "at_least": at_least}
        return self._transport.get("/api/v1/paths", query, assets=("source", "target"))

    def asset(self, uri: str, *, as_of: str | None = None, at_least: int | None = None) -> Answer[shapes.Asset]:
        """Return an asset with its relations, history, health and usage."""
        return self._transport.get("/api/v1/asset", {"uri": uri, "as_of": as_of, "at_least": at_least}, assets=("uri",))

    def names(self, uri: str | None = None, *, at_least: int | None = None) -> Answer[name_shapes.Names]:
        """Return the names that an asset has had; without `uri`, the ambiguous names."""
        return self._transport.get("/api/v1/names", {"uri": uri, "at_least": at_least}, assets=("uri",))

    def why(
        self, source: str, relation: str, target: str, *, as_of: str | None = None, at_least: int | None = None
    ) -> Answer[shapes.Why]:
        """Return the origins of an edge, and for an inferred edge its rule and premises."""
        query = {"source": source, "relation": relation, "target": target, "as_of": as_of, "at_least": at_least}
        return self._transport.get("/api/v1/why", query, assets=("source", "target"))

    def diff(
        self, from_: str, to: str, uri: str | None = None, *, limit: int | None = None, at_least: int | None = None
    ) -> Answer[shapes.Diff]:
        """Return the changes between two moments, in the complete graph or around one asset."""
        query = {"from": from_, "to": to, "uri": uri, "limit": limit, "at_least": at_least}
        return self._transport.get("/api/v1/diff", query, assets=("uri",))

    def live(
        self, service: str | None = None, *, team: str | None = None, as_of: str | None = None, at_least: int | None = None
    ) -> Answer[shapes.Live]:
        """Return the versions that serve each service, or the services of a team."""
        query = {"service": service, "team": team, "as_of": as_of, "at_least": at_least}
        return self._transport.get("/api/v1/live", query, assets=("service", "team"))

    def export(self, *, at_least: int | None = None) -> Iterator[bytes]:
        """Yield all facts as NDJSON, in pieces whose boundaries are not line ends."""
        return self._transport.stream("/api/v1/export", {"at_least": at_least})

    def backup(self, *, at_least: int | None = None) -> Iterator[bytes]:
        """Yield a backup of the complete store in pieces. It is complete only if the iteration ends without an error."""
        return self._transport.stream("/api/v1/backup", {"at_least": at_least})

    def restore(self, pieces: Iterable[bytes]) -> Answer[shapes.Restored]:
        """Load a backup into the server's store, which must be empty, and return a summary."""
        return self._transport.post("/api/v1/restore", pieces, {"content-type": "application/gzip"})

    def facts(self, lines: Iterable[bytes]) -> Answer[ingest_shapes.Ingested]:
        """Send facts (NDJSON) in pieces of any size; return the counts and the rejected lines."""
        return self._transport.post("/api/v1/facts", lines, {"content-type": "application/x-ndjson"})

    def openlineage(self, event: bytes) -> Answer[ingest_shapes.Written]:
        """Send one OpenLineage event."""
        return self._transport.post("/api/v1/lineage", event, {"content-type": "application/json"})

    def openlineage_lines(self, lines: Iterable[bytes]) -> Answer[ingest_shapes.IngestedEvents]:
        """Send many OpenLineage events (NDJSON) in pieces of any size."""
        return self._transport.post("/api/v1/lineage", lines, {"content-type": "application/x-ndjson"})

    def ingest(self, format: str, event: bytes) -> Answer[ingest_shapes.Written]:  # noqa: A002 - the term of the HTTP API
        """Send one event of a connector's format."""
        return self._transport.post(f"/api/v1/ingest/{quote(format, safe='')}", event, {"content-type": "application/json"})

    def ingest_lines(self, format: str, lines: Iterable[bytes]) -> Answer[ingest_shapes.IngestedEvents]:  # noqa: A002 - the term of the HTTP API
        """Send many events of a connector's format (NDJSON) in pieces of any size."""
        return self._transport.post(f"/api/v1/ingest/{quote(format, safe='')}", lines, {"content-type": "application/x-ndjson"})

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> Answer[GraphqlAnswer]:
        """Send a GraphQL query (docs/graphql.md). Raises `ClientError` if it is not valid; `errors` are of single fields."""
        body = {"query": query, "variables": dict(variables or {})}
        return self._transport.post("/graphql", json.dumps(body).encode(), {"content-type": "application/json"})

    def cloudevents(self, body: bytes, headers: Mapping[str, str] | None = None) -> Answer[ingest_shapes.IngestedEvents]:
        """Send CloudEvents: without `headers`, `body` is a batch (a JSON array of structured events)."""
        batch = {"content-type": "application/cloudevents-batch+json"}
        return self._transport.post("/api/v1/events", body, headers or batch)

    def dead_letters(
        self, *, limit: int | None = None, cursor: str | None = None, at_least: int | None = None
    ) -> Answer[shapes.DeadLetters]:
        """Return the dead letters: input that was accepted and could not be processed."""
        return self._transport.get("/api/v1/dead-letters", {"limit": limit, "cursor": cursor, "at_least": at_least})

    def replay(self, letter: int) -> Answer[shapes.Replayed]:
        """Process a dead letter again."""
        return self._transport.post(f"/api/v1/dead-letters/{letter}/replay")

    def connectors(self, *, at_least: int | None = None) -> Answer[source_shapes.Connectors]:
        """Return the connectors of the server: the formats that it accepts, the tools that it connects, and what each emits."""
        return self._transport.get("/api/v1/connectors", {"at_least": at_least})

    def sources(self, *, at_least: int | None = None) -> Answer[source_shapes.Sources]:
        """Return the connected tools with their state and progress."""
        return self._transport.get("/api/v1/sources", {"at_least": at_least})

    def test_source(self, name: str) -> Answer[source_shapes.SourceTest]:
        """Connect to a source once, with its credentials; return the objects found, or what to fix."""
        return self._transport.post(f"/api/v1/sources/{quote(name, safe='')}/test")

    def connect(
        self,
        kind: str,
        url: str,
        name: str | None = None,
        *,
        scope: str | None = None,
        place: str | None = None,
        registry: str | None = None,
    ) -> Answer[source_shapes.Source]:
        """Connect a tool, or resume its backfill, and return at once; `sources` reports the progress.

        `scope`, `place` and `registry` decide names in its answers (docs/naming.md).
        """
        given = {"kind": kind, "url": url, "name": name, "scope": scope, "place": place, "registry": registry}
        body = {key: value for key, value in given.items() if value}
        return self._transport.post("/api/v1/sources", json.dumps(body).encode(), {"content-type": "application/json"})

    def sync(self, name: str | None = None) -> Answer[dict[str, Any]]:
        """Reconcile a source (or all) with the graph now: changes that no event reported, deletions and renames included."""
        return self._transport.post(f"/api/v1/sources/{quote(name, safe='')}/sync" if name else "/api/v1/sync")


def _parameters(options: WalkOptions) -> dict[str, Any]:
    """Return the query parameters of the options that differ from their defaults."""
    values = {field.name: getattr(options, field.name) for field in fields(options)}
    changed = {name: value for name, value in values.items() if value != getattr(DEFAULTS, name)}
    return {"kind": list(changed.pop("kinds", ())), **changed}
