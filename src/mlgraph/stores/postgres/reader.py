"""Reading facts back: by group, by transaction, and all of them at one moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from mlgraph.domain import clock, deadlines
from mlgraph.domain.fact_row import digest
from mlgraph.domain.facts import Contact, Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import INPUT_ROLES, RELATIONS
from mlgraph.ports.store import AssetRow, BoundaryChanges, Changes, EdgeStep, EdgeTable, Provenance, RunRecords
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.records import ASSET_COLUMNS, ASSET_FROM, EDGE_COLUMNS, EDGE_FROM, asset_records, edge_records

_STREAM_ASSETS: Final = 2000
_EVERYTHING: Final = 2**63 - 1
_DAY_US: Final = 86_400_000_000
_FIRST: Final = parse_time("0001-01-01T00:00:00Z")
_INPUT_TO, _OUTPUTS, _RUN_OF, _ALIAS_OF = (RELATIONS[name].code for name in ("input_to", "outputs", "run_of", "alias_of"))
FACTS_AT_ONCE: Final = 20_000
"""Facts of either sort from which on the transactions of a reading are no longer taken together."""
_COPY_HEAD: Final = 19
"""Bytes before the first row of COPY's binary format, and after the last (PostgreSQL documentation, COPY, Binary Format)."""
_COPY_TAIL: Final = 2
_COPY_TYPES: Final = {
    "source": ">i4",
    "relation": ">i2",
    "target": ">i4",
    "origin": ">i2",
    "mode": ">i2",
    "role": ">i2",
    "start": ">i8",
    "end": ">i8",
}
_COPIED: Final = np.dtype(
    [("fields", ">i2"), *(part for name, kind in _COPY_TYPES.items() for part in ((f"{name}_length", ">i4"), (name, kind)))]
)
"""A row of `edge_table`: no field is null, so all rows are of one length."""


