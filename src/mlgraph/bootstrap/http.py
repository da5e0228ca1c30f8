"""The HTTP server of one process."""

from __future__ import annotations

import ctypes
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from mlgraph.api.http.protocol import BoundedHttp

_log = logging.getLogger(__name__)

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SWITCH_S: Final = 0.0005
"""How long a thread may keep the interpreter while another one waits. Requests pass through two or three threads: at Python's
own 5 ms for each passing on, one that meets a load waits several times that."""
_COLLECT_AFTER: Final = 50_000
"""Containers made before the collector looks for cycles. A load makes hundreds of thousands a second, none in a cycle: looking
after every 700 of them, as Python does by itself, takes a quarter of its time."""


class Http(uvicorn.Server):
    """uvicorn that leaves it to us what happens once it listens, and once it has stopped."""

    def __init__(self, app: ASGIApp) -> None:
        """Serve `app`."""
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
        self.listening = threading.Event()
        self.failure: str | None = None
        """Why the server cannot go on, if what must happen before it is ready has failed."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT and SIGTERM. uvicorn's own raises them again inside its loop, which would tear what still ends."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        caught = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self.handle_exit) for number in caught}
        try:
            yield
        finally:
            if not self.should_exit:  # else it is stopping already: another signal must not tear what still ends
                for number, handler in before.items():
                    signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop serving."""
        _log.info("stopping")
        super().handle_exit(sig, frame)


_ARENA_MAX, _MMAP_THRESHOLD = -8, -3  # mallopt(3)
_ARENAS: Final = 2
_MAPPED_FROM_BYTES: Final = 2 * 1024 * 1024
"""Blocks from this size on go back to the system as soon as they are free. glibc itself raises the size to 32 MB as it sees such
blocks come and go: what a compaction or a chunk of a load took would then stay with the process."""


def limit_malloc_arenas() -> None:
    """Let the C library give back what is free, where it is glibc; before threads are started."""
    with suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(_ARENA_MAX, _ARENAS)
        set_option(_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)


def tune_interpreter() -> None:
    """Set the interpreter up for many short requests beside a load. For when everything is imported."""
    sys.setswitchinterval(_SWITCH_S)
    gc.collect()
    gc.freeze()  # what is loaded by now stays
    gc.set_threshold(_COLLECT_AFTER)
