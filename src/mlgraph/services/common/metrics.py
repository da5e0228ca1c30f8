"""Prometheus metrics of the process, one group for each part of the server.

The code that does the work updates them. Gauges that can be computed at any moment (lags, sizes, queues) are set by
`services.server.health` when /metrics is read. Times are in seconds, sizes in bytes. docs/operations.md lists all metrics.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, without a reader

PROCESS: Final = CollectorRegistry()
"""Instruments that live as long as the process."""
ProcessCollector(registry=PROCESS)

_FAST_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# --- intake
INTAKE_ITEMS: Final = Counter("mlgraph_intake_items", "Lines and events, by outcome.", ("format", "outcome"), registry=PROCESS)
INTAKE_BYTES: Final = Counter("mlgraph_intake_bytes", "Bytes of lines and events, decompressed.", ("format",), registry=PROCESS)
APPEND_SECONDS: Final = Histogram(
    "mlgraph_append_seconds", "Time until a batch was durable, including the wait.", buckets=_FAST_S, registry=PROCESS
)
APPENDS_WAITING: Final = Gauge("mlgraph_append_batches_waiting", "Batches that are not yet durable.", registry=PROCESS)

# --- requests
REQUEST_SECONDS: Final = Histogram(
    "mlgraph_http_request_seconds",
    "Time to the last byte of the response.",
    ("method", "route", "status"),
    buckets=_FAST_S,
    registry=PROCESS,
)
REQUESTS_UNDER_WAY: Final = Gauge("mlgraph_http_requests_under_way", "Requests in progress.", registry=PROCESS)

# --- store
POSTGRES_RESTARTS: Final = Counter(
    "mlgraph_postgres_restarts", "Restarts of the embedded PostgreSQL after it died.", registry=PROCESS
)

# --- graph
GRAPH_BASES: Final = Counter(
    "mlgraph_graph_bases", "Graph bases, by how they were made: opened, rebuilt or compacted.", ("how",), registry=PROCESS
)
for _how in ("opened", "rebuilt", "compacted"):
    GRAPH_BASES.labels(_how)  # each series exists from the start, at 0


class Shortcut(StrEnum):
    """Reasons for not computing rows from all facts of a group; the result is the same."""

    LONE_FACT = "lone_fact"
    """One fact alone decides the edge (`graph.projection.lone_facts`); used only when the graph is built from the store."""


_SHORTCUTS: Final = Counter(
    "mlgraph_projection_shortcuts",
    "Groups of rows that were not computed from all of their facts, by reason.",
    ("reason",),
    registry=PROCESS,
)
for _reason in Shortcut:
    _SHORTCUTS.labels(_reason)


def count_shortcut(reason: Shortcut, times: int = 1) -> None:
    """Count groups of rows (an edge, a workflow) for which a shortcut was taken."""
    _SHORTCUTS.labels(reason).inc(times)


COMPACTION_SECONDS: Final = Histogram(
    "mlgraph_graph_compaction_seconds",
    "Time to compact the graph; it stays readable meanwhile.",
    buckets=(0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0),
    registry=PROCESS,
)
SNAPSHOT_FAILURES: Final = Counter(
    "mlgraph_snapshot_failures", "Failures to write a base file or to compact the graph.", registry=PROCESS
)

# --- sources
_SOURCE_REQUESTS: Final = Counter(
    "mlgraph_source_requests", "Requests to connected tools, by outcome.", ("source", "outcome"), registry=PROCESS
)
_SOURCE_RETRIES: Final = Counter("mlgraph_source_retries", "Requests that repeated a failed one.", ("source",), registry=PROCESS)
_SOURCE_SAVED: Final = Counter(
    "mlgraph_source_requests_saved",
    "Requests that were not sent: answered from the cache (remembered), or shared with an equal request that waited.",
    ("source", "how"),
    registry=PROCESS,
)
_SOURCE_CIRCUIT_OPEN: Final = Gauge(
    "mlgraph_source_circuit_open",
    "1 while the circuit breaker of the source is open.",
    ("source",),
    registry=PROCESS,
)
USAGE_DROPPED: Final = Counter(
    "mlgraph_usage_dropped",
    "Requests that usage does not count, because they were about too many different assets in a short time.",
    registry=PROCESS,
)
SOURCE_EVENTS_WAITING: Final = Gauge(
    "mlgraph_source_events_waiting",
    "Objects that events named and that are not yet fetched.",
    ("source",),
    registry=PROCESS,
)
SOURCE_STALE: Final = Counter(
    "mlgraph_source_stale_answers",
    "Answers older than the stored state, discarded.",
    ("source",),
    registry=PROCESS,
)


class SourceCounts:
    """Metrics of the requests to one source."""

    def __init__(self, source: str) -> None:
        """`source` is the name of the connected source. All its series exist from the start, at 0."""
        self._source = source
        _SOURCE_REQUESTS.labels(source, "2xx")
        _SOURCE_RETRIES.labels(source)
        for how in ("shared", "remembered"):
            _SOURCE_SAVED.labels(source, how)
        _SOURCE_CIRCUIT_OPEN.labels(source).set(0)
        SOURCE_EVENTS_WAITING.labels(source)
        SOURCE_STALE.labels(source)

    def request(self, outcome: str) -> None:
        """Count a request; `outcome`: `2xx`, `4xx`, `5xx`, `timeout`, or `failed` without a response."""
        _SOURCE_REQUESTS.labels(self._source, outcome).inc()

    def retry(self) -> None:
        """Count a retry."""
        _SOURCE_RETRIES.labels(self._source).inc()

    def shared(self) -> None:
        """Count a request that shares the response of an equal one that is not yet sent."""
        _SOURCE_SAVED.labels(self._source, "shared").inc()

    def answered_from_cache(self) -> None:
        """Count a request that the cache answered."""
        _SOURCE_SAVED.labels(self._source, "remembered").inc()

    def circuit(self, is_open: bool) -> None:  # noqa: FBT001 - a callback with one argument
        """Record whether the circuit breaker is open."""
        _SOURCE_CIRCUIT_OPEN.labels(self._source).set(is_open)
