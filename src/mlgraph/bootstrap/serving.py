"""Starting and stopping a server."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn

from mlgraph.api.app import create_app
from mlgraph.api.limits import Limits
from mlgraph.api.protocol import BoundedHttp
from mlgraph.bootstrap import logs
from mlgraph.bootstrap.options import Options
from mlgraph.bootstrap.wiring import Server
from mlgraph.domain.errors import MlgraphError, StartError
from mlgraph.services import metrics
from mlgraph.services.archives import Archives
from mlgraph.services.bundle import Operated
from mlgraph.services.identity import is_loopback, tokens_from
from mlgraph.stores import postgres_log
from mlgraph.stores.backup import PostgresArchive
from mlgraph.stores.database import Database
from mlgraph.stores.embedded import QUESTION_CONNECTIONS, EmbeddedPostgres
from mlgraph.stores.letters import PostgresLetters

_log = logging.getLogger(__name__)

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SWITCH_S: Final = 0.0005
"""How long a thread may keep the interpreter while another one waits. Requests pass through two or three threads: at Python's
own 5 ms for each passing on, one that meets a load waits several times that."""
_COLLECT_AFTER: Final = 50_000
"""Containers made before the collector looks for cycles. A load makes hundreds of thousands a second, none in a cycle: looking
after every 700 of them, as Python does by itself, takes a quarter of its time."""


def serve(options: Options) -> None:
    """Serve until SIGINT or SIGTERM. Exits with status 1 and a message if the server cannot start."""
    _unwind_on_signals()
    form = logs.configure(options.log_format, options.log_level)
    try:
        _check(options)
        limits = Limits.from_environment(os.environ)
        with _listening(options) as listener, _database(options, limits) as database:
            _run(options, limits, listener, database)
    except MlgraphError as error:
        if form == "json":
            _log.critical("%s", error.detail)
        else:
            sys.stderr.write(f"Error: {logs.clean(error.detail)}\n")
        raise SystemExit(1) from None


def _unwind_on_signals() -> None:
    """Let SIGINT and SIGTERM unwind the stack before and after uvicorn serves, so that PostgreSQL is stopped too."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, _unwind)


def _unwind(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(0)


def _check(options: Options) -> None:
    if not is_loopback(options.host) and not tokens_from(options.tokens):
        raise StartError(
            f"{options.host} can be reached from other machines, so callers must be known: give --tokens FILE "
            "(a JSON array of {token, actor, source?, environment?}, readable by you alone), or serve on 127.0.0.1"
        )


@contextmanager
def _listening(options: Options) -> Iterator[socket.socket]:
    """Hold the port before anything heavy starts: a port that is taken is told at once."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen on {options.host} port {options.port}: {error.strerror}; choose another with --port"
        ) from None
    try:
        yield listener
    finally:
        listener.close()


@contextmanager
def _database(options: Options, limits: Limits) -> Iterator[Database]:
    if options.store is not None:
        if not options.store.startswith(("postgresql://", "postgres://")):
            raise StartError("--store takes a postgresql:// URL; leave it out for the PostgreSQL that comes with mlgraph")
        theirs = Database(options.store, questions=limits.connections, query_time_s=limits.query_time_s)
        with _opened(theirs) as database:
            yield database
        return
    with EmbeddedPostgres(options.data) as postgres:
        postgres.supervise(metrics.POSTGRES_RESTARTS.inc)
        questions = min(limits.connections, QUESTION_CONNECTIONS)
        ours = Database(postgres.url, questions=questions, query_time_s=limits.query_time_s, trouble=postgres.disk_trouble)
        with postgres_log.following(postgres.log_file), _opened(ours) as database:
            yield database


@contextmanager
def _opened(database: Database) -> Iterator[Database]:
    try:
        number = database.open()
        _log.info("the store is at schema %d", number)
        yield database
    finally:
        database.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn that leaves it to us what happens once it listens, and once it has stopped."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()
        self.failure: str | None = None
        """Why the server cannot go on, if what must happen before it is ready has failed."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM. uvicorn's own raises them again inside its loop, which would tear what still ends."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        _log.info("stopping")
        super().handle_exit(sig, frame)


def _run(options: Options, limits: Limits, listener: socket.socket, database: Database) -> None:
    server = Server(database, options)
    server.health.watch(database.statistics, PostgresLetters(database).counts)
    app = create_app(_operated(server, database), loopback=is_loopback(options.host), limits=limits)
    config = uvicorn.Config(
        app, http=BoundedHttp, log_config=None, access_log=False, timeout_graceful_shutdown=5, timeout_keep_alive=30,
        server_header=False,
    )  # fmt: skip
    http = _Uvicorn(config)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    announcer = threading.Thread(target=_announce, args=(options, server, http, url), daemon=True)
    server.start()
    announcer.start()
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()  # what is loaded by now stays
    gc.set_threshold(_COLLECT_AFTER)
    try:
        http.run(sockets=[listener])
    finally:
        server.stop()
    if http.failure is not None:
        raise StartError(http.failure)


def _operated(server: Server, database: Database) -> Operated:
    def restored() -> None:
        server.follower.nudge()
        server.connections.start()

    return Operated.of(server.services, Archives(PostgresArchive(database), restored))


def _announce(options: Options, server: Server, http: _Uvicorn, url: str) -> None:
    """Wait until the server answers and is current, then say so."""
    http.listening.wait()
    try:
        if options.before_ready is not None:
            options.before_ready(url)
        server.health.loaded()
        while not http.should_exit:
            try:
                server.health.ready()
                break
            except MlgraphError:
                time.sleep(0.02)
        if http.should_exit:
            return
        sys.stdout.write(f"mlgraph is ready at {url}\n")
        sys.stdout.flush()
        if options.after_ready is not None:
            options.after_ready(url)
    except Exception as error:
        if not isinstance(error, MlgraphError):
            _log.exception("start-up failed")
        http.failure = str(error)
        http.should_exit = True
