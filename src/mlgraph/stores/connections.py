"""Connected sources in PostgreSQL."""

from __future__ import annotations

import json
from typing import Any, Final

from mlgraph.ports.connections import Connection
from mlgraph.stores.database import Database

_COLUMNS: Final = "name, kind, url, secret, state, cursor, done, total, error, last_sync_at"


class PostgresConnections:
    """The `ConnectionStore` of PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, connection: Connection) -> None:
        """Keep the connection as it is now."""
        c = connection
        with self._database.connection() as link, link.transaction(), link.cursor() as query:
            query.execute(
                f"INSERT INTO connection ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, url = excluded.url, secret = excluded.secret, "
                "state = excluded.state, cursor = excluded.cursor, done = excluded.done, total = excluded.total, "
                "error = excluded.error, last_sync_at = excluded.last_sync_at",
                (
                    c.name,
                    c.kind,
                    c.url,
                    c.secret,
                    c.state,
                    json.dumps(c.cursor),
                    c.done,
                    c.total,
                    c.error,
                    c.last_sync_at,
                ),
            )

    def get(self, name: str) -> Connection | None:
        """Return the connection of this name, if there is one."""
        return next((connection for connection in self.all() if connection.name == name), None)

    def all(self) -> list[Connection]:
        """Return all connections, by name."""
        with self._database.connection() as link, link.cursor() as query:
            query.execute(f"SELECT {_COLUMNS} FROM connection ORDER BY name")
            return [_connection(row) for row in query.fetchall()]


def _connection(row: tuple[Any, ...]) -> Connection:
    name, kind, url, secret, state, cursor, done, total, error, last_sync_at = row
    return Connection(name, kind, url, secret, state, json.loads(cursor), done, total, error, last_sync_at)
