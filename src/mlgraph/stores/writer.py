"""Appending facts: one lock, one order, one durable transaction for each call."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import (
    AssetFact,
    AssetRetraction,
    Declaration,
    EdgeFact,
    EdgeRetraction,
    Fact,
    Mode,
)
from mlgraph.domain.payload import canonical_json
from mlgraph.domain.times import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.store import Actor, Appended, Item
from mlgraph.stores.database import Database
from mlgraph.stores.numbering import Numbering, digest
from mlgraph.stores.settle import Settler

LOCK = 0x6D6C67_02  # "mlg", appends


@dataclass(slots=True)
class _Batch:
    """The rows of one append, before they are numbered."""

    tx: int
    facts: list[tuple[bytes, Fact, int]] = field(default_factory=list)
    """Digest, fact with all its times, index of the item's event (-1: none)."""


class PostgresWriter:
    """The `FactWriter` of PostgreSQL. Safe to share between threads: appends go one after the other."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbering = Numbering()
        self._turn = threading.Lock()

    def append(self, items: Sequence[Item], actor: Actor) -> Appended:
        """Append what is new, in one durable transaction, and return its number and which items said anything new."""
        self._database.check_writable()
        with self._turn:
            try:
                with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
                    appended = self._append(cursor, items, actor)
            except BaseException:
                self._numbering.rolled_back()
                raise
            self._numbering.committed()
            return appended

    def _append(self, cursor: psycopg.Cursor, items: Sequence[Item], actor: Actor) -> Appended:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        cursor.execute("SELECT tx, recorded_at, last_at FROM tx ORDER BY tx DESC LIMIT 1")
        last_tx, last_recorded, last_at = cursor.fetchone() or (0, 0, 0)
        recorded_at = max(clock.wall_us(), last_recorded)
        batch = _Batch(last_tx + 1)
        fresh_events = _unseen_events(cursor, items)
        settler = Settler(cursor, max(recorded_at, last_at + 1))
        settler.prepare(fact for item in items for fact in item.facts)
        new = [False] * len(items)
        seen: set[bytes] = set()
        for position, item in enumerate(items):
            if item.event is not None and item.event.digest not in fresh_events:
                continue
            if item.event is not None:
                fresh_events.discard(item.event.digest)
                new[position] = True
            for said in item.facts:
                fact = settler.settle(said)
                if fact is None:
                    continue
                key = fact_digest(fact)
                if key not in seen:
                    seen.add(key)
                    batch.facts.append((key, fact, position))
        self._drop_known(cursor, batch)
        for _, _, position in batch.facts:
            new[position] = True
        if not any(new) and not any(item.contacts for item in items):
            return Appended(last_tx, new)
        cursor.execute(
            "INSERT INTO tx (tx, recorded_at, last_at, actor, source, environment) VALUES (%s, %s, %s, %s, %s, %s)",
            (batch.tx, recorded_at, max(settler.last_given, last_at), actor.name, actor.source, actor.environment),
        )
        events = _store_events(cursor, items, new, batch.tx)
        self._store_facts(cursor, batch, events)
        self._store_contacts(cursor, items, batch.tx)
        return Appended(batch.tx, new)

    def _drop_known(self, cursor: psycopg.Cursor, batch: _Batch) -> None:
        for table, kinds in (
            ("asset_fact", (AssetFact, AssetRetraction, Declaration)), ("edge_fact", (EdgeFact, EdgeRetraction)),
        ):  # fmt: skip
            keys = [key for key, fact, _ in batch.facts if isinstance(fact, kinds)]
            if not keys:
                continue
            cursor.execute(f"SELECT digest FROM {table} WHERE digest = ANY(%s)".encode(), (keys,))
            known = {bytes(row[0]) for row in cursor.fetchall()}
            if known:
                batch.facts = [entry for entry in batch.facts if entry[0] not in known]

    def _store_facts(self, cursor: psycopg.Cursor, batch: _Batch, events: dict[int, int]) -> None:
        uris: set[AssetUri] = set()
        origins: set[str] = set()
        bodies: dict[int, str] = {}
        for number, (_, fact, _) in enumerate(batch.facts):
            uris.update(_uris_of(fact))
            origins.add(fact.origin)
            bodies[number] = _body_of(fact)
        ids = self._numbering.assets(cursor, uris, batch.tx)
        names = self._numbering.origins(cursor, origins)
        contents = self._numbering.contents(cursor, set(bodies.values()))
        asset_rows: list[tuple[Any, ...]] = []
        edge_rows: list[tuple[Any, ...]] = []
        for number, (key, fact, position) in enumerate(batch.facts):
            origin, content, event = names[fact.origin], contents[bodies[number]], events.get(position)
            if isinstance(fact, EdgeFact | EdgeRetraction):
                edge_rows.append((batch.tx, *_edge_row(fact, ids), origin, content, event, key))
            else:
                asset_rows.append((batch.tx, ids[str(fact.uri)], origin, *_asset_row(fact), content, event, key))
        if asset_rows:
            columns = "tx, asset_id, origin_id, valid_from, mode, content_id, event_id, digest"
            _copy(cursor, f"COPY asset_fact ({columns}) FROM STDIN", asset_rows)
        if edge_rows:
            columns = (
                "tx, source_id, relation, target_id, valid_from, valid_to, mode, role, version, by_id, feeds, "
                "origin_id, content_id, event_id, digest"
            )
            _copy(cursor, f"COPY edge_fact ({columns}) FROM STDIN", edge_rows)

    def _store_contacts(self, cursor: psycopg.Cursor, items: Sequence[Item], tx: int) -> None:
        contacts = {contact.uri: contact for item in items for contact in item.contacts}
        if not contacts:
            return
        ids = self._numbering.assets(cursor, contacts, tx)
        cursor.executemany(
            "INSERT INTO contact (asset_id, name, mail) VALUES (%s, %s, %s) ON CONFLICT (asset_id) DO UPDATE "
            "SET name = CASE WHEN excluded.name = excluded.mail THEN coalesce(contact.name, excluded.name) "
            "ELSE coalesce(excluded.name, contact.name) END, mail = coalesce(excluded.mail, contact.mail)",
            [(ids[str(contact.uri)], contact.name, contact.mail) for contact in contacts.values()],
        )


def fact_digest(fact: Fact) -> bytes:
    """Return what tells whether two facts are the same: all that they say, with their times."""
    said: list[Any]
    match fact:
        case AssetFact():
            said = ["asset", int(fact.mode), str(fact.uri), fact.origin, fact.valid_from, dict(fact.state)]
        case EdgeFact():
            said = ["edge", int(fact.mode), str(fact.source), fact.relation, str(fact.target), fact.origin,
                    fact.valid_from, fact.valid_to, dict(fact.properties)]  # fmt: skip
        case AssetRetraction():
            said = ["retract", str(fact.uri), fact.origin, fact.valid_to]
        case EdgeRetraction():
            said = ["retract", str(fact.source), fact.relation, str(fact.target), fact.origin, fact.valid_to]
        case _:
            said = ["declaration", str(fact.uri), fact.origin, fact.valid_from, sorted(fact.sides)]
    return digest(canonical_json(said))


def _unseen_events(cursor: psycopg.Cursor, items: Sequence[Item]) -> set[bytes]:
    digests = {item.event.digest for item in items if item.event is not None}
    if digests:
        cursor.execute("SELECT digest FROM event WHERE digest = ANY(%s)", (list(digests),))
        digests -= {bytes(row[0]) for row in cursor.fetchall()}
    return digests


def _store_events(cursor: psycopg.Cursor, items: Sequence[Item], new: Sequence[bool], tx: int) -> dict[int, int]:
    fresh = [(position, item.event) for position, item in enumerate(items) if item.event is not None and new[position]]
    if not fresh:
        return {}
    cursor.execute("SELECT coalesce(max(id), 0) FROM event")
    (number,) = cursor.fetchone() or (0,)
    numbers: dict[int, int] = {}
    with cursor.copy("COPY event (id, tx, format, source, event_id, digest, body) FROM STDIN") as copy:
        for position, event in fresh:
            number += 1
            numbers[position] = number
            copy.write_row((number, tx, event.format, event.source, event.event_id, event.digest, event.body))
    return numbers


def _copy(cursor: psycopg.Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    with cursor.copy(statement.encode()) as copy:
        for row in rows:
            copy.write_row(row)


def _uris_of(fact: Fact) -> list[AssetUri]:
    if isinstance(fact, EdgeFact):
        named = [AssetUri.parse(text) for text in fact.properties.get("from") or ()]
        seen_by = fact.seen_by
        return [fact.source, fact.target, *named, *([AssetUri.parse(seen_by)] if seen_by else ())]
    if isinstance(fact, EdgeRetraction):
        return [fact.source, fact.target]
    return [fact.uri, *_columns_of(fact)] if isinstance(fact, AssetFact) else [fact.uri]


def _columns_of(fact: AssetFact) -> Iterator[AssetUri]:
    """Yield the columns that a dataset's schema names: they are known from then on, whether or not an edge touches them."""
    schema = fact.state.get("properties", {}).get("schema") if fact.uri.kind == "dataset" else None
    for column in schema if isinstance(schema, list) else ():
        name = column.get("name") if isinstance(column, dict) else None
        if isinstance(name, str) and name:
            try:
                uri = column_uri(fact.uri, name)
            except InvalidInput:  # a name that no URI can carry stays a property
                continue
            yield uri


