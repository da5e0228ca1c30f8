"""The alias table, read from the store and kept current: which edges say that one name is another name of an asset.

A rename is an alias that begins where its name was retracted: the asset goes on under the other name. It ends when the old name
is used for an asset again (ADR 0018).
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
"""How origins of what mlgraph.yaml declares begin."""
_CREATED: Final = frozenset({"CREATE", "RENAME"})
_DATASET: Final = KINDS["dataset"].code


def _rank(origin: str) -> int:
    """Return the rank of an origin: what people say outranks what sources report, and mlgraph.yaml the facts that were sent."""
    return 2 if origin.partition(":")[0] == CONFIGURED else 1 if origin == "facts" else 0


def alias_intervals(reader: FactReader, records: Collection[EdgeRecord], is_reference: Collection[str]) -> Iterator[EdgeInterval]:
    """Yield for how long each of these `alias_of` edges is heard, in order of time for each of them.

    `is_reference`: the origins that mention datasets in passing (`Aliases.is_reference`).

    A rename that is told again, after its old name was used for another asset in between, counts again.
    """
    if not records:
        return
    renames = Renames(reader, {record.source for record in records}, is_reference)
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
    """Yield the intervals of plain edges between the assets that their ends stand for; those of aliases as they are told."""
    for interval in alias_intervals(reader, [record for record in records if record.relation == ALIAS_OF], aliases.in_passing):
        yield interval.record.triple, interval
    others = [record for record in records if record.relation != ALIAS_OF]
    for interval in asserted_intervals(reader, others, aliases) if others else ():
        left, relation, right = interval.record.triple
        for source, target, start, end in split(aliases, left, right, interval.start, interval.end):
            yield (source, relation, target), interval._replace(start=start, end=end)


class AliasTable:
    """Holds what is said of aliases, by name; `aliases` is what follows from it."""

    def __init__(self, registry: AssetIndex, is_reference: Collection[str]) -> None:
        """Read nothing yet. `is_reference`: the origins that mention datasets in passing (`Aliases.is_reference`)."""
        self._registry = registry
        self._in_passing = frozenset(is_reference)
        self._asserted: dict[int, list[Alias]] = {}
        self._into: dict[int, set[int]] = defaultdict(set)
        self.aliases = NO_ALIASES

    def open(self, reader: FactReader) -> None:
        """Read all that the store says of aliases."""
        names = {record.source for record in reader.alias_records()}
        if names:
            self._read(reader, names)

    def name_in(self, triple: tuple[int, int, int]) -> int:
        """Return the end of an edge that is another name of something, the source first; 0: neither is."""
        source, _, target = triple
        return source if self._is_name(source) else target if self._is_name(target) else 0

    def _is_name(self, asset: int) -> bool:
        return asset in self._asserted or self._registry.dataset_of(asset) in self._asserted

    def all_names(self) -> set[int]:
        """Return all assets of which it was ever said that they are another name, and the columns of such datasets."""
        return {*self._asserted, *(column for name in self._asserted for column in self._registry.columns_of(name))}

    def follow(self, reader: FactReader, changes: Changes) -> set[int]:
        """Take in what transactions said; return the assets that stand for another asset, at some time, than before."""
        named = {source for source, relation, _ in changes.edges if relation == ALIAS_OF}
        if not (named or self._asserted):
            return set()
        touched = {*named, *changes.asserted, *(row.dataset for row in changes.assets if row.dataset)}
        touched |= {target for _, relation, target in changes.edges if relation in (OUTPUTS, ALIAS_OF)}
        touched |= {alias.of for asset in touched for alias in self._asserted.get(asset, ())}
        again = {name for asset in touched for name in (asset, *self._into.get(asset, ())) if name in self._asserted}
        names = named | again
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
            self._into[of].add(name)
        self.aliases = Aliases(self._all(), self._registry.uri, self._in_passing)

    def _all(self) -> Iterator[Alias]:
        """Yield what is said of names, and what follows for the columns of datasets."""
        for asserted in self._asserted.values():
            for alias in asserted:
                yield alias
                yield from self._of_columns(alias)

    def _of_columns(self, alias: Alias) -> Iterator[Alias]:
        ours, theirs = (self._fields(dataset) for dataset in (alias.name, alias.of))
        for field in ours.keys() & theirs.keys():
            yield Alias(ours[field], theirs[field], alias.start, alias.end, alias.rank, alias.apart)

    def _fields(self, dataset: int) -> dict[str, int]:
        columns = self._registry.columns_of(dataset)
        return {field_of_column(AssetUri.parse(self._registry.uri(column))): column for column in columns}


class Renames:
    """When names were retracted because their assets were renamed, and when they were used for others again."""

    def __init__(self, reader: FactReader, names: Collection[int], is_reference: Collection[str]) -> None:
        gone, origins = reader.retracted(names), reader.origins()
        passing = {number for number, name in origins.items() if name in is_reference}
        into = reader.edges_into(gone, (OUTPUTS, ALIAS_OF)) if gone else []
        leading = reader.edges_from(gone, (ALIAS_OF,)) if gone else []
        alias_sources = reader.retracted({edge.source for edge in into if edge.relation == ALIAS_OF})
        records_by_asset: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in reader.asset_records(gone | alias_sources):
            records_by_asset[record.asset].append(record)
        self._retracted = {
            asset: {r.valid_from for r in records if r.mode == Mode.RETRACT} for asset, records in records_by_asset.items()
        }
        renames: dict[int, set[int]] = defaultdict(set)
        uses: dict[int, set[int]] = defaultdict(set)
        for edge in filter(self._is_rename, (*leading, *into)):
            renames[edge.source].add(edge.valid_from)
            uses[edge.target].add(edge.valid_from)
        for name, row in reader.rows(gone).items():
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
        """Return an alias for as long as it is heard: until its name is used again after its asset was renamed.

        That of a rename is heard from the retraction on, which comes a microsecond before it.
        """
        name = alias.record.source
        renamed = _first(self._renames.get(name, ()), alias.start)
        used = None if renamed is None else _first(self._uses.get(name, ()), renamed)
        begins_before = self._is_rename(alias.record) and alias.start - 1 in self._retracted[name]
        return alias._replace(start=alias.start - begins_before, end=alias.end if used is None else min(alias.end, used))


def _first(moments: Sequence[int], since: int) -> int | None:
    place = bisect_left(moments, since)
    return moments[place] if place < len(moments) else None


def _creations(states: Iterable[AssetInterval], passing: Collection[int]) -> Iterator[int]:
    """Yield when a name came to be an asset: a state of an origin in `passing` counts only if it begins to say so."""
    words: dict[int, tuple[int, object]] = {}
    for state in states:
        if state.origin not in passing:
            yield state.start
            continue
        word = (state.state.get("properties") or {}).get("lifecycle")
        if word in _CREATED and words.get(state.origin) != (state.start, word):
            yield state.start
        words[state.origin] = (state.end, word)


def _written(into: Iterable[EdgeRecord], passing: Collection[int]) -> Iterator[tuple[int, int]]:
    """Yield what was written, and when; of an origin in `passing`, which reports it again and again, the first time alone."""
    outputs = [edge for edge in into if edge.relation == OUTPUTS]
    cuts, first = cuts_of(outputs), dict[tuple[tuple[int, int, int], int], int]()
    for (triple, (origin, *_)), records in by_key(outputs).items():
        starts = [interval.start for interval in edge_intervals(records, retracted(cuts[triple], origin))]
        if origin not in passing:
            yield from ((triple[2], start) for start in starts)
        elif starts:
            first[triple, origin] = min(starts[0], first.get((triple, origin), FOREVER))
    yield from ((target, start) for ((_, _, target), _), start in first.items())
