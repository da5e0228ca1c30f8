"""The alias table: `alias_of` edges, read from the store and updated with the log.

A rename is an alias that begins when its name is retracted: the asset continues under the other name. The alias ends when the old
name is used for an asset again (ADR 0018).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import (
    CURATED_ORIGIN,
    AssetInterval,
    AssetRecord,
    EdgeInterval,
    EdgeRecord,
    asset_intervals,
    edge_intervals,
)
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.model.aliases import NO_ALIASES, Aliases, split
from mlgraph.graph.model.claims import Alias, ambiguous_spans
from mlgraph.graph.model.rows import ALIAS_OF, OUTPUTS
from mlgraph.graph.model.spans import intersect
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


class AliasChanges(NamedTuple):
    """The names that resolve differently at some moment, and the names and claimants whose claims changed."""

    moved: Collection[int]
    members: Collection[int]


NO_CHANGES: Final = AliasChanges(frozenset(), frozenset())


def _changed_members(name: int, before: Aliases, after: Aliases) -> Iterator[int]:
    """Yield the claimants whose claims on `name` changed, and `name` if it is ambiguous at other times."""
    old, new = before.claims(name), after.claims(name)
    yield from (asset for asset in old.keys() | new.keys() if old.get(asset) != new.get(asset))
    if ambiguous_spans(old) != ambiguous_spans(new):
        yield name


class AliasTable:
    """The asserted aliases by name and asset. `aliases`: the resolution that results from them."""

    def __init__(self, asset_index: AssetIndex, in_passing: Collection[str]) -> None:
        """Start empty. `in_passing`: the origins that mention datasets in passing (`Aliases.in_passing`)."""
        self._registry = asset_index
        self._in_passing = frozenset(in_passing)
        self._asserted: dict[int, dict[int, list[Alias]]] = {}
        self._names_of: dict[int, set[int]] = defaultdict(set)
        self.aliases = NO_ALIASES

    def open(self, reader: FactReader) -> None:
        """Read all aliases from the store."""
        names = {record.source for record in reader.alias_records()}
        if names:
            self._read(reader, names)
            self._resolve()

    def name_in(self, triple: tuple[int, int, int]) -> int:
        """Return the end of an edge that has an alias, the source before the target; 0 if neither end has one."""
        source, _, target = triple
        return source if self._is_name(source) else target if self._is_name(target) else 0

    def _is_name(self, asset: int) -> bool:
        return asset in self._asserted or self._registry.dataset_of(asset) in self._asserted

    def all_names(self) -> set[int]:
        """Return all names that ever had an asserted alias, and the columns of such datasets."""
        return {*self._asserted, *(column for name in self._asserted for column in self._registry.columns_of(name))}

    def all_members(self) -> set[int]:
        """Return all names that several assets claim at some moment, and these assets."""
        claims = {name: self.aliases.claims(name) for name in self.aliases.names()}
        return {member for name, of_name in claims.items() if of_name for member in (name, *of_name)}

    def follow(self, reader: FactReader, changes: Changes) -> AliasChanges:
        """Apply transactions; return what they change."""
        stated = {triple for triple in changes.edges if triple[1] == ALIAS_OF}
        if not (stated or self._asserted):
            return NO_CHANGES
        named = {name for name, _, _ in stated}
        touched = {*named, *changes.asserted, *(row.dataset for row in changes.assets if row.dataset)}
        touched |= {target for _, relation, target in changes.edges if relation in (OUTPUTS, ALIAS_OF)}
        related = touched | {of for asset in touched for of in self._asserted.get(asset, ())}
        names = named | {name for asset in related for name in (asset, *self._names_of.get(asset, ())) if name in self._asserted}
        if not names:
            return NO_CHANGES
        retracted = set(reader.retracted(names))
        stated |= {(name, ALIAS_OF, of) for name in names - retracted for of in self._asserted.get(name, {}).keys() & touched}
        before, new = self.aliases, {name for name in named if name not in self._asserted}
        if not self._read(reader, retracted, stated) and not any(row.dataset for row in changes.assets):
            return NO_CHANGES
        self._resolve()
        columns = {column for name in names for column in self._registry.columns_of(name)}
        candidates = {
            each for name in names | columns for each in (*before.names_affected_by(name), *self.aliases.names_affected_by(name))
        }
        return AliasChanges(
            new | {each for each in candidates if before.segments(each) != self.aliases.segments(each)},
            {member for each in candidates for member in _changed_members(each, before, self.aliases)},
        )

    def _read(self, reader: FactReader, names: Collection[int], triples: Iterable[Triple] = ()) -> bool:
        """Read all aliases of `names`, and those of single triples; return whether any differs from what was known.

        Only the aliases of a name that was ever retracted depend on each other, by renames.
        """
        known = {name: self._asserted.get(name, {}) for name in names}
        single = [triple for triple in triples if triple[0] not in known]
        before = [*known.values(), *(self._asserted.get(name, {}).get(of, []) for name, _, of in single)]
        for name in names:
            self._asserted[name] = {}
        for name, _, of in single:
            self._asserted.setdefault(name, {})[of] = []
        origins = reader.origins()
        records = [*(reader.edges_from(names, (ALIAS_OF,)) if names else ()), *(reader.edges(single) if single else ())]
        for interval in alias_intervals(reader, records, self._in_passing):
            name, of, rank = interval.record.source, interval.record.target, _rank(origins[interval.record.origin])
            alias = Alias(name, of, interval.start, interval.end, rank, is_apart(interval.properties), interval.record.origin)
            self._asserted[name].setdefault(of, []).append(alias)
            self._names_of[of].add(name)
        return before != [*(self._asserted[name] for name in known), *(self._asserted[name][of] for name, _, of in single)]

    def _resolve(self) -> None:
        """Set `aliases` to the resolution of the asserted aliases, and of those of columns that follow from them."""
        asserted = [alias for by_asset in self._asserted.values() for listed in by_asset.values() for alias in listed]
        aliases = Aliases(asserted, self._registry.uri, self._in_passing)
        of_columns = [each for alias in asserted for each in self._of_columns(alias, aliases)]
        self.aliases = Aliases([*asserted, *of_columns], self._registry.uri, self._in_passing) if of_columns else aliases

    def _of_columns(self, alias: Alias, aliases: Aliases) -> Iterator[Alias]:
        """Yield the aliases of columns that follow from that of a dataset, while the dataset's name resolves to the same asset.

        So no column of an ambiguous name is merged with that of a claimant, even if only one claimant has such a column.
        """
        names = self._fields(alias.name)
        targets = self._fields(alias.of) if names else {}
        fields = names.keys() & targets.keys()
        for start, end in intersect([(alias.start, alias.end)], aliases.as_one(alias.name, alias.of)) if fields else ():
            for field in fields:
                yield Alias(names[field], targets[field], start, end, alias.rank, origin=alias.origin)

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
            if record.origin != CURATED_ORIGIN:  # writing about a name neither creates nor ends it
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
