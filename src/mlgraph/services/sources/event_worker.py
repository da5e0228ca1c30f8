"""Fetching what events name: several at once, each thing by one thread, until its truth is recorded or given up."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from mlgraph.domain.errors import MlgraphError, SourceAway
from mlgraph.domain.payload import canonical_json
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
"""Fetches (each of several requests) that fail until an event becomes a dead letter, those of a source left alone aside."""
_FIRST_AGAIN_S: Final = 2.0
_STORE_AGAIN_S: Final = 2.0


class EventWorker:
    """The threads that fetch what the events of one source name, and record it in batches."""

    def __init__(
        self,
        connector: PulledConnector,
        source: SourceAdapter,
        recorder: SourceWriter,
        queue: EventQueue,
        dead_letters: DeadLetterStore,
        on_missing: Callable[[], None],
    ) -> None:
        """`on_missing` is called where something that is held was not found."""
        self._connector, self._source, self._recorder, self._queue = connector, source, recorder, queue
        self._dead_letters, self._on_missing = dead_letters, on_missing
        self._name = source.instance
        self._threads: list[threading.Thread] = []
        self._lock, self._recording = threading.Lock(), threading.Lock()
        self._fetched: list[tuple[ThinEvent, SourceResponse]] = []

    def begin(self, threads: int) -> None:
        """Go on with what waits."""
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
        """End the threads, waiting for them until this moment of the steady clock."""
        self._queue.close()
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def event_of(self, event: Mapping[str, Any]) -> ThinEvent | None:
        """Return the event as it waits; None where the graph has nothing of the sort that it names."""
        named = self._connector.tool.thin(event)
        return None if named is None else ThinEvent(*named, dict(event), self._connector.tool.occurred_at(event))

    def fetch(self, event: ThinEvent) -> int:
        """Fetch what an event names, now, and record it; return the transaction. Raises what that fails with."""
        answer = self._ask(event)
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
            except Exception:  # the thread must outlive any fault; the event waits in the store
                if self._queue.closed:
                    return  # source and store may be closed under it
                _log.exception("fetching %s %s of %s failed", event.kind, event.id, self._name)
                self._queue.again(event, _STORE_AGAIN_S)

    def _handle(self, event: ThinEvent) -> None:
        try:
            answer = self._ask(event)
        except SourceAway as error:
            self._queue.pause(error.retry_in_s)
            self._queue.again(event, error.retry_in_s)
        except MlgraphError as error:
            self._failed(event, error)
        else:
            self._record_batch_with(event, answer)

    def _ask(self, event: ThinEvent) -> SourceResponse | None:
        """Return what the source answers; None where there is no such thing and can be none."""
        asked = self._recorder.freshness.ask()
        found = self._source.fetch(event.kind, event.id)
        if isinstance(found, Gone):
            return None if found.uri is None else SourceResponse({}, asked, found.uri)
        return SourceResponse({**found, "at": format_time(event.at)}, asked)

    def _record_batch_with(self, event: ThinEvent, answer: SourceResponse | None) -> None:
        """Record the answer, with those of other threads that came meanwhile."""
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
        except Exception:  # the store is away, most likely: all of it waits there, to be fetched once more
            if self._queue.closed:
                return
            _log.exception("recording what %s answered failed", self._name)
            for event, _ in batch:
                self._queue.again(event, _STORE_AGAIN_S)

    def _is_finished(self, event: ThinEvent, answer: SourceResponse, interpretation: Interpretation) -> bool:
        """Say whether an event is done with. One that is not waits to be fetched again, or is a dead letter."""
        if interpretation.error is not None:
            self._failed(event, interpretation.error)
            return False
        if interpretation.missing:
            self._on_missing()
        wait = interpretation.retry_in_s
        if wait is None and answer.gone is not None and interpretation.item is None and event.attempts == 0:
            wait = self._connector.settles_s  # of a thing never heard of a replica may not have heard either
        if wait is None or event.attempts + 1 >= ATTEMPTS:
            return True  # what is stale time and again is left to the next sweep
        self._queue.failed(event, wait)
        return False

    def _failed(self, event: ThinEvent, error: MlgraphError) -> None:
        if event.attempts + 1 < ATTEMPTS:
            longest = _FIRST_AGAIN_S * 2**event.attempts
            self._queue.failed(event, longest * random.random())  # noqa: S311 - not a secret
            return
        caller = self._recorder.caller
        body = canonical_json({"source": self._name, "event": event.event})
        actor, environment = caller.actor, caller.environment
        self._dead_letters.add(DeadLetterEntry(THIN, actor, self._name, environment, body, error.detail, error.pointer))
        self._queue.done([event])
