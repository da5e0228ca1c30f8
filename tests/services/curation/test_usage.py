"""Usage: runs that read an asset, each once whatever is sent again; requests, stored in batches; several processes add up."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlgraph.domain import clock
from mlgraph.domain.errors import Unavailable
from mlgraph.domain.timestamps import format_time
from mlgraph.ports.usage import RETAINED_DAYS, AssetUsage, UsageCount, UsageKind
from mlgraph.services.common.identity import LOCAL
from mlgraph.services.curation import usage_counter
from mlgraph.services.curation.usage_counter import UsageCounter
from mlgraph.services.queries.asset_fields import DAY_US
from mlgraph.services.queries.query import Queries
from mlgraph.stores.postgres.usage import PostgresUsage
from tests.services.parts import Json, Serving, Store

TABLE = {"namespace": "s3://lake", "name": "t"}
T = "mlg://dataset/s3%3A%2F%2Flake/t"


def today() -> int:
    return clock.wall_us() // DAY_US


def at(day: int, seconds: int = 0) -> str:
    """A moment of a day, counted back from today."""
    return format_time((today() - day) * DAY_US + seconds * 1_000_000)


def event(run: str, moment: str, state: str = "COMPLETE", *, reads: bool = True) -> Json:
    return {
        "eventType": state,
        "eventTime": moment,
        "run": {"runId": run},
        "job": {"namespace": "n", "name": "j"},
        "inputs": [TABLE] if reads else [],
        "outputs": [],
    }


def sent(serving: Serving, *events: Json) -> None:
    serving.intake.ingest_lines("openlineage", [json.dumps(each).encode() for each in events], LOCAL)


def number(store: Store, uri: str = T) -> int:
    return store.reader.ids([uri])[uri]


def use(store: Store, days: int = 30, until: int = 0) -> AssetUsage:
    day = today() - until
    return PostgresUsage(store.database).usage([number(store)], day - days, day)


def test_a_run_counts_once_on_its_day_whatever_is_sent_again(serving: Serving, store: Store) -> None:
    counter = UsageCounter(PostgresUsage(store.database))
    sent(serving, event("r1", at(2), "START"))
    counter.count_runs()
    events = [
        event("r1", at(2, 60)),
        event("r2", at(1)),
        event("r3", at(40)),
        event("r4", at(500)),
        event("r5", at(1), reads=False),
    ]
    sent(serving, *events)
    counter.count_runs()
    sent(serving, *events, event("r1", at(0), "OTHER"))
    for _ in range(3):
        counter.count_runs()
    assert (use(store).runs, use(store, 100).runs, use(store, 1_000).runs) == (2, 3, 3)
    assert use(store, 1, until=1).runs == 1
    assert format_time(use(store).last_read_at or 0) == at(0)
    assert format_time(use(store, until=1).last_read_at or 0) == at(1)


def test_the_log_is_counted_in_steps_and_by_one_process_at_a_time(serving: Serving, store: Store) -> None:
    usage = PostgresUsage(store.database)
    for n in range(7):
        sent(serving, event(f"r{n}", at(1)))
    assert [usage.count_runs(3) for _ in range(4)] == [3, 3, 1, 0]
    for n in range(7, 30):
        sent(serving, event(f"r{n}", at(1)))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: usage.count_runs(2), range(40)))
    while usage.count_runs(100):
        pass
    assert use(store).runs == 30


def test_requests_of_several_processes_add_up(serving: Serving, store: Store) -> None:
    sent(serving, event("r1", at(1)))
    counters = [UsageCounter(PostgresUsage(store.database)) for _ in range(3)]
    asset = number(store)

    def ask(counter: UsageCounter) -> None:
        for _ in range(200):
            counter.requested(asset)
            counter.requested(asset + 1)
            counter.flush()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(ask, counters * 2))
    assert use(store).requests == 1_200
    assert PostgresUsage(store.database).usage([asset, asset + 1, 10_000], today() - 30, today()).requests == 2_400


def test_an_answer_shows_the_use_of_the_asset_and_counts_as_a_request(serving: Serving, store: Store) -> None:
    usage = PostgresUsage(store.database)
    counter = UsageCounter(usage)
    queries = Queries(store.reader, serving.follower, usage=usage, requested=counter.requested)
    sent(serving, event("r1", at(1)))
    serving.follow()
    counter.count_runs()
    queries.asset(T)
    queries.lineage(T)
    queries.impact(T)
    queries.asset(T, counted=False)
    counter.flush()
    assert queries.asset(T)["usage"] == {"reads": {"runs_30d": 1, "requests_30d": 3}, "last_read_at": at(1)}
    earlier = queries.asset(T, as_of=at(1, -1))["usage"]
    assert earlier == {"reads": {"runs_30d": 0, "requests_30d": 0}, "last_read_at": None}


class Failing:
    """A store that is away for its first calls, and records the others."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.added: list[UsageCount] = []
        self.deleted: list[int] = []
        self.called = threading.Event()

    def add(self, counts: Sequence[UsageCount]) -> None:
        self.called.set()
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        self.added.extend(counts)

    def count_runs(self, most: int) -> int:
        del most
        return 0

    def delete_until(self, day: int) -> None:
        self.deleted.append(day)

    def usage(self, assets: object, after_day: int, upto_day: int) -> AssetUsage:
        raise AssertionError((assets, after_day, upto_day))

    def popularity(self, assets: object, after_day: int) -> dict[int, AssetUsage]:
        raise AssertionError((assets, after_day))


def test_counts_outlast_a_store_that_is_away_and_the_end_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_counter, "PERIOD_S", 0.01)
    store = Failing(1)
    counter = UsageCounter(store)
    counter.requested(1)
    counter.start()
    assert store.called.wait(20)
    for _ in range(9):
        counter.requested(1)
    counter.stop()
    assert sum(each.uses for each in store.added) == 10
    assert {(each.asset, each.kind) for each in store.added} == {(1, UsageKind.REQUEST)}
    assert store.deleted in ([], [today() - RETAINED_DAYS])


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_counter, "MAX_COUNTED", 3)
    store = Failing(0)
    counter = UsageCounter(store)
    for asset in range(10):
        counter.requested(asset)
        counter.requested(1)
    counter.flush()
    assert {each.asset: each.uses for each in store.added} == {0: 1, 1: 11, 2: 1}


def test_days_beyond_the_retention_are_deleted(serving: Serving, store: Store) -> None:
    sent(serving, event("r1", at(1)))
    usage, asset = PostgresUsage(store.database), number(store)
    usage.add([UsageCount(asset, today() - day, UsageKind.REQUEST, 1) for day in (0, RETAINED_DAYS - 1, RETAINED_DAYS, 999)])
    usage.delete_until(today() - RETAINED_DAYS)
    assert use(store, 1_000).requests == 2
