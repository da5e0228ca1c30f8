"""Redaction of what earlier versions stored: the one exception to append-only (docs/adr/0031-secrets-and-digests.md).

It rewrites texts alone. Digests stay, so that a repetition of a fact or an event is still recognised; so do transactions.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

import psycopg
from psycopg import sql

from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.redaction.fact_redaction import STATE_MEMBERS, redact_properties, redact_state
from mlgraph.domain.redaction.json_values import redact, redact_text
from mlgraph.domain.redaction.secret_texts import may_have_secret

_log = logging.getLogger(__name__)

BATCH_ROWS: Final = 5_000
"""Rows of one transaction: an interrupted redaction continues after the last batch."""
_UPDATE_DISTINCT: Final = ("role", "version")

Redact = Callable[[str], str]


def redact_stored(connection: psycopg.Connection) -> int:
    """Redact all rows that are not redacted yet, batch by batch; return how many rows have changed in all.

    Each batch is a transaction with the position that it reached, or a savepoint inside the caller's transaction. Servers that
    start at once take turns.
    """
    worked = False
    while _next_batch(connection):
        worked = True
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT table_name, changed FROM redaction WHERE changed > 0 ORDER BY table_name")
        changed: dict[str, int] = dict(cursor.fetchall())
    total = sum(changed.values())
    if worked and total:
        listed = ", ".join(f"{table} {count}" for table, count in changed.items())
        _log.warning("secrets that earlier versions stored were redacted in %d rows (%s); change these secrets", total, listed)
    elif worked:
        _log.info("no secrets of earlier versions were found in the store")
    return total


def _next_batch(connection: psycopg.Connection) -> bool:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT table_name, position FROM redaction WHERE NOT is_done ORDER BY table_name LIMIT 1 FOR UPDATE")
        row = cursor.fetchone()
        if row is None:
            return False
        table, position = row
        reached, changed = _STEPS[table](cursor, position)
        cursor.execute(
            "UPDATE redaction SET position = %s, changed = changed + %s, is_done = %s WHERE table_name = %s",
            (position if reached is None else reached, changed, reached is None, table),
        )
        return True


Step = Callable[[psycopg.Cursor, int], tuple[int | None, int]]
"""Redacts rows after a position; returns the position reached (None: the table is done) and how many rows changed."""


def _by_id(table: str, rules: dict[str, Redact]) -> Step:
    columns = list(rules)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    selected = sql.SQL("SELECT id, {} FROM {} WHERE id > %s ORDER BY id LIMIT %s").format(names, sql.Identifier(table))
    assigned = sql.SQL(", ").join(sql.SQL("{0} = n.{0}").format(sql.Identifier(column)) for column in columns)
    arrays = sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in columns)
    update = sql.SQL("UPDATE {} t SET {} FROM unnest(%s::bigint[], {}) AS n(id, {}) WHERE t.id = n.id").format(
        sql.Identifier(table), assigned, arrays, names
    )

    def step(cursor: psycopg.Cursor, position: int) -> tuple[int | None, int]:
        cursor.execute(selected, (position, BATCH_ROWS))
        rows = cursor.fetchall()
        changed = list(_changed(rows, list(rules.values())))
        if changed:
            cursor.execute(update, [list(column) for column in zip(*changed, strict=True)])
        return (rows[-1][0] if len(rows) == BATCH_ROWS else None), len(changed)

    return step


def _changed(rows: Iterable[tuple[Any, ...]], rules: list[Redact]) -> Iterable[tuple[Any, ...]]:
    """Yield the new version of each row that changes; the first column is its key."""
    for key, *values in rows:
        redacted = [None if value is None else rule(value) for value, rule in zip(values, rules, strict=True)]
        if redacted != values:
            yield key, *redacted


def _keys_of_edges(cursor: psycopg.Cursor, position: int) -> tuple[int | None, int]:
    """Redact role and version of edges. They are few or short, so all distinct ones are examined at once."""
    del position
    changed = 0
    for column in _UPDATE_DISTINCT:
        name = sql.Identifier(column)
        cursor.execute(sql.SQL("SELECT DISTINCT {0} FROM edge_fact WHERE {0} ~ '[^0-9a-f]'").format(name))
        for (text,) in cursor.fetchall():
            if (redacted := redact_text(text)) != text:
                cursor.execute(sql.SQL("UPDATE edge_fact SET {0} = %s WHERE {0} = %s").format(name), (redacted, text))
                changed += cursor.rowcount
    return None, changed


def _thin_events(cursor: psycopg.Cursor, position: int) -> tuple[int | None, int]:
    del position
    cursor.execute("SELECT (source, kind, id)::text, event FROM thin_event")
    changed = list(_changed(cursor.fetchall(), [_of_json(redact)]))
    for key, event in changed:
        cursor.execute("UPDATE thin_event SET event = %s WHERE (source, kind, id)::text = %s", (event, key))
    return None, len(changed)


def _connections(cursor: psycopg.Cursor, position: int) -> tuple[int | None, int]:
    del position
    cursor.execute("SELECT name, error, last_error FROM connection")
    changed = list(_changed(cursor.fetchall(), [redact_text, redact_text]))
    for name, error, last_error in changed:
        cursor.execute("UPDATE connection SET error = %s, last_error = %s WHERE name = %s", (error, last_error, name))
    return None, len(changed)


def _of_json(rule: Callable[[Any], Any]) -> Redact:
    """Return a rule for canonical JSON text. Text that changes nothing keeps its bytes."""

    def of_text(text: str) -> str:
        if not may_have_secret(text):
            return text
        value = json.loads(text)
        redacted = rule(value)
        return text if redacted == value else canonical_json(redacted)

    return of_text


def _redact_content(value: dict[str, Any]) -> dict[str, Any]:
    """Return the state of an asset, or the properties of an edge, without secrets: the store does not say which it is."""
    return redact_state(value) if value.keys() <= STATE_MEMBERS else redact_properties(value)


_STEPS: Final[dict[str, Step]] = {
    "content": _by_id("content", {"body": _of_json(_redact_content)}),
    "event": _by_id("event", {"body": _of_json(redact)}),
    "dead_letter": _by_id("dead_letter", {"body": _of_json(redact), "error": redact_text}),
    "edge_fact": _keys_of_edges,
    "thin_event": _thin_events,
    "connection": _connections,
}
