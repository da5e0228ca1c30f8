"""Following the log: what transactions touched is computed anew and shown to readers, with the watermark it reaches."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.errors import MlgraphError, Unavailable
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.ports.store import Changes, CommittedTransaction, FactReader
from mlgraph.services.projection.base_manager import BaseManager
from mlgraph.services.projection.commit_feed import CommitFeed
from mlgraph.services.projection.projector import Projector

_log = logging.getLogger(__name__)

_POLL_S: Final = 0.25
_TRANSACTIONS: Final = 5000
_MANY: Final = 50_000
"""Facts about edges from which on the graph may be made anew instead of changed, if they are as many as its rows."""
_STEP_PAUSE_S: Final = 0.012
_QUIET_S: Final = 1.0
"""A load that has not appended for so long has paused or ended."""
_REST: Final = 9
"""How many times as long as it took in a part of a load that is under way the follower then rests."""
_CATCH_UP: Final = 500
"""Transactions that a graph which is to be gone over to takes in at a time, while the one that is read is kept current."""


class _BulkLoadThrottle:
    """When to take in what a load brings: a tenth of the time while it is under way, all of it once it pauses.

    A load has the machine almost to itself so: to keep the graph current with every chunk of it costs as much as to store it.
    """

    def __init__(self) -> None:
        self.under_way = False
        self._not_before = 0.0
        self._seen_tx, self._seen_at = 0, 0.0

    def is_due(self, tx: int) -> bool:
        """Say whether it is time, given the last transaction that is known."""
        now = time.monotonic()
        if tx != self._seen_tx:
            self._seen_tx, self._seen_at = tx, now
        return now >= self._not_before or now - self._seen_at >= _QUIET_S

    def pause_after(self, took_s: float, *, under_way: bool) -> None:
        """Note how long it took to take in a part, and whether there is more."""
        self.under_way = under_way
        self._not_before = time.monotonic() + _REST * took_s


class Follower:
    """Tails the log in a thread of its own and keeps the graph current."""

    def __init__(self, reader: FactReader, snapshots: BaseManager | None = None) -> None:
        self._reader = reader
        self.snapshots = snapshots or BaseManager(reader)
        self._graph = MutableGraph()
        self._projector: Projector | None = None
        self._load = _BulkLoadThrottle()
        self._next: tuple[MutableGraph, Projector] | None = None
        """What is gone over to once it has caught up."""
        self._commits = CommitFeed()
        self._asked_at = 0.0
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
        self.snapshots.stop()

    def flush_to_base(self, patience_s: float) -> None:
        """Bring what was followed so far into the base, for other processes to map; wait for it, but no longer than that."""
        until = time.monotonic() + patience_s
        self.snapshots.compact_for_others()
        self.nudge()
        while self.snapshots.compacting and time.monotonic() < until and not self._stopping:
            time.sleep(_POLL_S)

    def nudge(self) -> None:
        """Say that something was appended."""
        self._wake.set()

    def on_commit(self, committed: CommittedTransaction) -> None:
        """Take over what this process itself appended: it need not be read back."""
        self._commits.push(committed)
        self.nudge()

    def snapshot(self) -> GraphVersion:
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
                    raise Unavailable(f"the graph is at watermark {now}, {watermark} was requested: try again")
                self._moved.wait(left)

    def step(self) -> bool:
        """Read and apply one batch; return whether there was one."""
        with self._reader.session():
            return self._step()

    def _step(self) -> bool:
        started, seen = time.monotonic(), self._graph.snapshot.watermark
        projector = self._open() if self._projector is None else self._projector
        before = self._graph.snapshot.watermark
        if self._load.under_way and not self._load.is_due(self._reader.last_tx()):
            time.sleep(_POLL_S)
            return False
        committed = None if self._load.under_way else self._commits.since(before)
        if committed is not None:
            changes, last_at = committed
            clock.reach(last_at)  # before anybody sees what these transactions say
            projector.apply(changes)
            complete = self._is_all(changes.upto, started)
        else:
            complete = self._read_from_store(projector, before)
        if complete:  # all that there was then: a store that is written to all the time is followed too
            self.caught_up_at = started
        self._switch_base()
        with self._moved:
            self._moved.notify_all()
        return self._graph.snapshot.watermark != seen or self._next is not None

    def _is_all(self, upto: int, now: float) -> bool:
        """Say whether the store holds nothing past `upto`: others may append too, so it is asked, if not each time."""
        if now - self._asked_at < _POLL_S:
            return False
        self._asked_at = now
        return self._reader.last_tx() <= upto

    def _read_from_store(self, projector: Projector, before: int) -> bool:
        """Read from the store what came after transaction `before`, and apply it; return whether that was all there was."""
        changes = self._reader.changes(before, _TRANSACTIONS)
        if changes.cut:
            self._apply_bulk(projector, changes)
        elif changes.upto != before:
            self._load.under_way = False
            projector.apply(changes)
        return changes.upto - before < _TRANSACTIONS and not changes.cut

    def _open(self) -> Projector:
        graph = self.snapshots.open()
        self._graph, self._projector = graph, Projector(self._reader, graph, self.snapshots.in_passing)
        return self._projector

    def _apply_bulk(self, projector: Projector, changes: Changes) -> None:
        """Take in a part of what is too much at once, or make the graph anew, if it is time for that; else stand aside."""
        started = time.monotonic()
        if not self._load.under_way and not self._load.is_due(self._reader.last_tx()):
            self._load.under_way = True
        elif self._is_mostly_new(self._graph.snapshot.watermark):
            self._rebuild()
            self._load.pause_after(time.monotonic() - started, under_way=False)
        else:
            projector.apply(changes)
            self._load.pause_after(time.monotonic() - started, under_way=True)

    def _rebuild(self) -> None:
        graph = self.snapshots.rebuilt()
        self._graph, self._projector, self._next = graph, Projector(self._reader, graph, self.snapshots.in_passing), None

    def _is_mostly_new(self, before: int) -> bool:
        """Say whether so much came that to make the graph anew from the store costs less than to change it."""
        most = max(_MANY, self._graph.base.rows // 2)
        return self.snapshots.writes_files and self._reader.pending(before, most) == most

    def _switch_base(self) -> None:
        """Go over to a newer base once what came since is on top of it: readers see the same before and after."""
        if self._next is None:
            base = self.snapshots.newer_base(self._graph)
            if base is None:
                return
            graph = MutableGraph(base)
            self._next = graph, Projector(self._reader, graph, self.snapshots.in_passing)
        graph, projector = self._next
        reached, upto = graph.snapshot.watermark, self._graph.snapshot.watermark
        if reached < upto:
            projector.apply(
                self._reader.changes(reached, min(_CATCH_UP, upto - reached)), with_attributes=self._projector is None
            )
        if graph.snapshot.watermark == upto:
            if self._projector is not None:
                projector.adopt_caches(self._projector)
            self._graph, self._projector, self._next = graph, projector, None

    def _follow(self) -> None:
        pause = _POLL_S
        while not self._stopping:
            self._wake.clear()
            try:
                while self._timed_step():
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

    def _timed_step(self) -> bool:
        """Step, and leave as much time as that took, up to a bound: events that come in meanwhile are cheaper together."""
        if self._stopping:
            return False
        started = time.monotonic()
        stepped = self.step()
        if stepped:
            time.sleep(min(time.monotonic() - started, _STEP_PAUSE_S))
        return stepped and not self._stopping

    def _failed(self, why: str) -> None:
        if self.failure != why:
            _log.warning("following the log failed: %s", why)
        self.failure = why
