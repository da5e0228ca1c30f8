"""The table of dead letters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, NotFound
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.timestamps import format_time
from mlgraph.ports.dead_letters import DeadLetterCounts, DeadLetterEntry
from mlgraph.stores.postgres.database import Database


class PostgresDeadLetters:
    """The `DeadLetterStore` of PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, letter: DeadLetterEntry) -> int:
        """Store a dead letter and return its id. A repeated letter of the same source counts as another attempt."""
        error = redact_text(letter.error)
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                "UPDATE dead_letter SET attempts = attempts + 1, error = %s WHERE replayed_tx IS NULL AND format = %s "
                "AND body = %s AND source IS NOT DISTINCT FROM %s AND scope IS NOT DISTINCT FROM %s RETURNING id",
                (error, letter.format, letter.body, letter.source, letter.scope),
            )
            row = cursor.fetchone()
            if row is None:
                cursor.execute(
                    "INSERT INTO dead_letter (received_at, format, actor, source, environment, body, error, pointer, "
                    "scope) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
                    (
                        clock.wall_us(),
                        letter.format,
                        letter.actor,
                        letter.source,
                        letter.environment,
                        letter.body,
                        error,
                        letter.pointer,
                        letter.scope,
                    ),
                )
                row = cursor.fetchone()
            return int(row[0]) if row else 0

    def get(self, letter_id: int) -> DeadLetterEntry:
        """Return a waiting letter. Raises `NotFound`."""
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT format, actor, source, environment, body, error, pointer, scope FROM dead_letter "
                "WHERE id = %s AND replayed_tx IS NULL",
                (letter_id,),
            )
            row = cursor.fetchone()
        if row is None:
            raise NotFound(f"no dead letter {letter_id} waits; list them with `mlgraph dead-letters`")
        return DeadLetterEntry(*row)

    def failed_again(self, letter_id: int, error: str) -> None:
        """Record one more failed attempt."""
        self._execute("UPDATE dead_letter SET attempts = attempts + 1, error = %s WHERE id = %s", (redact_text(error), letter_id))

    def replayed(self, letter_id: int, tx: int) -> None:
        """Record that the replay succeeded in transaction `tx`."""
        self._execute("UPDATE dead_letter SET replayed_tx = %s WHERE id = %s", (tx, letter_id))

    def listing(self, limit: int, cursor: str | None) -> dict[str, Any]:
        """Return a page of the waiting letters, oldest first. Raises `InvalidInput` for an invalid cursor."""
        if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
            raise InvalidInput("cursor is not a frontier: pass the `frontier` of an earlier answer unchanged, or omit `cursor`")
        with self._database.connection() as connection, connection.cursor() as query:
            query.execute("SELECT count(*) FROM dead_letter WHERE replayed_tx IS NULL")
            (total,) = query.fetchone() or (0,)
            query.execute(
                "SELECT id, source, format, received_at, attempts, error, pointer, body FROM dead_letter "
                "WHERE replayed_tx IS NULL AND id > %s ORDER BY id LIMIT %s",
                (int(cursor or 0), limit + 1),
            )
            rows = query.fetchall()
            query.execute("SELECT coalesce(max(tx), 0) FROM tx")
            (watermark,) = query.fetchone() or (0,)
        listed = [
            {
                "id": row[0],
                "source": row[1],
                "format": row[2],
                "received_at": format_time(row[3]),
                "attempts": row[4],
                "error": row[5],
                "pointer": row[6],
                "event": json.loads(row[7]),
            }
            for row in rows[:limit]
        ]
        more = len(rows) > limit
        return {
            "dead_letters": listed,
            "total": total,
            "partial": more,
            "reason": "limit" if more else None,
            "frontier": str(rows[limit - 1][0]) if more else None,
            "watermark": watermark,
        }

    def waiting_of_sources(self) -> Mapping[str, int]:
        """Return the number of waiting letters by connected source, for the sources that have any."""
        with self._database.connection() as connection, connection.cursor() as query:
            query.execute(
                "SELECT source, count(*) FROM dead_letter WHERE replayed_tx IS NULL AND format = 'thin' "
                "AND source IS NOT NULL GROUP BY source"
            )
            return dict(query.fetchall())

    def counts(self) -> DeadLetterCounts:
        """Return the number of waiting letters, and of all letters that were ever stored."""
        with self._database.connection() as connection, connection.cursor() as query:
            query.execute("SELECT count(*) FILTER (WHERE replayed_tx IS NULL), count(*) FROM dead_letter")
            return DeadLetterCounts(*(query.fetchone() or (0, 0)))

    def _execute(self, query: str, values: tuple[Any, ...]) -> None:
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute(query.encode(), values)
