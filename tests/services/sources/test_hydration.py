"""Hydration from a registry that changes, loses events and returns faults. `hydration_proof` measures the full size."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from mlgraph.connectors.mlflow.tool import MlflowTool
from mlgraph.domain.configuration import RequestLimits, Schedule
from mlgraph.domain.errors import MlgraphError, SourceError
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.event_worker import ATTEMPTS
from mlgraph.stores.postgres.events import PostgresEvents
from tests.services import hydration_proof
from tests.services.hydration_proof import CONNECTOR, NAME, Reading, differences, prove
from tests.services.parts import Store
from tests.sources.mlflow.simulator import Faults, Registry, Simulator, simulated

LIMITS = RequestLimits(400.0, 8, 0.5)
QUIET = Schedule(poll_s=3600.0)
MODEL = "mlg://model/mlflow%3Aprod/{}"


@pytest.mark.slow
def test_lost_repeated_shuffled_events_and_faulty_answers_converge_to_the_final_state(postgres_url: str) -> None:
    found = prove(postgres_url, changes=5_000, changes_per_s=500, limits=LIMITS, seed=1)
    assert differences(found.read, found.clean) == []
    assert len(found.clean[0]) > 800
    assert found.regressions == []
    assert found.possible_regressions == []
    assert found.reads > 300, "the reader ran"
    assert min(found.answers[fate] for fate in ("busy", "broken", "hanging", "stale")) > 0, "each fault occurred"
    assert found.stale > 10, "there were stale answers to discard"
    assert found.most_in_a_second <= LIMITS.requests_per_s
    assert found.dead_letters == 0
    existing = {uri.rpartition("/")[2] for uri in found.clean[0] if uri.startswith("mlg://model/")}
    followed = [(old, new) for old, new in found.renamed if new in existing and old not in existing]
    known = {old for old, _ in found.other_names}
    assert followed
    assert [old for old, _ in followed if old in known], "renames are distinguished from deletions"


class Unversioned(MlflowTool):
    """A tool that gives no answer a version."""

    @staticmethod
    def version_of(payload: object) -> int | None:
        del payload
        return None

    @staticmethod
    def version_of_state(state: Mapping[str, Any]) -> int | None:
        del state
        return None


@pytest.mark.slow
def test_a_reader_sees_states_go_back_where_versions_are_not_compared(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault that the proof must find."""
    monkeypatch.setattr(hydration_proof, "CONNECTOR", replace(CONNECTOR, tool=Unversioned()))
    monkeypatch.setattr(hydration_proof, "BAD", replace(hydration_proof.BAD, stale=0.5))
    # Whether a stale answer arrives last is chance, and rare on a busy machine: several seeds are tried.
    tries = (prove(postgres_url, changes=1_500, changes_per_s=250, limits=LIMITS, seed=seed) for seed in range(2, 8))
    assert any(found.possible_regressions for found in tries)


@contextmanager
def reading(store: Store, simulator: Simulator, schedule: Schedule = QUIET) -> Iterator[Reading]:
    opened = Reading(store, simulator.url, LIMITS, schedule)
    try:
        opened.until("state", "following")
        yield opened
    finally:
        opened.close()


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def shown(reading: Reading, name: str) -> dict[str, Any] | None:
    try:
        reading.serving.queries.wait_for(reading.serving.store.reader.last_tx())
        return dict(reading.serving.queries.asset(MODEL.format(name)))
    except MlgraphError:
        return None


def created(registry: Registry) -> tuple[str, dict[str, Any]]:
    event = registry.create_model()
    return event["data"]["name"], event


def test_an_event_that_was_acknowledged_is_fetched_after_a_restart(store: Store) -> None:
    registry = Registry(1)
    with simulated(registry) as simulator:
        with reading(store, simulator) as first:
            simulator.faults = Faults(broken=1.0)
            name, event = created(registry)
            first.webhook(event)
            assert first.reported()["events_waiting"] == 1
        assert len(PostgresEvents(store.database).waiting(NAME)) == 1
        simulator.faults = Faults()
        with reading(store, simulator) as second:
            wait_until(lambda: shown(second, name) is not None)
            second.until("events_waiting", 0)
        assert PostgresEvents(store.database).waiting(NAME) == []


