"""Premises of rules read through the fact cache: the projection evaluates the same assets again and again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from mlgraph.domain.facts import Contact
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.ports.store import AssetRow, EdgeStep, FactReader, GroupReader, RunRecords
from mlgraph.services.history.fact_cache import LONGEST

Triple = tuple[int, int, int]


class CachedPremises:
    """A `PremiseSource` that reads groups through `groups`, and from the store what is not a group. Not thread-safe."""

    def __init__(self, kind: Callable[[int], int]) -> None:
        """`kind` returns the code of an asset's kind. `open` must be called before the first read."""
        self._kind = kind
        self._origins = _OriginCache()
        self._long: set[tuple[int, int, bool]] = set()
        """Groups that are too long for the cache, by asset, relation and direction."""

    def open(self, reader: FactReader, groups: GroupReader) -> CachedPremises:
        """Read from `groups` and `reader` from now on: both of the facts up to one transaction. Returns itself."""
        self._reader, self._groups = reader, groups
        self._origins.reader = reader
        return self

    def origins(self) -> Mapping[int, str]:
        """Return the names of origins; a new one is read when it is requested."""
        return self._origins

    def steps(self, assets: Collection[int], step: EdgeStep, most: int) -> list[EdgeRecord]:
        """Return the records of the edges of `step` from `assets`, at most `most`, without column edges."""
        long = [asset for asset in assets if (asset, step.relation, step.forward) in self._long]
        found = self._reader.steps(long, step, most) if long else []
        found += self._fitting(step, set(assets).difference(long))
        return found[:most]

    def _fitting(self, step: EdgeStep, assets: Collection[int]) -> list[EdgeRecord]:
        read = self._groups.edges_from if step.forward else self._groups.edges_into
        records = [record for record in read(assets, (step.relation,)) if record.by is None]
        if len(records) > LONGEST:
            self._note_long(step, records)
        far = [record for record in records if self._kind(record.target if step.forward else record.source) in step.kinds]
        if step.then is None or not far:
            return far
        following = self._fitting(step.then, {record.target if step.forward else record.source for record in far})
        continued = {record.source if step.then.forward else record.target for record in following}
        return [record for record in far if (record.target if step.forward else record.source) in continued]

    def _note_long(self, step: EdgeStep, records: Iterable[EdgeRecord]) -> None:
        counts: dict[int, int] = {}
        for record in records:
            near = record.source if step.forward else record.target
            counts[near] = counts.get(near, 0) + 1
        self._long.update((asset, step.relation, step.forward) for asset, count in counts.items() if count > LONGEST)

    def owned(self, owners: Collection[int], most: int) -> list[int]:
        """Return the assets with a state that names one of `owners`, now or in the past; at most `most`."""
        return self._reader.owned(owners, most)

    def edges(self, triples: Collection[Triple]) -> list[EdgeRecord]:
        """Return all records of these triples."""
        return self._groups.edges(triples)

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations to `targets`."""
        return self._groups.edges_into(targets, relations)

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of edges of these relations from `sources`."""
        return self._groups.edges_from(sources, relations)

    def runs(self, runs: Collection[int]) -> RunRecords:
        """Return all records of these runs."""
        return self._groups.runs(runs)

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        """Return the records of column edges that one of `owners` reported."""
        return self._groups.columns_seen_by(owners)

    def asset_records(self, assets: Collection[int]) -> list[AssetRecord]:
        """Return all records of these assets."""
        return self._groups.asset_records(assets)

    def asset_records_in(self, assets: Collection[int], after: int, upto: int) -> list[AssetRecord]:
        """Return the records of these assets from transactions after `after` up to and including `upto`."""
        return self._groups.asset_records_in(assets, after, upto)

    def declarations(self, workflows: Collection[int]) -> list[AssetRecord]:
        """Return the declarations of these workflows."""
        return self._groups.declarations(workflows)

    def retracted(self, assets: Collection[int]) -> set[int]:
        """Return those of `assets` that have a retraction."""
        return self._groups.retracted(assets)

    def neighbours(self, asset: int) -> list[Triple]:
        """Return every triple with `asset` as source or target."""
        return self._groups.neighbours(asset)

    def rows(self, assets: Collection[int]) -> dict[int, AssetRow]:
        """Return the rows of these assets."""
        return self._groups.rows(assets)

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        """Return the contacts of these people."""
        return self._groups.contacts(assets)


class _OriginCache(dict[int, str]):
    """The names of origins, read from `reader` when one is missing; none is ever removed."""

    reader: FactReader

    def __missing__(self, number: int) -> str:
        self.update(self.reader.origins())
        return self.get(number, "")
