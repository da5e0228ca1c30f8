"""Interface of the fact store: append facts, and read them by group, by transaction, or all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.facts import Contact, Fact, Mode
from mlgraph.domain.history import CURATED_ORIGIN, AssetRecord, EdgeRecord

MAX_ORIGINS: Final = CURATED_ORIGIN - 1
"""The greatest number that a store allocates to an origin; the graph numbers those of inferred edges after `CURATED_ORIGIN`."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who appends: a name, and the source and environment to which its token is bound."""

    name: str
    source: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it was received, and the digest that identifies duplicates."""

    format: str
    source: str
    event_id: str
    digest: bytes
    """Of the event as it was received, with its secrets."""
    body: str
    is_redacted: bool = False
    """Whether `body` lacks secrets or names that were in the event. The digest is then stored keyed (docs/adr/0031)."""
    former: bytes | None = None
    """Set by the writer: the digest without a key, under which version 0.1.0 stored a redacted event."""


class Item(NamedTuple):
    """One unit of input (a line, an event): its facts and contacts, and the event itself if it was one."""

    facts: Sequence[Fact]
    contacts: Sequence[Contact] = ()
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of an append: the store's last transaction, and for each entry whether it added anything new."""

    tx: int
    new: Sequence[bool]


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset with its number in the store. `kind` is a code of the vocabulary; `dataset` is a column's dataset, else 0."""

    asset: int
    uri: str
    kind: int
    dataset: int


@dataclass(slots=True)
class AppendedRecords:
    """Everything that some transactions appended: new assets, facts, and the people whose name or mail changed."""

    assets: list[AssetRow] = field(default_factory=list)
    edges: list[EdgeRecord] = field(default_factory=list)
    states: list[AssetRecord] = field(default_factory=list)
    people: set[int] = field(default_factory=set)


class CommittedTransaction(NamedTuple):
    """A transaction as its writer passes it to the commit feed, so that this process need not read it from the store."""

    tx: int
    last_at: int
    """The latest time that was assigned to a fact without one (see `mlgraph.domain.clock.reach`)."""
    facts: int
    records: Callable[[], AppendedRecords]
    """Builds the records on demand."""


@dataclass(slots=True)
class Changes:
    """The changes of a range of transactions up to `upto`: new assets, and the edges and assets with appended facts."""

    upto: int
    assets: list[AssetRow] = field(default_factory=list)
    edges: set[tuple[int, int, int]] = field(default_factory=set)
    seen_by: set[int] = field(default_factory=set)
    """Runs and workflows whose column edges changed."""
    asserted: set[int] = field(default_factory=set)
    """Assets with an appended fact or retraction."""
    declared: set[int] = field(default_factory=set)
    """Assets with an appended declaration or retraction."""
    cut: bool = False
    """The range was shortened, because it contains too many facts for one step."""
    records: AppendedRecords | None = None
    """The appended records, where the commit feed has them."""

    @classmethod
    def of(cls, upto: int, records: AppendedRecords) -> Changes:
        """Return the changes of transactions up to `upto` that appended `records`."""
        changes = cls(upto, records.assets, records=records)
        for state in records.states:
            changes.note_state(state.asset, state.mode)
        for edge in records.edges:
            changes.note_edge(edge.triple, edge.by)
        return changes

    def note_state(self, asset: int, mode: int) -> None:
        """Add a fact about an asset."""
        self.asserted.add(asset)
        if mode in (Mode.RETRACT, Mode.DECLARATION):
            self.declared.add(asset)

    def note_edge(self, triple: tuple[int, int, int], seen_by: int | None) -> None:
        """Add a fact about an edge, or about a column edge that the run or workflow `seen_by` reported."""
        if seen_by is None:
            self.edges.add(triple)
        else:
            self.seen_by.add(seen_by)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who recorded a transaction and when (microseconds since the epoch); part of the answers of `why` and `show`."""

    tx: int
    recorded_at: int
    actor: str
    source: str | None
    environment: str | None


class RunRecords(NamedTuple):
    """The records of some runs: inputs, outputs, the column edges that they reported, states, and edges to their workflows."""

    reads: list[EdgeRecord]
    writes: list[EdgeRecord]
    columns: list[EdgeRecord]
    states: list[AssetRecord]
    memberships: list[EdgeRecord]


class EdgeTable(NamedTuple):
    """Edge facts as columns, one entry per fact: numbers of the store, times in microseconds since the epoch."""

    source: NDArray[np.int32]
    relation: NDArray[np.int16]
    target: NDArray[np.int32]
    origin: NDArray[np.int16]
    mode: NDArray[np.int16]
    role: NDArray[np.int16]
    """0: none; from 1 on, the position in the vocabulary's `INPUT_ROLES`; -1: another role."""
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class BoundaryChanges(NamedTuple):
    """The edges and assets with a fact whose valid time begins or ends between two moments.

    Only these can differ between the two moments.
    """

    edges: set[tuple[int, int, int]]
    seen_by: set[int]
    """Runs and workflows that reported column edges among them."""
    assets: set[int]
    retracted: set[int]
    """The retracted ones among `assets`: a retraction can close every edge of an asset."""


