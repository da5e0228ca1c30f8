"""Stores in separate schemas of one real PostgreSQL, and the services over a store, in this process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

import orjson
import psycopg

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.fact_row import digest
from mlgraph.domain.facts import split_contacts
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.payloads.payload import Located
from mlgraph.inference.rules import shipped_rules
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.ports.store import Actor, Event, Item
from mlgraph.services.common.registries import ModelRegistries
from mlgraph.services.ingest.intake import Intake, IntakeStores
from mlgraph.services.projection.base_manager import BaseManager
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.query import Queries
from mlgraph.stores.append.writer import PostgresWriter
from mlgraph.stores.postgres.connection_table import PostgresConnections
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.dead_letters import PostgresDeadLetters
from mlgraph.stores.postgres.event_warnings import PostgresEventWarnings
from mlgraph.stores.postgres.reader import PostgresReader

Json = dict[str, Any]
TESTER: Final = Actor("tester", None, "test")
_numbers = count(1)


def schema_url(url: str) -> str:
    """Return the URL of a new, empty schema: each tenant has a schema."""
    schema = f"tenant_{next(_numbers)}"
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE SCHEMA {schema}".encode())
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode({'options': f'-csearch_path={schema}'})}"


@dataclass
class Store:
    """An open store."""

    url: str

    def __post_init__(self) -> None:
        self.database = Database(self.url, size=4)
        self.database.open()
        self.writer = PostgresWriter(self.database)
        self.reader = PostgresReader(self.database)
        self.dead_letters = PostgresDeadLetters(self.database)
        self.event_warnings = PostgresEventWarnings(self.database)

    def append(self, *lines: Json, event: str | None = None) -> list[bool]:
        """Append lines as one batch; return which were new."""
        items = [Item(*split_contacts(parse_line(Located(line), "facts")), _event_of(event)) for line in lines]
        return list(self.writer.append(items, TESTER).new)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.database.connection() as connection:
            return connection.execute(statement.encode()).fetchall()

    def close(self) -> None:
        self.database.close()


def _event_of(event: str | None) -> Event | None:
    return None if event is None else Event("test", "source", event, digest(event), "{}")


class Serving:
    """The services over a store."""

    def __init__(self, store: Store, connectors: ConnectorRegistry | None = None) -> None:
        self.store = store
        self.connectors = connectors or installed_connectors()
        self.follower = Follower(
            store.reader, BaseManager(store.reader, in_passing=self.connectors.in_passing, rules=shipped_rules())
        )
        # This writer feeds the follower, as that of a server does; appends through `store` are those of another process.
        writer = PostgresWriter(store.database, self.follower.on_commit)
        stores = IntakeStores(writer, store.dead_letters, store.event_warnings)
        registries = ModelRegistries(PostgresConnections(store.database), self.connectors)
        self.intake = Intake(stores, self.follower.nudge, self._rehydrate, self.connectors, registries=registries)
        self.queries = Queries(store.reader, self.follower)

    def _rehydrate(self, name: str, event: Any) -> int:
        raise AssertionError(f"no source {name} is connected: {event}")

    def follow(self) -> None:
        """Apply all transactions in the store."""
        while self.follower.step():
            pass

    def lineage(self, uri: str, **query: Any) -> Any:
        """Return lineage as clients read it: answers have nodes and edges as JSON text."""
        return orjson.loads(orjson.dumps(self.queries.lineage(uri, WalkOptions(**query))))

    def export(self) -> Iterable[bytes]:
        return list(self.queries.export())
