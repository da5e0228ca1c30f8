"""Connection pools to PostgreSQL, with clear errors where the server is unreachable, full or slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import psycopg
from psycopg.pq import ConnStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from mlgraph.domain import deadlines
from mlgraph.domain.errors import OutOfTime, Unavailable
from mlgraph.ports.pool import Pool
from mlgraph.stores.postgres.migrate import migrate
from mlgraph.stores.postgres.stored_redaction import redact_stored

_WAIT_S = 5.0
_CLOSE_S: Final = 2.0
"""The time to wait for a pool thread that is connecting to an unreachable PostgreSQL."""
QUERY_TIME_S: Final = 30.0
_UNREACHABLE: Final = (
    "PostgreSQL does not answer. Everything that was acknowledged is stored. Try again: the server reconnects by itself"
)
_FULL: Final = (
    "the disk of PostgreSQL is full. Everything that was acknowledged is stored. Free space on it and try again: "
    "no restart is needed"
)


def _no_problem() -> str | None:
    return None


class Database:
    """Connection pools to one schema of one PostgreSQL: one pool for queries with a deadline, one for everything else.

    Many simultaneous queries therefore leave connections for ingest and for the log follower.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int = 10,
        query_connections: int = 20,
        query_time_s: float = QUERY_TIME_S,
        disk_problem: Callable[[], str | None] = _no_problem,
    ) -> None:
        """Connect to `url` (libpq form) with at most `size` connections, and `query_connections` more for queries.

        A statement of a query runs for at most `query_time_s` seconds. `disk_problem` returns a description of a full or
        unreadable disk, else None; it is called before each write and after an error of PostgreSQL.
        """
        self.url = url
        """The URL of the database; it may contain credentials."""
        self._thread_local = threading.local()
        self._pool = _pool(url, "mlgraph", size)
        self._query_pool = _pool(url, "mlgraph-questions", query_connections, _limiting(query_time_s))
        self._disk_problem = disk_problem

    def open(self) -> int:
        """Open the pools, migrate the schema and redact what earlier versions stored; return the number of the schema.

        Raises `Unavailable` if PostgreSQL does not answer.
        """
        self._pool.open()
        with self.connection() as connection:
            number = migrate(connection)
            redact_stored(connection)
        self._query_pool.open()
        return number

    def statistics(self) -> Pool:
        """Return the number of connections and of waiting requests, over both pools."""
        stats = [pool.get_stats() for pool in (self._pool, self._query_pool)]
        size, idle, waiting = (sum(each[key] for each in stats) for key in ("pool_size", "pool_available", "requests_waiting"))
        return Pool(size, idle, waiting)

    def close(self) -> None:
        """Close all connections."""
        for pool in (self._query_pool, self._pool):
            pool.close(_CLOSE_S)

    def check_writable(self) -> None:
        """Raise `Unavailable` where the disk has no room for a write. PostgreSQL would stop if it ran out of space."""
        if (problem := self._disk_problem()) is not None:
            raise Unavailable(f"{problem}: writes are refused until there is room", retry_after_s=5)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Make `connection` return the same connection to this thread until the end of the context, for reads only.

        The first call of `connection` takes it from the pool: a session without reads takes none.
        """
        if getattr(self._thread_local, "exit_stack", None) is not None:
            yield
            return
        with ExitStack() as exit_stack:
            self._thread_local.exit_stack, self._thread_local.connection = exit_stack, None
            try:
                yield
            finally:
                self._thread_local.exit_stack = self._thread_local.connection = None

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        """Provide a pooled connection. Raises `Unavailable` if PostgreSQL is or becomes unreachable.

        Raises `OutOfTime` where a statement exceeds the time of a query.
        """
        exit_stack = getattr(self._thread_local, "exit_stack", None)
        if exit_stack is not None:
            if self._thread_local.connection is None:
                self._thread_local.connection = exit_stack.enter_context(self._pooled_connection())
            yield self._thread_local.connection
            return
        with self._pooled_connection() as connection:
            yield connection

    @contextmanager
    def dedicated_connection(self) -> Iterator[psycopg.Connection]:
        """Open a connection outside the pools, for work that may take hours (backup, restore)."""
        with self._translated_errors(None), psycopg.connect(self.url, application_name="mlgraph") as connection:
            yield connection

    @contextmanager
    def _pooled_connection(self) -> Iterator[psycopg.Connection]:
        deadline = deadlines.current()
        with self._translated_errors(deadline):
            deadlines.raise_if_exceeded()
            with (self._pool if deadline is None else self._query_pool).connection() as connection:
                yield connection

    @contextmanager
    def _translated_errors(self, deadline: deadlines.Deadline | None) -> Iterator[None]:
        """Translate errors of psycopg into `Unavailable` and `OutOfTime`."""
        try:
            yield
        except PoolTimeout:
            raise Unavailable(self._disk_problem() or _UNREACHABLE, retry_after_s=2) from None
        except psycopg.errors.QueryCanceled:
            if deadline is None:
                raise
            raise OutOfTime(deadlines.exceeded_message(deadline.given_s), retry_after_s=2) from None
        except psycopg.errors.DiskFull as error:
            raise Unavailable(self._disk_problem() or _FULL, retry_after_s=5) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(self._disk_problem() or _UNREACHABLE, retry_after_s=2) from error


def _check(connection: psycopg.Connection) -> None:
    """Raise `OperationalError` if the server closed this idle connection. It reports that by itself: nothing is sent."""
    for _ in range(2):  # the first read consumes its last message, the second one detects the closed socket
        connection.pgconn.consume_input()
    if connection.pgconn.status != ConnStatus.OK:
        raise psycopg.OperationalError("the connection was closed by the server")


def _pool(url: str, name: str, size: int, configure: Callable[[psycopg.Connection], None] | None = None) -> ConnectionPool:
    return ConnectionPool(
        url,
        min_size=1,
        max_size=size,
        open=False,
        timeout=_WAIT_S,
        check=_check,
        # With autocommit, a single statement needs no BEGIN and COMMIT: two round trips less.
        kwargs={"application_name": name, "autocommit": True},
        name=name,
        reconnect_timeout=10.0,
        configure=configure,
    )


def _limiting(query_time_s: float) -> Callable[[psycopg.Connection], None]:
    def configure(connection: psycopg.Connection) -> None:
        connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(max(1, int(query_time_s * 1000))),))

    return configure
