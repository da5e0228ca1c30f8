"""Readiness of the server and its Prometheus metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from mlgraph.domain.errors import MlgraphError, Unavailable
from mlgraph.ports.dead_letters import DeadLetterCounts
from mlgraph.ports.event_warnings import WarningCount
from mlgraph.ports.pool import Pool
from mlgraph.ports.store import FactReader
from mlgraph.services.common import metrics
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.search.projection import SearchProjection

MAX_LAG_S: Final = 30.0
NOTABLE_LAG_S: Final = 1.5
"""From this lag on a page says that its answers are behind. The follower looks at the store several times a second."""
_GRAPH: Final = "graph"
_SEARCH: Final = "search"


class Health:
    """Readiness and metrics of one server."""

    def __init__(self, reader: FactReader, follower: Follower, search: SearchProjection | None = None) -> None:
        self._reader = reader
        self._search = search
        self._follower = follower
        self._started_at = time.monotonic()
        self._loaded = False
        self._caught_up_once = False
        self._gauges = _Gauges()
        self._pool: Callable[[], Pool] | None = None
        self._dead_letters: Callable[[], DeadLetterCounts] | None = None
        self._warnings: Callable[[], Sequence[WarningCount]] | None = None

    def watch(
        self,
        pool: Callable[[], Pool],
        dead_letters: Callable[[], DeadLetterCounts],
        warnings: Callable[[], Sequence[WarningCount]],
    ) -> None:
        """Add the metrics of the connection pool, of dead letters and of warnings. The last two may raise `Unavailable`."""
        self._pool, self._dead_letters, self._warnings = pool, dead_letters, warnings

    def loaded(self) -> None:
        """Mark the server as loaded: everything needed for the first answer is available."""
        self._loaded = True

    def ready(self) -> dict[str, object]:
        """Return the state of the server. Raises `Unavailable` before it has caught up, and while it lags by over 30 s."""
        try:
            watermark = self._reader.last_tx()
            if not self._loaded:
                raise Unavailable("the server is still loading")
            lag = self._lag_s(watermark)
            if not self._caught_up_once:
                if self._follower.caught_up_at == 0.0:
                    raise Unavailable("the graph is being built from the store")
                self._caught_up_once = True
            if lag > MAX_LAG_S:
                reason = self._follower.failure or "it is still reading"
                raise Unavailable(f"the graph lags {lag:.0f} s behind the store: {reason}")
            search = self._search_state(watermark)
        except MlgraphError:
            self._gauges.unready.inc()
            raise
        return {"status": "ready", "watermark": self._follower.snapshot().watermark, "lag_s": round(lag, 3), **search}

    def _search_state(self, stored: int) -> dict[str, object]:
        """Return watermark and lag of search. Raises `Unavailable` while it lags by over 30 s, but not during its first build."""
        search = self._search
        if search is None:
            return {}
        lag = self._search_lag_s(search, stored)
        if search.caught_up_at and lag > MAX_LAG_S:
            raise Unavailable(f"search lags {lag:.0f} s behind the store: {search.failure or 'it is still reading'}")
        return {"search": {"watermark": search.watermark, "lag_s": round(lag, 3), "failure": search.failure}}

    def _search_lag_s(self, search: SearchProjection, stored: int) -> float:
        return 0.0 if search.watermark >= stored else time.monotonic() - (search.caught_up_at or self._started_at)

    def _lag_s(self, stored: int) -> float:
        if self._follower.snapshot().watermark >= stored:
            return 0.0
        return self._since_current_s()

    def _since_current_s(self) -> float:
        return time.monotonic() - (self._follower.caught_up_at or self._started_at)

    def progress(self) -> dict[str, object]:
        """Return at once, without the store, how far answers are; `behind`: they lag by more than `NOTABLE_LAG_S`."""
        snapshot = self._follower.snapshot()
        since_s = self._since_current_s()
        return {
            "watermark": snapshot.watermark,
            "assets": len(snapshot.asset_index) - 1,
            "behind": since_s > NOTABLE_LAG_S,
            "lag_s": round(since_s, 1) if since_s > NOTABLE_LAG_S else 0.0,
        }

    def metrics(self) -> bytes:
        """Return the metrics in the Prometheus text format. A value that cannot be read now has its last reading."""
        gauges, snapshot = self._gauges, self._follower.snapshot()
        gauges.watermark.labels(_GRAPH).set(snapshot.watermark)
        gauges.nodes.set(snapshot.nodes)
        gauges.assets.set(len(snapshot.asset_index) - 1)
        if self._pool is not None:
            pool = self._pool()
            gauges.pool_size.set(pool.size)
            gauges.pool_idle.set(pool.idle)
            gauges.pool_waiting.set(pool.waiting)
        try:
            stored = self._reader.last_tx()
            gauges.stored.set(stored)
            gauges.lag.labels(_GRAPH).set(self._lag_s(stored))
            gauges.behind.labels(_GRAPH).set(max(0, stored - snapshot.watermark))
            if self._search is not None:
                gauges.watermark.labels(_SEARCH).set(self._search.watermark)
                gauges.lag.labels(_SEARCH).set(self._search_lag_s(self._search, stored))
                gauges.behind.labels(_SEARCH).set(max(0, stored - self._search.watermark))
            if self._dead_letters is not None:
                counts = self._dead_letters()
                gauges.dead_letters_waiting.set(counts.waiting)
                gauges.dead_letters.set(counts.total)
            if self._warnings is not None:
                gauges.warnings.counts = self._warnings()
            gauges.store_up.set(1)
        except MlgraphError:
            gauges.store_up.set(0)
            gauges.lag.labels(_GRAPH).set(self._since_current_s())
        return generate_latest(gauges.registry) + generate_latest(metrics.PROCESS)


class _WarningCounter(Collector):
    """The counter of warnings, which the store counts for all processes; `counts` is its last reading."""

    def __init__(self) -> None:
        self.counts: Sequence[WarningCount] = ()

    def collect(self) -> Iterable[Metric]:
        """Yield the counter, with a sample for each format and source."""
        text = "Details of events that were left out or read differently, by format and source of the token."
        family = CounterMetricFamily("mlgraph_intake_warnings", text, labels=("format", "source"))
        for count in self.counts:
            family.add_metric((count.format, count.source or ""), count.warnings)
        yield family


class _Gauges:
    """Metrics that are computed when /metrics is read."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()

        def gauge(name: str, meaning: str, *labels: str) -> Gauge:
            return Gauge(name, meaning, labels, registry=registry)

        gauge("mlgraph_build_info", "Constant 1; the label has the version.", "version").labels(version("mlgraph")).set(1)
        self.warnings = _WarningCounter()
        registry.register(self.warnings)
        self.unready = Counter("mlgraph_not_ready", "Number of 503 answers of /readyz.", registry=registry)
        self.store_up = gauge("mlgraph_store_up", "1 while the store answers, else 0.")
        self.stored = gauge("mlgraph_store_transactions", "Last transaction in the store.")
        self.watermark = gauge("mlgraph_projection_watermark", "Last transaction included in a projection.", "projection")
        self.lag = gauge("mlgraph_projection_lag_seconds", "Seconds since a projection was last current.", "projection")
        self.behind = gauge("mlgraph_projection_lag_transactions", "Transactions not yet included in a projection.", "projection")
        self.nodes = gauge("mlgraph_graph_nodes", "Nodes of the traversal graph, ports included.")
        self.assets = gauge("mlgraph_assets", "Assets named by any fact, in an edge or by themselves.")
        self.pool_size = gauge("mlgraph_database_pool_size", "Connections to PostgreSQL.")
        self.pool_idle = gauge("mlgraph_database_pool_idle", "Idle connections to PostgreSQL.")
        self.pool_waiting = gauge("mlgraph_database_pool_waiting", "Requests waiting for a connection to PostgreSQL.")
        self.dead_letters_waiting = gauge("mlgraph_dead_letters_waiting", "Dead letters waiting for replay.")
        self.dead_letters = gauge("mlgraph_dead_letters", "Dead letters ever stored, replayed ones included.")
