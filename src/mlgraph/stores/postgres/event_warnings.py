"""The table of warning counts."""

from __future__ import annotations

from typing import Final

from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.ports.event_warnings import WarningCount
from mlgraph.stores.postgres.database import Database

_ADD: Final = (
    "INSERT INTO event_warning AS known (format, source, events, warnings, last_at, last_pointer, last_message) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (format, source) DO UPDATE SET events = known.events + excluded.events, "
    "warnings = known.warnings + excluded.warnings, last_at = excluded.last_at, last_pointer = excluded.last_pointer, "
    "last_message = excluded.last_message"
)


class PostgresEventWarnings:
    """The `EventWarningStore` of PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, count: WarningCount) -> None:
        """Add to the counts of a format and source. After a crash of PostgreSQL, the last moment may be missing."""
        values = (count.format, count.source or "", count.events, count.warnings, count.last_at, *count.last)
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL synchronous_commit = off"
            )  # the event is durable already; a count need not wait for the disk
            cursor.execute(_ADD, values)

    def counts(self) -> list[WarningCount]:
        """Return all counts, by format and source."""
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT format, source, events, warnings, last_at, last_pointer, last_message FROM event_warning "
                'ORDER BY format COLLATE "C", source COLLATE "C"'
            )
            return [
                WarningCount(form, source or None, events, warnings, last_at, DetailWarning(pointer, message))
                for form, source, events, warnings, last_at, pointer, message in cursor.fetchall()
            ]
