"""Durable queue of the thin events of one source: one event per object, due now or later, stored until it is processed."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import count

from mlgraph.domain import clock
from mlgraph.ports.events import EventStore, SubjectKey, ThinEvent
from mlgraph.services.common import metrics


class EventQueue:
    """Hands out events, each object to one worker at a time. Events that arrive during a fetch cause one more. Thread-safe."""

    def __init__(self, store: EventStore, source: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Create an empty queue; `load` adds the stored events. `monotonic` returns seconds."""
        self._store, self._source, self._monotonic = store, source, monotonic
        self._changed = threading.Condition()
        self._events: dict[SubjectKey, ThinEvent] = {}
        self._due: list[tuple[float, int, SubjectKey]] = []
        self._planned: dict[SubjectKey, int] = {}
        """The number of the valid entry of `_due` for each object; an object that is being fetched has none."""
        self._order = count()
        self._number = 0
        self._paused_until = 0.0
        self._closed = False

    def load(self) -> None:
        """Add the events that the store retained from an earlier process."""
        for event in self._store.waiting(self._source):
            self._number = max(self._number, event.number)
            self._enqueue(event)

    def add(self, event: ThinEvent) -> None:
        """Store an event durably and schedule a fetch of its object."""
        with self._changed:
            # greater than the number of any earlier event, processed ones included, even if the clock was set back at a restart
            self._number = number = max(self._number + 1, clock.wall_us())
        self._enqueue(self._store.add(self._source, replace(event, number=number)))

    def next(self) -> ThinEvent | None:
        """Wait until an object is due and return its event; None once the queue is closed."""
        with self._changed:
            while not self._closed:
                now = self._monotonic()
                while self._due and self._planned.get(self._due[0][2]) != self._due[0][1]:
                    heapq.heappop(self._due)
                ready_at = max(self._due[0][0], self._paused_until) if self._due else None
                if ready_at is not None and ready_at <= now:
                    _, _, subject_key = heapq.heappop(self._due)
                    del self._planned[subject_key]
                    return self._events[subject_key]
                self._changed.wait(None if ready_at is None else ready_at - now)
        return None

    def done(self, events: Collection[ThinEvent]) -> None:
        """Delete events whose objects were fetched. If a later event has arrived, its object is fetched again instead."""
        if not events:
            return
        self._store.done(self._source, events)
        with self._changed:
            for event in events:
                latest = self._events.get(event.subject_key)
                if latest is not None and latest.number == event.number:
                    del self._events[event.subject_key]
                else:
                    self._plan(event.subject_key, 0.0)
            self._count()

    def retry(self, event: ThinEvent, in_s: float) -> None:
        """Schedule another fetch of the object in `in_s` seconds, or now if a later event has arrived."""
        with self._changed:
            latest = self._events.get(event.subject_key)
            self._plan(event.subject_key, in_s if latest is not None and latest.number == event.number else 0.0)

    def failed(self, event: ThinEvent, in_s: float) -> None:
        """Do the same as `retry`, and store that one more attempt has failed."""
        failed = replace(event, attempts=event.attempts + 1)
        self._store.failed(self._source, failed)
        with self._changed:
            latest = self._events.get(event.subject_key)
            if latest is not None and latest.number == event.number:
                self._events[event.subject_key] = failed
        self.retry(failed, in_s)

    def pause(self, for_s: float) -> None:
        """Hand out nothing for `for_s` seconds, so that the source receives no requests."""
        with self._changed:
            self._paused_until = max(self._paused_until, self._monotonic() + for_s)

    def waiting(self) -> int:
        """Return the number of objects whose state is not fetched yet."""
        with self._changed:
            return len(self._events)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Make every call of `next` return None. Waiting events remain in the store."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _enqueue(self, event: ThinEvent) -> None:
        with self._changed:
            latest = self._events.get(event.subject_key)
            if latest is not None and latest.number >= event.number:
                return
            self._events[event.subject_key] = event
            if latest is None or event.subject_key in self._planned:
                self._plan(event.subject_key, 0.0)
            self._count()

    def _plan(self, subject_key: SubjectKey, in_s: float) -> None:
        if subject_key not in self._events:
            return
        number = next(self._order)
        self._planned[subject_key] = number
        heapq.heappush(self._due, (self._monotonic() + in_s, number, subject_key))
        self._changed.notify()

    def _count(self) -> None:
        metrics.SOURCE_EVENTS_WAITING.labels(self._source).set(len(self._events))
