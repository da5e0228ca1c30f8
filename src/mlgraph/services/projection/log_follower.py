"""The log follower: applies new transactions to the graph and publishes each new version with its watermark."""

from __future__ import annotations

import logging
import time
from typing import Final

from mlgraph.domain import clock
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.inference.rules import Rules
from mlgraph.ports.store import Changes, CommittedTransaction, FactReader
from mlgraph.services.projection.base_manager import BaseManager
from mlgraph.services.projection.commit_feed import MOST_AT_ONCE, CommitFeed
from mlgraph.services.projection.projection_thread import ProjectionThread
from mlgraph.services.projection.projector import Projector

_log = logging.getLogger(__name__)

_POLL_S: Final = 0.25
_TRANSACTIONS: Final = 5000
_MANY: Final = 50_000
"""Pending edge facts from which on the graph may be rebuilt instead of updated; see `Follower._is_mostly_new`."""
_STEP_PAUSE_S: Final = 0.012
_QUIET_S: Final = 1.0
"""A bulk load by this process has paused or ended after so long without a commit of many facts."""
_REST: Final = 9
"""Pause after applying a part of a bulk load, as a multiple of the time that the part took."""
_CATCH_UP: Final = 500
"""Transactions that are applied per step to a graph on a newer base, while the published graph stays current."""


class _BulkLoadThrottle:
    """Decides when the follower applies facts of a bulk load: a tenth of the time during a load by this process, else always.

    To keep the graph current with every chunk costs as much as to store the chunk; with the throttle, the load has almost all of
    the interpreter, which one thread uses at a time. A load by another process needs no throttle.
    """

    def __init__(self) -> None:
        self.is_active = False
        self._not_before = 0.0
        self._committed_at = float("-inf")

    def on_commit(self, facts: int) -> None:
        """Note that this process has committed a transaction with so many facts."""
        if facts > MOST_AT_ONCE:
            self._committed_at = time.monotonic()

    def is_due(self) -> bool:
        """Return whether facts may be applied now."""
        now = time.monotonic()
        return now >= self._not_before or now - self._committed_at >= _QUIET_S

    def pause_after(self, took_s: float, *, is_active: bool) -> None:
        """Pause after a part that took `took_s` seconds. `is_active`: the load continues."""
        self.is_active = is_active
        self._not_before = time.monotonic() + _REST * took_s


