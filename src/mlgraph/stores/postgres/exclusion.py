"""The lock under which the curated state of an asset is read and replaced."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg

from mlgraph.domain.errors import Unavailable
from mlgraph.stores.postgres.database import Database

LOCK: Final = 0x6D6C67_04  # "mlg", curation
WAIT_S: Final = 10.0


class PostgresExclusion:
    """The `Exclusion` of PostgreSQL: an advisory lock. Within a process one thread at a time asks for it.

    So at most one connection of a process waits, and the others are free for the write itself.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._in_process = threading.Lock()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock until the end of the context. Raises `Unavailable` after `WAIT_S` seconds."""
        if not self._in_process.acquire(timeout=WAIT_S):
            raise _busy()
        try:
            with self._database.connection() as connection, connection.transaction():
                try:
                    connection.execute(f"SET LOCAL lock_timeout = {int(WAIT_S * 1000)}".encode())
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
                except psycopg.errors.LockNotAvailable:
                    raise _busy() from None
                yield
        finally:
            self._in_process.release()


def _busy() -> Unavailable:
    return Unavailable("other changes of assets are being written: try again", retry_after_s=2)