def test_an_unavailable_source_causes_no_dead_letters_and_is_read_when_it_returns(store: Store) -> None:
    registry = Registry(1)
    with simulated(registry) as simulator, reading(store, simulator) as here:
        simulator.faults = Faults(broken=1.0)
        names = []
        for _ in range(5):
            name, event = created(registry)
            names.append(name)
            here.webhook(event)
        here.until("circuit", "open")
        assert here.reported()["retry_in_s"] > 0
        assert here.reported()["events_waiting"] == 5
        arrivals = len(simulator.served.arrivals)
        with pytest.raises(SourceError, match="next attempt is in"):
            here.connections.sync(NAME, Caller("tester"))
        assert len(simulator.served.arrivals) <= arrivals + 2, "the open circuit breaker sends no requests"
        simulator.faults = Faults()
        here.until("events_waiting", 0)
        assert all(shown(here, name) for name in names)
        assert here.reported()["circuit"] == "closed"
        assert store.dead_letters.counts().total == 0


def test_an_event_that_fails_repeatedly_becomes_a_dead_letter_that_can_be_replayed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlgraph.services.sources.event_worker._FIRST_RETRY_S", 0.01)
    registry = Registry(1)
    with simulated(registry) as simulator, reading(store, simulator) as here:
        name, event = created(registry)
        good = registry.now(("model", name)) or {}
        registry.put(("model", name), {**good, "creation_timestamp": "no time"})
        here.webhook(event)
        wait_until(lambda: store.dead_letters.counts().waiting == 1)
        here.until("events_waiting", 0)
        (letter,) = store.dead_letters.listing(10, None)["dead_letters"]
        assert letter["source"] == NAME
        assert "creation_timestamp" in letter["pointer"]
        assert len([1 for at in simulator.served.arrivals]) >= ATTEMPTS
        with pytest.raises(MlgraphError, match="time"):
            here.connections.hydrate_thin(NAME, letter["event"]["event"])
        registry.put(("model", name), good)
        here.connections.hydrate_thin(NAME, letter["event"]["event"])
        assert shown(here, name) is not None


def test_many_events_about_one_object_cost_one_fetch_or_two(store: Store) -> None:
    registry = Registry(1)
    with simulated(registry) as simulator, reading(store, simulator) as here:
        name, event = created(registry)
        simulator.faults = Faults(hanging=1.0, hang_s=0.2)
        before = len(simulator.served.arrivals)
        for _ in range(50):
            here.webhook(event)
        simulator.faults = Faults()
        here.until("events_waiting", 0)
        assert shown(here, name) is not None
        assert len(simulator.served.arrivals) - before <= 6


def test_a_sweep_interrupted_by_a_fault_resumes_at_its_last_page(store: Store) -> None:
    registry = Registry(1)
    for _ in range(300):
        registry.start_run(registry.now_ms())
    with simulated(registry) as simulator, reading(store, simulator) as here:
        worker = here.connections._worker(here.connections._named(NAME))
        answer = simulator.answer

        def broken_after_a_page(path: str, body: dict[str, Any] | None) -> Any:
            if path.endswith("runs/search") and (body or {}).get("page_token") == "200":
                return 400, {"message": "no more"}, {}, 0
            return answer(path, body)

        simulator.answer = broken_after_a_page  # type: ignore[method-assign]
        with pytest.raises(SourceError):
            worker.sweep(resume=True)
        simulator.answer = answer  # type: ignore[method-assign]
        stored = worker._recorder.connection().sweep_cursor
        assert stored is not None
        assert (stored["stage"], stored["token"]) == ("run", "200")
        requests: list[str] = []

        def recording(path: str, body: dict[str, Any] | None) -> Any:
            requests.append(f"{path.rpartition('mlflow/')[2]} {(body or {}).get('page_token', '')}".strip())
            return answer(path, body)

        simulator.answer = recording  # type: ignore[method-assign]
        worker.sweep(resume=True)
        first_pages = [each for each in requests if each.startswith("runs/search")]
        assert first_pages[0] == "runs/search 200"
        assert worker._recorder.connection().sweep_cursor is None


def test_events_fetched_during_a_sweep_converge_to_the_final_state(store: Store) -> None:
    registry = Registry(3)
    for _ in range(400):
        registry.change()
    with simulated(registry) as simulator, reading(store, simulator) as here:
        stop = threading.Event()

        def change() -> None:
            while not stop.is_set():
                event = registry.change()
                if event is not None:
                    here.webhook(event)

        changing = threading.Thread(target=change)
        changing.start()
        for _ in range(2):
            here.connections.sync(NAME, Caller("tester"))
        stop.set()
        changing.join()
        here.until("events_waiting", 0)
        here.connections.sync(NAME, Caller("tester"))
        existing = set(registry.models)
        known_state = {
            uri.name for uri in here.connections._worker(here.connections._named(NAME))._recorder.states() if uri.kind == "model"
        }
        assert known_state == existing