class PostgresReader:
    """The `FactReader` of PostgreSQL."""

    def __init__(self, database: Database, upto: int = _EVERYTHING) -> None:
        self._database = database
        self._upto = upto

    def session(self) -> AbstractContextManager[None]:
        """Let this thread read over one connection until the end of the context."""
        return self._database.session()

    def at(self, tx: int) -> PostgresReader:
        """Return a reader of the facts up to transaction `tx`."""
        return PostgresReader(self._database, tx)

    def last_tx(self) -> int:
        """Return the number of the last transaction (0: none)."""
        for tx, last_at in self._rows("SELECT tx, last_at FROM tx ORDER BY tx DESC LIMIT 1"):
            clock.reach(last_at)  # before anybody sees what this transaction says
            return int(tx)
        return 0

    def changes(self, after: int, limit: int) -> Changes:
        """Return what up to `limit` transactions after `after` touched.

        Transactions become visible in order and never change, so what is read up to one of them is of one moment.
        """
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT last_at FROM tx ORDER BY tx DESC LIMIT 1), "
                "(SELECT max(tx) FROM (SELECT tx FROM tx WHERE tx > %s ORDER BY tx LIMIT %s) t)",
                (after, limit),
            )
            last_at, upto = cursor.fetchone() or (None, None)
            clock.reach(last_at or 0)  # before anybody sees what these transactions, or those before them, say
            changes = Changes(after if upto is None else upto)
            if upto is None:
                return changes
            if (bound := _full_at(cursor, after)) < upto:
                changes.upto, changes.cut = bound, True
            self._add_changes(connection, changes, (after, changes.upto))
            return changes

    def _add_changes(self, connection: psycopg.Connection, changes: Changes, span: tuple[int, int]) -> None:
        assets, states, edges = _together(
            connection,
            ("SELECT id, uri, kind, dataset_id FROM asset WHERE first_tx > %s AND first_tx <= %s ORDER BY id", span),
            ("SELECT DISTINCT asset_id, mode FROM asset_fact WHERE tx > %s AND tx <= %s", span),
            ("SELECT DISTINCT source_id, relation, target_id, by_id FROM edge_fact WHERE tx > %s AND tx <= %s", span),
        )
        changes.assets = [AssetRow(*row) for row in assets]
        for asset, mode in states:
            changes.note_state(asset, mode)
        for source, relation, target, seen_by in edges:
            changes.note_edge((source, relation, target), seen_by)

    def runs(self, runs: Collection[int]) -> RunRecords:
        """Return all that is said of these runs, in one round trip."""
        listed = list(runs)
        edges = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE"
        with self._database.connection() as connection:
            reads, writes, columns, states, of = _together(
                connection,
                (f"{edges} f.target_id = ANY(%s) AND f.relation = %s AND f.tx <= %s", (listed, _INPUT_TO, self._upto)),
                (f"{edges} f.source_id = ANY(%s) AND f.relation = %s AND f.tx <= %s", (listed, _OUTPUTS, self._upto)),
                (f"{edges} f.by_id = ANY(%s) AND f.tx <= %s", (listed, self._upto)),
                (f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.asset_id = ANY(%s) AND f.tx <= %s", (listed, self._upto)),
                (f"{edges} f.source_id = ANY(%s) AND f.relation = %s AND f.tx <= %s", (listed, _RUN_OF, self._upto)),
            )
        return RunRecords(
            list(edge_records(reads)),
            list(edge_records(writes)),
            list(edge_records(columns)),
            list(asset_records(states)),
            list(edge_records(of)),
        )

    def pending(self, after: int, most: int) -> int:
        """Return how many facts about edges came after transaction `after`, counting to `most`."""
        rows = self._rows("SELECT count(*) FROM (SELECT 1 FROM edge_fact WHERE tx > %s LIMIT %s) f", (after, most))
        return int(rows[0][0])

    def edges(self, triples: Collection[tuple[int, int, int]]) -> list[EdgeRecord]:
        """Return all records of these triples that no run or workflow saw."""
        if not triples:
            return []
        sources, relations, targets = (list(column) for column in zip(*triples, strict=True))
        return self._edges(
            f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} "
            "JOIN unnest(%s::int[], %s::smallint[], %s::int[]) AS w(s, r, t) "
            "ON f.source_id = w.s AND f.relation = w.r AND f.target_id = w.t WHERE f.by_id IS NULL AND f.tx <= %s",
            (sources, relations, targets, self._upto),
        )

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of these relations that lead to `targets`."""
        query = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.target_id = ANY(%s) AND f.relation = ANY(%s) AND f.tx <= %s"
        return self._edges(query, (list(targets), list(relations), self._upto)) if targets else []

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return all records of these relations that lead from `sources`."""
        query = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.source_id = ANY(%s) AND f.relation = ANY(%s) AND f.tx <= %s"
        return self._edges(query, (list(sources), list(relations), self._upto)) if sources else []

    def alias_records(self) -> list[EdgeRecord]:
        """Return all records of `alias_of`."""
        return self._edges(f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.relation = {_ALIAS_OF} AND f.tx <= %s", (self._upto,))

    def runs_since(self, workflows: Collection[int], moment: int) -> set[int]:
        """Return the runs of these workflows that began or ended at or after `moment`; possibly some others too."""
        day = format_time(max(moment - _DAY_US, _FIRST))[:10]  # as text: it may be told in any zone
        query = (
            "SELECT DISTINCT f.source_id FROM edge_fact f WHERE f.target_id = ANY(%(of)s) AND f.relation = %(run_of)s "
            "AND f.tx <= %(upto)s AND (f.valid_from >= %(moment)s OR EXISTS (SELECT 1 FROM asset_fact s "
            "JOIN content c ON c.id = s.content_id WHERE s.asset_id = f.source_id AND s.tx <= %(upto)s "
            "AND (s.valid_from >= %(moment)s OR EXISTS (SELECT 1 FROM "
            r"""regexp_matches(c.body, '"(?:started|ended)_at":\s*"([0-9-]{10})', 'g') t WHERE t[1] >= %(day)s))))"""
        )
        values = {"of": list(workflows), "run_of": _RUN_OF, "upto": self._upto, "moment": moment, "day": day}
        return {row[0] for row in self._rows(query, values)} if workflows else set()

    def columns_seen_by(self, owners: Collection[int]) -> list[EdgeRecord]:
        """Return the column edges whose `by` is one of `owners`."""
        query = f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.by_id = ANY(%s) AND f.tx <= %s"
        return self._edges(query, (list(owners), self._upto)) if owners else []

    def asset_records(self, assets: Collection[int]) -> list[AssetRecord]:
        """Return all records of these assets."""
        query = f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.asset_id = ANY(%s) AND f.tx <= %s"
        return list(asset_records(self._rows(query, (list(assets), self._upto)))) if assets else []

    def asset_records_in(self, assets: Collection[int], after: int, upto: int) -> list[AssetRecord]:
        """Return the records of these assets that transactions after `after`, up to `upto`, appended."""
        query = f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.tx > %s AND f.tx <= %s AND f.asset_id = ANY(%s)"
        return list(asset_records(self._rows(query, (after, upto, list(assets))))) if assets else []

    def steps(self, assets: Collection[int], step: EdgeStep, most: int) -> list[EdgeRecord]:
        """Return the records of the edges that `step` takes from `assets`, at most `most` of them; none that a run saw."""
        if not assets:
            return []
        near, far = ("source_id", "target_id") if step.forward else ("target_id", "source_id")
        query = (
            f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} JOIN asset a ON a.id = f.{far} "
            f"WHERE f.{near} = ANY(%s) AND f.relation = %s AND f.by_id IS NULL AND f.tx <= %s AND a.kind = ANY(%s)"
        )
        values: list[Any] = [list(assets), step.relation, self._upto, list(step.kinds)]
        if step.then is not None:
            near, further = ("source_id", "target_id") if step.then.forward else ("target_id", "source_id")
            query += (
                f" AND EXISTS (SELECT FROM edge_fact n JOIN asset b ON b.id = n.{further} "
                f"WHERE n.{near} = f.{far} AND n.relation = %s AND b.kind = ANY(%s))"
            )
            values += [step.then.relation, list(step.then.kinds)]
        return self._edges(f"{query} LIMIT %s", (*values, most))

    def owned(self, owners: Collection[int], most: int) -> list[int]:
        """Return the assets whose state has ever named one of `owners`, at most `most` of them."""
        query = "SELECT DISTINCT asset_id FROM asset_owner WHERE owner_id = ANY(%s) LIMIT %s"
        return [row[0] for row in self._rows(query, (list(owners), most))] if owners else []

    def boundary_changes(self, after: int, upto: int) -> BoundaryChanges:
        """Return what facts begin or end at a moment after `after`, and not after `upto`: a look through all facts."""
        span, touched = (after, upto), BoundaryChanges(set(), set(), set(), set())
        with self._database.connection() as connection, connection.transaction():
            with connection.cursor("mlgraph_edges") as cursor:
                cursor.execute(
                    "SELECT source_id, relation, target_id, by_id FROM edge_fact WHERE tx <= %s "
                    "AND (valid_from > %s AND valid_from <= %s OR valid_to > %s AND valid_to <= %s)",
                    (self._upto, *span, *span),
                )
                while rows := cursor.fetchmany(_STREAM_ASSETS * 10):
                    deadlines.raise_if_exceeded()
                    touched.edges.update(row[:3] for row in rows)
                    touched.seen_by.update(row[3] for row in rows if row[3] is not None)
            with connection.cursor("mlgraph_states") as cursor:
                cursor.execute(
                    "SELECT asset_id, mode FROM asset_fact WHERE tx <= %s AND valid_from > %s AND valid_from <= %s",
                    (self._upto, *span),
                )
                while rows := cursor.fetchmany(_STREAM_ASSETS * 10):
                    deadlines.raise_if_exceeded()
                    touched.assets.update(row[0] for row in rows)
                    touched.retracted.update(row[0] for row in rows if row[1] == Mode.RETRACT)
        return touched

    def declarations(self, workflows: Collection[int]) -> list[AssetRecord]:
        """Return when these workflows were declared anew."""
        query = (
            f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} "
            f"WHERE f.asset_id = ANY(%s) AND f.mode = {int(Mode.DECLARATION)} AND f.tx <= %s"
        )
        return list(asset_records(self._rows(query, (list(workflows), self._upto)))) if workflows else []

    def stamp(self, tx: int) -> str | None:
        """Return what names the log up to transaction `tx`; None if it does not reach so far."""
        query = "SELECT i.id, tx.recorded_at, tx.actor FROM instance i CROSS JOIN tx WHERE tx.tx = %s"
        for instance, recorded_at, actor in self._rows(query, (tx,)):
            return f"{instance} {recorded_at} {actor}"
        return None

    def assets(self) -> Iterator[list[AssetRow]]:
        """Yield all assets in order of their numbers, many at a time."""
        with self._database.connection() as connection, connection.transaction(), connection.cursor("mlgraph_assets") as cursor:
            cursor.execute("SELECT id, uri, kind, dataset_id FROM asset WHERE first_tx <= %s ORDER BY id", (self._upto,))
            while rows := cursor.fetchmany(_STREAM_ASSETS * 10):
                yield [AssetRow(*row) for row in rows]

    def edge_table(self, low: int, high: int, relations: Collection[int]) -> EdgeTable:
        """Return the edge facts of these relations from sources `low` up to, not including, `high`; not those that a run saw."""
        query = (
            "COPY (SELECT source_id, relation, target_id, origin_id, mode, "
            "CASE WHEN coalesce(role, '') = '' THEN 0::smallint ELSE coalesce(array_position(%s, role), -1)::smallint END, "
            "valid_from, valid_to FROM edge_fact "
            "WHERE source_id >= %s AND source_id < %s AND relation = ANY(%s) AND by_id IS NULL AND tx <= %s) "
            "TO STDOUT (FORMAT binary)"
        )
        span = (list(INPUT_ROLES), low, high, list(relations), self._upto)
        with self._database.connection() as connection, connection.cursor() as cursor, cursor.copy(query, span) as copy:
            data = b"".join(bytes(piece) for piece in copy)
        rows = np.frombuffer(data, _COPIED, (len(data) - _COPY_HEAD - _COPY_TAIL) // _COPIED.itemsize, _COPY_HEAD)
        return EdgeTable(*(rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in EdgeTable._fields))

    def records_between(self, low: int, high: int) -> list[AssetRecord]:
        """Return the records of the assets from `low` up to, not including, `high`."""
        query = f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.asset_id >= %s AND f.asset_id < %s AND f.tx <= %s"
        return list(asset_records(self._rows(query, (low, high, self._upto))))

    def all_retracted(self) -> NDArray[np.int32]:
        """Return all assets that were ever retracted."""
        query = f"SELECT DISTINCT asset_id FROM asset_fact WHERE mode = {int(Mode.RETRACT)} AND tx <= %s"
        return np.array([row[0] for row in self._rows(query, (self._upto,))], np.int32)

    def retracted(self, assets: Collection[int]) -> set[int]:
        """Return which of `assets` were ever retracted."""
        if not assets:
            return set()
        query = f"SELECT DISTINCT asset_id FROM asset_fact WHERE asset_id = ANY(%s) AND mode = {int(Mode.RETRACT)} AND tx <= %s"
        return {row[0] for row in self._rows(query, (list(assets), self._upto))}

    def neighbours(self, asset: int) -> list[tuple[int, int, int]]:
        """Return every triple that `asset` is an end of."""
        return self._rows(
            "SELECT source_id, relation, target_id FROM edge_fact WHERE source_id = %s AND tx <= %s "
            "UNION SELECT source_id, relation, target_id FROM edge_fact WHERE target_id = %s AND tx <= %s",
            (asset, self._upto, asset, self._upto),
        )

    def ids(self, uris: Collection[str]) -> dict[str, int]:
        """Return the numbers of those URIs that the store has heard of."""
        rows = self._rows("SELECT uri, id FROM asset WHERE digest = ANY(%s)", ([digest(uri) for uri in uris],))
        return dict(rows)

    def rows(self, assets: Collection[int]) -> dict[int, AssetRow]:
        """Return URI and kind of these assets."""
        query = "SELECT id, uri, kind, dataset_id FROM asset WHERE id = ANY(%s)"
        return {row[0]: AssetRow(*row) for row in self._rows(query, (list(assets),))}

    def origins(self) -> Mapping[int, str]:
        """Return the names of all origins."""
        return dict(self._rows("SELECT id, name FROM origin"))

    def contacts(self, assets: Collection[int]) -> dict[int, Contact]:
        """Return name and mail of these people, where they are known and not erased."""
        query = "SELECT c.asset_id, a.uri, c.name, c.mail FROM contact c JOIN asset a ON a.id = c.asset_id WHERE a.id = ANY(%s)"
        return {row[0]: Contact(AssetUri.parse(row[1]), row[2], row[3]) for row in self._rows(query, (list(assets),))}

    def provenance(self, txs: Collection[int]) -> dict[int, Provenance]:
        """Return who appended these transactions, and when."""
        query = "SELECT tx, recorded_at, actor, source, environment FROM tx WHERE tx = ANY(%s)"
        return {row[0]: Provenance(*row) for row in self._rows(query, (list(txs),))}

    def events(self, numbers: Collection[int]) -> dict[int, str]:
        """Return the ids that events had at their sources, by the store's numbers of the events."""
        return dict(self._rows("SELECT id, event_id FROM event WHERE id = ANY(%s)", (list(numbers),)))

    def stream(self) -> Iterator[tuple[AssetRow, list[AssetRecord], list[EdgeRecord]]]:
        """Yield every asset in bytewise order of URI, with its records and the edges that lead from it, of one moment."""
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            with connection.cursor(name="mlgraph_stream") as listing:
                listing.execute(
                    'SELECT id, uri, kind, dataset_id FROM asset WHERE first_tx <= %s ORDER BY uri COLLATE "C"', (self._upto,)
                )
                while rows := listing.fetchmany(_STREAM_ASSETS):
                    deadlines.raise_if_exceeded()
                    yield from _with_records(cursor, [AssetRow(*row) for row in rows], self._upto)

    def _rows(self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        with self._database.connection() as connection, connection.cursor() as cursor:
            cursor.execute(query.encode(), values)
            return cursor.fetchall()

    def _edges(self, query: str, values: Sequence[Any]) -> list[EdgeRecord]:
        return list(edge_records(self._rows(query, values)))


def _together(connection: psycopg.Connection, *queries: tuple[str, Sequence[Any]]) -> list[list[tuple[Any, ...]]]:
    """Return the rows of several queries that are sent together: they cost one round trip."""
    with connection.pipeline():
        cursors = [connection.cursor() for _ in queries]
        for cursor, (query, values) in zip(cursors, queries, strict=True):
            cursor.execute(query.encode(), values)
        return [cursor.fetchall() for cursor in cursors]


def _full_at(cursor: psycopg.Cursor, after: int) -> int:
    """Return the transaction up to which there are not too many facts to take in at once: the next one at least."""
    cursor.execute(
        "SELECT least((SELECT tx FROM edge_fact WHERE tx > %s ORDER BY tx OFFSET %s LIMIT 1), "
        "(SELECT tx FROM asset_fact WHERE tx > %s ORDER BY tx OFFSET %s LIMIT 1))",
        (after, FACTS_AT_ONCE, after, FACTS_AT_ONCE),
    )
    tx = (cursor.fetchone() or (None,))[0]
    return _EVERYTHING if tx is None else max(int(tx) - 1, after + 1)


def _with_records(
    cursor: psycopg.Cursor, assets: Sequence[AssetRow], upto: int
) -> Iterator[tuple[AssetRow, list[AssetRecord], list[EdgeRecord]]]:
    numbers = [asset.asset for asset in assets]
    states_of: dict[int, list[AssetRecord]] = defaultdict(list)
    cursor.execute(
        f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.asset_id = ANY(%s) AND f.tx <= %s".encode(), (numbers, upto)
    )
    for record in asset_records(cursor):
        states_of[record.asset].append(record)
    leading: dict[int, list[EdgeRecord]] = defaultdict(list)
    cursor.execute(f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.source_id = ANY(%s) AND f.tx <= %s".encode(), (numbers, upto))
    for edge in edge_records(cursor):
        leading[edge.source].append(edge)
    for asset in assets:
        yield asset, states_of[asset.asset], leading[asset.asset]
