"""The alias table, read from the store and kept current: which edges say that one name is another name of an asset.

A rename is an alias that begins where its name was retracted: the asset goes on under the other name. It ends when the old name
is used for an asset again (ADR 0018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, EdgeInterval, EdgeRecord
from mlgraph.domain.times import FOREVER
from mlgraph.domain.uri import AssetUri, field_of_column
from mlgraph.graph.aliases import NO_ALIASES, Alias, Aliases
from mlgraph.graph.registry import Registry
from mlgraph.graph.rows import ALIAS_OF, OUTPUTS
from mlgraph.ports.store import Changes, FactReader
from mlgraph.services.facts_at import is_apart, is_rename, told_intervals

CONFIGURED: Final = "config"
"""How origins of what mlgraph.yaml declares begin."""
_CREATED: Final = frozenset({"CREATE", "RENAME"})


def _rank(origin: str) -> int:
    """Return the rank of an origin: what people say outranks what sources report, and mlgraph.yaml the facts that were sent."""
    return 2 if origin.partition(":")[0] == CONFIGURED else 1 if origin == "facts" else 0


class AliasTable:
    """Holds what is said of aliases, by name; `aliases` is what follows from it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._told: dict[int, list[Alias]] = {}
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
        return asset in self._told or self._registry.dataset_of(asset) in self._told

    def all_names(self) -> set[int]:
        """Return all assets of which it was ever said that they are another name, and the columns of such datasets."""
        return {*self._told, *(column for name in self._told for column in self._registry.columns_of(name))}

    def follow(self, reader: FactReader, changes: Changes) -> set[int]:
        """Take in what transactions said; return the assets that stand for another asset, at some time, than before."""
        named = {source for source, relation, _ in changes.edges if relation == ALIAS_OF}
        if not (named or self._told):
            return set()
        touched = {*changes.told, *(target for _, relation, target in changes.edges if relation == OUTPUTS)}
        touched |= {row.dataset for row in changes.assets if row.dataset}
        again = {name for asset in touched for name in (asset, *self._into.get(asset, ())) if name in self._told}
        names = named | again
        if not names:
            return set()
        before, new = self.aliases, {name for name in named if name not in self._told}
        self._read(reader, names)
        columns = {column for name in names for column in self._registry.columns_of(name)}
        candidates = {each for name in names | columns for each in (before.led_to(name) | self.aliases.led_to(name))}
        return new | {each for each in candidates if before.segments(each) != self.aliases.segments(each)}

    def _read(self, reader: FactReader, names: Collection[int]) -> None:
        records = reader.edges_from(names, (ALIAS_OF,))
        renames = Renames(reader, names)
        for name in names:
            self._told[name] = []
        for interval in told_intervals(reader, records):
            alias = self._alias(reader, interval, renames)
            self._told[alias.name].append(alias)
            self._into[alias.of].add(alias.name)
        self.aliases = Aliases(self._all(), self._registry.uri)

    def _alias(self, reader: FactReader, interval: EdgeInterval, renames: Renames) -> Alias:
        record = interval.record
        rank = _rank(reader.origins()[record.origin])
        apart = is_apart(interval.properties)
        end = min(interval.end, renames.used_again(record)) if not apart else interval.end
        return Alias(record.source, record.target, renames.since(record, interval.start), end, rank, apart)

    def _all(self) -> Iterator[Alias]:
        """Yield what is said of names, and what follows for the columns of datasets."""
        for told in self._told.values():
            for alias in told:
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

    def __init__(self, reader: FactReader, names: Collection[int]) -> None:
        self._said: dict[int, list[AssetRecord]] = defaultdict(list)
        for record in reader.asset_records(reader.retracted(names)):
            self._said[record.asset].append(record)
        self._uses: dict[int, list[int]] = defaultdict(list)
        for written in reader.edges_into(self._said, (OUTPUTS, ALIAS_OF)):
            if written.mode != Mode.RETRACT:
                self._uses[written.target].append(written.valid_from)
        for name, records in self._said.items():
            self._uses[name].extend(record.valid_from for record in records if _creates(record))

    def since(self, alias: EdgeRecord, start: int) -> int:
        """Return from when an alias is heard: that of a rename from the retraction on, which comes a microsecond before it."""
        said = self._said.get(alias.source, ())
        return start - 1 if any(r.mode == Mode.RETRACT and r.valid_from == start - 1 for r in said) else start

    def used_again(self, alias: EdgeRecord) -> int:
        """Return when the name of a rename was used for another asset; never, where the alias is not of a rename."""
        records = self._said.get(alias.source, ())
        if not any(is_rename(record, (alias.valid_from,)) for record in records):
            return FOREVER
        return min((moment for moment in self._uses[alias.source] if moment >= alias.valid_from), default=FOREVER)


def _creates(record: AssetRecord) -> bool:
    """Say whether a record says that an asset came to be, rather than that somebody mentions it still."""
    properties = record.state.get("properties") or {}
    return record.mode == Mode.WHOLE or (record.mode == Mode.PATCH and properties.get("lifecycle") in _CREATED)
