"""The writer of facts: one append lock, one global order, one durable transaction per group of appends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import psycopg

from mlgraph.domain import clock
from mlgraph.domain.fact_row import AssetFactRow, EdgeFactRow, keyed_digest, to_row
from mlgraph.ports.store import Actor, Appended, CommittedTransaction, Item
from mlgraph.stores.append import insert_statements
from mlgraph.stores.append.default_times import TimestampAssigner
from mlgraph.stores.append.group_commit import GroupCommit
from mlgraph.stores.append.meant_columns import MeantColumns
from mlgraph.stores.append.row_batch import RowBatch
from mlgraph.stores.append.surrogate_keys import IdAllocator
from mlgraph.stores.postgres.database import Database

LOCK: Final = 0x6D6C67_02  # "mlg", appends
_BEGIN: Final = (
    # One round trip. Each statement sees the transactions that were committed before it started, so the last one sees all
    # transactions before this one took the lock. Generic plans always use the indexes, where a plan for specific parameters
    # sometimes scans a table, and they are planned once per connection.
    f"BEGIN; SELECT set_config('plan_cache_mode', 'force_generic_plan', true), pg_advisory_xact_lock({LOCK}); "
    "SELECT coalesce(t.tx, 0), coalesce(t.recorded_at, 0), coalesce(t.last_at, 0), k.key FROM digest_key k "
    "LEFT JOIN (SELECT tx, recorded_at, last_at FROM tx ORDER BY tx DESC LIMIT 1) t ON true"
).encode()
_GREATEST: Final = (
    "SELECT (SELECT coalesce(max(id), 0) FROM asset), (SELECT coalesce(max(id), 0) FROM content), "
    "(SELECT coalesce(max(id), 0) FROM event)"
)


@dataclass(slots=True)
class _Batch:
    """The facts of one append before they have numbers, each with the position of its entry."""

    tx: int
    digest_key: bytes
    edges: list[tuple[EdgeFactRow, int]] = field(default_factory=list)
    assets: list[tuple[AssetFactRow, int]] = field(default_factory=list)

    def uris(self) -> set[str]:
        """Return every URI in the facts."""
        named: set[str] = set()
        for edge, _ in self.edges:
            named.update((edge.source, edge.target), edge.uris())
        for asset, _ in self.assets:
            named.update((asset.uri,), asset.columns, asset.owners)
        return named


class PostgresWriter:
    """The `FactWriter` of PostgreSQL. Thread-safe: appends are committed one after the other, or as a group."""

    def __init__(self, database: Database, on_commit: Callable[[CommittedTransaction], None] | None = None) -> None:
        """Append to `database`; pass each durable transaction to `on_commit` (the commit feed)."""
        self._database = database
        self._on_commit = on_commit
        self._appended: CommittedTransaction | None = None
        self._ids = IdAllocator()
        self._meant_columns = MeantColumns()
        self._last_tx = -1
        self._group_commit = GroupCommit(self._write)

    def append(self, entries: Sequence[Item], actor: Actor) -> Appended:
        """Append the new facts in one durable transaction; return its number and which entries added anything new.

        Appends that wait at the same time may share a transaction; the rejection of one does not affect the others.
        """
        self._database.check_writable()
        return self._group_commit.submit(entries, actor)

    def begin_append(self, entries: Sequence[Item], actor: Actor, done: Callable[[Appended | BaseException], None]) -> None:
        """Append without waiting: another thread calls `done` with the result or the error of `append`."""
        self._database.check_writable()
        self._group_commit.submit_async(entries, actor, done)

    def _write(self, entries: Sequence[Item], actor: Actor) -> Appended:
        try:
            with self._database.connection() as connection, connection.cursor() as cursor:
                appended = self._append(cursor, entries, actor)
                cursor.execute("COMMIT")
        except BaseException:
            self._ids.rolled_back()
            self._meant_columns.invalidate()
            self._appended = None
            raise
        self._ids.committed()
        self._last_tx = appended.tx
        committed, self._appended = self._appended, None
        if committed is not None and self._on_commit is not None:
            self._on_commit(committed)
        return appended

    def _begin(self, cursor: psycopg.Cursor) -> tuple[int, int, int, bytes]:
        """Take the append lock; return the last transaction, the recording time of the next, the last assigned time, and the key.

        The key of digests is read each time, because a restore changes it.
        """
        cursor.execute(_BEGIN)
        while cursor.nextset():
            pass  # the last of the statements returns the result
        last_tx, last_recorded, last_at, key = cursor.fetchone() or (0, 0, 0, b"")
        if last_tx != self._last_tx:  # another writer appended, or this is the first append
            cursor.execute(_GREATEST)
            self._ids.begin(*(cursor.fetchone() or (0, 0, 0)))
            self._meant_columns.invalidate()
            self._last_tx = last_tx
        return last_tx, max(clock.wall_us(), last_recorded), last_at, bytes(key)

    def _append(self, cursor: psycopg.Cursor, entries: Sequence[Item], actor: Actor) -> Appended:
        last_tx, recorded_at, last_at, key = self._begin(cursor)
        entries = insert_statements.with_keyed_digests(entries, key)
        new = [False] * len(entries)
        unseen = insert_statements.unseen_events(cursor, entries)
        assigner = TimestampAssigner(cursor, max(recorded_at, last_at + 1))
        batch = _Batch(last_tx + 1, key)
        _gather(batch, entries, new, unseen, assigner)
        contacts = {contact.uri: contact for item in entries for contact in item.contacts}
        people = set(map(str, contacts))
        named = batch.uris() | people
        ids = self._ids.known_assets(cursor, named)
        offered = len(batch.edges) + len(batch.assets)
        batch.edges = insert_statements.unknown_edges(cursor, batch.edges, ids)
        batch.assets = insert_statements.unknown_assets(cursor, batch.assets, ids)
        for _, position in (*batch.edges, *batch.assets):
            new[position] = True
        if not contacts and not any(new):
            return Appended(last_tx, new)
        rows = RowBatch()
        last_at = max(assigner.last_given, last_at)
        insert_statements.store_transaction(rows, batch.tx, recorded_at, last_at, actor)
        events = insert_statements.store_events(rows, entries, new, batch.tx, self._ids)
        if len(batch.edges) + len(batch.assets) < offered:
            named = batch.uris() | people
        meant = self._meant_columns.of(cursor, (edge for edge, _ in batch.edges), ids)
        ids.update(self._ids.known_assets(cursor, meant - ids.keys()))
        named |= meant
        created = self._ids.create_assets(cursor, rows, named - ids.keys(), ids, batch.tx)
        keys = self._add_facts(cursor, rows, batch, ids, events)
        rows.store(cursor)
        insert_statements.store_owners(cursor, batch.assets, ids)
        insert_statements.store_contacts(cursor, contacts.values(), ids)
        if self._on_commit is not None:
            people_ids = {ids[uri] for uri in people}
            records = partial(insert_statements.records_of, created, batch.edges, batch.assets, keys, people_ids)
            self._appended = CommittedTransaction(batch.tx, last_at, len(batch.edges) + len(batch.assets), records)
        return Appended(batch.tx, new)

    def _add_facts(
        self, cursor: psycopg.Cursor, rows: RowBatch, batch: _Batch, ids: Mapping[str, int], events: Mapping[int, int]
    ) -> insert_statements.SurrogateKeys:
        facts: tuple[tuple[EdgeFactRow | AssetFactRow, int], ...] = (*batch.edges, *batch.assets)
        keys = insert_statements.SurrogateKeys(
            batch.tx,
            ids,
            self._ids.origins(cursor, {fact.origin for fact, _ in facts}),
            self._ids.contents(cursor, rows, {fact.body for fact, _ in facts}),
            events,
        )
        insert_statements.store_assets(rows, batch.assets, keys)
        insert_statements.store_edges(rows, batch.edges, keys)
        return keys


def _gather(batch: _Batch, entries: Sequence[Item], new: list[bool], unseen: set[bytes], assigner: TimestampAssigner) -> None:
    """Add the facts of `entries` to `batch`, without duplicates; mark the entries of `unseen` events as new."""
    assigner.prepare(fact for item in entries for fact in item.facts)
    seen: set[bytes] = set()
    for position, item in enumerate(entries):
        if item.event is not None:
            if item.event.digest not in unseen:
                continue  # a duplicate: its facts are stored already
            unseen.discard(item.event.digest)
            new[position] = True
        for fact in item.facts:
            timed = assigner.assign(fact)
            if timed is None:
                continue
            row = to_row(timed)
            if row.former is not None:
                row = row._replace(digest=keyed_digest(row.digest, batch.digest_key))
            if row.digest in seen:
                continue
            seen.add(row.digest)
            if isinstance(row, EdgeFactRow):
                batch.edges.append((row, position))
            else:
                batch.assets.append((row, position))
