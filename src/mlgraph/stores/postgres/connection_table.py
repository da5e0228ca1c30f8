"""The table of connected sources."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Final

from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.ports.connections import Connection
from mlgraph.stores.postgres.database import Database

_FIELDS: Final = tuple(field.name for field in fields(Connection))
_JSON_FIELDS: Final = ("cursor", "sweep_cursor")
_ERROR_FIELDS: Final = ("error", "last_error")
_COLUMNS: Final = ", ".join(_FIELDS)
_VALUES: Final = ", ".join(f"%({name})s" for name in _FIELDS)
_REPLACED: Final = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS if name != "name")


class PostgresConnections:
    """The `ConnectionStore` of PostgreSQL: a column for each member of `Connection`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, connection: Connection) -> None:
        """Insert the connection, or replace the one of the same name."""
        values = {name: getattr(connection, name) for name in _FIELDS}
        values |= {name: json.dumps(values[name]) for name in _JSON_FIELDS}
        values |= {name: redact_text(values[name]) for name in _ERROR_FIELDS if values[name]}
        with self._database.connection() as link, link.transaction(), link.cursor() as query:
            query.execute(
                f"INSERT INTO connection ({_COLUMNS}) VALUES ({_VALUES}) ON CONFLICT (name) DO UPDATE SET {_REPLACED}", values
            )

    def get(self, name: str) -> Connection | None:
        """Return the connection of this name; None if there is none."""
        return next((connection for connection in self.all() if connection.name == name), None)

    def all(self) -> list[Connection]:
        """Return all connections, ordered by name."""
        with self._database.connection() as link, link.cursor() as query:
            query.execute(f"SELECT {_COLUMNS} FROM connection ORDER BY name")
            return [_connection(row) for row in query.fetchall()]


def _connection(row: tuple[Any, ...]) -> Connection:
    values = dict(zip(_FIELDS, row, strict=True))
    return Connection(**values | {name: json.loads(values[name] or "null") for name in _JSON_FIELDS})
