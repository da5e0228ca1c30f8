"""The HTTP server of one process (uvicorn), and the settings of interpreter and C library for it."""

from __future__ import annotations

import ctypes
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from mlgraph.api.http.protocol import BoundedHttp

_log = logging.getLogger(__name__)

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SWITCH_S: Final = 0.0005
"""The interpreter's switch interval. A request passes through two or three threads: with Python's default of 5 ms, a request
during a load waits several times that."""
_COLLECT_AFTER: Final = 50_000
"""Container allocations between two runs of the garbage collector. A load allocates hundreds of thousands a second, none of
them in a cycle: Python's default of 700 takes a quarter of its time."""


class Http(uvicorn.Server):
    """A uvicorn server with an event for the start of listening and with signal handlers of its own."""

    def __init__(self, app: ASGIApp, closing: Callable[[], None] = lambda: None) -> None:
        """Serve `app`. `closing` ends the answers that end by no other means, when the server stops."""
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedHttp,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=5,
                timeout_keep_alive=30,
                server_header=False,
            )
        )
        self._closing = closing
        self.listening = threading.Event()
        self.failure: str | None = None
        """Why the server must stop, if a step before its readiness failed."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the endless answers, then wait for the others."""
        self._closing()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM. uvicorn's own version raises them again in its loop, which would interrupt the shutdown."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        caught = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self.handle_exit) for number in caught}
        try:
            yield
        finally:
            if not self.should_exit:  # otherwise a second signal would interrupt the shutdown
                for number, handler in before.items():
                    signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop serving; a second SIGINT no longer waits for open connections.

        The flag is set before anything else: a SIGTERM that arrives while this runs for a SIGINT is no second SIGINT.
        """
        if self.should_exit:
            super().handle_exit(sig, frame)
            return
        self.should_exit = True
        _log.info("stopping")


_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # mallopt(3)
_ARENAS: Final = 2
_MAPPED_FROM_BYTES: Final = 2 * 1024 * 1024
"""Freed blocks of at least this size are returned to the system at once. glibc raises the threshold to 32 MB when such blocks are
freed, and the process would then retain the memory of a compaction or of a chunk of a load."""


def limit_malloc_arenas() -> None:
    """Make glibc, if it is the C library, return free memory to the system. Call it before threads are started."""
    with suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(_ARENA_MAX, _ARENAS)
        set_option(_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)


def tune_interpreter() -> None:
    """Tune the interpreter for many short requests during a load. Call it after all imports."""
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()  # imported modules are never garbage
    gc.set_threshold(_COLLECT_AFTER)
