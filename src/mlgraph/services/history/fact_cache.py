"""What the store says, remembered: groups of facts that were read or handed over once, kept current by what is appended.

Following the log asks for the same groups again and again: the runs of a workflow, what was said of a run. As long as every
transaction is handed over by the writer that made it, what is remembered of a group and what was appended since are all of it,
and about an asset that was first heard of meanwhile all is known: the store need not be asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from enum import IntEnum
from typing import Any, Final, TypeVar

from mlgraph.domain.facts import Contact, Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.graph.model.rows import INPUT_TO, OUTPUTS, RUN_OF
from mlgraph.ports.store import AppendedRecords, GroupReader, RunRecords

GENERATION: Final = 60_000
"""Records after which what was not asked for meanwhile is forgotten, in two steps: twice as many are kept at most."""
LONGEST: Final = 10_000
"""Groups with more records are read from the store each time."""
_NONE_NEW: Final = 2**31

Triple = tuple[int, int, int]
_Key = tuple[int, ...]
_Record = TypeVar("_Record", AssetRecord, EdgeRecord)


class _Group(IntEnum):
    """Sorts of groups: what a key begins with. Numbers of assets follow."""

    INTO = 0
    FROM = 1
    SEEN_BY = 2
    TRIPLE = 3
    STATES = 4
    DECLARATIONS = 5
    RETRACTIONS = 6
    NAMED = 7


class CachedGroupReader:
    """A `GroupReader` that asks another one only for what it does not know. For one thread."""

    def __init__(self, reader: GroupReader) -> None:
        """Know nothing yet: ask `reader`."""
        self._reader = reader
        self._upto = 0
        self._latest: tuple[int, int, AppendedRecords] = (0, 0, AppendedRecords())
        self.invalidate(reader)

    def invalidate(self, reader: GroupReader) -> None:
        """Know nothing any more: from now on ask `reader`, until `apply_appended` says what was appended since."""
        self._reader = reader
        self._newer: dict[_Key, list[Any]] = {}
        self._older: dict[_Key, list[Any]] = {}
        self._many = 0
        # Of assets with greater numbers all is in `_older` or `_newer`, and in `_newer` alone.
        self._known_after = self._known_in_newer_after = _NONE_NEW

    def apply_appended(self, reader: GroupReader, records: AppendedRecords, greatest: int, span: tuple[int, int]) -> None:
        """Take in what transactions after `span[0]`, up to `span[1]`, appended: all of it.

        `greatest` is the greatest number of an asset before that; `reader` reads up to `span[1]`. What was taken in already is
        passed over, so that a failed step can be tried again.
        """
        self._reader, self._latest = reader, (*span, records)
        if self._known_after == _NONE_NEW:
            self._known_after = self._known_in_newer_after = greatest
            self._upto = span[0]
        elif self._many > GENERATION:
            self._older, self._newer, self._many = self._newer, {}, 0
            self._known_after, self._known_in_newer_after = self._known_in_newer_after, greatest
        for edge in (edge for edge in records.edges if edge.tx > self._upto):
            self._add((_Group.INTO, edge.target, edge.relation), edge, edge.target)
            self._add((_Group.FROM, edge.source, edge.relation), edge, edge.source)
            if edge.by is None:
                self._add((_Group.TRIPLE, *edge.triple), edge, max(edge.source, edge.target))
            else:
                self._add((_Group.SEEN_BY, edge.by), edge, edge.by)
        for state in (state for state in records.states if state.tx > self._upto):
            self._add((_Group.STATES, state.asset), state, state.asset)
            if state.mode == Mode.DECLARATION:
                self._add((_Group.DECLARATIONS, state.asset), state, state.asset)
            elif state.mode == Mode.RETRACT:
                self._add((_Group.RETRACTIONS, state.asset), state, state.asset)
        for person in records.people:
            self._add((_Group.NAMED, person), person, person)
        self._upto = span[1]

    def _add(self, key: _Key, record: object, newest: int) -> None:
        """Add a record to a group that is known whole; `newest` is the asset of the key that was heard of last."""
        known = self._cached(key, newest)
        if known is None:
            return
        if not known:
            known = self._newer.setdefault(key, known)
        known.append(record)
        self._many += 1
        if len(known) > LONGEST and newest <= self._known_after:
            del self._newer[key]

    def _cached(self, key: _Key, newest: int) -> list[Any] | None:
        """Return the group of `key`; None if it is not known."""
        known = self._newer.get(key)
        if known is None:
            known = self._older.pop(key, None)
            if known is None:
                return [] if newest > self._known_after else None
            self._newer[key] = known
            self._many += len(known) + 1
        return known

    def _cache(self, key: _Key, records: list[Any]) -> None:
        if self._known_after != _NONE_NEW and len(records) <= LONGEST:
            self._newer[key] = records
            self._many += len(records) + 1

    def _of_each(
        self,
        group: _Group,
        assets: Collection[int],
        ask: Callable[[list[int]], Iterable[Any]],
        of: Callable[[Any], int],
        relations: Collection[int] = (),
    ) -> list[Any]:
        """Return the records of the groups of `assets`; `ask` reads those that are not known, `of` says whose each record is."""
        found: list[Any] = []
        missing: list[int] = []
        suffixes: list[tuple[int, ...]] = [(relation,) for relation in relations] or [()]
        for asset in assets:
            cached = [self._cached((group, asset, *suffix), asset) for suffix in suffixes]
            if any(records is None for records in cached):
                missing.append(asset)
            else:
                found.extend(record for records in cached for record in records or ())
        if missing:
            fetched_by_key: dict[_Key, list[Any]] = {(group, asset, *suffix): [] for asset in missing for suffix in suffixes}
            for record in ask(missing):
                found.append(record)
                fetched_by_key[(group, of(record), record.relation) if relations else (group, of(record))].append(record)
            for key, fetched in fetched_by_key.items():
                self._cache(key, fetched)
        return found

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of these relations that lead to `targets`."""
        return self._of_each(
            _Group.INTO,
            targets,
            lambda missing: self._reader.edges_into(missing, relations),
            lambda edge: edge.target,
            relations,
        )

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of these relations that lead from `sources`."""
        return self._of_each(
            _Group.FROM,
            sources,
            lambda missing: self._reader.edges_from(missing, relations),
            lambda edge: edge.source,
            relations,
        )

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        """Return the column edges whose `by` is one of `owners`."""
        return self._of_each(_Group.SEEN_BY, owners, self._reader.columns_seen_by, lambda edge: edge.by or 0)

    def edges(self, triples: Collection[Triple]) -> list[EdgeRecord]:
        """Return all records of these triples that no run or workflow saw."""
        found: list[EdgeRecord] = []
        missing: list[Triple] = []
        for triple in triples:
            cached = self._cached((_Group.TRIPLE, *triple), max(triple[0], triple[2]))
            if cached is None:
                missing.append(triple)
            else:
                found.extend(cached)
        if missing:
            fetched_by_key: dict[Triple, list[EdgeRecord]] = {triple: [] for triple in missing}
            for edge in self._reader.edges(missing):
                found.append(edge)
                fetched_by_key[edge.triple].append(edge)
            for triple, records in fetched_by_key.items():
                self._cache((_Group.TRIPLE, *triple), records)
        return found

    def runs(self, runs: Collection[int]) -> RunRecords:
        """Return all that is said of these runs."""
        combined = RunRecords([], [], [], [], [])
        lists: list[list[Any]] = list(combined)
        missing = []
        for run in runs:
            cached = [self._cached(key, run) for key in _keys_of(run)]
            if any(records is None for records in cached):
                missing.append(run)
            else:
                for part, records in zip(lists, cached, strict=True):
                    part.extend(records or ())
        if missing:
            read = self._reader.runs(missing)
            groups: list[dict[int, list[Any]]] = [
                _grouped(read.reads, lambda edge: edge.target),
                _grouped(read.writes, lambda edge: edge.source),
                _grouped(read.columns, lambda edge: edge.by or 0),
                _grouped(read.states, lambda state: state.asset),
                _grouped(read.memberships, lambda edge: edge.source),
            ]
            for run in missing:
                for key, group in zip(_keys_of(run), groups, strict=True):
                    self._cache(key, group.get(run, []))
            for part, more in zip(lists, list[list[Any]](read), strict=True):
                part.extend(more)
        return combined

    def asset_records(self, assets: Collection[int]) -> list[AssetRecord]:
        """Return all records of these assets."""
        return self._of_each(_Group.STATES, assets, self._reader.asset_records, lambda state: state.asset)

    def asset_records_in(self, assets: Collection[int], after: int, upto: int) -> list[AssetRecord]:
        """Return the records of these assets that transactions after `after`, up to `upto`, appended."""
        if (after, upto) != self._latest[:2]:
            return self._reader.asset_records_in(assets, after, upto)
        wanted = set(assets)
        return [state for state in self._latest[2].states if state.asset in wanted]

    def declarations(self, workflows: Collection[int]) -> list[AssetRecord]:
        """Return when these workflows were declared anew."""
        return self._of_each(_Group.DECLARATIONS, workflows, self._reader.declarations, lambda state: state.asset)

    def retracted(self, assets: Collection[int]) -> set[int]:
        """Return which of `assets` were ever retracted."""
        found: set[int] = set()
        missing = []
        for asset in assets:
            cached = self._cached((_Group.RETRACTIONS, asset), asset)
            if cached is None:
                missing.append(asset)
            elif cached:
                found.add(asset)
        if missing:
            retracted_now = self._reader.retracted(missing)
            for asset in missing:
                self._cache((_Group.RETRACTIONS, asset), [asset] if asset in retracted_now else [])
            found |= retracted_now
        return found

    def neighbours(self, asset: int) -> list[Triple]:
        """Return every triple that `asset` is an end of: the store is asked, because assets are seldom retracted."""
        return self._reader.neighbours(asset)

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        """Return name and mail of these people, where they are known and not erased: always as the store has them now."""
        maybe = [asset for asset in assets if self._cached((_Group.NAMED, asset), asset) != []]
        if not maybe:
            return {}
        found = self._reader.contacts(maybe)
        for asset in maybe:
            if asset not in found:
                self._cache((_Group.NAMED, asset), [])
        return found


def _keys_of(run: int) -> tuple[_Key, ...]:
    """Return the keys of all that is said of a run, in the order of `RunRecords`."""
    return (
        (_Group.INTO, run, INPUT_TO),
        (_Group.FROM, run, OUTPUTS),
        (_Group.SEEN_BY, run),
        (_Group.STATES, run),
        (_Group.FROM, run, RUN_OF),
    )


def _grouped(records: Iterable[_Record], of: Callable[[_Record], int]) -> dict[int, list[_Record]]:
    grouped: dict[int, list[_Record]] = defaultdict(list)
    for record in records:
        grouped[of(record)].append(record)
    return grouped
