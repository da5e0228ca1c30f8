"""Is the server ready, and what does it measure of itself."""

from __future__ import annotations

import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from mlgraph.domain.errors import MlgraphError, Unavailable
from mlgraph.ports.store import FactReader
from mlgraph.services.follow import Follower

MAX_LAG_S: Final = 30.0


class Health:
    """Readiness and metrics of one server."""

    def __init__(self, reader: FactReader, follower: Follower) -> None:
        self._reader = reader
        self._follower = follower
        self._loaded = False
        self._caught_up_once = False
        self._registry = CollectorRegistry()
        self._watermark = Gauge("mlgraph_graph_watermark", "Last transaction in the graph.", registry=self._registry)
        self._stored = Gauge("mlgraph_store_transactions", "Last transaction in the store.", registry=self._registry)
        self._lag = Gauge("mlgraph_graph_lag_seconds", "Seconds since the graph was last current.", registry=self._registry)
        self._nodes = Gauge("mlgraph_graph_nodes", "Nodes of the traversal graph, ports included.", registry=self._registry)
        self._assets = Gauge("mlgraph_assets", "Assets heard of.", registry=self._registry)
        self._unready = Counter("mlgraph_not_ready_total", "Times that /readyz answered 503.", registry=self._registry)

    def loaded(self) -> None:
        """Say that everything that must be there before the first answer is there."""
        self._loaded = True

    def ready(self) -> dict[str, object]:
        """Return the state of the server. Raises `Unavailable` before it has caught up, and while it lags by over 30 s."""
        try:
            watermark = self._reader.last_tx()
            if not self._loaded:
                raise Unavailable("still loading")
            lag = self._lag_s(watermark)
            if not self._caught_up_once:
                if self._follower.caught_up_at == 0.0:
                    raise Unavailable("the graph is being built from the store")
                self._caught_up_once = True
            if lag > MAX_LAG_S:
                why = self._follower.failure or "it is still reading"
                raise Unavailable(f"the graph lags {lag:.0f} s behind the store: {why}")
        except MlgraphError:
            self._unready.inc()
            raise
        return {"status": "ready", "watermark": self._follower.snapshot().watermark, "lag_s": round(lag, 3)}

    def _lag_s(self, stored: int) -> float:
        if self._follower.snapshot().watermark >= stored:
            return 0.0
        return time.monotonic() - self._follower.caught_up_at

    def metrics(self) -> bytes:
        """Return the metrics in the Prometheus text format."""
        snapshot = self._follower.snapshot()
        self._watermark.set(snapshot.watermark)
        self._nodes.set(snapshot.nodes)
        self._assets.set(len(snapshot.registry) - 1)
        try:
            stored = self._reader.last_tx()
            self._stored.set(stored)
            self._lag.set(self._lag_s(stored))
        except MlgraphError:
            self._lag.set(time.monotonic() - self._follower.caught_up_at)
        return generate_latest(self._registry)
