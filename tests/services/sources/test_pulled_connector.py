"""A second kind of source, connected through the ports alone: a shelf of books that is polled, swept and subscribed to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import pytest

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.domain.credentials import Credentials
from mlgraph.domain.errors import Conflict, InvalidInput, Unauthorized
from mlgraph.domain.facts import AssetFact, AssetRetraction, Statement
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NO_PLACE, NamingContext
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connector import ConnectorRegistry, PulledConnector
from mlgraph.ports.dead_letters import DeadLetterEntry
from mlgraph.ports.source_adapter import (
    Access,
    CircuitState,
    Cursor,
    Departure,
    Gone,
    Identity,
    Payload,
    ProbeResult,
    SourceAdapter,
    SourcePage,
    States,
)
from mlgraph.services.common.identity import LOCAL, Caller
from mlgraph.services.ingest.intake import Intake, IntakeStores
from mlgraph.services.sources.source_manager import SourceManager
from mlgraph.services.sources.source_writer import SourceDependencies
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.events import PostgresEvents
from tests.services.parts import Serving, Store

URL = "http://shelf.example:80"
AT = "2026-01-01T00:00:00Z"


class Shelf:
    """The simulated tool: the version of each book by title."""

    def __init__(self) -> None:
        self.books = {"a": 1, "b": 1}
        self.subscriptions: list[tuple[str, str]] = []


def book(title: str) -> AssetUri:
    return AssetUri("artifact", "shelf:main", title)


def payload(title: str, version: int) -> Payload:
    return {"title": title, "version": version, "at": AT}


class ShelfSource:
    """The `SourceAdapter` of a shelf."""

    name = "shelf"

    def __init__(self, shelf: Shelf, access: Access) -> None:
        self._shelf = shelf
        self.instance = access.instance or "main"

    def probe(self) -> ProbeResult:
        return ProbeResult("1.0", {"books": len(self._shelf.books)})

    def fetch(self, kind: str, id: str) -> Payload | Gone:  # noqa: A002 - the port's word
        version = self._shelf.books.get(id)
        return Gone(kind, id, book(id)) if version is None else payload(id, version)

    def pages(self, cursor: Cursor | None = None) -> Iterator[SourcePage]:
        del cursor
        found = [payload(*each) for each in sorted(self._shelf.books.items())]
        yield SourcePage(found, {}, done=True, stage="book", count=len(found))

    def changed_since(self, cursor: Cursor | None) -> Iterator[SourcePage]:
        yield from self.pages(cursor)

    def inventory(self) -> Iterator[AssetUri]:
        return (book(title) for title in list(self._shelf.books))

    def identities(self) -> Mapping[str, Identity]:
        return {}

    def subscribe(self, url: str, secret: str) -> str:
        self._shelf.subscriptions.append((url, secret))
        return "1"

    def circuit(self) -> CircuitState:
        return CircuitState("closed")

    def close(self) -> None:
        pass


class ShelfSources:
    """The `SourceFactory` of shelves."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def open(self, access: Access, *, patient: bool = True) -> SourceAdapter:
        del patient
        return ShelfSource(self._shelf, access)

    def ambient(self) -> Credentials | None:
        return None


class ShelfTool:
    """The `PulledTool` of shelves."""

    def subject(self, payload: object) -> AssetUri | None:
        found = Located(payload)
        return None if found.get("gone") else book(found.need("title").name())

    def source_key(self, uri: AssetUri) -> tuple[str, str] | None:
        return "book", uri.name

    def departures(
        self, instance: str, known: States, existing: Collection[AssetUri], identities: Mapping[str, Identity], at: int
    ) -> Sequence[Departure]:
        del instance, identities, at
        return [Departure(uri) for uri in sorted(set(known) - set(existing))]

    def deleted(self, uri: AssetUri, at: int) -> Payload:
        return {"gone": str(uri), "at": format_time(at)}

    def version_of(self, payload: object) -> int | None:
        return Located(payload).need("version").value  # type: ignore[no-any-return]

    def version_of_state(self, state: Mapping[str, Any]) -> int | None:
        return state["properties"]["version"]  # type: ignore[no-any-return]

    def verify(self, headers: Mapping[str, str], body: bytes, secret: str, now: float) -> Mapping[str, Any]:
        del now
        if headers.get("x-secret") != secret:
            raise Unauthorized("the webhook is not signed")
        found: dict[str, Any] = json.loads(body)
        return found

    def thin(self, event: Mapping[str, Any]) -> tuple[str, str] | None:
        return "book", event["title"]

    def occurred_at(self, event: Mapping[str, Any]) -> int:
        return Located(dict(event)).need("at").time()


def normalise(payload: object, context: NamingContext = NO_CONTEXT) -> list[Statement]:
    found = Located(payload)
    at = found.need("at").time()
    if gone := found.get("gone"):
        return [AssetRetraction(gone.uri(), "shelf", at)]
    settings = {"scope": context.scope, "place": context.place, "registry": context.registry}
    state = {"properties": {"version": found.need("version").plain(), **{key: value for key, value in settings.items() if value}}}
    warnings = [] if context.place else [DetailWarning("/title", NO_PLACE)]
    return [AssetFact(book(found.need("title").name()), "shelf", at, state), *warnings]


def connector(shelf: Shelf) -> PulledConnector:
    return PulledConnector(
        name="shelf",
        event_types=("book",),
        kinds=("artifact",),
        relations=(),
        normalise=normalise,
        accepts_events=False,
        tool=ShelfTool(),
        sources=ShelfSources(shelf),
        settles_s=0.05,
    )


