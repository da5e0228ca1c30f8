"""Getting the compiled kernels ready at a start, and saying so where that takes time."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from numba.core.event import Event, Listener, install_listener

from mlgraph.graph import warmup as graph_warm
from mlgraph.stores import snapshot_files

_log = logging.getLogger(__name__)

_COMPILE: Final = "numba:compile"
"""numba's event of a kernel that is really compiled; one that is loaded from the cache has none."""


def warm() -> None:
    """Run every kernel that queries need, once: loaded from numba's cache, or compiled where that is empty.

    The first compilation is announced in the log, and so are their number and time when all are done. Nothing is logged
    where all kernels come from the cache.
    """
    compilations = Compilations()
    with install_listener(_COMPILE, compilations):
        graph_warm.warm()
        snapshot_files.warm()
    compilations.finish()


class Compilations(Listener):
    """Counts the kernels that are compiled, by whichever thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._began = 0.0

    def on_start(self, event: Event) -> None:
        """Announce the first compilation."""
        del event
        with self._lock:
            self._count += 1
            if self._count > 1:
                return
            self._began = time.monotonic()
        _log.info("compiling graph kernels (each only once; all of them, on a first start, take up to half a minute) ...")

    def on_end(self, event: Event) -> None:
        """Do nothing: `finish` reports when all are done."""

    def finish(self) -> None:
        """Log how many kernels were compiled, in what time, if any were."""
        if self._count:
            took_s = time.monotonic() - self._began
            context = {"kernels": self._count, "seconds": round(took_s, 3)}
            _log.info("compiled graph kernels: %d in %.1f s", self._count, took_s, extra={"context": context})
