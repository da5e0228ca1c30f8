"""Status of a connected source for `mlgraph sources`: state, lag, errors, next sweeps, circuit breaker; and its probe."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from mlgraph.domain.configuration import RequestLimits, Schedule
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.timestamps import format_time
from mlgraph.ports.connections import Connection
from mlgraph.ports.connector import Connector, PulledConnector
from mlgraph.ports.event_warnings import WarningCount
from mlgraph.ports.source_adapter import Access
from mlgraph.services.sources.reading_report import ReadingReport
from mlgraph.services.sources.source_worker import Reading, SourceWorker, next_sweeps


def status(connection: Connection, reading: Reading | None, dead_letters: int, now: int) -> dict[str, Any]:
    """Return the status of one source at the moment `now` (microseconds); `reading` None: it is not read."""
    c = connection
    following = reading is not None and c.last_sync_at is not None
    last_sweep, full = next_sweeps(c, reading.schedule, now) if reading is not None and following else (None, None)
    return {
        "name": c.name,
        "kind": c.kind,
        "url": c.url,
        "state": c.state,
        "done": c.done,
        "total": c.total,
        "error": c.error,
        "last_sync_at": _time(c.last_sync_at),
        "configured": c.configured,
        "scope": c.scope,
        "place": c.place,
        "registry": c.registry,
        "environment": reading.environment if reading else None,
        "lag_s": None if c.polled_at is None else max(0.0, round((now - c.polled_at) / 1e6, 1)),
        "last_poll_at": _time(c.polled_at),
        "last_change_at": _time(c.changed_at),
        "errors": c.errors,
        "last_error": c.last_error,
        "last_error_at": _time(c.last_error_at),
        "last_sweep_at": _time(c.swept_at),
        "next_sweep_at": _time(last_sweep),
        "next_full_sweep_at": _time(full),
        "dead_letters": dead_letters,
        "schedule": _schedule(reading.schedule) if reading else None,
        "limits": _limits(reading.access.limits) if reading else None,
    }


def hydration(worker: SourceWorker | None) -> dict[str, Any]:
    """Return the circuit breaker of a source, its number of waiting events, and what was read; without a worker None and 0."""
    circuit = worker.circuit() if worker is not None else None
    return {
        "circuit": circuit.name if circuit else None,
        "retry_in_s": round(circuit.retry_in_s, 1) if circuit and circuit.name == "open" else None,
        "events_waiting": worker.waiting() if worker is not None else 0,
        **(worker.report if worker is not None else ReadingReport()).body(),
    }


def warnings_of(count: WarningCount) -> dict[str, Any]:
    """Return the counts of warnings of one format and source, with the latest warning."""
    return {
        "format": count.format,
        "source": count.source,
        "events": count.events,
        "warnings": count.warnings,
        "last_at": format_time(count.last_at),
        "last": {"pointer": count.last.pointer, "message": count.last.message},
    }


def probe(connector: PulledConnector, connection: Connection, access: Access) -> dict[str, Any]:
    """Connect to a source once with the settings `access`; return version and counts, or the error."""
    started_at = time.monotonic()
    fields: dict[str, Any] = {"name": connection.name, "kind": connection.kind, "url": connection.url}
    answer: dict[str, Any] = {"version": None, "counts": {}, "more": False, "error": None}
    try:
        with contextlib.closing(connector.sources.open(access, patient=False)) as source:
            found = source.probe()
    except MlgraphError as error:
        answer["error"] = error.detail
    else:
        answer |= {"version": found.version, "counts": dict(found.counts), "more": found.more}
    took_ms = round((time.monotonic() - started_at) * 1000, 1)
    return {
        **fields,
        "ok": answer["error"] is None,
        **answer,
        "authenticated": access.credentials is not None,
        "took_ms": took_ms,
    }


def declared(connector: Connector, server: str, *, needs_token: bool) -> dict[str, Any]:
    """Return the declared properties of a connector, with its setup for a server at the URL `server`."""
    return {
        "name": connector.name,
        "accepts_events": connector.accepts_events,
        "connects": isinstance(connector, PulledConnector),
        "event_types": list(connector.event_types),
        "kinds": list(connector.kinds),
        "relations": list(connector.relations),
        "redacted": list(connector.redacted),
        "cloudevent_types": list(connector.cloudevent_types),
        "media_types": list(connector.media_types),
        "mentions_in_passing": connector.mentions_in_passing,
        "setup": [
            {"tool": each.tool, "where": each.where, "lines": each.of_server(server, needs_token=needs_token)}
            for each in connector.setup
        ],
    }


def _time(micros: int | None) -> str | None:
    return None if micros is None else format_time(micros)


def _schedule(schedule: Schedule) -> dict[str, float]:
    return {"poll_s": schedule.poll_s, "sweep_s": schedule.sweep_s, "full_sweep_s": schedule.full_sweep_s}


def _limits(limits: RequestLimits) -> dict[str, float]:
    return {"requests_per_s": limits.requests_per_s, "concurrency": limits.concurrency, "timeout_s": limits.timeout_s}