class Server:
    """The services of sources over a store, with some connectors."""

    def __init__(self, store: Store, connectors: ConnectorRegistry) -> None:
        self.serving = Serving(store, connectors)
        events = PostgresEvents(store.database)
        dependencies = SourceDependencies(
            PostgresConnections(store.database),
            store.reader,
            self.serving.intake.append,
            store.dead_letters,
            events,
            store.event_warnings,
            "http://here",
        )
        self.connections = SourceManager(dependencies, connectors)
        stores = IntakeStores(store.writer, store.dead_letters, store.event_warnings)
        self.serving.intake = Intake(stores, lambda: None, self.connections.hydrate_thin, connectors)
        self.connections.start()

    def following(self) -> None:
        self.until(lambda: self.connections.sources()["sources"][0]["state"] == "following")

    def source(self) -> dict[str, Any]:
        (source,) = self.connections.sources()["sources"]
        return dict(source)

    def properties(self) -> dict[str, dict[str, Any]]:
        states = self.connections._worker(self.connections._named(self.source()["name"]))._recorder.states()
        return {uri.name: state["properties"] for uri, state in states.items()}

    def books(self) -> dict[str, int]:
        return {title: properties["version"] for title, properties in self.properties().items()}

    @staticmethod
    def until(condition: Callable[[], object]) -> None:
        end = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.02)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def server(store: Store, shelf: Shelf) -> Iterator[Server]:
    started = Server(store, ConnectorRegistry([*installed_connectors(), connector(shelf)]))
    yield started
    started.connections.stop()


def test_a_source_is_backfilled_polled_and_swept_through_the_ports_alone(server: Server, shelf: Shelf) -> None:
    answer = server.connections.connect("shelf", URL, "main", LOCAL)
    server.following()
    assert server.books() == {"a": 1, "b": 1}
    assert shelf.subscriptions == [("http://here/api/v1/webhooks/main", answer["webhook"]["secret"])]
    probed = server.connections.test("main", LOCAL)
    assert (probed["ok"], probed["version"], probed["counts"]) == (True, "1.0", {"books": 2})

    shelf.books["a"] = 2
    signed = {"x-secret": answer["webhook"]["secret"]}
    event = json.dumps({"title": "a", "at": "2026-01-02T00:00:00Z"}).encode()
    with pytest.raises(Unauthorized):
        server.connections.webhook("main", {}, event)
    server.connections.webhook("main", signed, event)
    server.until(lambda: server.books()["a"] == 2)

    del shelf.books["b"]
    server.connections.sync("main", LOCAL)
    assert server.books() == {"a": 2}


def test_settings_of_names_reach_the_connector_and_a_change_reads_everything_again(server: Server) -> None:
    server.connections.connect("shelf", URL, "main", LOCAL)
    server.following()
    assert server.properties()["a"] == {"version": 1}
    assert server.source()["arrived"] == {"artifact": 2}
    assert [(each["message"], each["objects"]) for each in server.source()["gaps"]] == [(NO_PLACE, 2)]
    settings = {"scope": "lab", "place": "snowflake://acme-eu"}
    server.connections.connect("shelf", URL, "main", LOCAL, NamingContext(**settings))
    server.until(lambda: server.properties()["a"] == {"version": 1, **settings})
    server.following()
    assert server.source()["gaps"] == []
    server.connections.connect("shelf", URL, "main", LOCAL)
    assert {key: server.source()[key] for key in ("scope", "place", "registry")} == {**settings, "registry": None}
    for naming, pointer in ((NamingContext(registry="shelf:main"), "/registry"), (NamingContext(place="no place"), "/place")):
        with pytest.raises(InvalidInput) as caught:
            server.connections.connect("shelf", URL, "main", LOCAL, naming)
        assert caught.value.pointer == pointer


def test_a_source_without_its_connector_remains_and_reports_an_error(server: Server, store: Store, shelf: Shelf) -> None:
    server.connections.connect("shelf", URL, "main", LOCAL)
    server.following()
    server.connections.stop()
    body = json.dumps({"source": "main", "event": {"title": "a", "at": AT}})
    letter = store.dead_letters.add(DeadLetterEntry("thin", "mlgraph", "main", None, body, "the source was unavailable"))

    without = Server(store, installed_connectors())
    try:
        (source,) = without.connections.sources()["sources"]
        assert source["state"] == "failed"
        assert "the connector 'shelf' is not registered" in source["error"]
        refused: list[Callable[[], object]] = [
            lambda: without.connections.sync("main", LOCAL),
            lambda: without.connections.test("main", LOCAL),
            lambda: without.connections.webhook("main", {}, b"{}"),
            lambda: without.serving.intake.replay(letter, LOCAL),
        ]
        for call in refused:
            with pytest.raises(Conflict, match="'shelf' is not registered"):
                call()
    finally:
        without.connections.stop()
    (left,) = store.dead_letters.listing(10, None)["dead_letters"]
    assert (left["id"], left["attempts"]) == (letter, 2)

    shelf.books["a"] = 3
    restarted = Server(store, ConnectorRegistry([connector(shelf)]))
    try:
        restarted.following()
        assert restarted.serving.intake.replay(letter, Caller("tester"))["replayed"]
        assert store.dead_letters.listing(10, None)["total"] == 0
        assert restarted.books() == {"a": 3, "b": 1}
    finally:
        restarted.connections.stop()
