"""What the rest of mlgraph asks of the store: append facts, and read them back by group, by transaction, or all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.facts import Contact, Fact, Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord


@dataclass(frozen=True, slots=True)
class Actor:
    """Who says something: a name, and the source and environment that a token binds it to."""

    name: str
    source: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was received, and the digest that tells whether it is the same as one received before."""

    format: str
    source: str
    event_id: str
    digest: bytes
    body: str


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of input (a line, an event): what it says, and the event itself where it was one."""

    facts: Sequence[Fact]
    contacts: Sequence[Contact] = ()
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of an append: the store's last transaction, and for each entry whether it said anything new."""

    tx: int
    new: Sequence[bool]


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset as the store numbers it."""

    asset: int
    uri: str
    kind: int
    dataset: int


@dataclass(slots=True)
class AppendedRecords:
    """All that some transactions appended: assets first heard of, facts, and the people whose name or mail was told."""

    assets: list[AssetRow] = field(default_factory=list)
    edges: list[EdgeRecord] = field(default_factory=list)
    states: list[AssetRecord] = field(default_factory=list)
    people: set[int] = field(default_factory=set)


class CommittedTransaction(NamedTuple):
    """A transaction as the writer that made it knows it, so that nobody in its process need read it back."""

    tx: int
    last_at: int
    """The last moment that was given to a fact without one (see `mlgraph.domain.clock.reach`)."""
    facts: int
    records: Callable[[], AppendedRecords]
    """Puts the records together."""


@dataclass(slots=True)
class Changes:
    """What a span of transactions touched: new assets, and the facts that were appended."""

    upto: int
    assets: list[AssetRow] = field(default_factory=list)
    edges: set[tuple[int, int, int]] = field(default_factory=set)
    seen_by: set[int] = field(default_factory=set)
    """Runs and workflows whose column edges changed."""
    asserted: set[int] = field(default_factory=set)
    """Assets of which something was said or retracted."""
    declared: set[int] = field(default_factory=set)
    """Those of which it was said that they are declared anew, or gone."""
    cut: bool = False
    """There is more, left out because it would be too much at once."""
    records: AppendedRecords | None = None
    """What they appended, where it was handed over."""

    @classmethod
    def of(cls, upto: int, records: AppendedRecords) -> Changes:
        """Return what a span of transactions up to `upto` touched that appended `records`."""
        changes = cls(upto, records.assets, records=records)
        for state in records.states:
            changes.note_state(state.asset, state.mode)
        for edge in records.edges:
            changes.note_edge(edge.triple, edge.by)
        return changes

    def note_state(self, asset: int, mode: int) -> None:
        """Note a fact about an asset."""
        self.asserted.add(asset)
        if mode in (Mode.RETRACT, Mode.DECLARATION):
            self.declared.add(asset)

    def note_edge(self, triple: tuple[int, int, int], seen_by: int | None) -> None:
        """Note a fact about an edge."""
        if seen_by is None:
            self.edges.add(triple)
        else:
            self.seen_by.add(seen_by)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who told a fact, and when: what `why` and `show` answer with."""

    tx: int
    recorded_at: int
    actor: str
    source: str | None
    environment: str | None


class RunRecords(NamedTuple):
    """What is said of some runs: their inputs and outputs, the column edges seen in them, their states, and whose they are."""

    reads: list[EdgeRecord]
    writes: list[EdgeRecord]
    columns: list[EdgeRecord]
    states: list[AssetRecord]
    memberships: list[EdgeRecord]


class EdgeTable(NamedTuple):
    """Edge facts as columns, one entry a fact: numbers as the store has them, times in microseconds."""

    source: NDArray[np.int32]
    relation: NDArray[np.int16]
    target: NDArray[np.int32]
    origin: NDArray[np.int16]
    mode: NDArray[np.int16]
    role: NDArray[np.int16]
    """0: none; from 1 on the place in the vocabulary's `INPUT_ROLES`; -1: another."""
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class BoundaryChanges(NamedTuple):
    """What begins or ends between two moments, by what facts say: a change of their meaning between the two is of these alone."""

    edges: set[tuple[int, int, int]]
    seen_by: set[int]
    """Runs and workflows that column edges among them were seen in."""
    assets: set[int]
    retracted: set[int]
    """Those of `assets` that were retracted: it may end any of their edges."""


class EdgeStep(NamedTuple):
    """Edges of one relation that lead on from assets, along the edges (`forward`) or against, to assets of some kinds.

    With `then`, only to such of them as the next step leads on from.
    """

    relation: int
    forward: bool
    kinds: frozenset[int]
    then: EdgeStep | None = None


