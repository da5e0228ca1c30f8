"""The table of thin events: the durable queue of objects to fetch."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace

from mlgraph.domain.redaction.json_values import redact
from mlgraph.ports.events import ThinEvent
from mlgraph.stores.postgres.database import Database


class PostgresEvents:
    """The `EventStore` of PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, source: str, event: ThinEvent) -> ThinEvent:
        """Store an event in place of an earlier one about the same object; return the event that waits now."""
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as query:
            query.execute(
                "INSERT INTO thin_event AS w (source, kind, id, event, at, number) VALUES (%s, %s, %s, %s, %s, %s) "
                "ON CONFLICT (source, kind, id) DO UPDATE SET number = greatest(w.number + 1, excluded.number), attempts = 0, "
                "event = CASE WHEN excluded.at >= w.at THEN excluded.event ELSE w.event END, at = greatest(w.at, excluded.at) "
                "RETURNING event, at, number",
                (source, event.kind, event.id, json.dumps(redact(event.event)), event.at, event.number),
            )
            body, at, number = query.fetchone() or (None, event.at, event.number)
        return replace(event, event=json.loads(body) if body else event.event, at=at, number=number, attempts=0)

    def waiting(self, source: str) -> list[ThinEvent]:
        """Return all waiting events of a source."""
        with self._database.connection() as connection, connection.cursor() as query:
            query.execute(
                "SELECT kind, id, event, at, number, attempts FROM thin_event WHERE source = %s ORDER BY at, kind, id", (source,)
            )
            return [ThinEvent(kind, id_, json.loads(event), *counts) for kind, id_, event, *counts in query.fetchall()]

    def failed(self, source: str, event: ThinEvent) -> None:
        """Store the number of attempts of an event."""
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as query:
            query.execute(
                "UPDATE thin_event SET attempts = %s WHERE source = %s AND kind = %s AND id = %s AND number = %s",
                (event.attempts, source, event.kind, event.id, event.number),
            )

    def done(self, source: str, events: Collection[ThinEvent]) -> None:
        """Delete these events, unless a later one about the same object has arrived."""
        kinds, ids, numbers = [e.kind for e in events], [e.id for e in events], [e.number for e in events]
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as query:
            query.execute(
                "DELETE FROM thin_event w USING unnest(%s::text[], %s::text[], %s::bigint[]) AS d(kind, id, number) "
                "WHERE w.source = %s AND w.kind = d.kind AND w.id = d.id AND w.number = d.number",
                (kinds, ids, numbers, source),
            )
