"""The queue of thin events, with an in-memory store and a manual clock."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Collection
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.ports.events import SubjectKey, ThinEvent
from mlgraph.services.sources.event_queue import EventQueue
from mlgraph.stores.postgres.events import PostgresEvents
from tests.services.parts import Store


class InMemoryEvents:
    """An `EventStore` in memory."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, SubjectKey], ThinEvent] = {}

    def add(self, source: str, event: ThinEvent) -> ThinEvent:
        before = self.events.get((source, event.subject_key))
        if before is not None:
            event = replace(event, number=max(event.number, before.number + 1))
        self.events[source, event.subject_key] = event
        return event

    def waiting(self, source: str) -> list[ThinEvent]:
        return [event for (of, _), event in self.events.items() if of == source]

    def failed(self, source: str, event: ThinEvent) -> None:
        if self.events[source, event.subject_key].number == event.number:
            self.events[source, event.subject_key] = event

    def done(self, source: str, events: Collection[ThinEvent]) -> None:
        for event in events:
            if self.events[source, event.subject_key].number == event.number:
                del self.events[source, event.subject_key]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def named(name: str, at: int = 1) -> ThinEvent:
    return ThinEvent("model", name, {"name": name, "at": at}, at)


def taken(queue: EventQueue) -> ThinEvent:
    event = queue.next()
    assert event is not None
    return event


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> EventQueue:
    return EventQueue(InMemoryEvents(), "prod", clock)


def test_events_about_one_object_are_fetched_once(queue: EventQueue) -> None:
    for at in (1, 3, 2):
        queue.add(named("a", at))
    queue.add(named("b"))
    first, second = taken(queue), taken(queue)
    assert {first.id, second.id} == {"a", "b"}
    queue.done([first, second])
    assert queue.waiting() == 0


def test_an_event_that_arrives_during_a_fetch_causes_another_fetch(queue: EventQueue) -> None:
    queue.add(named("a"))
    first = taken(queue)
    queue.add(named("a", 2))
    assert queue.waiting() == 1
    queue.done([first])
    second = taken(queue)
    assert second.number > first.number
    queue.done([second])
    assert queue.waiting() == 0


def test_a_failed_fetch_is_delayed_unless_a_later_event_arrives(queue: EventQueue, clock: Clock) -> None:
    queue.add(named("a"))
    queue.add(named("b"))
    first, _ = taken(queue), taken(queue)
    queue.failed(first, 10)
    clock.now = 10.0
    retried = taken(queue)
    assert (retried.id, retried.attempts) == (first.id, 1)
    queue.failed(retried, 10)
    queue.add(named(first.id, 5))
    assert taken(queue).attempts == 0


def test_a_paused_queue_hands_out_nothing(queue: EventQueue, clock: Clock) -> None:
    queue.pause(0.2)
    queue.add(named("a"))
    found: list[ThinEvent | None] = []
    waiting = threading.Thread(target=lambda: found.append(queue.next()))
    waiting.start()
    time.sleep(0.05)
    assert not found
    clock.now = 0.2
    waiting.join(60)
    assert [event.id for event in found if event] == ["a"]


def test_closing_the_queue_ends_waiting_calls(queue: EventQueue) -> None:
    found: list[ThinEvent | None] = []
    waiting = threading.Thread(target=lambda: found.append(queue.next()))
    waiting.start()
    queue.close()
    waiting.join(60)
    assert found == [None]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=30), st.integers(0, 1000))
def test_no_event_is_lost_in_any_order(reported: list[tuple[str, int]], seed: int) -> None:
    """Against a naive model: each event causes at least one later fetch of its object, in any order of operations."""
    dice, stored, clock = random.Random(seed), InMemoryEvents(), Clock()
    queue = EventQueue(stored, "prod", clock)
    pending: set[str] = set()
    in_progress: dict[str, ThinEvent] = {}
    waiting = list(reported)
    while waiting or pending or in_progress:
        step = dice.randrange(4)
        if step == 0 and waiting:
            name, at = waiting.pop()
            queue.add(named(name, at))
            pending.add(name)
        elif step == 1 and pending - set(in_progress):
            clock.now += 100
            event = taken(queue)
            assert event.id not in in_progress, "one at a time"
            assert event.id in pending
            pending.discard(event.id)
            in_progress[event.id] = event
        elif step == 2 and in_progress:
            name, event = in_progress.popitem()
            queue.done([event])
        elif step == 3 and in_progress:
            name, event = in_progress.popitem()
            queue.failed(event, 5)
            pending.add(name)
    assert queue.waiting() == 0
    assert not stored.events


def test_the_store_has_one_row_a_subject_and_deletes_only_finished_events(store: Store) -> None:
    events = PostgresEvents(store.database)
    first = events.add("prod", replace(named("a", 5), number=10))
    later = events.add("prod", replace(named("a", 3), number=7))
    assert later.number == 11
    assert (later.event["at"], later.at) == (5, 5), "the latest by its time, not the last to arrive"
    events.add("lab", replace(named("a"), number=1))
    events.done("prod", [first])
    assert [event.number for event in events.waiting("prod")] == [11]
    events.failed("prod", replace(later, attempts=3))
    assert [event.attempts for event in events.waiting("prod")] == [3]
    assert events.add("prod", replace(named("a", 9), number=12)).attempts == 0
    events.done("prod", events.waiting("prod"))
    assert events.waiting("prod") == []
    assert len(events.waiting("lab")) == 1
