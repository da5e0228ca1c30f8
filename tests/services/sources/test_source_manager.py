"""Connected sources across restarts: stored state, changed configuration, interrupted readings."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mlgraph.connectors import mlflow
from mlgraph.domain.configuration import RequestLimits, Schedule, SourceSettings
from mlgraph.domain.errors import SourceError
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connections import Connection
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.ports.events import ThinEvent
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.source_manager import SourceManager
from mlgraph.services.sources.source_worker import next_sweeps, webhook_path
from mlgraph.services.sources.source_writer import SourceDependencies
from mlgraph.sources.mlflow.factory import MlflowSources
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.events import PostgresEvents
from tests.services.parts import Serving, Store
from tests.sources.mlflow.simulator import Faults, Registry, Simulator, simulated

CONNECTORS = ConnectorRegistry([replace(mlflow.connector(MlflowSources()), settles_s=0.2)])
LIMITS = RequestLimits(1000.0, 4, 2.0)
QUIET = Schedule(poll_s=3600.0)
TESTER = Caller("tester")


def wait_until(reached: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)


class Server:
    """The services of one server process over a store."""

    def __init__(self, store: Store, *settings: SourceSettings) -> None:
        self.serving = Serving(store)
        self.stored = PostgresConnections(store.database)
        events = PostgresEvents(store.database)
        append = self.serving.intake.append
        dependencies = SourceDependencies(self.stored, store.reader, append, store.dead_letters, events, store.event_warnings)
        self.connections = SourceManager(dependencies, CONNECTORS, settings)

    def payloads(self, name: str = "prod") -> dict[str, Any]:
        return next(dict(each) for each in self.connections.sources()["sources"] if each["name"] == name)

    def until(self, condition: Callable[[dict[str, Any]], object], name: str = "prod") -> None:
        wait_until(lambda: condition(self.payloads(name)))

    def known_states(self, name: str = "prod") -> set[AssetUri]:
        return set(self.connections._worker(self.connections._named(name))._recorder.states())


@contextmanager
def started(store: Store, *settings: SourceSettings) -> Iterator[Server]:
    server = Server(store, *settings)
    server.connections.start()
    try:
        yield server
    finally:
        server.connections.stop()


@contextmanager
def registry_of(models: int, seed: int = 1) -> Iterator[tuple[Registry, Simulator]]:
    registry = Registry(seed)
    for _ in range(models):
        registry.create_model()
    with simulated(registry) as simulator:
        yield registry, simulator


def configured(url: str, scope: str = "prod", schedule: Schedule = QUIET) -> SourceSettings:
    return SourceSettings("prod", "mlflow", url, scope, schedule=schedule, limits=LIMITS)


def following(answered: dict[str, Any]) -> bool:
    return bool(answered["state"] == "following")


def test_a_source_that_failed_between_polls_is_read_from_the_beginning(store: Store) -> None:
    with registry_of(3) as (_, simulator):
        stored = PostgresConnections(store.database)
        stored.save(Connection("prod", "mlflow", simulator.url, "secret", state="failed", cursor={"since": 1}))
        with started(store) as server:
            server.until(following)
            assert len([uri for uri in server.known_states() if uri.kind == "model"]) == 3


def test_a_source_can_be_connected_while_it_is_polled(store: Store) -> None:
    often = Schedule(poll_s=0.01)
    with registry_of(1) as (_, simulator), started(store, configured(simulator.url, schedule=often)) as server:
        server.until(following)
        for _ in range(20):
            read = server.payloads()["last_sync_at"]
            server.connections.connect("mlflow", simulator.url, "prod", TESTER)
            server.until(lambda answered, read=read: following(answered) and answered["last_sync_at"] > read)  # type: ignore[misc]
        assert server.payloads()["errors"] == 0


def test_a_new_scope_is_reported_once_and_remains_for_a_source_connected_by_command(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def warnings() -> list[str]:
        found = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        caplog.clear()
        return [message for message in found if "new names" in message]

    with registry_of(1) as (_, simulator):
        with started(store) as server:
            server.connections.connect("mlflow", simulator.url, "prod", TESTER)
            server.until(following)
            assert server.payloads()["scope"] is None
        for scope, reported in (("prod", ["'prod' now, and was nothing"]), ("lab", ["'lab' now, and was 'prod'"]), ("lab", [])):
            with started(store, configured(simulator.url, scope)) as server:
                server.until(following)
                assert server.payloads()["scope"] == scope
            answered = warnings()
            assert [part in message for part, message in zip(reported, answered, strict=True)] == [True] * len(reported)
        with started(store) as server:
            server.connections.connect("mlflow", simulator.url, "prod", TESTER)
            server.until(following)
            assert (server.payloads()["scope"], server.payloads()["configured"]) == ("lab", False)
        assert warnings() == []


def test_an_uninterpretable_answer_does_not_stop_the_reading(store: Store) -> None:
    with registry_of(5) as (registry, simulator):
        for name in list(registry.models)[:2]:
            good = registry.now(("model", name)) or {}
            registry.put(("model", name), {**good, "creation_timestamp": "no time"})
        registry.start_run(registry.now_ms())
        with started(store, configured(simulator.url)) as server:
            server.until(lambda answered: following(answered) and answered["error"])
            assert "creation_timestamp" in server.payloads()["error"]
            assert server.payloads()["error"].endswith(", and 1 more")
            assert sorted(uri.kind for uri in server.known_states()) == ["model", "model", "model", "run", "workflow"]
            with pytest.raises(SourceError, match="were skipped"):
                server.connections.sync("prod", TESTER)
            for name in list(registry.models)[:2]:
                registry.put(("model", name), (registry.states["model", name][0])[1])
            server.connections.sync("prod", TESTER)
            assert server.payloads()["error"] is None
            assert len(server.known_states()) == 7


def test_an_object_omitted_by_a_shifting_page_is_found_by_comparison(store: Store) -> None:
    with registry_of(1) as (registry, simulator):
        for _ in range(150):
            registry.start_run(registry.now_ms())
        answer = simulator.answer

        def shifting(path: str, body: dict[str, Any] | None) -> Any:
            found = answer(path, body)
            if path.endswith("runs/search") and found[1].get("next_page_token") and len(registry.runs) == 150:
                registry.put(("run", registry.runs.pop(0)), None)
            return found

        simulator.answer = shifting  # type: ignore[method-assign]
        with started(store, configured(simulator.url)) as server:
            server.until(following)
            assert {uri.name for uri in server.known_states() if uri.kind == "run"} == set(registry.runs)


def test_a_source_with_another_address_retracts_missing_objects_at_once(store: Store) -> None:
    with registry_of(3) as (_, simulator), started(store, configured(simulator.url)) as server:
        server.until(following)
        before = server.known_states()
    with registry_of(1, seed=2) as (registry, simulator), started(store, configured(simulator.url)) as server:
        server.until(following)
        assert {uri.name for uri in server.known_states() if uri.kind == "model"} == set(registry.models)
        assert server.known_states() < before


def test_a_backfill_resumes_after_a_fault_at_its_last_page(store: Store) -> None:
    with registry_of(1) as (registry, simulator):
        for _ in range(300):
            registry.start_run(registry.now_ms())
        with started(store, configured(simulator.url)) as server:
            server.until(following)
        answer, pages = simulator.answer, []

        def failing_once(path: str, body: dict[str, Any] | None) -> Any:
            if path.endswith("runs/search") and "filter" not in (body or {}):
                pages.append((body or {}).get("page_token"))
                if pages.count("200") == 1 and pages[-1] == "200":
                    return 400, {"message": "no more"}, {}, 0
            return answer(path, body)

        simulator.answer = failing_once  # type: ignore[method-assign]
        with started(store, configured(simulator.url, schedule=Schedule(poll_s=0.2))) as server:
            server.until(lambda answered: answered["errors"] == 1)
            server.until(lambda answered: answered["error"] is None)
        assert pages[:4] == [None, "100", "200", "200"]


def test_an_unavailable_source_does_not_prevent_the_sync_of_others(store: Store) -> None:
    with registry_of(1) as (_, simulator), registry_of(1, seed=2) as (registry, other):
        away = SourceSettings("away", "mlflow", "http://127.0.0.1:9", "away", schedule=QUIET, limits=LIMITS)
        with started(store, away, configured(simulator.url), replace(configured(other.url), name="zeta")) as server:
            server.until(following)
            server.until(following, "zeta")
            registry.create_model()
            with pytest.raises(SourceError, match=r"^away: MLflow at 127\.0\.0\.1:9"):
                server.connections.sync(None, TESTER)
            assert len([uri for uri in server.known_states("zeta") if uri.kind == "model"]) == 2


def test_the_webhook_path_encodes_any_source_name(store: Store) -> None:
    assert webhook_path("127.0.0.1:5000/team") == "/api/v1/webhooks/127.0.0.1:5000/team"
    with started(store) as server:
        answer = server.connections.connect("mlflow", "http://127.0.0.1:9", "50% of #1?", TESTER)
        assert answer["webhook"]["path"] == "/api/v1/webhooks/50%25%20of%20%231%3F"


def test_a_clock_that_was_set_back_delays_no_sweep() -> None:
    now, schedule = 1_000_000_000, Schedule(sweep_s=10, full_sweep_s=100)
    connection = Connection("prod", "mlflow", "http://h", "s", last_sync_at=now - 5, swept_at=now - 3)
    assert next_sweeps(connection, schedule, now) == (now - 3 + 10_000_000, now - 5 + 100_000_000)
    assert next_sweeps(connection, schedule, now - 4) == (now - 4, now - 5 + 100_000_000)
    assert next_sweeps(connection, schedule, now - 6) == (now - 6, now - 6)


def test_a_stopping_server_logs_no_errors_of_unfinished_requests(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with registry_of(1) as (registry, simulator):
        with started(store, configured(simulator.url, schedule=Schedule(poll_s=0.01))) as server:
            server.until(following)
            simulator.faults = Faults(hanging=1.0, hang_s=0.5)
            for name in registry.models:
                events = server.connections._worker(server.connections._named("prod"))._queue
                events.add(ThinEvent("registered_model", name, {}, 1))
            arrivals = len(simulator.served.arrivals)
            wait_until(lambda: len(simulator.served.arrivals) > arrivals)
            server.connections._worker(server.connections._named("prod")).stop(0.0)
        simulator.faults = Faults()
        wait_until(lambda: not [each for each in threading.enumerate() if each.name.startswith("mlgraph-prod")])
        assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
        assert server.stored.all()[0].error is None
        assert len(PostgresEvents(store.database).waiting("prod")) == 1
