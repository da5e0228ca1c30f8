"""Scans of all facts: assets, edge tables, a consistent stream for exports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Final

import numpy as np
import psycopg
from numpy.typing import NDArray

from mlgraph.domain import deadlines
from mlgraph.domain.facts import Mode
from mlgraph.domain.history import AssetRecord, EdgeRecord
from mlgraph.domain.vocabulary import INPUT_ROLES
from mlgraph.ports.store import AssetRow, BoundaryChanges, EdgeTable
from mlgraph.stores.postgres.fact_queries import FactQueries
from mlgraph.stores.postgres.records import ASSET_COLUMNS, ASSET_FROM, EDGE_COLUMNS, EDGE_FROM, asset_records, edge_records

_STREAM_ASSETS: Final = 2000
_COPY_HEAD: Final = 19
"""Bytes before the first row in the binary format of COPY (PostgreSQL documentation, COPY, Binary Format)."""
_COPY_TAIL: Final = 2
"""Bytes after the last row."""
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
"""One row of `edge_table` in that format. No field is null, so all rows have the same length."""


class PostgresScans(FactQueries):
    """The methods of `FactReader` that scan all facts of PostgreSQL, in chunks or by cursor."""

    def assets(self) -> Iterator[list[AssetRow]]:
        """Yield all assets in order of their numbers, in chunks."""
        with self._database.connection() as connection, connection.transaction(), connection.cursor("mlgraph_assets") as cursor:
            cursor.execute("SELECT id, uri, kind, dataset_id FROM asset WHERE first_tx <= %s ORDER BY id", (self._upto,))
            while rows := cursor.fetchmany(_STREAM_ASSETS * 10):
                yield [AssetRow(*row) for row in rows]

    def edge_table(self, low: int, high: int, relations: Collection[int]) -> EdgeTable:
        """Return the edge facts of these relations with low <= source < high, without column edges."""
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
        """Return the records of the assets with low <= number < high."""
        query = f"SELECT {ASSET_COLUMNS} FROM {ASSET_FROM} WHERE f.asset_id >= %s AND f.asset_id < %s AND f.tx <= %s"
        return list(asset_records(self._rows(query, (low, high, self._upto))))

    def all_retracted(self) -> NDArray[np.int32]:
        """Return all assets that have a retraction."""
        query = f"SELECT DISTINCT asset_id FROM asset_fact WHERE mode = {int(Mode.RETRACT)} AND tx <= %s"
        return np.array([row[0] for row in self._rows(query, (self._upto,))], np.int32)

    def boundary_changes(self, after: int, upto: int) -> BoundaryChanges:
        """Return the edges and assets with a fact that begins or ends in (`after`, `upto`], in microseconds since the epoch."""
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

    def stream(self) -> Iterator[tuple[AssetRow, list[AssetRecord], list[EdgeRecord]]]:
        """Yield every asset in bytewise order of URI, with its records and its outgoing edges: a consistent snapshot."""
        with self._database.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            with connection.cursor(name="mlgraph_stream") as listing:
                listing.execute(
                    'SELECT id, uri, kind, dataset_id FROM asset WHERE first_tx <= %s ORDER BY uri COLLATE "C"', (self._upto,)
                )
                while rows := listing.fetchmany(_STREAM_ASSETS):
                    deadlines.raise_if_exceeded()
                    yield from _with_records(cursor, [AssetRow(*row) for row in rows], self._upto)


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
    outgoing: dict[int, list[EdgeRecord]] = defaultdict(list)
    cursor.execute(f"SELECT {EDGE_COLUMNS} FROM {EDGE_FROM} WHERE f.source_id = ANY(%s) AND f.tx <= %s".encode(), (numbers, upto))
    for edge in edge_records(cursor):
        outgoing[edge.source].append(edge)
    for asset in assets:
        yield asset, states_of[asset.asset], outgoing[asset.asset]
