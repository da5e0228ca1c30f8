"""Connections to PostgreSQL: pooled, checked, and honest when the server is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.pool import Pool
from mlgraph.stores.migrate import migrate

_WAIT_S = 5.0


class Database:
    """A pool of connections to one schema of one PostgreSQL."""

    def __init__(self, url: str, *, size: int = 10) -> None:
        """Connect to `url` (libpq form); `size` connections at most."""
        self._url = url
        self._pinned = threading.local()
        self._pool = ConnectionPool(
            url, min_size=1, max_size=size, open=False, timeout=_WAIT_S, check=ConnectionPool.check_connection,
            kwargs={"application_name": "mlgraph"}, name="mlgraph", reconnect_timeout=10.0,
        )  # fmt: skip

    def open(self) -> int:
        """Open the pool, migrate the schema, and return its number. Raises `Unavailable` if nothing answers."""
        self._pool.open()
        with self.connection() as connection:
            return migrate(connection)

    def statistics(self) -> Pool:
        """Return how many connections there are, and how many requests wait for one."""
        now = self._pool.get_stats()
        return Pool(now["pool_size"], now["pool_available"], now["requests_waiting"])

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Let `connection` lend this thread one and the same connection until the end of the context, for reading alone."""
        if getattr(self._pinned, "connection", None) is not None:
            yield
            return
        with self._lent() as connection:
            connection.autocommit = True
            self._pinned.connection = connection
            try:
                yield
            finally:
                self._pinned.connection = None
                if not connection.closed:
                    connection.autocommit = False

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Lend a connection. Raises `Unavailable` if PostgreSQL is away or goes away meanwhile: nothing was committed then."""
        pinned = getattr(self._pinned, "connection", None)
        if pinned is not None:
            yield pinned
            return
        with self._lent() as connection:
            yield connection

    @contextmanager
    def apart(self) -> Iterator[psycopg.Connection]:
        """Open a connection beside the pool, for work that may take hours: it must not keep the others from theirs."""
        with _told_as_unavailable(), psycopg.connect(self._url, application_name="mlgraph") as connection:
            yield connection

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection]:
        with _told_as_unavailable(), self._pool.connection() as connection:
            yield connection


@contextmanager
def _told_as_unavailable() -> Iterator[None]:
    try:
        yield
    except PoolTimeout:
        raise Unavailable(_AWAY, retry_after_s=2) from None
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if isinstance(error, psycopg.errors.QueryCanceled):
            raise
        raise Unavailable(_AWAY, retry_after_s=2) from error


_AWAY = "PostgreSQL does not answer; nothing was acknowledged that is not stored. Try again: it is being reached anew"
