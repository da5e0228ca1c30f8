"""Edges as the facts tell them: for relations that the graph does not hold, and for what each origin said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from mlgraph.domain.history import AssetRecord, EdgeInterval, EdgeRecord, endings
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.levels import Pins, triple_intervals
from mlgraph.graph.rows import PART_CODES, WALKED_CODES
from mlgraph.ports.store import GroupReader

ALL_RELATIONS: Final = tuple(relation.code for relation in RELATIONS.values())
UNWALKED: Final = tuple(code for code in ALL_RELATIONS if code not in WALKED_CODES and code not in PART_CODES)
"""Relations that are kept in the store alone."""

Triple = tuple[int, int, int]


def pins_of(reader: GroupReader, assets: Collection[int]) -> Pins:
    """Return when retractions of these assets end their edges."""
    records = by_asset(reader.asset_records(reader.retracted(assets)))
    return {asset: endings(said) for asset, said in records.items()}


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


def told_intervals(reader: GroupReader, records: Iterable[EdgeRecord]) -> Iterator[EdgeInterval]:
    """Yield the intervals of plain edges, triple by triple."""
    grouped = by_triple(records)
    pins = pins_of(reader, {asset for source, _, target in grouped for asset in (source, target)})
    for said in grouped.values():
        yield from triple_intervals(said, pins)
