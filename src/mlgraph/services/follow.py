"""Following the log: what transactions touched is computed anew and shown to readers, with the watermark it reaches."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from mlgraph.domain.errors import MlgraphError, Unavailable
from mlgraph.graph.snapshot import Graph, Snapshot
from mlgraph.ports.store import FactReader
from mlgraph.services.projector import Projector

_log = logging.getLogger(__name__)

_POLL_S: Final = 0.25
_TRANSACTIONS: Final = 5000


class Follower:
    """Tails the log in a thread of its own and keeps the graph current."""

    def __init__(self, reader: FactReader, graph: Graph) -> None:
        self._reader = reader
        self._projector = Projector(reader, graph)
        self._graph = graph
        self._wake = threading.Event()
        self._moved = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self.caught_up_at = 0.0
        """When it was that all of the store is known to have been read (monotonic seconds; 0: not yet)."""
        self.failure: str | None = None

    def start(self) -> None:
        """Start to follow."""
        self._thread = threading.Thread(target=self._follow, name="mlgraph-follow", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop following, and wait until the thread has ended."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def nudge(self) -> None:
        """Say that something was appended."""
        self._wake.set()

    def snapshot(self) -> Snapshot:
        """Return the graph as last published."""
        return self._graph.snapshot

    def wait_for(self, watermark: int, timeout_s: float) -> None:
        """Return once the graph includes transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        until = time.monotonic() + timeout_s
        self.nudge()
        with self._moved:
            while self._graph.snapshot.watermark < watermark:
                left = until - time.monotonic()
                if left <= 0:
                    now = self._graph.snapshot.watermark
                    raise Unavailable(f"the graph is at watermark {now}, {watermark} was asked for: try again")
                self._moved.wait(left)

    def step(self) -> bool:
        """Read and apply one batch; return whether there was one."""
        began = time.monotonic()
        before = self._graph.snapshot.watermark
        most = _TRANSACTIONS if before else 2**31
        changes = self._reader.changes(before, most)
        if changes.upto == before:
            self.caught_up_at = began
            return False
        self._projector.apply(changes)
        if changes.upto - before < most:  # all that there was: a store that is written to all the time is followed too
            self.caught_up_at = began
        with self._moved:
            self._moved.notify_all()
        return True

    def _follow(self) -> None:
        pause = _POLL_S
        while not self._stopping:
            self._wake.clear()
            try:
                while self.step():
                    pass
                self.failure, pause = None, _POLL_S
            except MlgraphError as error:
                self._failed(error.detail)
                pause = min(pause * 2, 5.0)
            except Exception as error:  # the thread must outlive any fault: it is told by /readyz and the log
                _log.exception("the graph could not be brought up to date")
                self._failed(str(error))
                pause = min(pause * 2, 5.0)
            self._wake.wait(pause)

    def _failed(self, why: str) -> None:
        if self.failure != why:
            _log.warning("following the log failed: %s", why)
        self.failure = why
