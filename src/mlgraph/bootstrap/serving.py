"""Start and stop of a server: the command `mlgraph up`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Final

from mlgraph.api.app import create_app
from mlgraph.api.http.limits import ServerLimits
from mlgraph.bootstrap import logs
from mlgraph.bootstrap.configuration import load
from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.bootstrap.http import SIGNALS, Http, limit_malloc_arenas, tune_interpreter
from mlgraph.bootstrap.options import Options
from mlgraph.bootstrap.wiring import Server, server_services
from mlgraph.bootstrap.workers import Workers, first_socket
from mlgraph.domain.errors import ConfigurationError, MlgraphError, StartError
from mlgraph.ports.connector import ConnectorRegistry
from mlgraph.services.common import metrics
from mlgraph.services.common.identity import is_loopback, tokens_from
from mlgraph.stores.embedded import postgres_log
from mlgraph.stores.embedded.server import QUERY_CONNECTIONS, EmbeddedPostgres
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.dead_letters import PostgresDeadLetters
from mlgraph.stores.postgres.event_warnings import PostgresEventWarnings

_log = logging.getLogger(__name__)

_FLUSH_S: Final = 60.0
"""How long the start of further processes waits for a current base, so that each need not apply the log since the last one."""


def serve(options: Options) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises `SystemExit` after an error message if the server cannot start: status 2 for an invalid configuration, else 1.
    """
    _unwind_on_signals()
    limit_malloc_arenas()
    form = logs.configure(options.log_format, options.log_level)
    try:
        connectors = installed_connectors()
        options = replace(options, configuration=load(options.config, connectors.tools, os.environ, connectors.registries))
        _check(options)
        limits = ServerLimits.from_environment(os.environ)
        with _listening(options) as listener, _database(options, limits) as database:
            _run(options, connectors, limits, listener, database)
    except MlgraphError as error:
        if form == "json":
            _log.critical("%s", error.detail)
        else:
            sys.stderr.write(f"Error: {logs.clean(error.detail)}\n")
        raise SystemExit(2 if isinstance(error, ConfigurationError) else 1) from None


def _unwind_on_signals() -> None:
    """Make SIGINT and SIGTERM unwind the stack before and after uvicorn serves, so that PostgreSQL is stopped too."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, _unwind)


def _unwind(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(0)


def _check(options: Options) -> None:
    if not is_loopback(options.host) and not tokens_from(options.tokens):
        raise StartError(
            f"{options.host} is reachable from other machines, so callers must authenticate: pass --tokens FILE "
            "(a JSON array of {token, actor, source?, environment?}, readable by you alone), or serve on 127.0.0.1"
        )


@contextmanager
def _listening(options: Options) -> Iterator[socket.socket]:
    """Bind the port before any slow step, so that a port in use is reported at once."""
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
def _database(options: Options, limits: ServerLimits) -> Iterator[Database]:
    if options.store is not None:
        if not options.store.startswith(("postgresql://", "postgres://")):
            raise StartError("--store must be a postgresql:// URL; omit it for the embedded PostgreSQL")
        external = Database(options.store, query_connections=limits.connections, query_time_s=limits.query_time_s)
        with _opened(external) as database:
            yield database
        return
    with EmbeddedPostgres(options.data) as postgres:
        postgres.supervise(metrics.POSTGRES_RESTARTS.inc)
        query_connections = min(limits.connections, QUERY_CONNECTIONS)
        embedded = Database(
            postgres.url,
            query_connections=query_connections,
            query_time_s=limits.query_time_s,
            disk_problem=postgres.disk_problem,
        )
        with postgres_log.following(postgres.log_file), _opened(embedded) as database:
            yield database


@contextmanager
def _opened(database: Database) -> Iterator[Database]:
    try:
        number = database.open()
        _log.info("the store has schema version %d", number)
        yield database
    finally:
        database.close()


def _run(
    options: Options, connectors: ConnectorRegistry, limits: ServerLimits, listener: socket.socket, database: Database
) -> None:
    server = Server(database, options, connectors)
    server.health.watch(database.statistics, PostgresDeadLetters(database).counts, PostgresEventWarnings(database).counts)
    app = create_app(server_services(server, database), loopback=is_loopback(options.host), limits=limits)
    http = Http(app, app.state.watermarks.close)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    with first_socket(options) as first:
        workers = Workers(options, database.url, listener, first[0]) if first is not None else None
        announcer = threading.Thread(target=_announce, args=(options, server, http, workers, url), daemon=True)
        server.start()
        announcer.start()
        tune_interpreter()
        try:
            http.run(sockets=[listener] if first is None else [listener, first[1]])
        finally:
            if workers is not None:
                workers.stop()
            server.stop()
    if http.failure is not None:
        raise StartError(http.failure)


def _announce(options: Options, server: Server, http: Http, workers: Workers | None, url: str) -> None:
    """Wait until the server accepts requests and is ready, then print its URL."""
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
        if workers is not None and not http.should_exit:
            server.follower.flush_to_base(_FLUSH_S)
            workers.start()
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
