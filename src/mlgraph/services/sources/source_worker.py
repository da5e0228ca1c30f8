"""Reading one connected source: backfill, follow, sweep; what events name is fetched beside that (event_worker)."""

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
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.connections import Connection
from mlgraph.ports.connector import PulledConnector
from mlgraph.ports.source_adapter import Access, CircuitState, Departure, Gone, SourceAdapter, States
from mlgraph.services.common.identity import Caller
from mlgraph.services.sources.event_queue import EventQueue
from mlgraph.services.sources.event_worker import EventWorker
from mlgraph.services.sources.freshness import Asked
from mlgraph.services.sources.interpretation import SourceResponse
from mlgraph.services.sources.source_writer import SourceDependencies, SourceWriter

_log = logging.getLogger(__name__)

MAX_BACKOFF_S: Final = 300.0
_ACTOR: Final = "mlgraph"
_SPACED: Final = 5.0
"""Comparisons that events ask for take a sixth of the time at most."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How one source is read: how it is reached, how often, and the environment that its facts are told from."""

    access: Access
    schedule: Schedule = field(default_factory=Schedule)
    environment: str | None = None


class SourceWorker:
    """Reads one source. One walk through it at a time; events are fetched meanwhile, and answers recorded one after the other."""

    def __init__(self, around: SourceDependencies, connector: PulledConnector, name: str, reading: Reading) -> None:
        self._around = around
        self._connector = connector
        self._name = name
        self._schedule = reading.schedule
        self._threads = reading.access.limits.concurrency
        self._source: SourceAdapter = connector.sources.open(reading.access)
        caller = Caller(_ACTOR, connector.name, reading.environment)
        self._recorder = SourceWriter(around, connector, name, caller)
        self._queue = EventQueue(around.events, name)
        self._events = EventWorker(connector, self._source, self._recorder, self._queue, around.dead_letters, self._missed)
        self._walk = threading.Lock()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._fresh = False
        self._missing = False
        self._compare_after = 0.0

    def begin(self, connection: Connection) -> None:
        """Backfill from where the connection stands, then follow; fetch what events name."""
        self._events.begin(self._threads)
        self._wake.set()
        if self._thread is None or not self._thread.is_alive():
            self._fresh = connection.state == "following"
            if self._fresh:
                self._recorder.save(cursor=None)
            self._thread = threading.Thread(target=self._work, name=f"mlgraph-{self._name}", daemon=True)
            self._thread.start()

    def read_again(self) -> Connection:
        """Have everything read from the beginning, or an unfinished backfill go on; return the connection."""
        return self._recorder.read_again()

    def halt(self) -> None:
        """Ask the threads to end."""
        self._stopping.set()
        self._wake.set()
        self._queue.close()

    def stop(self, timeout_s: float) -> None:
        """End the threads. One that still waits for its source after `timeout_s` seconds is left to end with the process."""
        self.halt()
        until = time.monotonic() + timeout_s
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._events.stop(until)
        self._source.close()

    def circuit(self) -> CircuitState:
        """Return whether the source is asked, or left alone because it fails."""
        return self._source.circuit()

    def waiting(self) -> int:
        """Return of how many things that events named the truth is not fetched yet."""
        return self._queue.waiting()

    def take_event(self, event: Mapping[str, Any]) -> int:
        """Keep a genuine event, durably, so that what it names is fetched; return the store's last transaction."""
        named = self._events.event_of(event)
        if named is not None:
            self._queue.add(named)
        return self._recorder.last_tx()

    def fetch(self, event: Mapping[str, Any]) -> int:
        """Fetch what an event names now, and return the transaction. Raises what that fails with."""
        named = self._events.event_of(event)
        return self._recorder.last_tx() if named is None else self._events.fetch(named)

    def sweep(self, *, resume: bool = False) -> None:
        """Read everything, then say what is gone. Raises `SourceError` if the source fails, or said what makes no sense.

        With `resume` it goes on where the last one was interrupted, if it was.
        """
        wrong: list[str] = []
        with self._walk:
            at = self._recorder.connection().sweep_cursor if resume else None
            pages = self._source.pages(at)
            while True:
                asked = self._recorder.freshness.ask()
                page = next(pages, None)
                if page is None:
                    break
                wrong += self._recorder.record_all(page.payloads, asked)
                at = page.cursor
                self._recorder.save(sweep_cursor=at)
            self._compare()
            now = clock.wall_us()
            self._recorder.save(
                state="following", cursor=at, sweep_cursor=None, error=None, last_sync_at=now, polled_at=now, swept_at=now
            )
        if wrong:
            raise SourceError(_passed_over(wrong))

    def _missed(self) -> None:
        """Note that something is not there any longer, and have it found out what became of it."""
        self._missing = True

    def _compare(self) -> None:
        """Record what was never heard of, and say what is gone or has another name.

        That is what is missing twice, the second time when all replicas must know. Each is asked for by itself at last: pages
        of a listing shift while things are deleted, and may pass one over.
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
            asked, _, found = self._listed(known_states)
            gone = [each for each in found if each.uri in missing and self._is_gone(each.uri)]
            self._recorder.record_departures(gone, asked)
        self._compare_after = time.monotonic() + _SPACED * (time.monotonic() - started_at)

    def _is_gone(self, uri: AssetUri) -> bool:
        """Ask for something by itself, and record it if it is there."""
        source_key = self._connector.tool.source_key(uri)
        if source_key is None:
            return True
        asked = self._recorder.freshness.ask()
        found = self._source.fetch(*source_key)
        if not isinstance(found, Gone):
            self._recorder.record([SourceResponse(found, asked)])
        return isinstance(found, Gone)

    def _listed(self, known_states: States) -> tuple[Asked, set[AssetUri], Sequence[Departure]]:
        """Return when the source was asked, what it lists, and what of `known_states` is missing there."""
        asked = self._recorder.freshness.ask()
        existing = set(self._source.inventory())
        found = self._connector.tool.departures(
            self._source.instance, known_states, existing, self._source.identities(), asked.wall_us
        )
        return asked, existing, found

    def _sweep_if_due(self) -> float:
        """Sweep if it is time to, and return in how many seconds the next sweep is due."""
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
            except Exception as error:  # the thread must outlive any fault: it is told by `mlgraph sources` and the log
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
        if connection.state == "following" and not self._fresh:
            with self._walk:
                self._poll(connection)
            return
        # after a restart everything is read again: what changed without a time of change is found by comparing
        self._backfill(connection.state if self._fresh else "backfilling", connection)
        self._fresh = False

    def _poll(self, connection: Connection) -> None:
        asked_at, asked = clock.wall_us(), self._recorder.freshness.ask()
        cursor, wrong = connection.cursor, list[str]()
        for page in self._source.changed_since(connection.cursor):
            wrong += self._recorder.record_all(page.payloads, asked)
            cursor = page.cursor
        self._recorder.save(cursor=cursor, error=None, polled_at=asked_at)
        if wrong:
            self._failed(_passed_over(wrong))

    def _backfill(self, state: str, connection: Connection) -> None:
        asked_at, wrong = clock.wall_us(), list[str]()
        done = connection.done if connection.cursor else 0
        self._recorder.save(state=state, error=None, done=done)
        pages = self._source.pages(connection.cursor)
        while not self._stopping.is_set():
            with self._walk:
                asked = self._recorder.freshness.ask()
                page = next(pages, None)
                if page is None:
                    break
                wrong += self._recorder.record_all(page.payloads, asked)
                done += len(page.payloads)
                self._recorder.save(state=state, error=None, cursor=page.cursor, done=done)
        if self._stopping.is_set():
            return
        self._subscribe(connection)
        with self._walk:
            self._compare()
        now = clock.wall_us()
        self._recorder.save(state="following", error=None, last_sync_at=now, polled_at=asked_at, swept_at=now)
        if wrong:
            self._failed(_passed_over(wrong))

    def _subscribe(self, connection: Connection) -> None:
        public = self._around.public_url
        if public is None:
            return
        try:
            self._source.subscribe(f"{public}{webhook_path(connection.name)}", connection.secret)
        except MlgraphError as error:  # polling finds the same changes, later
            _log.warning("%s takes no webhook: %s", self._name, error.detail)

    def _failed(self, why: str) -> None:
        try:
            connection = self._recorder.connection()
            if connection.error != why:
                _log.warning("reading %s failed: %s", self._name, why)
            state = "failed" if connection.state in ("backfilling", "failed") else connection.state
            now = clock.wall_us()
            self._recorder.save(state=state, error=why, errors=connection.errors + 1, last_error=why, last_error_at=now)
        except MlgraphError:
            _log.warning("reading %s failed: %s", self._name, why)


def webhook_path(name: str) -> str:
    """Return where on this server the webhooks of a source arrive."""
    return f"/api/v1/webhooks/{quote(name, safe='/:')}"


def next_sweeps(connection: Connection, schedule: Schedule, now: int) -> tuple[int, int]:
    """Return when the next sweep and the next full sweep of a source are due: microseconds since the epoch.

    That is at once where the last one lies in the future: the clock was set back since.
    """
    read = connection.last_sync_at or 0
    last_sweep = connection.swept_at if connection.swept_at is not None else read
    due = [(last_sweep, schedule.sweep_s), (read, schedule.full_sweep_s)]
    sweep, full = (now if last > now else last + round(every_s * 1e6) for last, every_s in due)
    return sweep, full


def _passed_over(wrong: Sequence[str]) -> str:
    """Return what is told of things that could not be understood, while the rest was read."""
    more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return f"what cannot be understood was passed over: {wrong[0]}{more}"
