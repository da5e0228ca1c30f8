"""The alias table: `alias_of` edges, read from the store and updated with the log.

A rename is an alias that begins when its name is retracted: the asset continues under the other name. The alias ends when the old
name is used for an asset again (ADR 0018).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetInterval, AssetRecord, EdgeInterval, EdgeRecord, asset_intervals, edge_intervals
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.model.aliases import NO_ALIASES, Alias, Aliases, split
from mlgraph.graph.model.rows import ALIAS_OF, OUTPUTS
from mlgraph.graph.projection.histories import by_key, cuts_of, retracted
from mlgraph.ports.store import Changes, FactReader
from mlgraph.services.history.asserted_facts import Triple, asserted_intervals, is_apart

CONFIGURED: Final = "config"
"""Prefix of the origins of aliases that mlgraph.yaml declares."""
_CREATED: Final = frozenset({"CREATE", "RENAME"})
_DATASET: Final = KINDS["dataset"].code


def _rank(origin: str) -> int:
    """Return the rank of an origin: mlgraph.yaml (2) over facts that people send (1) over reports of sources (0)."""
    return 2 if origin.partition(":")[0] == CONFIGURED else 1 if origin == "facts" else 0


def alias_intervals(reader: FactReader, records: Collection[EdgeRecord], in_passing: Collection[str]) -> Iterator[EdgeInterval]:
    """Yield the effective intervals of these `alias_of` edges, each edge's in chronological order.

    `in_passing`: the origins that mention datasets in passing (`Aliases.in_passing`). A rename that is reported again, after its
    old name was used for another asset, takes effect again.
    """
    if not records:
        return
    renames = Renames(reader, {record.source for record in records}, in_passing)
    last: EdgeInterval | None = None
    for interval in asserted_intervals(reader, records, repeats=True):
        effective = interval if is_apart(interval.properties) else renames.effective_interval(interval)
        joins = last is not None and last.record.triple == effective.record.triple and last.record.key == effective.record.key
        if last is not None and joins and last.properties == effective.properties and effective.start <= last.end:
            last = last._replace(end=max(last.end, effective.end))
            continue
        if last is not None:
            yield last
        last = effective
    if last is not None:
        yield last


def intervals_under_names(
    reader: FactReader, aliases: Aliases, records: Collection[EdgeRecord]
) -> Iterator[tuple[Triple, EdgeInterval]]:
    """Yield the intervals of plain edges, their ends resolved to assets; `alias_of` edges are not resolved."""
    for interval in alias_intervals(reader, [record for record in records if record.relation == ALIAS_OF], aliases.in_passing):
        yield interval.record.triple, interval
    others = [record for record in records if record.relation != ALIAS_OF]
    for interval in asserted_intervals(reader, others, aliases) if others else ():
        left, relation, right = interval.record.triple
        for source, target, start, end in split(aliases, left, right, interval.start, interval.end):
            yield (source, relation, target), interval._replace(start=start, end=end)


class AliasTable:
    """The asserted aliases by name. `aliases`: the resolution that results from them."""

    def __init__(self, asset_index: AssetIndex, in_passing: Collection[str]) -> None:
        """Start empty. `in_passing`: the origins that mention datasets in passing (`Aliases.in_passing`)."""
        self._registry = asset_index
        self._in_passing = frozenset(in_passing)
        self._asserted: dict[int, list[Alias]] = {}
        self._names_of: dict[int, set[int]] = defaultdict(set)
        self.aliases = NO_ALIASES

    def open(self, reader: FactReader) -> None:
        """Read all aliases from the store."""
        names = {record.source for record in reader.alias_records()}
        if names:
            self._read(reader, names)

    def name_in(self, triple: tuple[int, int, int]) -> int:
        """Return the end of an edge that has an alias, the source before the target; 0 if neither end has one."""
        source, _, target = triple
        return source if self._is_name(source) else target if self._is_name(target) else 0

    def _is_name(self, asset: int) -> bool:
        return asset in self._asserted or self._registry.dataset_of(asset) in self._asserted

    def all_names(self) -> set[int]:
        """Return all names that ever had an asserted alias, and the columns of such datasets."""
        return {*self._asserted, *(column for name in self._asserted for column in self._registry.columns_of(name))}

    def follow(self, reader: FactReader, changes: Changes) -> set[int]:
        """Apply transactions; return the names that now resolve differently at some moment."""
        named = {source for source, relation, _ in changes.edges if relation == ALIAS_OF}
        if not (named or self._asserted):
            return set()
        touched = {*named, *changes.asserted, *(row.dataset for row in changes.assets if row.dataset)}
        touched |= {target for _, relation, target in changes.edges if relation in (OUTPUTS, ALIAS_OF)}
        touched |= {alias.of for asset in touched for alias in self._asserted.get(asset, ())}
        affected = {name for asset in touched for name in (asset, *self._names_of.get(asset, ())) if name in self._asserted}
        names = named | affected
        if not names:
            return set()
        before, new = self.aliases, {name for name in named if name not in self._asserted}
        self._read(reader, names)
        columns = {column for name in names for column in self._registry.columns_of(name)}
        candidates = {
            each for name in names | columns for each in (*before.names_affected_by(name), *self.aliases.names_affected_by(name))
        }
        return new | {each for each in candidates if before.segments(each) != self.aliases.segments(each)}

    def _read(self, reader: FactReader, names: Collection[int]) -> None:
        for name in names:
            self._asserted[name] = []
        origins = reader.origins()
        for interval in alias_intervals(reader, reader.edges_from(names, (ALIAS_OF,)), self._in_passing):
            name, of, rank = interval.record.source, interval.record.target, _rank(origins[interval.record.origin])
            self._asserted[name].append(Alias(name, of, interval.start, interval.end, rank, is_apart(interval.properties)))
            self._names_of[of].add(name)
        self.aliases = Aliases(self._all(), self._registry.uri, self._in_passing)

    def _all(self) -> Iterator[Alias]:
        """Yield the asserted aliases, and the aliases of columns that follow from those of datasets."""
        for asserted in self._asserted.values():
            for alias in asserted:
                yield alias
                yield from self._of_columns(alias)

    def _of_columns(self, alias: Alias) -> Iterator[Alias]:
        names, targets = (self._fields(dataset) for dataset in (alias.name, alias.of))
        for field in names.keys() & targets.keys():
            yield Alias(names[field], targets[field], alias.start, alias.end, alias.rank, alias.apart)

    def _fields(self, dataset: int) -> dict[str, int]:
        columns = self._registry.columns_of(dataset)
        return {field_of_column(AssetUri.parse(self._registry.uri(column))): column for column in columns}


class Renames:
    """When names were retracted by renames, and when they were used for other assets again."""

    def __init__(self, reader: FactReader, names: Collection[int], in_passing: Collection[str]) -> None:
        retracted_names, origins = reader.retracted(names), reader.origins()
        passing = {number for number, name in origins.items() if name in in_passing}
        into = reader.edges_into(retracted_names, (OUTPUTS, ALIAS_OF)) if retracted_names else []
        aliases = reader.edges_from(retracted_names, (ALIAS_OF,)) if retracted_names else []
        alias_sources = reader.retracted({edge.source for edge in into if edge.relation == ALIAS_OF})
        records_by_asset: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in reader.asset_records(retracted_names | alias_sources):
            records_by_asset[record.asset].append(record)
        self._retracted = {
            asset: {r.valid_from for r in records if r.mode == Mode.RETRACT} for asset, records in records_by_asset.items()
        }
        renames: dict[int, set[int]] = defaultdict(set)
        uses: dict[int, set[int]] = defaultdict(set)
        for edge in filter(self._is_rename, (*aliases, *into)):
            renames[edge.source].add(edge.valid_from)
            uses[edge.target].add(edge.valid_from)
        for name, row in reader.rows(retracted_names).items():
            uses[name].update(_creations(asset_intervals(records_by_asset[name]), passing if row.kind == _DATASET else ()))
        for name, moment in _written(into, passing):
            uses[name].add(moment)
        self._renames = {name: sorted(moments) for name, moments in renames.items()}
        self._uses = {name: sorted(moments) for name, moments in uses.items()}

    def _is_rename(self, edge: EdgeRecord) -> bool:
        moments = self._retracted.get(edge.source, ())
        is_asserted = edge.relation == ALIAS_OF and edge.mode != Mode.RETRACT and not is_apart(edge.properties)
        return is_asserted and (edge.valid_from in moments or edge.valid_from - 1 in moments)

    def effective_interval(self, alias: EdgeInterval) -> EdgeInterval:
        """Return an alias, cut where its name is used again after the rename.

        The alias of a rename takes effect at the retraction, a microsecond before its own start.
        """
        name = alias.record.source
        renamed = _first(self._renames.get(name, ()), alias.start)
        used = None if renamed is None else _first(self._uses.get(name, ()), renamed)
        begins_before = self._is_rename(alias.record) and alias.start - 1 in self._retracted[name]
        return alias._replace(start=alias.start - begins_before, end=alias.end if used is None else min(alias.end, used))


def _first(moments: Sequence[int], since: int) -> int | None:
    position = bisect_left(moments, since)
    return moments[position] if position < len(moments) else None


def _creations(states: Iterable[AssetInterval], passing: Collection[int]) -> Iterator[int]:
    """Yield when a name was created as an asset; of an origin in `passing`, only states that start a CREATE or RENAME count."""
    last: dict[int, tuple[int, object]] = {}
    for state in states:
        if state.origin not in passing:
            yield state.start
            continue
        lifecycle = (state.state.get("properties") or {}).get("lifecycle")
        if lifecycle in _CREATED and last.get(state.origin) != (state.start, lifecycle):
            yield state.start
        last[state.origin] = (state.end, lifecycle)


def _written(into: Iterable[EdgeRecord], passing: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield (target, start) of each output; of an origin in `passing`, which repeats its reports, only the first start."""
    outputs = [edge for edge in into if edge.relation == OUTPUTS]
    cuts, first = cuts_of(outputs), dict[tuple[tuple[int, int, int], int], int]()
    for (triple, (origin, *_)), records in by_key(outputs).items():
        starts = [interval.start for interval in edge_intervals(records, retracted(cuts[triple], origin))]
        if origin not in passing:
            yield from ((triple[2], start) for start in starts)
        elif starts:
            first[triple, origin] = min(starts[0], first.get((triple, origin), FOREVER))
    yield from ((target, start) for ((_, _, target), _), start in first.items())
