"""Edges as the facts tell them: for relations that the graph does not hold, and for what each origin said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import NO_ENDINGS, AssetRecord, EdgeInterval, EdgeRecord, Endings, endings
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.aliases import NO_ALIASES, Aliases
from mlgraph.graph.levels import Pins, triple_intervals
from mlgraph.graph.rows import ALIAS_OF, PART_CODES, WALKED_CODES
from mlgraph.ports.store import GroupReader

ALL_RELATIONS: Final = tuple(relation.code for relation in RELATIONS.values())
UNWALKED: Final = tuple(code for code in ALL_RELATIONS if code not in WALKED_CODES and code not in PART_CODES)
"""Relations that are kept in the store alone."""

Triple = tuple[int, int, int]


def pins_of(reader: GroupReader, assets: Collection[int], aliases: Aliases = NO_ALIASES) -> Pins:
    """Return when retractions of these assets end their edges; a name's, too, while it stood for what was retracted."""
    names = {asset: aliases.leads_to(asset) - {asset} for asset in assets if aliases.is_alias(asset)}
    own = _own_pins(reader, {*assets, *(other for others in names.values() for other in others)})
    if not names:
        return own
    return {
        asset: pins
        for asset in assets
        if (pins := _united(own.get(asset, NO_ENDINGS), _of_others(aliases, asset, names.get(asset, ()), own))) != NO_ENDINGS
    }


def _own_pins(reader: GroupReader, assets: Collection[int]) -> Pins:
    retracted = reader.retracted(assets)
    if not retracted:
        return {}
    renamed: dict[int, set[int]] = defaultdict(set)
    for alias in reader.edges_from(retracted, (ALIAS_OF,)):
        if alias.mode != Mode.RETRACT:
            renamed[alias.source].add(alias.valid_from)
    records: dict[int, list[AssetRecord]] = defaultdict(list)
    for record in reader.asset_records(retracted):
        if not is_rename(record, renamed[record.asset]):
            records[record.asset].append(record)
    return {asset: endings(said) for asset, said in records.items()}


def is_rename(record: AssetRecord, alias_from: Collection[int]) -> bool:
    """Say whether a retraction only says that its asset goes on under another name, which an alias gives it from then on.

    Connectors let the alias begin a microsecond later: a retraction ends what began by its moment.
    """
    return record.mode == Mode.RETRACT and (record.valid_from in alias_from or record.valid_from + 1 in alias_from)


def _of_others(aliases: Aliases, asset: int, others: Iterable[int], pins: Pins) -> Iterator[Endings]:
    """Yield the endings of other names at which `asset` stood for the same."""
    for other in others:
        said = pins.get(other, NO_ENDINGS)
        by_origin = {origin: _while_one(aliases, asset, other, times) for origin, times in said.by_origin.items()}
        yield Endings(by_origin, _while_one(aliases, asset, other, said.every))


def _while_one(aliases: Aliases, asset: int, other: int, moments: Iterable[int]) -> tuple[int, ...]:
    # the moment before: a retraction ends the alias too
    return tuple(moment for moment in moments if aliases.at(asset, moment - 1) == aliases.at(other, moment - 1))


def _united(own: Endings, others: Iterable[Endings]) -> Endings:
    by_origin, every = {origin: set(times) for origin, times in own.by_origin.items()}, set(own.every)
    for ending in others:
        every.update(ending.every)
        for origin, times in ending.by_origin.items():
            by_origin.setdefault(origin, set()).update(times)
    return Endings({origin: tuple(sorted(times)) for origin, times in by_origin.items() if times}, tuple(sorted(every)))


def records_of(reader: GroupReader, names: Collection[int], aliases: Aliases) -> list[AssetRecord]:
    """Return all records of the names of one asset. That it was given another name ends none of its states."""
    begins = {name: aliases.begins(name) for name in names}
    return [record for record in reader.asset_records(names) if not is_rename(record, begins[record.asset])]


def is_told_by(reader: GroupReader, asset: int, moment: int) -> bool:
    """Say whether anything was said of what an asset is, from a moment up to this one."""
    return any(record.valid_from <= moment for record in reader.asset_records([asset]))


def by_triple(records: Iterable[EdgeRecord]) -> dict[Triple, list[EdgeRecord]]:
    """Return the records of each triple."""
    grouped: dict[Triple, list[EdgeRecord]] = defaultdict(list)
    for record in records:
        grouped[record.triple].append(record)
    return grouped


def by_asset(records: Iterable[AssetRecord]) -> dict[int, list[AssetRecord]]:
    """Return the records of each asset."""
    grouped: dict[int, list[AssetRecord]] = defaultdict(list)
    for record in records:
        grouped[record.asset].append(record)
    return grouped


def told_intervals(
    reader: GroupReader, records: Iterable[EdgeRecord], aliases: Aliases = NO_ALIASES, *, repeats: bool = False
) -> Iterator[EdgeInterval]:
    """Yield the intervals of plain edges, triple by triple; with `repeats` one for each time that an edge was told."""
    grouped = by_triple(records)
    pins = pins_of(reader, {asset for source, _, target in grouped for asset in (source, target)}, aliases)
    for said in grouped.values():
        yield from triple_intervals(said, pins, repeats=repeats)
