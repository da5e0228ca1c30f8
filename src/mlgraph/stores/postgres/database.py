"""Connections to PostgreSQL: pooled, checked, and honest when the server is away, full or slow."""

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

_WAIT_S = 5.0
_CLOSE_S: Final = 2.0
"""How long to wait for a thread that just tries to connect to a PostgreSQL that is away."""
QUERY_TIME_S: Final = 30.0
_AWAY: Final = "PostgreSQL does not answer; nothing was acknowledged that is not stored. Try again: it is being reached anew"
_FULL: Final = (
    "the disk of PostgreSQL is full: nothing was acknowledged that is not stored. Make room there, and try again: "
    "it goes on by itself"
)


def _no_problem() -> str | None:
    return None


class Database:
    """Pools of connections to one schema of one PostgreSQL: one for questions with a time budget, one for all else.

    So questions, however many, leave connections for intake and for following the log.
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
        """Connect to `url` (libpq form), with `size` connections at most, and `questions` more for questions.

        A statement of a question runs for `query_time_s` at most. `trouble` says what is wrong with the disk, if anything
        is: asked before each write, and where PostgreSQL fails.
        """
        self.url = url
        """What was connected to, with whatever it may hold to authenticate."""
        self._thread_local = threading.local()
        self._pool = _pool(url, "mlgraph", size)
        self._query_pool = _pool(url, "mlgraph-questions", query_connections, _limiting(query_time_s))
        self._disk_problem = disk_problem

    def open(self) -> int:
        """Open the pools, migrate the schema, and return its number. Raises `Unavailable` if nothing answers."""
        self._pool.open()
        with self.connection() as connection:
            number = migrate(connection)
        self._query_pool.open()
        return number

    def statistics(self) -> Pool:
        """Return how many connections there are, and how many requests wait for one."""
        found = [pool.get_stats() for pool in (self._pool, self._query_pool)]
        size, idle, waiting = (sum(each[key] for each in found) for key in ("pool_size", "pool_available", "requests_waiting"))
        return Pool(size, idle, waiting)

    def close(self) -> None:
        """Close all connections."""
        for pool in (self._query_pool, self._pool):
            pool.close(_CLOSE_S)

    def check_writable(self) -> None:
        """Raise `Unavailable` where the disk has no room for a write: PostgreSQL, which would end over it, still answers."""
        if (problem := self._disk_problem()) is not None:
            raise Unavailable(f"{problem}: nothing more is taken until there is room", retry_after_s=5)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Let `connection` lend this thread one and the same connection until the end of the context, for reading alone.

        It is taken from the pool when it is first asked for: who reads nothing after all takes none.
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
        """Lend a connection. Raises `Unavailable` if PostgreSQL is away or goes away meanwhile: nothing was committed then.

        Raises `OutOfTime` where a statement takes longer than a question may.
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
        """Open a connection beside the pool, for work that may take hours: it must not keep the others from theirs."""
        with self._translated_errors(None), psycopg.connect(self.url, application_name="mlgraph") as connection:
            yield connection

    @contextmanager
    def _pooled_connection(self) -> Iterator[psycopg.Connection]:
        asked = deadlines.current()
        with self._translated_errors(asked):
            deadlines.raise_if_exceeded()
            with (self._pool if asked is None else self._query_pool).connection() as connection:
                yield connection

    @contextmanager
    def _translated_errors(self, asked: deadlines.Deadline | None) -> Iterator[None]:
        """Tell what is wrong with the store in our words."""
        try:
            yield
        except PoolTimeout:
            raise Unavailable(self._disk_problem() or _AWAY, retry_after_s=2) from None
        except psycopg.errors.QueryCanceled:
            if asked is None:
                raise
            raise OutOfTime(deadlines.exceeded_message(asked.given_s), retry_after_s=2) from None
        except psycopg.errors.DiskFull as error:
            raise Unavailable(self._disk_problem() or _FULL, retry_after_s=5) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(self._disk_problem() or _AWAY, retry_after_s=2) from error


def _check(connection: psycopg.Connection) -> None:
    """Raise `OperationalError` if the server has closed this idle connection: it says so unasked, so nothing is sent."""
    for _ in range(2):  # what it said when it went comes first, only then the end
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
        # A single statement is a transaction of its own: two round trips less for each.
        kwargs={"application_name": name, "autocommit": True},
        name=name,
        reconnect_timeout=10.0,
        configure=configure,
    )


def _limiting(query_time_s: float) -> Callable[[psycopg.Connection], None]:
    def configure(connection: psycopg.Connection) -> None:
        connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(max(1, int(query_time_s * 1000))),))

    return configure
