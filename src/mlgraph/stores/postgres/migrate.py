"""Numbered schema migrations: each runs once, in order, in one transaction with its row in `migration`."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

import psycopg

from mlgraph.domain.errors import StartError

LOCK: Final = 0x6D6C67_01  # "mlg", migrations


def migrate(connection: psycopg.Connection) -> int:
    """Migrate the store to this version's schema and return the schema number.

    Two servers that start at once migrate one after the other. Raises `StartError` if the store has a newer schema.
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        return migrate_to(cursor, newest())


def newest() -> int:
    """Return the schema number of this version."""
    return len(_steps())


def migrate_to(cursor: psycopg.Cursor, number: int) -> int:
    """Run the missing migrations up to `number` inside the caller's transaction, and return `number`.

    Raises `StartError` if the store has a higher schema number.
    """
    cursor.execute(
        "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now())"
    )
    done = schema_number(cursor)
    if done > number:
        raise StartError(
            f"the store has schema {done}, this mlgraph supports schema {number}: start the newer mlgraph that wrote the store"
        )
    for step, (name, statements) in enumerate(_steps()[done:number], start=done + 1):
        cursor.execute(statements.encode())
        cursor.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", (step, name))
    return number


def schema_number(cursor: psycopg.Cursor) -> int:
    """Return the number of the last migration that ran (0: none)."""
    cursor.execute("SELECT to_regclass('migration') IS NOT NULL")
    if cursor.fetchone() != (True,):
        return 0
    cursor.execute("SELECT coalesce(max(number), 0) FROM migration")
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def tables() -> frozenset[str]:
    """Return the names of all tables that the migrations create, including `migration` itself."""
    created = (name for _, statements in _steps() for name in re.findall(r"^CREATE TABLE (\w+)", statements, re.MULTILINE))
    return frozenset({"migration", *created})


@cache
def _steps() -> tuple[tuple[str, str], ...]:
    folder = resources.files("mlgraph.stores") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple((file.name, file.read_text(encoding="utf-8")) for file in files)
