"""Base class of the readers of facts: a database, an upper bound on transactions, and the execution of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg

from mlgraph.domain.history import EdgeRecord
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.records import edge_records

EVERYTHING: Final = 2**63 - 1
"""An upper bound on transactions that no store reaches."""


class FactQueries:
    """Runs queries for the facts of transactions up to and including `upto`."""

    def __init__(self, database: Database, upto: int = EVERYTHING) -> None:
        self._database = database
        self._upto = upto

    def _rows(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute(query.encode(), values)
            return cursor.fetchall()

    def _edges(self, query: str, values: Sequence[Any]) -> list[EdgeRecord]:
        return list(edge_records(self._rows(query, values)))


def send_together(
    connection: psycopg.Connection, *queries: tuple[str, Sequence[Any] | Mapping[str, Any]]
) -> list[list[tuple[Any, ...]]]:
    """Return the rows of each query. All queries are sent in one round trip."""
    with connection.pipeline():
        cursors = [connection.cursor() for _ in queries]
        for cursor, (query, values) in zip(cursors, queries, strict=True):
            cursor.execute(query.encode(), values)
        return [cursor.fetchall() for cursor in cursors]