class Follower(ProjectionThread):
    """Follows the log in a thread of its own and keeps the graph current."""

    def __init__(self, reader: FactReader, base_manager: BaseManager | None = None) -> None:
        super().__init__("mlgraph-follow", "the graph", _POLL_S)
        self._reader = reader
        self._base_manager = base_manager or BaseManager(reader)
        self._graph = MutableGraph()
        self._projector: Projector | None = None
        self._load = _BulkLoadThrottle()
        self._next: tuple[MutableGraph, Projector] | None = None
        """A graph on a newer base with its projector; replaces the current ones once it has caught up."""
        self._commits = CommitFeed()
        self._checked_at = 0.0
        self.caught_up_at = 0.0
        """Start of the last step that applied all transactions in the store (monotonic seconds; 0: none yet)."""

    @property
    def watermark(self) -> int:
        """The watermark of the last published version of the graph."""
        return self._graph.snapshot.watermark

    def stop(self) -> None:
        """Stop the thread and wait for it; wait for a compaction in progress."""
        super().stop()
        self._base_manager.stop()

    def flush_to_base(self, timeout_s: float) -> None:
        """Compact the graph into the base file, for other processes to map; wait at most `timeout_s` seconds for it."""
        until = time.monotonic() + timeout_s
        self._base_manager.compact_for_others()
        self.nudge()
        while self._base_manager.compacting and time.monotonic() < until and not self._stopping:
            time.sleep(_POLL_S)

    def on_commit(self, committed: CommittedTransaction) -> None:
        """Add a transaction of this process to the commit feed, so that it is not read from the store."""
        self._load.on_commit(committed.facts)
        self._commits.push(committed)
        self.nudge()

    @property
    def rules(self) -> Rules:
        """The rules of which the graph has those edges that traversals follow."""
        return self._base_manager.rules

    def snapshot(self) -> GraphVersion:
        """Return the last published version of the graph."""
        return self._graph.snapshot

    def step(self) -> bool:
        """Read and apply one batch of transactions; return whether there was one."""
        with self._reader.session():
            return self._step()

    def _step(self) -> bool:
        started, seen = time.monotonic(), self._graph.snapshot.watermark
        projector = self._open() if self._projector is None else self._projector
        before = self._graph.snapshot.watermark
        if self._load.is_active and not self._load.is_due():
            time.sleep(_POLL_S)
            return False
        if self._load.is_active and self._next is not None:
            # First, since otherwise it would lag as far until the end of the load, and each transaction be applied twice.
            self._switch_base(lags=True)
            return True
        committed = None if self._load.is_active else self._commits.since(before)
        if committed is not None:
            changes, last_at = committed
            clock.reach(last_at)  # before a reader can see these transactions
            projector.apply(changes)
            complete = self._is_complete(changes.upto, started)
        else:
            complete = self._read_from_store(projector, before)
        if complete:  # all that the store had at that time, even if it is written to all the time
            self.caught_up_at = started
        self._switch_base(lags=not complete)
        with self._published:
            self._published.notify_all()
        return self._graph.snapshot.watermark != seen or self._next is not None

    def _is_complete(self, upto: int, now: float) -> bool:
        """Return whether `upto` is the last transaction in the store; checked at most every `_POLL_S`, else False.

        Other processes may append too, so the commit feed alone does not decide it.
        """
        if now - self._checked_at < _POLL_S:
            return False
        self._checked_at = now
        return self._reader.last_tx() <= upto

    def _read_from_store(self, projector: Projector, before: int) -> bool:
        """Read the transactions after `before` from the store and apply them; return whether these were all."""
        changes = self._reader.changes(before, _TRANSACTIONS)
        if changes.cut:
            self._apply_bulk(projector, changes)
        elif changes.upto != before:
            self._load.is_active = False
            projector.apply(changes)
        return changes.upto - before < _TRANSACTIONS and not changes.cut

    def _open(self) -> Projector:
        graph = self._base_manager.open()
        self._graph, self._projector = graph, self._base_manager.projector(graph)
        return self._projector

    def _apply_bulk(self, projector: Projector, changes: Changes) -> None:
        """Apply a part of a bulk load, or rebuild the graph if most of it is new; the first call only starts the throttle."""
        started = time.monotonic()
        if not self._load.is_active and not self._load.is_due():
            self._load.is_active = True
        elif self._is_mostly_new(self._graph.snapshot.watermark):
            self._rebuild()
            self._load.pause_after(time.monotonic() - started, is_active=False)
        else:
            projector.apply(changes)
            self._load.pause_after(time.monotonic() - started, is_active=True)

    def _rebuild(self) -> None:
        graph = self._base_manager.build()
        self._graph, self._projector, self._next = graph, self._base_manager.projector(graph), None

    def _is_mostly_new(self, before: int) -> bool:
        """Return whether so many facts are pending that to rebuild the graph from the store costs less than to update it."""
        most = max(_MANY, self._graph.base.rows // 2)
        return self._base_manager.writes_files and self._reader.pending(before, most) == most

    def _switch_base(self, *, lags: bool) -> None:
        """Switch to a newer base once its graph has caught up; readers see the same graph before and after.

        `lags`: the present graph may lack transactions of the store.
        """
        if self._next is None:
            base = self._base_manager.newer_base(self._graph, lags=lags)
            if base is None:
                return
            graph = MutableGraph(base)
            self._next = graph, self._base_manager.projector(graph)
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

    def _rest(self, took_s: float) -> None:
        """Pause as long as the step took, up to a bound: events that arrive meanwhile cost less in one batch."""
        time.sleep(min(took_s, _STEP_PAUSE_S))
