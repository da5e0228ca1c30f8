"""Worker threads that fetch the objects named by thin events and record their state, with retries and dead letters."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from mlgraph.domain.errors import MlgraphError, SourceAway
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import format_time
from mlgraph.ports.connector import THIN, PulledConnector
from mlgraph.ports.dead_letters import DeadLetterEntry, DeadLetterStore
from mlgraph.ports.events import ThinEvent
from mlgraph.ports.source_adapter import Gone, SourceAdapter
from mlgraph.services.sources.event_queue import EventQueue
from mlgraph.services.sources.interpretation import Interpretation, SourceResponse
from mlgraph.services.sources.source_writer import SourceWriter

_log = logging.getLogger(__name__)

ATTEMPTS: Final = 5
"""Failed fetches, each of several requests, after which an event becomes a dead letter; `SourceAway` is not counted."""
_FIRST_RETRY_S: Final = 2.0
_STORE_RETRY_S: Final = 2.0


class EventWorker:
    """The threads that fetch the objects named by the events of one source, and record them in batches."""

    def __init__(
        self,
        connector: PulledConnector,
        source: SourceAdapter,
        recorder: SourceWriter,
        queue: EventQueue,
        dead_letters: DeadLetterStore,
        on_missing: Callable[[], None],
    ) -> None:
        """`on_missing` is called when the source does not find an object whose state is stored."""
        self._connector, self._source, self._recorder, self._queue = connector, source, recorder, queue
        self._dead_letters, self._on_missing = dead_letters, on_missing
        self._name = source.instance
        self._threads: list[threading.Thread] = []
        self._lock, self._recording = threading.Lock(), threading.Lock()
        self._fetched: list[tuple[ThinEvent, SourceResponse]] = []

    def begin(self, threads: int) -> None:
        """Load the stored events and start the threads; no effect if they run already."""
        if self._threads:
            return
        self._queue.load()
        self._threads = [
            threading.Thread(target=self._work, name=f"mlgraph-{self._name}-events-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, until: float) -> None:
        """Close the queue and wait for the threads until the moment `until` of the monotonic clock, in seconds."""
        self._queue.close()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def event_of(self, event: Mapping[str, Any]) -> ThinEvent | None:
        """Return the event in the form of the queue; None if it names an object of a kind that the graph does not contain."""
        named = self._connector.tool.thin(event)
        return None if named is None else ThinEvent(*named, dict(event), self._connector.tool.occurred_at(event))

    def fetch(self, event: ThinEvent) -> int:
        """Fetch the object of an event now and record it; return the last transaction. Raises `MlgraphError` if that fails."""
        answer = self._request(event)
        if answer is not None:
            (interpretation,) = self._recorder.record([answer])
            if interpretation.error is not None:
                raise interpretation.error
            if interpretation.missing:
                self._on_missing()
            if interpretation.retry_in_s is not None:
                self._queue.add(event)
        return self._recorder.last_tx()

    def _work(self) -> None:
        while (event := self._queue.next()) is not None:
            try:
                self._handle(event)
            except Exception:  # the thread must survive any fault; the event remains in the store
                if self._queue.closed:
                    return  # source and store may be closed under it
                _log.exception("fetching %s %s of %s failed", event.kind, event.id, self._name)
                self._queue.retry(event, _STORE_RETRY_S)

    def _handle(self, event: ThinEvent) -> None:
        try:
            answer = self._request(event)
        except SourceAway as error:
            self._queue.pause(error.retry_in_s)
            self._queue.retry(event, error.retry_in_s)
        except MlgraphError as error:
            self._failed(event, error)
        else:
            self._record_batch_with(event, answer)

    def _request(self, event: ThinEvent) -> SourceResponse | None:
        """Return the answer of the source; None if the object does not exist and has no URI."""
        requested = self._recorder.freshness.begin_request()
        found = self._source.fetch(event.kind, event.id)
        if isinstance(found, Gone):
            return None if found.uri is None else SourceResponse({}, requested, found.uri)
        return SourceResponse({**found, "at": format_time(event.at)}, requested)

    def _record_batch_with(self, event: ThinEvent, answer: SourceResponse | None) -> None:
        """Record the answer, together with answers that other threads have fetched meanwhile."""
        if answer is None:
            self._queue.done([event])
            return
        with self._lock:
            self._fetched.append((event, answer))
        with self._recording:
            with self._lock:
                batch, self._fetched = self._fetched, []
            if batch:
                self._record(batch)

    def _record(self, batch: list[tuple[ThinEvent, SourceResponse]]) -> None:
        try:
            found = self._recorder.record([answer for _, answer in batch])
            finished = [
                event
                for (event, answer), interpretation in zip(batch, found, strict=True)
                if self._is_finished(event, answer, interpretation)
            ]
            self._queue.done(finished)
        except Exception:  # most likely the store is unavailable: the events remain in it and are fetched again
            if self._queue.closed:
                return
            _log.exception("recording answers of %s failed", self._name)
            for event, _ in batch:
                self._queue.retry(event, _STORE_RETRY_S)

    def _is_finished(self, event: ThinEvent, answer: SourceResponse, interpretation: Interpretation) -> bool:
        """Return whether an event is processed. If not, it is scheduled for another fetch or has become a dead letter."""
        if interpretation.error is not None:
            self._failed(event, interpretation.error)
            return False
        if interpretation.missing:
            self._on_missing()
        wait = interpretation.retry_in_s
        if wait is None and answer.gone is not None and interpretation.item is None and event.attempts == 0:
            wait = self._connector.settles_s  # the object may be new and a lagging replica answered
        if wait is None or event.attempts + 1 >= ATTEMPTS:
            return True  # after repeated stale answers the next sweep finds the state
        self._queue.failed(event, wait)
        return False

    def _failed(self, event: ThinEvent, error: MlgraphError) -> None:
        if event.attempts + 1 < ATTEMPTS:
            longest = _FIRST_RETRY_S * 2**event.attempts
            self._queue.failed(event, longest * random.random())  # noqa: S311 - not a secret
            return
        caller = self._recorder.caller
        body = canonical_json({"source": self._name, "event": event.event})
        actor, environment = caller.actor, caller.environment
        self._dead_letters.add(DeadLetterEntry(THIN, actor, self._name, environment, body, error.detail, error.pointer))
        self._queue.done([event])
