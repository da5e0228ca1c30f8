"""The fact cache: groups of facts, read once from the store and updated from the commit feed.

The projection reads the same groups again and again: the runs of a workflow, the records of a run. As long as the commit feed has
every transaction, a cached group plus the records appended since is complete; so are the groups of assets that are newer than the
cache, of which the store has nothing else. These groups need no read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from enum import IntEnum
from typing import Any, Final, TypeVar

from mlgraph.domain.facts import Contact, Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.graph.model.rows import INPUT_TO, OUTPUTS, RUN_OF
from mlgraph.ports.store import AppendedRecords, AssetRow, GroupReader, RunRecords

GENERATION: Final = 60_000
"""Records in one of the two generations of the cache; groups that were not requested during a generation are evicted."""
LONGEST: Final = 10_000
"""Groups with more records are not cached."""
_DISABLED: Final = 2**31
"""`_complete_after` while nothing is cached: no asset has so great a number."""

Triple = tuple[int, int, int]
_Key = tuple[int, ...]
_Record = TypeVar("_Record", AssetRecord, EdgeRecord)


class _Group(IntEnum):
    """Kinds of groups: the first part of a key. Asset numbers follow."""

    INTO = 0
    FROM = 1
    SEEN_BY = 2
    TRIPLE = 3
    STATES = 4
    DECLARATIONS = 5
    RETRACTIONS = 6
    NAMED = 7


class CachedGroupReader:
    """A `GroupReader` that reads through another one and caches its groups. Not thread-safe."""

    def __init__(self, reader: GroupReader) -> None:
        """Start with an empty cache over `reader`."""
        self._reader = reader
        self._upto = 0
        self._latest: tuple[int, int, AppendedRecords] = (0, 0, AppendedRecords())
        self._rows: dict[int, AssetRow] = {}
        self.invalidate(reader)

    def invalidate(self, reader: GroupReader) -> None:
        """Empty the cache and read from `reader`, without caching, until the next `apply_appended`."""
        self._reader = reader
        self._newer: dict[_Key, list[Any]] = {}
        self._older: dict[_Key, list[Any]] = {}
        self._size = 0
        # All records of assets with greater numbers are in `_older` or `_newer`; those after the second number, in `_newer`.
        self._complete_after = self._complete_in_newer_after = _DISABLED

    def apply_appended(self, reader: GroupReader, records: AppendedRecords, greatest: int, span: tuple[int, int]) -> None:
        """Apply all records of the transactions after `span[0]`, up to `span[1]`.

        `greatest`: the greatest asset number before them; `reader` reads up to `span[1]`. Records that were applied already are
        skipped, so that a failed step can be repeated.
        """
        self._reader, self._latest = reader, (*span, records)
        if self._complete_after == _DISABLED:
            self._complete_after = self._complete_in_newer_after = greatest
            self._upto = span[0]
        elif self._size > GENERATION:
            self._older, self._newer, self._size = self._newer, {}, 0
            self._complete_after, self._complete_in_newer_after = self._complete_in_newer_after, greatest
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
        """Append a record to a group if the group is cached. `newest`: the greatest asset number in the key."""
        group = self._cached(key, newest)
        if group is None:
            return
        if not group:
            group = self._newer.setdefault(key, group)
        group.append(record)
        self._size += 1
        if len(group) > LONGEST and newest <= self._complete_after:
            del self._newer[key]

    def _cached(self, key: _Key, newest: int) -> list[Any] | None:
        """Return the group of `key`; None if it is not cached. `newest`: the greatest asset number in the key."""
        group = self._newer.get(key)
        if group is None:
            group = self._older.pop(key, None)
            if group is None:
                return [] if newest > self._complete_after else None
            self._newer[key] = group
            self._size += len(group) + 1
        return group

    def _cache(self, key: _Key, records: list[Any]) -> None:
        if self._complete_after != _DISABLED and len(records) <= LONGEST:
            self._newer[key] = records
            self._size += len(records) + 1

    def _of_each(
        self,
        group: _Group,
        assets: Collection[int],
        read: Callable[[list[int]], Iterable[Any]],
        asset_of: Callable[[Any], int],
        relations: Collection[int] = (),
    ) -> list[Any]:
        """Return the records of the groups of `assets`; `read` reads those not cached, `asset_of` maps a record to its asset."""
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
            for record in read(missing):
                found.append(record)
                suffix = (record.relation,) if relations else ()
                fetched_by_key[group, asset_of(record), *suffix].append(record)
            for key, fetched in fetched_by_key.items():
                self._cache(key, fetched)
        return found

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations to `targets`."""
        return self._of_each(
            _Group.INTO,
            targets,
            lambda missing: self._reader.edges_into(missing, relations),
            lambda edge: edge.target,
            relations,
        )

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations from `sources`."""
        return self._of_each(
            _Group.FROM,
            sources,
            lambda missing: self._reader.edges_from(missing, relations),
            lambda edge: edge.source,
            relations,
        )

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        """Return the records of column edges that one of `owners` (runs, workflows) reported."""
        return self._of_each(_Group.SEEN_BY, owners, self._reader.columns_seen_by, lambda edge: edge.by or 0)

    def edges(self, triples: Collection[Triple]) -> list[EdgeRecord]:
        """Return all records of these triples, without those that a run or workflow reported."""
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
        """Return all records of these runs."""
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
        """Return the declarations of these workflows."""
        return self._of_each(_Group.DECLARATIONS, workflows, self._reader.declarations, lambda state: state.asset)

    def retracted(self, assets: Collection[int]) -> set[int]:
        """Return those of `assets` that have a retraction."""
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
        """Return every triple with `asset` as source or target; not cached, because assets are seldom retracted."""
        return self._reader.neighbours(asset)

    def rows(self, assets: Collection[int]) -> dict[int, AssetRow]:
        """Return the rows of these assets, which never change."""
        missing = [asset for asset in assets if asset not in self._rows]
        if missing:
            if len(self._rows) > GENERATION:
                self._rows.clear()
                missing = list(assets)
            self._rows.update(self._reader.rows(missing))
        return {asset: self._rows[asset] for asset in assets if asset in self._rows}

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        """Return the contacts of these people, without unknown and erased ones; always read from the store, never cached."""
        candidates = [asset for asset in assets if self._cached((_Group.NAMED, asset), asset) != []]
        if not candidates:
            return {}
        found = self._reader.contacts(candidates)
        for asset in candidates:
            if asset not in found:
                self._cache((_Group.NAMED, asset), [])
        return found


def _keys_of(run: int) -> tuple[_Key, ...]:
    """Return the keys of the groups of a run, in the order of the fields of `RunRecords`."""
    return (
        (_Group.INTO, run, INPUT_TO),
        (_Group.FROM, run, OUTPUTS),
        (_Group.SEEN_BY, run),
        (_Group.STATES, run),
        (_Group.FROM, run, RUN_OF),
    )


def _grouped(records: Iterable[_Record], asset_of: Callable[[_Record], int]) -> dict[int, list[_Record]]:
    grouped: dict[int, list[_Record]] = defaultdict(list)
    for record in records:
        grouped[asset_of(record)].append(record)
    return grouped
