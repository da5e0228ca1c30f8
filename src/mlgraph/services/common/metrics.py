"""What a process counts of itself, in the words of Prometheus: `_total` counts up, times are in seconds, sizes in bytes.

The instruments stand here, one group for each part of the server; whoever does the work moves them. What can be asked for at any
moment (lags, sizes, queues) is set by `services.server.health` when /metrics is read. docs/operations.md has a table of all.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nobody reads

PROCESS: Final = CollectorRegistry()
"""Instruments that live as long as the process."""
ProcessCollector(registry=PROCESS)

_FAST_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# --- intake: what comes in, and how long it takes until it is durable
INTAKE_ITEMS: Final = Counter(
    "mlgraph_intake_items", "Lines and events by what became of them.", ("format", "outcome"), registry=PROCESS
)
INTAKE_BYTES: Final = Counter("mlgraph_intake_bytes", "Bytes of lines and events, decompressed.", ("format",), registry=PROCESS)
APPEND_SECONDS: Final = Histogram(
    "mlgraph_append_seconds", "Time until a batch was durable, waiting included.", buckets=_FAST_S, registry=PROCESS
)
APPENDS_WAITING: Final = Gauge("mlgraph_append_batches_waiting", "Batches that are not durable yet.", registry=PROCESS)

# --- requests: how long answers take, to their last byte
REQUEST_SECONDS: Final = Histogram(
    "mlgraph_http_request_seconds",
    "Time to the last byte of an answer.",
    ("method", "route", "status"),
    buckets=_FAST_S,
    registry=PROCESS,
)
REQUESTS_UNDER_WAY: Final = Gauge("mlgraph_http_requests_under_way", "Requests that are being answered.", registry=PROCESS)

# --- store: what happened to it
POSTGRES_RESTARTS: Final = Counter(
    "mlgraph_postgres_restarts", "Times the embedded PostgreSQL was started anew.", registry=PROCESS
)

# --- graph: where its base came from
GRAPH_BASES: Final = Counter(
    "mlgraph_graph_bases", "Bases of the graph by how they came about: opened, rebuilt or compacted.", ("how",), registry=PROCESS
)
for _how in ("opened", "rebuilt", "compacted"):
    GRAPH_BASES.labels(_how)  # each is there from the start, at 0


class Shortcut(StrEnum):
    """Why rows were not computed from all facts of a group: nothing more would come of it."""

    LONE_FACT = "lone_fact"
    """One fact alone decides the edge (`graph.lone_facts`); only a graph that is built from the store takes it."""


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
    "Time to compact the graph, while it is read.",
    buckets=(0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0),
    registry=PROCESS,
)
SNAPSHOT_FAILURES: Final = Counter(
    "mlgraph_snapshot_failures", "Times a snapshot could not be written, or the graph not be compacted.", registry=PROCESS
)

# --- sources: how tools are asked, and what waits to be asked of them
_SOURCE_REQUESTS: Final = Counter(
    "mlgraph_source_requests", "Requests to connected tools by what came of them.", ("source", "outcome"), registry=PROCESS
)
_SOURCE_RETRIES: Final = Counter("mlgraph_source_retries", "Requests that were sent again.", ("source",), registry=PROCESS)
_SOURCE_SAVED: Final = Counter(
    "mlgraph_source_requests_saved",
    "Requests that were not sent: remembered, or shared with an equal one that waited.",
    ("source", "how"),
    registry=PROCESS,
)
_SOURCE_CIRCUIT_OPEN: Final = Gauge(
    "mlgraph_source_circuit_open",
    "1 while a tool is left alone because it failed again and again.",
    ("source",),
    registry=PROCESS,
)
SOURCE_EVENTS_WAITING: Final = Gauge(
    "mlgraph_source_events_waiting",
    "Things of which an event told and whose truth is not fetched yet.",
    ("source",),
    registry=PROCESS,
)
SOURCE_STALE: Final = Counter(
    "mlgraph_source_stale_answers",
    "Answers that were older than what was known, and left aside.",
    ("source",),
    registry=PROCESS,
)


class SourceCounts:
    """What is counted of the requests to one source."""

    def __init__(self, source: str) -> None:
        """`source` is the name of the instance. Everything is there from the start, at 0."""
        self._source = source
        _SOURCE_REQUESTS.labels(source, "2xx")
        _SOURCE_RETRIES.labels(source)
        for how in ("shared", "remembered"):
            _SOURCE_SAVED.labels(source, how)
        _SOURCE_CIRCUIT_OPEN.labels(source).set(0)
        SOURCE_EVENTS_WAITING.labels(source)
        SOURCE_STALE.labels(source)

    def request(self, outcome: str) -> None:
        """Count a request: `2xx` and so on, `timeout`, or `failed` where nothing came back."""
        _SOURCE_REQUESTS.labels(self._source, outcome).inc()

    def retry(self) -> None:
        """Count a request that is sent again."""
        _SOURCE_RETRIES.labels(self._source).inc()

    def shared(self) -> None:
        """Count a request that an equal one, not sent yet, stands for."""
        _SOURCE_SAVED.labels(self._source, "shared").inc()

    def answered_from_cache(self) -> None:
        """Count a request that need not be sent because its answer is remembered."""
        _SOURCE_SAVED.labels(self._source, "remembered").inc()

    def circuit(self, is_open: bool) -> None:  # noqa: FBT001 - it is told of a change
        """Note whether the source is left alone."""
        _SOURCE_CIRCUIT_OPEN.labels(self._source).set(is_open)
