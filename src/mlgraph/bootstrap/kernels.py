"""Warm-up of the compiled kernels at start, with log messages when numba compiles."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from numba.core.event import Event, Listener, install_listener

from mlgraph.graph import warmup as graph_warm
from mlgraph.stores import base_files

_log = logging.getLogger(__name__)

_COMPILE: Final = "numba:compile"
"""numba's event for the compilation of a kernel; loading a kernel from the cache has no event."""


def warm() -> None:
    """Run every kernel that queries need once: it is loaded from numba's cache, or compiled if the cache is empty.

    The start of the first compilation is logged, and at the end the number of compilations and their time. Nothing is logged
    if all kernels come from the cache.
    """
    compilations = Compilations()
    with install_listener(_COMPILE, compilations):
        graph_warm.warm()
        base_files.warm()
    compilations.finish()


class Compilations(Listener):
    """Counts the kernels that any thread compiles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._started_s = 0.0

    def on_start(self, event: Event) -> None:
        """Count a compilation; log the first one."""
        del event
        with self._lock:
            self._count += 1
            if self._count > 1:
                return
            self._started_s = time.monotonic()
        _log.info("compiling graph kernels (once; on a first start, all of them take up to half a minute) ...")

    def on_end(self, event: Event) -> None:
        """Do nothing: `finish` logs the end of all compilations."""

    def finish(self) -> None:
        """Log the number of compiled kernels and the time since the first, if there were any."""
        if self._count:
            took_s = time.monotonic() - self._started_s
            context = {"kernels": self._count, "seconds": round(took_s, 3)}
            _log.info("compiled graph kernels: %d in %.1f s", self._count, took_s, extra={"context": context})
