"""Reading one connected source: backfill, follow, sweep, and fetch what an event names."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.configuration import Schedule
from mlgraph.domain.errors import MlgraphError, NotFound
from mlgraph.domain.payload import canonical_json
from mlgraph.domain.times import format_time
from mlgraph.ports.connections import Connection, ConnectionStore
from mlgraph.ports.letters import DeadLetters, Letter
from mlgraph.ports.source import Access, Gone, Payload, Source
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.hydrate import Hydrator, SourceKind, States, in_chunks
from mlgraph.services.identity import Caller

_log = logging.getLogger(__name__)

MAX_BACKOFF_S: Final = 300.0
_ACTOR: Final = "mlgraph"

Append = Callable[[Sequence[Item], Caller], Appended]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reading a source needs. `public_url` is where sources can reach this server with webhooks, if they can."""

    store: ConnectionStore
    reader: FactReader
    append: Append
    letters: DeadLetters
    public_url: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How one source is read: how it is reached, how often, and the environment that its facts are told from."""

    access: Access
    schedule: Schedule = field(default_factory=Schedule)
    environment: str | None = None


class SourceWorker:
    """Reads one source. Its lock is held while anything of the source is read and appended, so that answers do not cross."""

    def __init__(self, around: Surroundings, kind: SourceKind, name: str, reading: Reading) -> None:
        self._around = around
        self._kind = kind
        self._name = name
        self._schedule = reading.schedule
        self._source: Source = kind.open(reading.access)
        self._hydrator = Hydrator(around.reader, kind)
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._caller = Caller(_ACTOR, kind.name, reading.environment)
        self._fresh = False

    def begin(self, connection: Connection) -> None:
        """Backfill from where the connection stands, then follow."""
        self._wake.set()
        if self._thread is None or not self._thread.is_alive():
            self._fresh = connection.state == "following"
            self._thread = threading.Thread(target=self._work, name=f"mlgraph-{self._name}", daemon=True)
            self._thread.start()

    def halt(self) -> None:
        """Ask the thread to end."""
        self._stopping = True
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """End the thread. One that still waits for its source after `timeout_s` seconds is left to end with the process."""
        self.halt()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._source.close()

    def sweep(self) -> None:
        """Read everything, then say what is gone. Raises `SourceError` if the source fails."""
        with self._turn:
            held = self._hydrator.states_of(f"{self._kind.name}:{self._name}")
            cursor: dict[str, Any] | None = None
            for page in self._source.pages(None):
                self._take(page.payloads)
                cursor = page.cursor
            self._take_departures(held)
            now = clock.wall_us()
            state = replace(self._connection(), state="following", cursor=cursor, error=None)
            self._save(replace(state, last_sync_at=now, polled_at=now, swept_at=now))

    def _compare(self) -> None:
        """Say what is gone, without reading again what is there."""
        with self._turn:
            held = self._hydrator.states_of(f"{self._kind.name}:{self._name}")
            self._take_departures(held)
            self._save(replace(self._connection(), error=None, swept_at=clock.wall_us()))

    def _take_departures(self, held: States) -> None:
        self._take(self._kind.departures(self._source, held, clock.wall_us()))

    def _sweep_if_due(self) -> float:
        """Sweep if it is time to, and return in how many seconds the next sweep is due."""
        if self._stopping:
            return 0.0
        waits = self._waits_s()
        if waits.full_sweep_s <= 0:
            self.sweep()
        elif waits.sweep_s <= 0:
            self._compare()
        waits = self._waits_s()
        return min(waits.full_sweep_s, waits.sweep_s)

    def _waits_s(self) -> Schedule:
        connection, now = self._connection(), clock.wall_us()
        swept, full = next_sweeps(connection, self._schedule)
        return Schedule(self._schedule.poll_s, (swept - now) / 1e6, (full - now) / 1e6)

    def hydrate(self, event: Mapping[str, Any], *, bury: bool = True) -> int:
        """Fetch what the event names and append its truth; return the transaction."""
        named = self._kind.thin(event)
        if named is None:
            return self._around.reader.last_tx()
        with self._turn:
            try:
                found = self._source.fetch(*named)
            except MlgraphError as error:
                if not bury:
                    raise
                return self._bury(event, error)
            at = self._kind.occurred_at(event)
            if isinstance(found, Gone):
                return self._take([] if found.uri is None else [self._kind.deleted(self._name, found.uri, at)])
            return self._take([{**found, "at": format_time(at)}])

    def _work(self) -> None:
        pause = self._schedule.poll_s
        while not self._stopping:
            self._wake.clear()
            wait = pause
            try:
                self._read_on()
                pause = self._schedule.poll_s
                wait = min(pause, max(0.0, self._sweep_if_due()))
            except MlgraphError as error:
                wait = pause = min(pause * 2, MAX_BACKOFF_S)
                self._failed(error.detail)
            except Exception as error:  # the thread must outlive any fault: it is told by `mlgraph sources` and the log
                _log.exception("reading %s failed", self._name)
                wait = pause = min(pause * 2, MAX_BACKOFF_S)
                self._failed(str(error))
            self._wake.wait(wait)

    def _read_on(self) -> None:
        connection = self._connection()
        if connection.state == "following" and not self._fresh:
            with self._turn:
                asked_at = clock.wall_us()
                for page in self._source.changed_since(connection.cursor):
                    self._take(page.payloads)
                    connection = replace(self._connection(), cursor=page.cursor, error=None)
                self._save(replace(connection, polled_at=asked_at))
            return
        # after a restart everything is read again: what changed without a time of change is found by comparing
        cursor = None if self._fresh else connection.cursor
        state = connection.state if self._fresh else "backfilling"
        done = connection.done if cursor else 0
        self._backfill(replace(connection, state=state, done=done, error=None), cursor)
        self._fresh = False

    def _backfill(self, connection: Connection, cursor: dict[str, Any] | None) -> None:
        asked_at = clock.wall_us()
        state, done = connection.state, connection.done
        pages = self._source.pages(cursor)
        while not self._stopping:
            with self._turn:  # page by page, so that a webhook need not wait for the whole
                page = next(pages, None)
                if page is None:
                    break
                self._take(page.payloads)
                done += len(page.payloads)
                connection = replace(self._connection(), state=state, error=None, cursor=page.cursor, done=done)
                self._save(connection)
        if self._stopping:
            return
        self._subscribe(connection)
        now = clock.wall_us()
        # what was never read before held nothing that could be gone: its first reading is a sweep
        swept_at = now if connection.last_sync_at is None and connection.swept_at is None else connection.swept_at
        read = replace(connection, state="following", error=None)
        self._save(replace(read, last_sync_at=now, polled_at=asked_at, swept_at=swept_at))

    def _subscribe(self, connection: Connection) -> None:
        public = self._around.public_url
        if public is None:
            return
        try:
            self._kind.subscribe(self._source, f"{public}/api/v1/webhooks/{connection.name}", connection.secret)
        except MlgraphError as error:  # polling finds the same changes, later
            _log.warning("%s takes no webhook: %s", self._name, error.detail)

    def _take(self, payloads: Sequence[Payload]) -> int:
        tx = self._around.reader.last_tx()
        learned = False
        for items in in_chunks(self._hydrator.items(payloads)):
            appended = self._around.append(items, self._caller)
            tx, learned = appended.tx, learned or any(appended.new)
        if learned:
            self._save(replace(self._connection(), changed_at=clock.wall_us()))
        return tx

    def _bury(self, event: Mapping[str, Any], error: MlgraphError) -> int:
        body = canonical_json({"source": self._name, "event": dict(event)})
        actor, environment = self._caller.actor, self._caller.environment
        self._around.letters.add(Letter("thin", actor, self._name, environment, body, error.detail, error.pointer))
        return self._around.reader.last_tx()

    def _connection(self) -> Connection:
        found = self._around.store.get(self._name)
        if found is None:
            raise NotFound(f"the source {self._name!r} is connected no longer")
        return found

    def _save(self, connection: Connection) -> None:
        self._around.store.save(connection)

    def _failed(self, why: str) -> None:
        try:
            connection = self._connection()
            if connection.error != why:
                _log.warning("reading %s failed: %s", self._name, why)
            state = "failed" if connection.state in ("backfilling", "failed") else connection.state
            failed = replace(connection, state=state, error=why, errors=connection.errors + 1)
            self._save(replace(failed, last_error=why, last_error_at=clock.wall_us()))
        except MlgraphError:
            _log.warning("reading %s failed: %s", self._name, why)


def next_sweeps(connection: Connection, schedule: Schedule) -> tuple[int, int]:
    """Return when the next sweep and the next full sweep of a source are due: microseconds since the epoch."""
    read = connection.last_sync_at or 0
    swept = connection.swept_at if connection.swept_at is not None else read
    return swept + round(schedule.sweep_s * 1e6), read + round(schedule.full_sweep_s * 1e6)
