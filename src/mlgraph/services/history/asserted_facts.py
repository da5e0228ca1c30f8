"""Asserted edges, computed from stored facts: for relations that the graph does not include, and for single origins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import (
    NO_ENDINGS,
    AssetRecord,
    EdgeInterval,
    EdgeRecord,
    Endings,
    endings,
)
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.aliases import NO_ALIASES, Aliases
from mlgraph.graph.model.rows import ALIAS_OF, PART_CODES, RUN, RUN_OF, WALKED_CODES
from mlgraph.graph.projection.histories import RetractionEnds, executed_workflow, triple_intervals
from mlgraph.graph.traversal.name_resolution import resolve_name
from mlgraph.ports.store import GroupReader

ALL_RELATIONS: Final = tuple(relation.code for relation in RELATIONS.values())
UNWALKED: Final = tuple(code for code in ALL_RELATIONS if code not in WALKED_CODES and code not in PART_CODES)
"""Relations that only the store has: the graph does not include them."""
_ASSERTING: Final = tuple(code for code in UNWALKED if code != ALIAS_OF)

Triple = tuple[int, int, int]


def retraction_ends(reader: GroupReader, assets: Collection[int], aliases: Aliases = NO_ALIASES) -> RetractionEnds:
    """Return when retractions end the edges of these assets, including retractions of other names of the same asset.

    The retraction of a run ends none: deleting a run does not undo what it did (docs/spec.md#3-asset-level).
    """
    names = {asset: aliases.targets_of(asset) - {asset} for asset in assets if aliases.is_alias(asset)}
    own = _own_retraction_ends(reader, {*assets, *(other for others in names.values() for other in others)})
    if not names:
        return own
    return {
        asset: ends_by_asset
        for asset in assets
        if (ends_by_asset := _merged_endings(own.get(asset, NO_ENDINGS), _of_others(aliases, asset, names.get(asset, ()), own)))
        != NO_ENDINGS
    }


def _own_retraction_ends(reader: GroupReader, assets: Collection[int]) -> RetractionEnds:
    retracted = reader.retracted(assets)
    if retracted:
        retracted = {asset for asset, row in reader.rows(retracted).items() if row.kind != RUN}
    if not retracted:
        return {}
    records = by_asset(without_renames(reader, reader.asset_records(retracted)))
    return {asset: endings(own_records) for asset, own_records in records.items()}


def without_renames(reader: GroupReader, records: Sequence[AssetRecord]) -> list[AssetRecord]:
    """Return the records without the retractions that are renames."""
    retracted = {record.asset for record in records if record.mode == Mode.RETRACT}
    named: dict[int, set[int]] = defaultdict(set)
    for alias in reader.edges_from(retracted, (ALIAS_OF,)) if retracted else ():
        if alias.mode != Mode.RETRACT and not is_apart(alias.properties):
            named[alias.source].add(alias.valid_from)
    return [record for record in records if not is_rename(record, named[record.asset])]


def is_apart(properties: Mapping[str, Any]) -> bool:
    """Return whether an `alias_of` edge declares its ends distinct."""
    return properties.get("decision") == "apart"


def is_rename(record: AssetRecord, alias_from: Collection[int]) -> bool:
    """Return whether a record is the retraction of a rename: an alias of its asset begins then. `alias_from`: starts of aliases.

    Connectors start the alias a microsecond later, because a retraction closes intervals that begin at or before its time.
    """
    return record.mode == Mode.RETRACT and (record.valid_from in alias_from or record.valid_from + 1 in alias_from)


def _of_others(aliases: Aliases, asset: int, others: Iterable[int], ends_by_asset: RetractionEnds) -> Iterator[Endings]:
    """Yield the endings of other names, at the moments when `asset` resolved to the same asset."""
    for other in others:
        endings_of_name = ends_by_asset.get(other, NO_ENDINGS)
        by_origin = {origin: _times_as_one(aliases, asset, other, times) for origin, times in endings_of_name.by_origin.items()}
        yield Endings(by_origin, _times_as_one(aliases, asset, other, endings_of_name.every))


def _times_as_one(aliases: Aliases, asset: int, other: int, moments: Iterable[int]) -> tuple[int, ...]:
    # a microsecond earlier, because a retraction closes the alias too
    return tuple(moment for moment in moments if aliases.at(asset, moment - 1) == aliases.at(other, moment - 1))


def _merged_endings(own: Endings, others: Iterable[Endings]) -> Endings:
    by_origin, every = {origin: set(times) for origin, times in own.by_origin.items()}, set(own.every)
    for ending in others:
        every.update(ending.every)
        for origin, times in ending.by_origin.items():
            by_origin.setdefault(origin, set()).update(times)
    return Endings({origin: tuple(sorted(times)) for origin, times in by_origin.items() if times}, tuple(sorted(every)))


def records_of(reader: GroupReader, names: Collection[int]) -> list[AssetRecord]:
    """Return all records of `names`. Renames are left out: they close none of the states of their assets."""
    return without_renames(reader, reader.asset_records(names))


def resolve_name_with_store(reader: GroupReader, graph: GraphVersion, name: int, moment: int) -> int:
    """Return the asset that `name` resolves to at `moment`; reads the store if the graph alone cannot decide."""

    def is_asserted(asset: int) -> bool:
        edges = (*reader.edges_from([asset], _ASSERTING), *reader.edges_into([asset], _ASSERTING))
        asserted_at = (*(r.valid_from for r in reader.asset_records([asset])), *(edge.valid_from for edge in edges))
        return any(asserted <= moment for asserted in asserted_at)

    return resolve_name(graph, name, moment, is_asserted)


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


def asserted_intervals(
    reader: GroupReader,
    records: Iterable[EdgeRecord],
    aliases: Aliases = NO_ALIASES,
    *,
    repeats: bool = False,
) -> Iterator[EdgeInterval]:
    """Yield the intervals of plain edges, triple by triple; with `repeats`, one for each report of an edge."""
    grouped = by_triple(records)
    ends_by_asset = retraction_ends(reader, {asset for source, _, target in grouped for asset in (source, target)}, aliases)
    executed = executed_workflows(reader, {source for source, relation, _ in grouped if relation == RUN_OF})
    for (source, relation, target), edge_records in grouped.items():
        if relation != RUN_OF or executed.get(source) == target:
            yield from triple_intervals(edge_records, ends_by_asset, repeats=repeats)


def executed_workflows(reader: GroupReader, runs: Collection[int]) -> dict[int, int]:
    """Return the workflow that each of `runs` executes, without runs that have none."""
    memberships: dict[int, list[EdgeRecord]] = defaultdict(list)
    for record in reader.edges_from(runs, (RUN_OF,)) if runs else ():
        memberships[record.source].append(record)
    several = {record.target for records in memberships.values() if len(records) > 1 for record in records}
    rows = reader.rows(several) if several else {}
    found = {run: executed_workflow(records, lambda workflow: rows[workflow].uri) for run, records in memberships.items()}
    return {run: workflow for run, workflow in found.items() if workflow is not None}


def under_names(graph: GraphVersion, triple: Triple, moment: int) -> Triple | None:
    """Return the edge between the assets that its ends resolve to at `moment`; `alias_of` edges are not resolved.

    None if both ends resolve to one asset although the edge names two: aliases create no self-loop.
    """
    source, relation, target = triple
    if relation == ALIAS_OF:
        return triple
    one, other = graph.aliases.at(source, moment), graph.aliases.at(target, moment)
    return (one, relation, other) if one != other or source == target else None
