"""The graph's base between starts: opened where it fits the store, else made anew; compacted as changes add up."""

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
from mlgraph.ports.base_files import SnapshotFiles, StoredBase
from mlgraph.ports.store import FactReader
from mlgraph.services.common import metrics
from mlgraph.services.projection.rebuild import rebuild

_log = logging.getLogger(__name__)

COMPACT_AT: Final = 20_000
"""Changes at which the graph is compacted, if it is not so large that it can wait for a fiftieth of it."""
COMPACT_AT_MOST: Final = 200_000
"""However large it is: what a start has to read anew must stay short."""
COMPACT_FOR_OTHERS_AT: Final = 1_000
"""Changes that are worth a compaction where further processes are about to start: each would hold them for itself."""
_LOOK_EVERY_S: Final = 2.0


class BaseManager:
    """Opens, builds and stores bases. If `files` is None, the base is in memory alone. `writes_files`: this process writes them.

    `in_passing`: the origins that mention datasets in passing (`Aliases.in_passing`), on which the names in a base depend.
    """

    def __init__(
        self,
        reader: FactReader,
        files: SnapshotFiles | None = None,
        *,
        writes_files: bool = True,
        in_passing: Collection[str] = (),
    ) -> None:
        self._reader = reader
        self.in_passing = frozenset(in_passing)
        self._files = files
        self._allocate: Allocate = files.allocate if files else np.zeros
        self.writes_files = writes_files
        self._thread: threading.Thread | None = None
        self._made: Base | None = None
        self._looked_at = 0.0
        self._for_others = False
        self.compactions = 0
        self.failures = 0

    def open(self) -> MutableGraph:
        """Return the graph as of the newest snapshot that fits the store, or as of now where there is none."""
        base = self._newest()
        if base is None:
            return self.rebuilt()
        metrics.GRAPH_BASES.labels("opened").inc()
        return MutableGraph(base)

    def rebuilt(self) -> MutableGraph:
        """Return the graph as of now, made from the store alone."""
        started = time.monotonic()
        base = self._saved(rebuild(self._reader, self._allocate, self.in_passing))
        if base.watermark:
            metrics.GRAPH_BASES.labels("rebuilt").inc()
            _log.info("the graph was built from the store: %d rows in %.1f s", base.rows, time.monotonic() - started)
        return MutableGraph(base)

    def compact_for_others(self) -> None:
        """Let the next look at the graph compact it even if little changed: further processes map what is in the file."""
        self._for_others = self.writes_files

    @property
    def compacting(self) -> bool:
        """Whether a compaction is asked for, or under way."""
        return self._for_others or (self._thread is not None and self._thread.is_alive())

    def _newest(self) -> Base | None:
        stored = self._files.newest() if self._files else None
        if stored is None:
            return None
        if stored.stamp != self._stamp(stored.watermark):
            _log.warning(
                "the snapshot of the graph at watermark %d is not of this store, or ahead of it, or of other connectors: "
                "building it anew",
                stored.watermark,
            )
            return None
        return _base_of(stored)

    def _saved(self, base: Base) -> Base:
        """Keep the base in a file and return it as mapped from there; as it is, where it cannot be kept."""
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

    def newer_base(self, graph: MutableGraph) -> Base | None:
        """Return a newer base to go on from, if there is one; start to make one where it is time. For the writer of `graph`."""
        if self._made is not None:
            base, self._made = self._made, None
            return base if base.watermark >= graph.base.watermark else None
        if not self.writes_files:
            return self._from_others(graph)
        limit = COMPACT_FOR_OTHERS_AT if self._for_others else max(COMPACT_AT, min(graph.base.rows // 50, COMPACT_AT_MOST))
        if self._thread is not None and self._thread.is_alive():
            return None
        if graph.overlay > limit:
            self._thread = threading.Thread(target=self._compact, args=(freeze(graph),), name="mlgraph-compact", daemon=True)
            self._thread.start()
        self._for_others = False
        return None

    def _from_others(self, graph: MutableGraph) -> Base | None:
        now = time.monotonic()
        if self._files is None or now - self._looked_at < _LOOK_EVERY_S:
            return None
        self._looked_at = now
        return self._newest() if self._files.newest_watermark() > graph.base.watermark else None

    def _compact(self, frozen: FrozenGraph) -> None:
        """Make and keep a base."""
        started = time.monotonic()
        try:
            self._made = self._saved(compact(frozen, self._allocate))
        except MlgraphError as error:
            self._failed()
            _log.warning("the graph was not compacted: %s", error.detail)
        except Exception:  # the thread must not end unheard: the graph goes on with what it has
            self._failed()
            _log.exception("the graph was not compacted")
        else:
            self.compactions += 1
            took_s = time.monotonic() - started
            metrics.GRAPH_BASES.labels("compacted").inc()
            metrics.COMPACTION_SECONDS.observe(took_s)
            _log.info("the graph was compacted at watermark %d in %.1f s", self._made.watermark, took_s)

    def _stamp(self, watermark: int) -> str | None:
        """Return what a base at `watermark` was made of; None if the store does not reach so far."""
        stamp = self._reader.stamp(watermark)
        return None if stamp is None else f"{stamp} {','.join(sorted(self.in_passing))}"

    def _failed(self) -> None:
        self.failures += 1
        metrics.SNAPSHOT_FAILURES.inc()

    def stop(self) -> None:
        """Wait for a compaction that is under way: half a file is of no use, but it ends soon."""
        if self._thread is not None:
            self._thread.join(timeout=20)


def _base_of(stored: StoredBase) -> Base | None:
    try:
        return Base.of(stored.sections, stored.watermark)
    except KeyError as error:
        _log.warning("the snapshot of the graph lacks %s: building it anew", error)
        return None