class FactWriter(Protocol):
    """Appends facts; nothing is ever updated."""

    def append(self, entries: Sequence[Item], actor: Actor) -> Appended:
        """Append what is new, in one durable transaction. Raises `Unavailable` if the store is away."""

    def begin_append(self, entries: Sequence[Item], actor: Actor, done: Callable[[Appended | BaseException], None]) -> None:
        """Append without waiting: `done` is called in another thread with what `append` would have returned or raised."""


class GroupReader(Protocol):
    """Reads facts by the groups that are computed together."""

    def edges(self, triples: Collection[tuple[int, int, int]]) -> list[EdgeRecord]:
        """Return all records of these triples."""

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of these relations that lead to `targets`."""

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of these relations that lead from `sources`."""

    def runs(self, runs: Collection[int]) -> RunRecords:
        """Return all that is said of these runs."""

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        """Return the column edges whose `by` is one of `owners`."""

    def asset_records(self, assets: Collection[int]) -> list[AssetRecord]:
        """Return all records of these assets."""

    def asset_records_in(self, assets: Collection[int], after: int, upto: int) -> list[AssetRecord]:
        """Return the records of these assets that transactions after `after`, up to `upto`, appended."""

    def declarations(self, workflows: Collection[int]) -> list[AssetRecord]:
        """Return when these workflows were declared anew."""

    def retracted(self, assets: Collection[int]) -> set[int]:
        """Return which of `assets` were ever retracted."""

    def neighbours(self, asset: int) -> list[tuple[int, int, int]]:
        """Return every triple that `asset` is an end of."""

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        """Return name and mail of these people, where they are known and not erased."""


class FactReader(GroupReader, Protocol):
    """Reads facts, of now or up to some transaction."""

    def alias_records(self) -> list[EdgeRecord]:
        """Return all records that say that one name is another name of an asset."""

    def runs_since(self, workflows: Collection[int], moment: int) -> set[int]:
        """Return the runs of these workflows that began or ended at or after `moment`; possibly some others too."""

    def steps(self, assets: Collection[int], step: EdgeStep, most: int) -> list[EdgeRecord]:
        """Return the records of the edges that `step` takes from `assets`, at most `most` of them; none that a run saw."""

    def owned(self, owners: Collection[int], most: int) -> list[int]:
        """Return the assets whose state has ever named one of `owners`, at most `most` of them."""

    def touched(self, after: int, upto: int) -> BoundaryChanges:
        """Return what facts begin or end at a moment after `after`, and not after `upto` (microseconds)."""

    def session(self) -> AbstractContextManager[None]:
        """Let this thread read over one connection until the end of the context: many small questions cost less."""

    def at(self, tx: int) -> FactReader:
        """Return a reader of the facts up to transaction `tx`: what it reads does not change while others append."""

    def last_tx(self) -> int:
        """Return the number of the last transaction (0: none)."""

    def changes(self, after: int, limit: int) -> Changes:
        """Return what up to `limit` transactions after `after` touched; fewer, where they hold very many facts."""

    def pending(self, after: int, most: int) -> int:
        """Return how many facts about edges came after transaction `after`, counting to `most`."""

    def stamp(self, tx: int) -> str | None:
        """Return what tells the log up to transaction `tx` from another; None if it does not reach so far."""

    def assets(self) -> Iterator[list[AssetRow]]:
        """Yield all assets in order of their numbers, many at a time."""

    def edge_table(self, low: int, high: int, relations: Collection[int]) -> EdgeTable:
        """Return the edge facts of these relations from sources `low` up to, not including, `high`; not those that a run saw."""

    def records_between(self, low: int, high: int) -> list[AssetRecord]:
        """Return the records of the assets from `low` up to, not including, `high`."""

    def all_retracted(self) -> NDArray[np.int32]:
        """Return all assets that were ever retracted."""

    def ids(self, uris: Collection[str]) -> dict[str, int]:
        """Return the numbers of those URIs that the store has heard of."""

    def rows(self, assets: Collection[int]) -> dict[int, AssetRow]:
        """Return URI and kind of these assets."""

    def origins(self) -> Mapping[int, str]:
        """Return the names of all origins."""

    def provenance(self, txs: Collection[int]) -> dict[int, Provenance]:
        """Return who appended these transactions, and when."""

    def events(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the ids that events had at their sources, by the store's numbers of the events."""

    def stream(self) -> Iterator[tuple[AssetRow, list[AssetRecord], list[EdgeRecord]]]:
        """Yield every asset in order of URI, with its records and the edges that lead from it, of one moment."""
