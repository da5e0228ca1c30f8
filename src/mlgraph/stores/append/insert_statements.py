"""SQL of an append: which events and facts are stored already, and the rows of the new ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Final, LiteralString

import psycopg

from mlgraph.domain.fact_row import AssetFactRow, EdgeFactRow, keyed_digest
from mlgraph.domain.facts import Contact
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.store import Actor, AppendedRecords, AssetRow, Event, Item
from mlgraph.stores.append.row_batch import AppendTable, Row, RowBatch, array
from mlgraph.stores.append.surrogate_keys import IdAllocator
from mlgraph.stores.postgres.records import asset_record, edge_record

_ASSET_FACT: Final = AppendTable.of(
    "asset_fact",
    "tx bigint, asset_id integer, origin_id smallint, valid_from bigint, "
    "mode smallint, content_id bigint, event_id bigint, digest bytea",
)
_EDGE_FACT: Final = AppendTable.of(
    "edge_fact",
    "tx bigint, source_id integer, relation smallint, target_id integer, origin_id smallint, valid_from bigint, valid_to bigint, "
    "mode smallint, role text, version text, by_id integer, feeds integer[], content_id bigint, event_id bigint, digest bytea",
)
_TX: Final = AppendTable.of("tx", "tx bigint, recorded_at bigint, last_at bigint, actor text, source text, environment text")
_EVENT: Final = AppendTable.of("event", "id bigint, tx bigint, format text, source text, event_id text, digest bytea, body text")
_CODES: Final = {name: relation.code for name, relation in RELATIONS.items()}

Edges = list[tuple[EdgeFactRow, int]]
Assets = list[tuple[AssetFactRow, int]]


@dataclass(frozen=True, slots=True)
class SurrogateKeys:
    """The surrogate keys of one append: assets, origins and contents by text, events by position of their entry."""

    tx: int
    assets: Mapping[str, int]
    origins: Mapping[str, int]
    contents: Mapping[str, int]
    events: Mapping[int, int]


def with_keyed_digests(entries: Sequence[Item], key: bytes) -> Sequence[Item]:
    """Return the entries; the digests of events from which secrets were redacted are keyed."""
    if not any(item.event is not None and item.event.is_redacted for item in entries):
        return entries
    return [item._replace(event=None if item.event is None else _keyed(item.event, key)) for item in entries]


def _keyed(event: Event, key: bytes) -> Event:
    return replace(event, digest=keyed_digest(event.digest, key), former=event.digest) if event.is_redacted else event


def unseen_events(cursor: psycopg.Cursor, entries: Sequence[Item]) -> set[bytes]:
    """Return the digests of the events that are not stored yet, under this digest or their former one."""
    events = [item.event for item in entries if item.event is not None]
    if not events:
        return set()
    sought = {event.digest for event in events} | {event.former for event in events if event.former is not None}
    cursor.execute("SELECT digest FROM event WHERE digest = ANY(%s::bytea[])", (array(sought),), prepare=True)
    stored = {bytes(row[0]) for row in cursor.fetchall()}
    return {event.digest for event in events if event.digest not in stored and event.former not in stored}


def store_transaction(rows: RowBatch, tx: int, recorded_at: int, last_at: int, actor: Actor) -> None:
    """Add the row of the transaction."""
    rows.add(_TX, [(tx, recorded_at, last_at, actor.name, actor.source, actor.environment)])


def store_events(rows: RowBatch, entries: Sequence[Item], new: Sequence[bool], tx: int, allocator: IdAllocator) -> dict[int, int]:
    """Add the rows of the new events; return their numbers by the position of their entry."""
    fresh = [(position, item.event) for position, item in enumerate(entries) if new[position] and item.event is not None]
    numbers = dict(zip([position for position, _ in fresh], allocator.events(len(fresh)), strict=True))
    rows.add(
        _EVENT,
        [
            (numbers[position], tx, event.format, event.source, event.event_id, event.digest, event.body)
            for position, event in fresh
        ],
    )
    return numbers


def unknown_edges(cursor: psycopg.Cursor, edges: Edges, ids: Mapping[str, int]) -> Edges:
    """Return the edge facts that are not stored yet. A fact whose assets have no number yet is new without a query."""
    candidates: list[tuple[int, int, int, bytes, int]] = []
    for place, (edge, _) in enumerate(edges):
        source, target = ids.get(edge.source), ids.get(edge.target)
        if source is not None and target is not None:
            digests = (edge.digest,) if edge.former is None else (edge.digest, edge.former)
            candidates += [(source, _CODES[edge.relation], target, each, place) for each in digests]
    known = _known(
        cursor,
        "SELECT w.n FROM unnest(%s::int[], %s::smallint[], %s::int[], %s::bytea[], %s::int[]) AS w(s, r, t, d, n) "
        "JOIN edge_fact f ON f.source_id = w.s AND f.relation = w.r AND f.target_id = w.t AND f.digest = w.d",
        candidates,
    )
    return [entry for place, entry in enumerate(edges) if place not in known] if known else edges


def unknown_assets(cursor: psycopg.Cursor, assets: Assets, ids: Mapping[str, int]) -> Assets:
    """Return the asset facts that are not stored yet."""
    candidates = [
        (ids[asset.uri], each, place)
        for place, (asset, _) in enumerate(assets)
        if asset.uri in ids
        for each in ((asset.digest,) if asset.former is None else (asset.digest, asset.former))
    ]
    known = _known(
        cursor,
        "SELECT w.n FROM unnest(%s::int[], %s::bytea[], %s::int[]) AS w(a, d, n) "
        "JOIN asset_fact f ON f.asset_id = w.a AND f.digest = w.d",
        candidates,
    )
    return [entry for place, entry in enumerate(assets) if place not in known] if known else assets


def _known(cursor: psycopg.Cursor, query: LiteralString, candidates: Sequence[Row]) -> set[int]:
    """Return the numbers that `query` selects. Candidates are sorted in the order of the index: neighbours share a page."""
    if not candidates:
        return set()
    cursor.execute(query, [array(column) for column in zip(*sorted(candidates), strict=True)], prepare=True)
    return {number for (number,) in cursor.fetchall()}


def store_assets(rows: RowBatch, assets: Assets, keys: SurrogateKeys) -> None:
    """Add the rows of asset facts."""
    tx, ids, origins, contents, events = keys.tx, keys.assets, keys.origins, keys.contents, keys.events
    rows.add(
        _ASSET_FACT,
        [
            (
                tx,
                ids[asset.uri],
                origins[asset.origin],
                asset.valid_from,
                asset.mode,
                contents[asset.body],
                events.get(position),
                asset.digest,
            )
            for asset, position in assets
        ],
    )


def store_owners(cursor: psycopg.Cursor, assets: Assets, ids: Mapping[str, int]) -> None:
    """Store which assets name which owners."""
    pairs = sorted({(ids[owner], ids[asset.uri]) for asset, _ in assets for owner in asset.owners})
    if pairs:
        owners, owned = zip(*pairs, strict=True)
        cursor.execute(
            "INSERT INTO asset_owner (owner_id, asset_id) SELECT * FROM unnest(%s::int[], %s::int[]) ON CONFLICT DO NOTHING",
            (array(owners), array(owned)),
            prepare=True,
        )


def store_edges(rows: RowBatch, edges: Edges, keys: SurrogateKeys) -> None:
    """Add the rows of edge facts, in the order of the index, in which facts of one edge are adjacent."""
    tx, ids, origins, contents, events = keys.tx, keys.assets, keys.origins, keys.contents, keys.events
    fact_rows: list[Row] = [
        (
            tx,
            ids[edge.source],
            _CODES[edge.relation],
            ids[edge.target],
            origins[edge.origin],
            edge.valid_from,
            edge.valid_to,
            edge.mode,
            edge.role,
            edge.version,
            None if edge.by is None else ids[edge.by],
            None if edge.feeds is None else _feeds(edge.feeds, ids),
            contents[edge.body],
            events.get(position),
            edge.digest,
        )
        for edge, position in edges
    ]
    fact_rows.sort(key=itemgetter(1, 2, 3))
    rows.add(_EDGE_FACT, fact_rows)


def _feeds(uris: Sequence[str], ids: Mapping[str, int]) -> str:
    return f"{{{','.join([str(ids[uri]) for uri in uris])}}}"


def store_contacts(cursor: psycopg.Cursor, contacts: Collection[Contact], ids: Mapping[str, int]) -> None:
    """Store names and mail of people. A field without a new value retains its stored value."""
    if not contacts:
        return
    cursor.executemany(
        "INSERT INTO contact (asset_id, name, mail) VALUES (%s, %s, %s) ON CONFLICT (asset_id) DO UPDATE "
        "SET name = CASE WHEN excluded.name = excluded.mail THEN coalesce(contact.name, excluded.name) "
        "ELSE coalesce(excluded.name, contact.name) END, mail = coalesce(excluded.mail, contact.mail)",
        [(ids[str(contact.uri)], contact.name, contact.mail) for contact in contacts],
    )


def records_of(created: list[AssetRow], edges: Edges, assets: Assets, keys: SurrogateKeys, people: set[int]) -> AppendedRecords:
    """Return the records of an append, as a reader would return them."""
    asset, origin, events, tx = keys.assets.__getitem__, keys.origins.__getitem__, keys.events, keys.tx
    return AppendedRecords(
        created,
        [edge_record(row, asset, origin, tx, events.get(position)) for row, position in edges],
        [asset_record(row, asset, origin, tx, events.get(position)) for row, position in assets],
        people,
    )
