"""Counting of requests about assets, in memory and stored in batches; and of the runs that read them, from the log."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.errors import MlgraphError
from mlgraph.ports.usage import RETAINED_DAYS, UsageCount, UsageKind, UsageStore
from mlgraph.services.common import metrics
from mlgraph.services.queries.asset_fields import DAY_US

_log = logging.getLogger(__name__)

PERIOD_S: Final = 10.0
"""How often counts are stored. A crash loses those of the last period."""
MAX_COUNTED: Final = 50_000
"""Assets whose requests are counted between two batches; requests about further ones are dropped and counted as such."""
_TRANSACTIONS: Final = 2_000
_REST: Final = 3
"""Pause after counting a part of the log, as a multiple of the time that it took: a load of facts matters more."""
_DELETE_EVERY_S: Final = 3_600.0


class UsageCounter:
    """Counts the use of assets. `requested` can be called from any thread, takes about a microsecond, and never raises."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counts: dict[tuple[int, int], int] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._deleted_at = float("-inf")
        self._failure: str | None = None

    def start(self) -> None:
        """Store counts periodically, in a thread."""
        self._thread = threading.Thread(target=self._run, name="mlgraph-usage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and store the remaining counts."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=30)
        self._attempt()

    def requested(self, asset: int) -> None:
        """Count a request about the asset with this number."""
        key = asset, clock.wall_us() // DAY_US
        with self._lock:
            if key in self._counts:
                self._counts[key] += 1
            elif len(self._counts) < MAX_COUNTED:
                self._counts[key] = 1
            else:
                metrics.USAGE_DROPPED.inc()

    def flush(self) -> None:
        """Store the counted requests. Raises `Unavailable` if the store cannot be reached; the counts then stay."""
        with self._lock:
            taken, self._counts = self._counts, {}
        if not taken:
            return
        try:
            self._store.add([UsageCount(asset, day, UsageKind.REQUEST, count) for (asset, day), count in taken.items()])
        except BaseException:
            with self._lock:
                for key, count in taken.items():
                    self._counts[key] = self._counts.get(key, 0) + count
            raise

    def count_runs(self) -> None:
        """Count the runs of all transactions that are not counted yet, in steps. Raises `Unavailable`."""
        while not self._stopping:
            started = time.monotonic()
            if self._store.count_runs(_TRANSACTIONS) < _TRANSACTIONS:
                return
            self._wake.wait(_REST * (time.monotonic() - started))

    def _run(self) -> None:
        while not self._stopping:
            self._attempt()
            self._wake.wait(PERIOD_S)

    def _attempt(self) -> None:
        """Store and count everything; a failure is logged once and tried again in the next period."""
        try:
            self.flush()
            self.count_runs()
            if not self._stopping and time.monotonic() - self._deleted_at > _DELETE_EVERY_S:
                self._store.delete_until(clock.wall_us() // DAY_US - RETAINED_DAYS)
                self._deleted_at = time.monotonic()
            self._failure = None
        except MlgraphError as error:
            self._failed(error.detail)
        except Exception as error:  # noqa: BLE001 - the thread must survive any failure: usage is a convenience
            _log.exception("usage could not be stored")
            self._failed(str(error))

    def _failed(self, reason: str) -> None:
        if self._failure != reason:
            _log.warning("usage is not stored at the moment, it is tried again every %.0f s: %s", PERIOD_S, reason)
        self._failure = reason
