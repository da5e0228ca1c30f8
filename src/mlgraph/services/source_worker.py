"""Reading one connected source: backfill, follow, sweep, and fetch what an event names."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.errors import MlgraphError, NotFound
from mlgraph.domain.payload import canonical_json
from mlgraph.domain.times import format_time
from mlgraph.ports.connections import Connection, ConnectionStore
from mlgraph.ports.letters import DeadLetters, Letter
from mlgraph.ports.source import Gone, Payload, Source
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.hydrate import Hydrator, SourceKind, in_chunks
from mlgraph.services.identity import Caller

_log = logging.getLogger(__name__)

POLL_S: Final = 10.0
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


class SourceWorker:
    """Reads one source. Its lock is held while anything of the source is read and appended, so that answers do not cross."""

    def __init__(self, around: Surroundings, kind: SourceKind, connection: Connection) -> None:
        self._around = around
        self._kind = kind
        self._name = connection.name
        self._source: Source = kind.open(connection.url, connection.name)
        self._hydrator = Hydrator(around.reader, kind)
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._caller = Caller(_ACTOR, kind.name)
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
            gone = self._kind.departures(self._source, held, clock.wall_us())
            self._take(gone)
            connection = self._connection()
            self._save(replace(connection, state="following", cursor=cursor, error=None, last_sync_at=clock.wall_us()))

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
        pause = POLL_S
        while not self._stopping:
            self._wake.clear()
            try:
                self._read_on()
                pause = POLL_S
            except MlgraphError as error:
                pause = min(pause * 2, MAX_BACKOFF_S)
                self._failed(error.detail)
            except Exception as error:  # the thread must outlive any fault: it is told by `mlgraph sources` and the log
                _log.exception("reading %s failed", self._name)
                pause = min(pause * 2, MAX_BACKOFF_S)
                self._failed(str(error))
            self._wake.wait(pause)

    def _read_on(self) -> None:
        connection = self._connection()
        if connection.state == "following" and not self._fresh:
            with self._turn:
                for page in self._source.changed_since(connection.cursor):
                    self._take(page.payloads)
                    connection = replace(connection, cursor=page.cursor, error=None)
                self._save(connection)
            return
        # after a restart everything is read again: what changed without a time of change is found by comparing
        cursor = None if self._fresh else connection.cursor
        state = connection.state if self._fresh else "backfilling"
        done = connection.done if cursor else 0
        self._backfill(replace(connection, state=state, done=done, error=None), cursor)
        self._fresh = False

    def _backfill(self, connection: Connection, cursor: dict[str, Any] | None) -> None:
        pages = self._source.pages(cursor)
        while not self._stopping:
            with self._turn:  # page by page, so that a webhook need not wait for the whole
                page = next(pages, None)
                if page is None:
                    break
                self._take(page.payloads)
                connection = replace(connection, cursor=page.cursor, done=connection.done + len(page.payloads))
                self._save(connection)
        if self._stopping:
            return
        self._subscribe(connection)
        self._save(replace(connection, state="following", error=None, last_sync_at=clock.wall_us()))

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
        for items in in_chunks(self._hydrator.items(payloads)):
            tx = self._around.append(items, self._caller).tx
        return tx

    def _bury(self, event: Mapping[str, Any], error: MlgraphError) -> int:
        body = canonical_json({"source": self._name, "event": dict(event)})
        self._around.letters.add(Letter("thin", self._caller.actor, self._name, None, body, error.detail, error.pointer))
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
            self._save(replace(connection, state=state, error=why))
        except MlgraphError:
            _log.warning("reading %s failed: %s", self._name, why)
