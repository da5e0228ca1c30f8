"""Group commit: appends that wait at the same time share a transaction, and the failure of one does not affect the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from queue import SimpleQueue

import pytest

from mlgraph.domain.errors import InvalidInput, Unavailable
from mlgraph.domain.facts import AssetFact
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.store import Actor, Appended, Item
from mlgraph.stores.append import group_commit
from mlgraph.stores.append.group_commit import GroupCommit

ANN, BOB = Actor("ann"), Actor("bob")


def entry(number: int) -> Item:
    return Item([AssetFact(AssetUri("dataset", "n", str(number)), "facts", number)])


def number_of(item: Item) -> int:
    (fact,) = item.facts
    assert isinstance(fact, AssetFact)
    assert fact.valid_from is not None
    return fact.valid_from


BAD, UNREACHABLE = entry(1001), entry(1002)


class Disk:
    """Records the groups of writes; blocks the first write until `proceed`, so that other requests wait behind it."""

    def __init__(self) -> None:
        self.groups: list[tuple[list[Item], Actor]] = []
        self.started, self.proceed = threading.Event(), threading.Event()
        self.within = 0

    def write(self, entries: Sequence[Item], actor: Actor) -> Appended:
        self.within += 1
        assert self.within == 1, "two writes at once"
        try:
            if not self.started.is_set():
                self.started.set()
                assert self.proceed.wait(60)
            if BAD in entries:
                raise InvalidInput("bad")
            if UNREACHABLE in entries:
                raise Unavailable("unreachable")
            self.groups.append((list(entries), actor))
            return Appended(len(self.groups), [number_of(item) % 2 == 0 for item in entries])
        finally:
            self.within -= 1


def together(disk: Disk, *requests: tuple[list[Item], Actor]) -> list[Appended | Exception]:
    """Submit the requests in order while the first is being written; return their outcomes."""
    waiting = GroupCommit(disk.write)
    outcomes: list[Appended | Exception] = [RuntimeError("never ended")] * len(requests)

    def take(number: int, entries: list[Item], actor: Actor) -> None:
        try:
            outcomes[number] = waiting.submit(entries, actor)
        except InvalidInput as error:
            outcomes[number] = error
        except Unavailable as error:
            outcomes[number] = error

    threads = []
    for number, (entries, actor) in enumerate(requests):
        thread = threading.Thread(target=take, args=(number, entries, actor))
        thread.start()
        threads.append(thread)
        if number == 0:
            assert disk.started.wait(60)
        until = time.monotonic() + 60
        while len(waiting._waiting) < number and time.monotonic() < until:
            time.sleep(0.001)
    disk.proceed.set()
    for thread in threads:
        thread.join(60)
    assert waiting.submit([entry(2)], ANN).new == [True], "later appends succeed"
    return outcomes


def test_queued_appends_are_committed_together_and_get_their_own_answers() -> None:
    disk = Disk()
    first, *rest = together(disk, ([entry(1)], ANN), ([entry(2), entry(3)], ANN), ([entry(4)], ANN), ([], ANN))
    assert first == Appended(1, [False])
    assert rest == [Appended(2, [True, False]), Appended(2, [True]), Appended(2, [])]
    assert disk.groups[1] == ([entry(2), entry(3), entry(4)], ANN)


def test_appends_of_different_actors_are_not_grouped_and_order_is_preserved() -> None:
    disk = Disk()
    together(disk, ([entry(1)], ANN), ([entry(2)], ANN), ([entry(3)], BOB), ([entry(4)], ANN))
    assert [(len(entries), actor) for entries, actor in disk.groups[:4]] == [(1, ANN), (1, ANN), (1, BOB), (1, ANN)]


def test_the_rejection_of_one_append_does_not_affect_the_others() -> None:
    disk = Disk()
    _, before, bad, after = together(disk, ([entry(1)], ANN), ([entry(2)], ANN), ([BAD], ANN), ([entry(4)], ANN))
    assert isinstance(bad, InvalidInput)
    assert (before, after) == (Appended(2, [True]), Appended(3, [True]))


def test_an_unreachable_store_fails_every_append_of_the_group() -> None:
    disk = Disk()
    _, one, two = together(disk, ([entry(1)], ANN), ([UNREACHABLE], ANN), ([entry(4)], ANN))
    assert isinstance(one, Unavailable)
    assert isinstance(two, Unavailable)


def test_a_large_append_has_a_transaction_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_TOGETHER", 3)
    disk = Disk()
    many: list[Item] = [entry(number) for number in range(5)]
    together(disk, ([entry(1)], ANN), ([entry(2)], ANN), (many, ANN), ([entry(4)], ANN), ([entry(6)], ANN))
    assert [len(entries) for entries, _ in disk.groups[:4]] == [1, 1, 5, 2]


def test_an_interrupted_write_leaves_no_append_waiting() -> None:
    def interrupted(entries: Sequence[Item], actor: Actor) -> Appended:
        raise KeyboardInterrupt(entries, actor)

    waiting = GroupCommit(interrupted)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            waiting.submit([entry(1)], ANN)


def test_many_threads_each_get_the_outcome_of_their_own_entries() -> None:
    disk = Disk()
    disk.proceed.set()
    waiting = GroupCommit(disk.write)
    wrong = set[int]()

    def take(begin: int) -> None:
        for number in range(begin, begin + 200):
            new = waiting.submit([entry(number), entry(number + 1)], ANN).new
            if list(new) != [number % 2 == 0, number % 2 == 1]:
                wrong.add(number)

    threads = [threading.Thread(target=take, args=(begin,)) for begin in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == set()
    assert sum(len(entries) for entries, _ in disk.groups) == 8 * 200 * 2


def test_an_asynchronous_append_is_answered_in_its_order() -> None:
    disk, outcomes = Disk(), dict[int, Appended | BaseException]()
    waiting = GroupCommit(disk.write)

    def begin(number: int, entries: Sequence[Item], actor: Actor = ANN) -> None:
        def done(outcome: Appended | BaseException) -> None:
            outcomes[number] = outcome
            if number == 3:
                raise ValueError("planted: it must not affect other appends")

        waiting.submit_async(entries, actor, done)

    begin(1, [entry(1)])
    assert disk.started.wait(60)
    for number, entries in ((2, [entry(2)]), (3, [entry(4)]), (4, [BAD])):
        begin(number, entries)
    thread = threading.Thread(target=lambda: outcomes.update({5: waiting.submit([entry(6)], BOB)}))
    thread.start()
    until = time.monotonic() + 60
    while len(waiting._waiting) < 4 and time.monotonic() < until:
        time.sleep(0.001)
    disk.proceed.set()
    thread.join(60)
    begin(6, [entry(8)])
    until = time.monotonic() + 60
    while len(outcomes) < 6 and time.monotonic() < until:
        time.sleep(0.001)
    assert outcomes.pop(4).args == ("bad",)  # type: ignore[union-attr]  # it was rejected
    assert outcomes == {number: Appended(tx, [tx > 1]) for number, tx in ((1, 1), (2, 2), (3, 3), (5, 4), (6, 5))}


def test_an_interrupted_write_is_reported_to_an_asynchronous_append() -> None:
    def interrupted(entries: Sequence[Item], actor: Actor) -> Appended:
        raise KeyboardInterrupt(entries, actor)

    waiting, outcomes = GroupCommit(interrupted), SimpleQueue[Appended | BaseException]()
    for _ in range(2):
        waiting.submit_async([entry(1)], ANN, outcomes.put)
        assert isinstance(outcomes.get(timeout=60), Unavailable)
