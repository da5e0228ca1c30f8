"""Fixtures: separate stores on the real PostgreSQL of the session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from mlgraph.domain.facts import AssetFact, Contact
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.ports.connections import Connection
from mlgraph.ports.dead_letters import DeadLetterEntry
from mlgraph.ports.event_warnings import WarningCount
from mlgraph.ports.events import ThinEvent
from mlgraph.ports.store import Item
from mlgraph.ports.usage import UsageCount, UsageKind
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.events import PostgresEvents
from mlgraph.stores.postgres.usage import PostgresUsage
from tests.services.parts import TESTER, Store, schema_url
from tests.stores.test_store import PERSON, asset, edge


@pytest.fixture
def new(postgres_url: str) -> Iterator[Callable[[], Store]]:
    opened: list[Store] = []

    def make() -> Store:
        opened.append(Store(schema_url(postgres_url)))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def full(new: Callable[[], Store]) -> Store:
    """A store with rows in every table."""
    store = new()
    store.append(
        asset("a", name="tab\t, line\n, \\N and \\.", owners=[str(PERSON)]),
        edge("a", "b", properties={"x": [1, None, "ü"]}),
        event="e1",
    )
    store.append(
        {"retract": {"uri": "mlg://dataset/n/b", "valid_to": "2026-02-01T00:00:00Z"}}, edge("b", "c", None, origin="dbt")
    )
    store.writer.append([Item([AssetFact(PERSON, "facts", 1, {})], [Contact(PERSON, "Ann Example", None)])], TESTER)
    added = [DeadLetterEntry("openlineage", "tester", None, None, json.dumps({"n": n}), "it failed") for n in range(3)]
    numbers = [store.dead_letters.add(letter) for letter in added]
    store.dead_letters.replayed(numbers[1], 2)
    PostgresConnections(store.database).save(Connection("prod", "mlflow", "http://mlflow:5000", "signs"))
    PostgresEvents(store.database).add("prod", ThinEvent("registered_model", "m", {"name": "m"}, 1, 1))
    PostgresUsage(store.database).add([UsageCount(1, 20_000, UsageKind.REQUEST, 3)])
    store.event_warnings.add(WarningCount("openlineage", None, 1, 2, 1, DetailWarning("/inputs/0", "left out\t")))
    return store
