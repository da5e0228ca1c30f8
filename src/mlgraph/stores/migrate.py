"""Numbered migrations: each runs once, in order, in one transaction with the note that it ran."""

from __future__ import annotations

from importlib import resources

import psycopg

from mlgraph.domain.errors import StartError

_LOCK = 0x6D6C67_01  # "mlg", migrations


def migrate(connection: psycopg.Connection) -> int:
    """Bring the store up to this version's schema and return its number.

    Two servers that start at once migrate one after the other. Raises `StartError` if the store is of a newer version.
    """
    steps = _steps()
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        )
        cursor.execute("SELECT coalesce(max(number), 0) FROM migration")
        row = cursor.fetchone()
        done = row[0] if row else 0
        if done > len(steps):
            raise StartError(
                f"the store is at schema {done}, this mlgraph knows {len(steps)}: start the newer mlgraph that wrote it"
            )
        for number, (name, statements) in enumerate(steps[done:], start=done + 1):
            cursor.execute(statements.encode())
            cursor.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", (number, name))
    return len(steps)


def _steps() -> list[tuple[str, str]]:
    folder = resources.files("mlgraph.stores") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [(file.name, file.read_text(encoding="utf-8")) for file in files]
