"""Worker processes on the port of the server: each maps the base file that the first process writes, and follows the log itself.

The first process owns all singletons: PostgreSQL, base files and compaction, connected tools. Workers forward requests that
concern those over a Unix socket. Workers are forked from a process that has imported all modules (`multiprocessing`,
forkserver), so that they share its memory pages; a worker that ends is restarted.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from mlgraph.api.app import create_app
from mlgraph.api.http.forwarding import Forwarding
from mlgraph.api.http.limits import ServerLimits
from mlgraph.bootstrap import child_process
from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.bootstrap.http import Http, tune_interpreter
from mlgraph.bootstrap.options import Options
from mlgraph.bootstrap.wiring import Server, server_services
from mlgraph.domain.errors import MlgraphError
from mlgraph.services.common.identity import is_loopback
from mlgraph.stores.postgres.database import Database

_log = logging.getLogger(__name__)

_PRELOADED: Final = ["mlgraph.bootstrap.workers"]
_CONNECTIONS: Final = 4
"""Connections of one worker to PostgreSQL, in addition to those for queries."""
_QUERY_CONNECTIONS: Final = 10
_RESTART_CHECK_S: Final = 1.0
_READY_S: Final = 600.0
_STOP_S: Final = 8.0


class Workers:
    """The worker processes of one server."""

    def __init__(self, options: Options, url: str, listener: socket.socket, first: Path) -> None:
        """Prepare `options.workers - 1` workers on `listener` and the store at `url`; `first` is the first process's socket."""
        self._options = replace(options, before_ready=None, after_ready=None)
        self._url = url
        self._listener = listener
        self._first = first
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)
        self._running: list[BaseProcess] = []
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._restart_ended, name="mlgraph-workers", daemon=True)

    def start(self) -> None:
        """Start the workers, and wait until each is ready. Raises `TimeoutError` after 10 minutes for one of them."""
        waiting = []
        for _ in range(self._options.workers - 1):
            process, ready = self._spawn()
            self._running.append(process)
            waiting.append(ready)
        for ready in waiting:
            if not ready.poll(_READY_S):
                raise TimeoutError("a worker process was not ready within 10 minutes; its log messages have the reason")
        self._watch.start()

    def _spawn(self) -> tuple[BaseProcess, Connection]:
        ready, ready_pipe = self._context.Pipe(duplex=False)
        arguments = (self._options, self._url, self._listener, self._first, ready_pipe)
        process = self._context.Process(target=_work, args=arguments, name="mlgraph-worker")
        process.start()
        ready_pipe.close()
        return process, ready

    def _restart_ended(self) -> None:
        while not self._stopping.wait(_RESTART_CHECK_S):
            for place, process in enumerate(self._running):
                if not process.is_alive() and not self._stopping.is_set():
                    _log.warning("worker process %s ended with status %s and is restarted", process.pid, process.exitcode)
                    self._running[place], ready = self._spawn()
                    ready.close()

    def stop(self) -> None:
        """Stop the workers."""
        self._stopping.set()
        for process in self._running:
            process.terminate()
        until = time.monotonic() + _STOP_S
        for process in self._running:
            process.join(max(0.1, until - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join(1)


@contextmanager
def first_socket(options: Options) -> Iterator[tuple[Path, socket.socket] | None]:
    """Yield path and listener of a Unix socket in a private directory; None if there are no workers."""
    if options.workers < 2:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="mlgraph-") as directory:  # short: the path of a Unix socket has at most 107 bytes
        path = Path(directory) / "first"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            yield path, listener


def _work(options: Options, url: str, listener: socket.socket, first: Path, ready_pipe: Connection) -> None:
    """Run one worker until the first process stops it or ends."""
    child_process.begin(options)
    limits = ServerLimits.from_environment(os.environ)
    database = Database(url, size=_CONNECTIONS, query_connections=_QUERY_CONNECTIONS, query_time_s=limits.query_time_s)
    try:
        database.open()
        server = Server(database, options, installed_connectors(), first=False)
        app = create_app(server_services(server, database), loopback=is_loopback(options.host), limits=limits)
        http = Http(Forwarding(app, first), app.state.watermarks.close)
        server.follow()
        threading.Thread(target=_report_ready, args=(server, http, ready_pipe), daemon=True).start()
        tune_interpreter()
        http.run(sockets=[listener])
        server.search.stop()
        server.usage.stop()
        server.follower.stop()
    finally:
        database.close()


def _report_ready(server: Server, http: Http, ready_pipe: Connection) -> None:
    http.listening.wait()
    server.health.loaded()
    while not http.should_exit:
        try:
            server.health.ready()
        except MlgraphError:
            time.sleep(0.02)
        else:
            ready_pipe.send(os.getpid())
            ready_pipe.close()
            return
