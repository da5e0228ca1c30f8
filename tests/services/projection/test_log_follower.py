"""The log follower: batches of any size and transient failures lead to the same graph as one read."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.store import AppendedRecords, Changes, CommittedTransaction
from mlgraph.services.common.identity import LOCAL
from mlgraph.services.projection import commit_feed, log_follower
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.projection.projector import Projector
from mlgraph.services.server.health import Health
from mlgraph.stores.postgres import reader
from mlgraph.stores.postgres.reader import PostgresReader
from tests.services.parts import Json, Serving, Store

A, B, C = (f"mlg://dataset/n/{name}" for name in "abc")


def edge(source: str, target: str) -> Json:
    return {"edge": {"source": source, "relation": "derives", "target": target, "valid_from": "2026-01-01T00:00:00Z"}}


def test_each_step_applies_new_transactions(serving: Serving) -> None:
    assert serving.follower.step() is False
    serving.store.append(edge(A, B))
    assert serving.follower.step() is True
    serving.store.append(edge(B, C))
    assert serving.queries.lineage(A)["total"] == 2
    serving.follow()
    assert serving.queries.lineage(A)["total"] == 3
    assert serving.follower.snapshot().watermark == 2


def test_a_store_with_permanent_appends_is_followed(serving: Serving) -> None:
    health = Health(serving.store.reader, serving.follower)
    health.loaded()
    with pytest.raises(Unavailable):
        health.ready()
    serving.store.append(edge(A, B))
    assert serving.follower.step() is True
    serving.store.append(edge(B, C))  # there is a newer transaction, but all up to the start of the step are applied
    assert health.ready()["watermark"] == 1


def test_a_lag_of_half_a_minute_is_not_ready(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    health = Health(serving.store.reader, serving.follower)
    health.loaded()
    serving.follow()
    assert health.ready()["watermark"] == 0
    serving.store.append(edge(A, B))
    now = time.monotonic()
    monkeypatch.setattr("mlgraph.services.server.health.time.monotonic", lambda: now + 29)
    assert health.ready()["status"] == "ready"
    monkeypatch.setattr("mlgraph.services.server.health.time.monotonic", lambda: now + 31)
    with pytest.raises(Unavailable, match="lags"):
        health.ready()
    assert b"mlgraph_not_ready_total 1.0" in health.metrics()


class FaultyReader:
    """A reader whose first calls of `changes` fail."""

    def __init__(self, store: Store, faults: list[Exception]) -> None:
        self._reader = store.reader
        self._faults = faults

    def changes(self, after: int, limit: int) -> Changes:
        if self._faults:
            raise self._faults.pop()
        return self._reader.changes(after, limit)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def test_the_follower_survives_and_reports_failures(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_follower, "_POLL_S", 0.01)
    store.append(edge(A, B))
    follower = Follower(FaultyReader(store, [Unavailable("planted"), ValueError("planted too")]))
    follower.start()
    try:
        follower.wait_for(1, 60)
        assert follower.snapshot().watermark == 1
    finally:
        follower.stop()
    assert follower.failure is None or "planted" in follower.failure
    assert "mlgraph-follow" not in {thread.name for thread in threading.enumerate()}


def test_waiting_for_a_watermark_times_out(serving: Serving) -> None:
    with pytest.raises(Unavailable, match="5 was requested"):
        serving.follower.wait_for(5, 0.05)


def test_small_steps_give_the_same_graph_as_one(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_follower, "_TRANSACTIONS", 2)
    serving.store.append(edge(A, B))
    serving.follow()
    for number in range(9):
        serving.store.append(edge(f"mlg://dataset/n/{number}", f"mlg://dataset/n/{number + 1}"))
    steps = 0
    while serving.follower.step():
        steps += 1
    assert steps == 5
    again = Serving(serving.store)
    again.follow()
    for each in (serving, again):
        assert each.queries.lineage("mlg://dataset/n/0")["total"] == 10


def test_a_bulk_load_is_read_in_parts(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "FACTS_AT_ONCE", 3)
    serving.follow()
    for number in range(6):
        serving.store.append(edge(A, f"mlg://dataset/n/{number}"), edge(B, f"mlg://dataset/n/{number}"))
    watermarks = []
    while serving.follower.snapshot().watermark < 6:
        if serving.follower.step():
            watermarks.append(serving.follower.snapshot().watermark)
    assert watermarks == [1, 2, 3, 4, 5, 6]
    assert serving.queries.lineage(A)["total"] == 7


def test_a_graph_that_is_mostly_new_is_rebuilt(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reader, "FACTS_AT_ONCE", 3)
    monkeypatch.setattr(log_follower, "_MANY", 8)
    serving.store.append(edge(A, B))
    serving.follow()
    with caplog.at_level(logging.INFO):
        for number in range(6):
            serving.store.append(edge(A, f"mlg://dataset/n/{number}"), edge(B, f"mlg://dataset/n/{number}"))
        assert serving.follower.step() is True
        assert "the graph was built from the store" in caplog.text
    assert serving.follower.snapshot().watermark == 7
    serving.store.append(edge(B, C))
    serving.follow()
    assert serving.queries.lineage(A)["total"] == 9


def event(number: int) -> bytes:
    return orjson.dumps(
        {
            "eventType": "COMPLETE",
            "eventTime": "2026-01-01T00:00:00Z",
            "run": {"runId": f"run-{number}"},
            "job": {"namespace": "n", "name": "job"},
            "inputs": [{"namespace": "n", "name": "a"}],
            "outputs": [{"namespace": "n", "name": f"b{number}"}],
        }
    )


def test_appends_of_this_process_are_not_read_from_the_store(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.follow()
    queries: list[str] = []
    real = PostgresReader._rows

    def recording(self: PostgresReader, query: str, values: Sequence[Any] = ()) -> Any:
        queries.append(query)
        return real(self, query, values)

    monkeypatch.setattr(PostgresReader, "_rows", recording)
    monkeypatch.setattr(PostgresReader, "changes", lambda *_: pytest.fail("the store was read"))
    monkeypatch.setattr(log_follower, "_POLL_S", 1e9)
    for number in range(3):
        serving.intake.ingest("openlineage", event(number), LOCAL)
        assert serving.follower.step()
    assert queries == []
    assert serving.lineage("mlg://dataset/n/a")["total"] == 5  # the dataset, the job and the outputs


def test_a_gap_in_the_commit_feed_is_read_from_the_store(serving: Serving) -> None:
    serving.intake.ingest("openlineage", event(0), LOCAL)
    serving.store.append(edge(A, B))  # by another process
    serving.intake.ingest("openlineage", event(1), LOCAL)
    serving.store.append(edge(B, C))
    serving.follow()
    assert serving.follower.snapshot().watermark == 4
    assert serving.lineage(A)["total"] == 6
    assert serving.follower.caught_up_at > 0


def test_more_facts_than_the_commit_feed_retains_are_read_from_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit_feed, "MOST_FACTS", 5)
    monkeypatch.setattr(commit_feed, "MOST_AT_ONCE", 4)
    feed = commit_feed.CommitFeed()
    for tx, facts in ((1, 1), (2, 4), (3, 1), (4, 1), (5, 5), (6, 1)):
        feed.push(CommittedTransaction(tx, tx, facts, AppendedRecords))
        found = feed.since(tx - 1)
        assert (None if found is None else found[0].upto) == (None if facts > 4 else tx)
    assert feed.since(2) is None  # the feed dropped the fifth
    assert feed.since(5) is not None


def test_the_follower_stops_between_two_steps(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stops does not first apply all pending transactions of a load."""
    monkeypatch.setattr(log_follower, "_TRANSACTIONS", 1)
    serving.follow()
    for number in range(200):
        serving.store.append(edge(A, f"mlg://dataset/n/{number}"))
    apply = Projector.apply

    def slowly(projector: Projector, changes: Changes) -> None:
        time.sleep(0.1)
        apply(projector, changes)

    monkeypatch.setattr(Projector, "apply", slowly)
    serving.follower.start()
    serving.follower.wait_for(1, 60)
    serving.follower.stop()
    assert serving.follower.snapshot().watermark < 200
    assert "mlgraph-follow" not in {thread.name for thread in threading.enumerate()}
