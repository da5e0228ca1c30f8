"""Metrics of a server with an unavailable store, and of one whose projection lags."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlgraph.domain.errors import Unavailable
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.ports.dead_letters import DeadLetterCounts
from mlgraph.ports.event_warnings import WarningCount
from mlgraph.ports.pool import Pool
from mlgraph.services.server.health import Health
from tests.services.parts import Serving, Store
from tests.services.projection.test_log_follower import A, B, C, edge


def values(health: Health) -> dict[str, float]:
    families = text_string_to_metric_families(health.metrics().decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


class InterruptibleReader:
    """A reader whose store can be made unavailable."""

    def __init__(self, store: Store) -> None:
        self._reader = store.reader
        self.is_available = True

    def last_tx(self) -> int:
        if not self.is_available:
            raise Unavailable("planted")
        return self._reader.last_tx()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def test_a_lag_is_reported_in_seconds_and_transactions(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    health = Health(serving.store.reader, serving.follower)
    serving.store.append(edge(A, B))
    serving.store.append(edge(B, C))
    assert values(health)["mlgraph_projection_lag_transactions"] == 2
    assert 0 < values(health)["mlgraph_projection_lag_seconds"] < 60  # since the start: it has read nothing yet
    serving.follow()
    assert values(health)["mlgraph_projection_lag_transactions"] == 0
    assert values(health)["mlgraph_projection_lag_seconds"] == 0
    serving.store.append(edge(A, C))
    current = serving.follower.caught_up_at
    monkeypatch.setattr("mlgraph.services.server.health.time.monotonic", lambda: current + 7)
    assert values(health)["mlgraph_projection_lag_seconds"] == 7
    assert values(health)["mlgraph_assets"] == 3


def test_an_unavailable_store_leaves_the_other_metrics_unchanged(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InterruptibleReader(serving.store)
    health = Health(reader, serving.follower)
    counts = [DeadLetterCounts(2, 5)]

    def dead_letter_counts() -> DeadLetterCounts:
        if not counts:
            raise Unavailable("planted")
        return counts.pop()

    warned = WarningCount("openlineage", "airflow", 2, 7, 0, DetailWarning("/inputs", "left out"))
    health.watch(lambda: Pool(4, 3, 1), dead_letter_counts, lambda: [warned])
    serving.store.append(edge(A, B))
    serving.follow()
    before = values(health)
    reader.is_available = False
    current = serving.follower.caught_up_at
    monkeypatch.setattr("mlgraph.services.server.health.time.monotonic", lambda: current + 40)
    after = values(health)
    assert (before["mlgraph_store_up"], after["mlgraph_store_up"]) == (1, 0)
    assert after["mlgraph_projection_lag_seconds"] == 40
    for name in (
        "mlgraph_store_transactions",
        "mlgraph_dead_letters_waiting",
        "mlgraph_dead_letters",
        "mlgraph_database_pool_waiting",
        "mlgraph_intake_warnings_total",
    ):
        assert before[name] == after[name] > 0