class EdgeStep(NamedTuple):
    """One step of a path pattern: edges of a relation from given assets, along (`forward`) or against their direction.

    The far ends have one of `kinds`; with `then`, only far ends from which the next step has an edge match.
    """

    relation: int
    forward: bool
    kinds: frozenset[int]
    then: EdgeStep | None = None


class FactWriter(Protocol):
    """Appends facts. Stored facts are never updated."""

    def append(self, entries: Sequence[Item], actor: Actor) -> Appended:
        """Append the new facts in one durable transaction. Raises `Unavailable` if the store cannot be reached."""

    def begin_append(self, entries: Sequence[Item], actor: Actor, done: Callable[[Appended | BaseException], None]) -> None:
        """Append without waiting: another thread calls `done` with the result or the error of `append`."""


class GroupReader(Protocol):
    """Reads facts by groups: all records of an edge, a run, a workflow, an asset."""

    def edges(self, triples: Collection[tuple[int, int, int]]) -> list[EdgeRecord]:
        """Return all records of these triples (source, relation, target), without those that a run or workflow reported."""

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations to `targets`."""

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations from `sources`."""

    def runs(self, runs: Collection[int]) -> RunRecords:
        """Return all records of these runs."""

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        """Return the records of column edges that one of `owners` (runs, workflows) reported."""

    def asset_records(self, assets: Collection[int]) -> list[AssetRecord]:
        """Return all records of these assets."""

    def asset_records_in(self, assets: Collection[int], after: int, upto: int) -> list[AssetRecord]:
        """Return the records of these assets from transactions after `after` up to and including `upto`."""

    def declarations(self, workflows: Collection[int]) -> list[AssetRecord]:
        """Return the declarations of these workflows."""

    def retracted(self, assets: Collection[int]) -> set[int]:
        """Return those of `assets` that have a retraction."""

    def neighbours(self, asset: int) -> list[tuple[int, int, int]]:
        """Return every triple (source, relation, target) with `asset` as source or target."""

    def rows(self, assets: Collection[int]) -> dict[int, AssetRow]:
        """Return the rows of these assets."""

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        """Return the contacts of these people, by asset; without people whose contact is unknown or erased."""


class FactReader(GroupReader, Protocol):
    """Reads all facts, or those up to a transaction."""

    def alias_records(self) -> list[EdgeRecord]:
        """Return all records of `alias_of`."""

    def runs_since(self, workflows: Collection[int], moment: int) -> set[int]:
        """Return the runs of these workflows that started or ended at or after `moment` (microseconds), and possibly others."""

    def steps(self, assets: Collection[int], step: EdgeStep, most: int) -> list[EdgeRecord]:
        """Return the records of the edges of `step` from `assets`, at most `most`, without column edges."""

    def owned(self, owners: Collection[int], most: int) -> list[int]:
        """Return the assets with a state that names one of `owners`, now or in the past; at most `most`."""

    def boundary_changes(self, after: int, upto: int) -> BoundaryChanges:
        """Return the edges and assets with a fact that begins or ends in (`after`, `upto`], in microseconds since the epoch."""

    def session(self) -> AbstractContextManager[None]:
        """Reuse one connection for all reads of this thread until the end of the context: small queries cost less."""

    def at(self, tx: int) -> FactReader:
        """Return a reader of the facts up to transaction `tx`: later appends do not change its results."""

    def last_tx(self) -> int:
        """Return the number of the last transaction (0: none)."""

    def changes(self, after: int, limit: int) -> Changes:
        """Return the changes of up to `limit` transactions after `after`; of fewer where these contain very many facts."""

    def pending(self, after: int, most: int) -> int:
        """Return the number of edge facts after transaction `after`, at most `most`."""

    def stamp(self, tx: int) -> str | None:
        """Return a text that identifies the log up to transaction `tx`; None if the log is shorter."""

    def assets(self) -> Iterator[list[AssetRow]]:
        """Yield all assets in order of their numbers, in chunks."""

    def edge_table(self, low: int, high: int, relations: Collection[int]) -> EdgeTable:
        """Return the edge facts of these relations with low <= source < high, without column edges."""

    def records_between(self, low: int, high: int) -> list[AssetRecord]:
        """Return the records of the assets with low <= number < high."""

    def all_retracted(self) -> NDArray[np.int32]:
        """Return all assets that have a retraction."""

    def ids(self, uris: Collection[str]) -> dict[str, int]:
        """Return the numbers of those URIs that have one in the store."""

    def origins(self) -> Mapping[int, str]:
        """Return the names of all origins, by number."""

    def provenance(self, txs: Collection[int]) -> dict[int, Provenance]:
        """Return the provenance of these transactions."""

    def events(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the ids that the events have at their sources, by the store's numbers of the events."""

    def stream(self) -> Iterator[tuple[AssetRow, list[AssetRecord], list[EdgeRecord]]]:
        """Yield every asset in bytewise order of URI, with its records and its outgoing edges: a consistent snapshot."""