def _body_of(fact: Fact) -> str:
    match fact:
        case AssetFact():
            return canonical_json(dict(fact.state))
        case EdgeFact():
            return canonical_json(fact.plain_properties)
        case Declaration():
            return canonical_json({"sides": sorted(fact.sides)})
        case _:
            return "{}"


def _asset_row(fact: AssetFact | AssetRetraction | Declaration) -> tuple[int | None, int]:
    match fact:
        case AssetFact():
            return fact.valid_from, int(fact.mode)
        case AssetRetraction():
            return fact.valid_to, int(Mode.RETRACT)
        case Declaration():
            return fact.valid_from, int(Mode.DECLARATION)


def _edge_row(fact: EdgeFact | EdgeRetraction, ids: Mapping[str, int]) -> tuple[Any, ...]:
    ends = (ids[str(fact.source)], RELATIONS[fact.relation].code, ids[str(fact.target)])
    if isinstance(fact, EdgeRetraction):
        return (*ends, fact.valid_to, FOREVER, int(Mode.RETRACT), None, None, None, None)
    said = fact.properties
    seen_by, named = fact.seen_by, said.get("from")
    return (
        *ends, fact.valid_from, FOREVER if fact.valid_to is None else fact.valid_to, int(fact.mode), said.get("role"),
        said.get("version"), ids[seen_by] if seen_by else None, None if named is None else [ids[uri] for uri in named],
    )  # fmt: skip
