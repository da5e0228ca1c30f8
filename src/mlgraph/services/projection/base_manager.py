"""The life cycle of the graph's base: open the base file or build the base from the store; compact when the overlay grows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from typing import Final

import numpy as np

from mlgraph.domain.errors import MlgraphError, Unavailable
from mlgraph.graph.csr.assemble import Allocate
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.compact import FrozenGraph, compact, freeze
from mlgraph.graph.csr.snapshot import MutableGraph
from mlgraph.inference.rules import NO_RULES, Rules
from mlgraph.inference.walked_rules import WalkedRules
from mlgraph.ports.base_files import BaseFiles, StoredBase
from mlgraph.ports.store import FactReader
from mlgraph.services.common import metrics
from mlgraph.services.projection.projector import Projector
from mlgraph.services.projection.rebuild import rebuild

_log = logging.getLogger(__name__)

COMPACT_AT: Final = 20_000
"""Overlay rows that start a compaction; a large graph waits until the overlay has a fiftieth of its rows.

A graph that lags waits until it has a twenty-fifth: while a compaction takes place, transactions are applied twice.
"""
COMPACT_AT_MOST: Final = 200_000
"""Overlay rows that start a compaction of any graph: a start reads them from the store again, which must stay short."""
COMPACT_FOR_OTHERS_AT: Final = 1_000
"""Overlay rows that start a compaction before further processes start, each of which would have its own copy of them."""
_POLL_FILES_S: Final = 2.0
"""Interval at which a process that does not write base files looks for a newer one."""


class BaseManager:
    """Opens, builds and stores bases. Without `files`, bases stay in memory. `writes_files`: this process writes the base files.

    `in_passing`: the origins that mention datasets in passing (`Aliases.in_passing`); the names in a base depend on them. A base
    has the edges that those of `rules` infer which traversals follow.
    """

    def __init__(
        self,
        reader: FactReader,
        files: BaseFiles | None = None,
        *,
        writes_files: bool = True,
        in_passing: Collection[str] = (),
        rules: Rules = NO_RULES,
    ) -> None:
        self._reader = reader
        self.rules = rules
        self._walked_rules = WalkedRules(rules)
        self._in_passing = frozenset(in_passing)
        self._files = files
        self._allocate: Allocate = files.allocate if files else np.zeros
        self.writes_files = writes_files
        self._thread: threading.Thread | None = None
        self._compacted: Base | None = None
        self._polled_at = 0.0
        self._compaction_requested = False
        self.compactions = 0
        self.failures = 0

    def open(self) -> MutableGraph:
        """Return the graph of the newest base file that fits the store; without one, of a base built from the store."""
        base = self._newest()
        if base is None:
            return self.build()
        metrics.GRAPH_BASES.labels("opened").inc()
        return MutableGraph(base)

    def build(self) -> MutableGraph:
        """Return the graph of a base built from the store, as of the last transaction."""
        started = time.monotonic()
        base = self._saved(rebuild(self._reader, self._allocate, self._in_passing, self._walked_rules))
        if base.watermark:
            metrics.GRAPH_BASES.labels("rebuilt").inc()
            _log.info("the graph was built from the store: %d rows in %.1f s", base.rows, time.monotonic() - started)
        return MutableGraph(base)

    def projector(self, graph: MutableGraph) -> Projector:
        """Return a projector that continues one of these graphs."""
        return Projector(self._reader, graph, self._in_passing, self._walked_rules)

    def compact_for_others(self) -> None:
        """Request a compaction even of a small overlay, at the next `newer_base`: further processes map the base file."""
        self._compaction_requested = self.writes_files

    @property
    def compacting(self) -> bool:
        """Whether a compaction is requested or in progress."""
        return self._compaction_requested or (self._thread is not None and self._thread.is_alive())

    def _newest(self) -> Base | None:
        stored = self._files.newest() if self._files else None
        if stored is None:
            return None
        if stored.stamp != self._stamp(stored.watermark):
            _log.warning(
                "the base file at watermark %d is not used: it is of another store, of later transactions, of other "
                "connectors or rules, or from before secrets were redacted; the graph is rebuilt from the store",
                stored.watermark,
            )
            return None
        return _base_of(stored)

    def _saved(self, base: Base) -> Base:
        """Store the base in a file and return it mapped from there; return `base` itself if it cannot be stored."""
        stamp = self._stamp(base.watermark)
        if self._files is None or not self.writes_files or stamp is None:
            return base
        try:
            self._files.save(base.sections(), base.watermark, stamp)
        except Unavailable as error:
            self._failed()
            _log.warning("%s; the graph stays in memory", error.detail)
            return base
        stored = self._files.newest()
        fits = stored is not None and (stored.watermark, stored.stamp) == (base.watermark, stamp)
        mapped = _base_of(stored) if stored is not None and fits else None
        return base if mapped is None else mapped

    def newer_base(self, graph: MutableGraph, *, lags: bool = False) -> Base | None:
        """Return a newer base to switch to, if there is one; else start a due compaction. For the thread that owns `graph`.

        `lags`: the store has transactions that `graph` lacks.
        """
        if self._compacted is not None:
            base, self._compacted = self._compacted, None
            return base if base.watermark >= graph.base.watermark else None
        if not self.writes_files:
            return self._newer_file(graph)
        share = graph.base.rows // (25 if lags else 50)
        limit = COMPACT_FOR_OTHERS_AT if self._compaction_requested else max(COMPACT_AT, min(share, COMPACT_AT_MOST))
        if self._thread is not None and self._thread.is_alive():
            return None
        if graph.overlay > limit:
            self._thread = threading.Thread(target=self._compact, args=(freeze(graph),), name="mlgraph-compact", daemon=True)
            self._thread.start()
        self._compaction_requested = False
        return None

    def _newer_file(self, graph: MutableGraph) -> Base | None:
        """Return the base that another process stored since, if there is one."""
        now = time.monotonic()
        if self._files is None or now - self._polled_at < _POLL_FILES_S:
            return None
        self._polled_at = now
        return self._newest() if self._files.newest_watermark() > graph.base.watermark else None

    def _compact(self, frozen: FrozenGraph) -> None:
        """Compact the graph and store the new base."""
        started = time.monotonic()
        try:
            self._compacted = self._saved(compact(frozen, self._allocate))
        except MlgraphError as error:
            self._failed()
            _log.warning("the graph was not compacted: %s", error.detail)
        except Exception:  # the failure must be logged; the graph continues with its present base
            self._failed()
            _log.exception("the graph was not compacted")
        else:
            self.compactions += 1
            took_s = time.monotonic() - started
            metrics.GRAPH_BASES.labels("compacted").inc()
            metrics.COMPACTION_SECONDS.observe(took_s)
            _log.info("the graph was compacted at watermark %d in %.1f s", self._compacted.watermark, took_s)

    def _stamp(self, watermark: int) -> str | None:
        """Return a text that identifies the sources of a base at `watermark`; None if the log is shorter."""
        stamp = self._reader.stamp(watermark)
        return None if stamp is None else f"{stamp} {','.join(sorted(self._in_passing))} {self._walked_rules.digest}"

    def _failed(self) -> None:
        self.failures += 1
        metrics.SNAPSHOT_FAILURES.inc()

    def stop(self) -> None:
        """Wait up to 20 s for a compaction in progress, so that its file is complete."""
        if self._thread is not None:
            self._thread.join(timeout=20)


def _base_of(stored: StoredBase) -> Base | None:
    try:
        return Base.of(stored.sections, stored.watermark)
    except KeyError as error:
        _log.warning("the base file lacks the section %s; the graph is rebuilt from the store", error)
        return None
