"""Numbered migrations: each runs once, in order, in one transaction with the note that it ran."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

import psycopg

from mlgraph.domain.errors import StartError

LOCK: Final = 0x6D6C67_01  # "mlg", migrations


def migrate(connection: psycopg.Connection) -> int:
    """Bring the store up to this version's schema and return its number.

    Two servers that start at once migrate one after the other. Raises `StartError` if the store is of a newer version.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        return migrate_to(cursor, newest())


def newest() -> int:
    """Return the number of this version's schema."""
    return len(_steps())


def migrate_to(cursor: psycopg.Cursor, number: int) -> int:
    """Run the migrations up to `number` that have not run yet, inside the caller's transaction, and return `number`.

    Raises `StartError` if the store is beyond it.
    """
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now())"
    )
    done = schema_number(cursor)
    if done > number:
        raise StartError(f"the store is at schema {done}, this mlgraph knows {number}: start the newer mlgraph that wrote it")
    for step, (name, statements) in enumerate(_steps()[done:number], start=done + 1):
        cursor.execute(statements.encode())
        cursor.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", (step, name))
    return number


def schema_number(cursor: psycopg.Cursor) -> int:
    """Return the number of the last migration that has run (0: none)."""
    cursor.execute("SELECT to_regclass('migration') IS NOT NULL")
    if cursor.fetchone() != (True,):
        return 0
    cursor.execute("SELECT coalesce(max(number), 0) FROM migration")
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def tables() -> frozenset[str]:
    """Return the names of all tables that any migration makes, the notes on migrations included."""
    made = (name for _, statements in _steps() for name in re.findall(r"^CREATE TABLE (\w+)", statements, re.MULTILINE))
    return frozenset({"migration", *made})


@cache
def _steps() -> tuple[tuple[str, str], ...]:
    folder = resources.files("mlgraph.stores") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple((file.name, file.read_text(encoding="utf-8")) for file in files)
