"""Worker of one connected source: backfill, poll, sweep. Objects named by events are fetched concurrently (event_worker)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from mlgraph.domain import clock
from mlgraph.domain.configuration import Schedule
from mlgraph.domain.errors import MlgraphError, SourceError
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connections import Connection
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import Access, CircuitState, Departure, Gone, SourceAdapter, States
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.event_queue import EventQueue
from mlgraph.services.sources.event_worker import EventWorker
from mlgraph.services.sources.freshness import RequestTime
from mlgraph.services.sources.interpretation import SourceResponse
from mlgraph.services.sources.source_writer import SourceDependencies, SourceWriter

_log = logging.getLogger(__name__)

MAX_BACKOFF_S: Final = 300.0
_ACTOR: Final = "mlgraph"
_COMPARISON_SPACING: Final = 5.0
"""Pause after a comparison, in units of its duration: comparisons requested by events take a sixth of the time at most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Settings for reading one source: access, schedule, and the environment that its facts are attributed to."""

    access: Access
    schedule: Schedule = field(default_factory=Schedule)
    environment: str | None = None


class SourceWorker:
    """Reads one source. One poll, backfill or sweep runs at a time; objects of events are fetched concurrently."""

    def __init__(self, dependencies: SourceDependencies, connector: PulledConnector, name: str, reading: Reading) -> None:
        self._dependencies = dependencies
        self._connector = connector
        self._name = name
        self._schedule = reading.schedule
        self._threads = reading.access.limits.concurrency
        self._source: SourceAdapter = connector.sources.open(reading.access)
        caller = Caller(_ACTOR, connector.name, reading.environment)
        self._recorder = SourceWriter(dependencies, connector, name, caller, reading.access.naming)
        self.report = self._recorder.report
        self._queue = EventQueue(dependencies.events, name)
        self._events = EventWorker(
            connector, self._source, self._recorder, self._queue, dependencies.dead_letters, self._on_missing
        )
        self._walk, self._wake, self._stopping = threading.Lock(), threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._fresh = self._resumes = False  # after a restart all is read again: that finds changes which updated no time
        self._missing, self._compare_after = False, 0.0

    def begin(self, connection: Connection) -> None:
        """Start the threads, or wake them: resume the backfill of `connection`, then poll; fetch the objects of events."""
        self._events.begin(self._threads)
        self._wake.set()
        if self._thread is None or not self._thread.is_alive():
            self._fresh = self._resumes = connection.state == "following"
            self._thread = threading.Thread(target=self._work, name=f"mlgraph-{self._name}", daemon=True)
            self._thread.start()

    def read_again(self) -> Connection:
        """Schedule a backfill from the beginning, or resume an unfinished one; return the connection."""
        return self._recorder.read_again()

    def halt(self) -> None:
        """Signal the threads to end."""
        self._stopping.set()
        self._wake.set()
        self._queue.close()

    def stop(self, timeout_s: float) -> None:
        """Stop the threads. One that still waits for its source after `timeout_s` seconds ends with the process (daemon)."""
        self.halt()
        until = time.monotonic() + timeout_s
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._events.stop(until)
        self._source.close()

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._source.circuit()

    def waiting(self) -> int:
        """Return the number of objects named by events whose state is not fetched yet."""
        return self._queue.waiting()

    def take_event(self, event: Mapping[str, Any]) -> int:
        """Store a verified event durably, so that its object is fetched; return the last transaction of the store."""
        named = self._events.event_of(event)
        if named is not None:
            self._queue.add(named)
        return self._recorder.last_tx()

    def fetch(self, event: Mapping[str, Any]) -> int:
        """Fetch the object of an event now; return the last transaction. Raises `MlgraphError` if that fails."""
        named = self._events.event_of(event)
        return self._recorder.last_tx() if named is None else self._events.fetch(named)

    def sweep(self, *, resume: bool = False) -> None:
        """Read everything, then find deletions and renames. With `resume` an interrupted sweep continues at its last page.

        Raises `SourceError` if the source fails or some of its objects could not be interpreted.
        """
        faults: list[str] = []
        with self._walk:
            at = self._recorder.connection().sweep_cursor if resume else None
            self.report.begin(at)
            pages = self._source.pages(at)
            while True:
                requested = self._recorder.freshness.begin_request()
                page = next(pages, None)
                if page is None:
                    break
                faults += self._recorder.record_all(page.payloads, requested, lists_all=True)
                at = page.cursor
                self._recorder.save(sweep_cursor=at)
            self._compare()
            now = clock.wall_us()
            self._recorder.save(
                state="following", cursor=at, sweep_cursor=None, error=None, last_sync_at=now, polled_at=now, swept_at=now
            )
        if faults:
            raise SourceError(_skipped_text(faults))

    def _on_missing(self) -> None:
        """Schedule a comparison because the source did not find a known object."""
        self._missing = True

    def _compare(self) -> None:
        """Record unknown objects, deletions and renames by comparing the inventory of the source with the known states.

        An object counts as gone if it is missing twice, the second time after all replicas must agree, and if a request for
        it alone does not find it: pages of a listing shift during deletions and may omit an object.
        """
        self._missing = False
        started_at = time.monotonic()
        known_states = self._recorder.states()
        _, existing, found = self._listed(known_states)
        for uri in sorted(existing - known_states.keys()):
            if not self._stopping.is_set() and self._connector.tool.source_key(uri) is not None:
                self._is_gone(uri)
        missing = {each.uri for each in found}
        if missing and not self._stopping.wait(self._connector.settles_s):
            requested, _, found = self._listed(known_states)
            gone = [each for each in found if each.uri in missing and self._is_gone(each.uri)]
            self._recorder.record_departures(gone, requested)
        self._compare_after = time.monotonic() + _COMPARISON_SPACING * (time.monotonic() - started_at)

    def _is_gone(self, uri: AssetUri) -> bool:
        """Request one object and record it if it exists; return whether it does not exist."""
        source_key = self._connector.tool.source_key(uri)
        if source_key is None:
            return True
        requested = self._recorder.freshness.begin_request()
        found = self._source.fetch(*source_key)
        if not isinstance(found, Gone):
            self._recorder.record([SourceResponse(found, requested)])
        return isinstance(found, Gone)

    def _listed(self, known_states: States) -> tuple[RequestTime, set[AssetUri], Sequence[Departure]]:
        """Return the time of the request, the inventory of the source, and which of `known_states` are missing in it."""
        requested = self._recorder.freshness.begin_request()
        existing = set(self._source.inventory())
        found = self._connector.tool.departures(
            self._source.instance, known_states, existing, self._source.identities(), requested.wall_us
        )
        return requested, existing, found

    def _sweep_if_due(self) -> float:
        """Run a due sweep or comparison; return in how many seconds the next one is due."""
        if self._stopping.is_set():
            return 0.0
        waits = self._waits_s()
        if waits.full_sweep_s <= 0:
            self.sweep(resume=True)
        elif waits.sweep_s <= 0 or (self._missing and time.monotonic() >= self._compare_after):
            with self._walk:
                self._compare()
                self._recorder.save(error=None, swept_at=clock.wall_us())
        waits = self._waits_s()
        return min(waits.full_sweep_s, waits.sweep_s)

    def _waits_s(self) -> Schedule:
        connection, now = self._recorder.connection(), clock.wall_us()
        last_sweep, full = next_sweeps(connection, self._schedule, now)
        return Schedule(self._schedule.poll_s, (last_sweep - now) / 1e6, (full - now) / 1e6)

    def _work(self) -> None:
        pause = self._schedule.poll_s
        while not self._stopping.is_set():
            self._wake.clear()
            wait = pause
            try:
                self._read_on()
                pause = self._schedule.poll_s
                wait = min(pause, max(0.0, self._sweep_if_due()))
            except Exception as error:  # the thread must survive any fault: `mlgraph sources` and the log report it
                if self._stopping.is_set():
                    return  # source and store may be closed under it
                if not isinstance(error, MlgraphError):
                    _log.exception("reading %s failed", self._name)
                wait = pause = min(pause * 2, MAX_BACKOFF_S)
                self._failed(error.detail if isinstance(error, MlgraphError) else str(error))
            if not self._stopping.is_set():
                self._wake.wait(wait)

    def _read_on(self) -> None:
        connection = self._recorder.connection()
        if connection.state == "following" and (self._resumes or not self._fresh):
            self._poll(connection)  # after a restart too: only its cursor shows that the source was restored from a backup
            if not self._fresh:
                return
            connection, self._resumes = self._recorder.save(cursor=None), False
        self._backfill(connection.state if self._fresh else "backfilling", connection)
        self._fresh = False

    def _poll(self, connection: Connection) -> None:
        with self._walk:
            requested_at, requested = clock.wall_us(), self._recorder.freshness.begin_request()
            cursor, faults = connection.cursor, list[str]()
            for page in self._source.changed_since(connection.cursor):
                faults += self._recorder.record_all(page.payloads, requested)
                cursor = page.cursor
            self._recorder.save(cursor=cursor, error=None, polled_at=requested_at)
            if faults:
                self._failed(_skipped_text(faults))

    def _backfill(self, state: str, connection: Connection) -> None:
        requested_at, faults = clock.wall_us(), list[str]()
        self.report.begin(connection.cursor)
        done = connection.done if connection.cursor else 0
        self._recorder.save(state=state, error=None, done=done)
        pages = self._source.pages(connection.cursor)
        while not self._stopping.is_set():
            with self._walk:
                requested = self._recorder.freshness.begin_request()
                page = next(pages, None)
                if page is None:
                    break
                faults += self._recorder.record_all(page.payloads, requested, lists_all=True)
                done += len(page.payloads)
                self._recorder.save(state=state, error=None, cursor=page.cursor, done=done)
        if self._stopping.is_set():
            return
        if self._dependencies.public_url is not None:
            _subscribe(self._source, self._dependencies.public_url, connection)
        with self._walk:
            self._compare()
        now = clock.wall_us()
        self._recorder.save(state="following", error=None, last_sync_at=now, polled_at=requested_at, swept_at=now)
        if faults:
            self._failed(_skipped_text(faults))

    def _failed(self, error: str) -> None:
        why = redact_text(error)
        try:
            connection = self._recorder.connection()
            if connection.error != why:
                _log.warning("reading %s failed: %s", self._name, why)
            state = "failed" if connection.state in ("backfilling", "failed") else connection.state
            errors, at = connection.errors + 1, clock.wall_us()
            self._recorder.save(state=state, error=why, errors=errors, last_error=why, last_error_at=at)
        except MlgraphError:
            _log.warning("reading %s failed: %s", self._name, why)


def _subscribe(source: SourceAdapter, public_url: str, connection: Connection) -> None:
    """Subscribe this server to the webhooks of a source, if the source can: polling finds the same changes later."""
    try:
        source.subscribe(f"{public_url}{webhook_path(connection.name)}", connection.secret)
    except MlgraphError as error:
        _log.warning("%s does not accept a webhook: %s", connection.name, error.detail)


def webhook_path(name: str) -> str:
    """Return the path on this server that receives the webhooks of a source."""
    return f"/api/v1/webhooks/{quote(name, safe='/:')}"


def next_sweeps(connection: Connection, schedule: Schedule, now: int) -> tuple[int, int]:
    """Return when the next sweep and the next full sweep of a source are due, in microseconds since the epoch.

    A sweep is due now if the last one lies in the future, because the clock was set back since.
    """
    read = connection.last_sync_at or 0
    last_sweep = connection.swept_at if connection.swept_at is not None else read
    due = [(last_sweep, schedule.sweep_s), (read, schedule.full_sweep_s)]
    sweep, full = (now if last > now else last + round(every_s * 1e6) for last, every_s in due)
    return sweep, full


def _skipped_text(faults: Sequence[str]) -> str:
    """Return the error text for objects that could not be interpreted, while the others were read."""
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"objects that cannot be interpreted were skipped: {faults[0]}{more}"
