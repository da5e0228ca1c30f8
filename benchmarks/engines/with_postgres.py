"""PostgreSQL's recursive query over one table of edges with covering indexes, in an embedded server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import psycopg

from benchmarks.company import Company
from benchmarks.engines.base import DirectionName, NodeDistances
from mlgraph.stores.embedded.server import EmbeddedPostgres

_CHUNK: Final = 500_000
_ROW: Final = np.dtype(
    [
        ("fields", ">i2"),
        ("source_bytes", ">i4"),
        ("source", ">i4"),
        ("target_bytes", ">i4"),
        ("target", ">i4"),
        ("from_bytes", ">i4"),
        ("valid_from", ">i8"),
        ("to_bytes", ">i4"),
        ("valid_to", ">i8"),
    ]
)
"""A row of `COPY ... (FORMAT binary)` (PostgreSQL manual, COPY, binary format)."""
_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_CLOSURE: Final = """
WITH RECURSIVE reached (node, hops) AS (
    SELECT %(start)s::int, 0
    UNION
    SELECT e.{to}, r.hops + 1 FROM reached r JOIN edge e ON e.{at} = r.node
    WHERE e.valid_from <= %(moment)s AND %(moment)s < e.valid_to {bound}
)
SELECT node, min(hops) FROM reached {join} GROUP BY node"""
_IDS: Final = """
WITH RECURSIVE reached (node) AS (
    SELECT %(start)s::int
    UNION
    SELECT e.target FROM reached r JOIN edge e ON e.source = r.node
    WHERE e.valid_from <= %(moment)s AND %(moment)s < e.valid_to
)
SELECT node FROM reached"""
_PATH: Final = """
WITH RECURSIVE reached (node, hops, path) AS (
    SELECT %(start)s::int, 0, ARRAY[%(start)s::int]
    UNION ALL
    SELECT target, hops + 1, path || target FROM (
        SELECT DISTINCT ON (e.target) e.target, r.hops, r.path FROM reached r JOIN edge e ON e.source = r.node
        WHERE e.valid_from <= %(moment)s AND %(moment)s < e.valid_to AND r.node <> %(end)s
    ) step
)
SELECT path FROM reached WHERE node = %(end)s LIMIT 1"""


class Postgres:
    """Recursive queries. `UNION` removes duplicate rows; with distances, a node has a row for each distance it is reached at."""

    name = "PostgreSQL"
    has_history = True

    def __init__(self, company: Company, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder)
        self._server.start()
        try:
            self._connection = psycopg.connect(self._server.url, autocommit=True)
            _load(self._connection, company)
        except BaseException:
            self._server.stop()
            raise

    def start(self, node: int) -> int:
        """Return `node`: the table has the company's numbers."""
        return node

    def closure(self, start: int, direction: DirectionName, moment: int) -> list[tuple[int, int]]:
        """Return (node, distance) rows."""
        at, to = ("source", "target") if direction == "downstream" else ("target", "source")
        return self._rows(_CLOSURE.format(at=at, to=to, bound="", join=""), start=start, moment=moment)

    def ids(self, start: int, moment: int) -> list[tuple[int]]:
        """Return the downstream closure without distances, in which the query visits each node once."""
        return self._connection.execute(_IDS.encode(), {"start": start, "moment": moment}).fetchall()

    def within(self, start: int, depth: int, kind: int, moment: int) -> list[tuple[int, int]]:
        """Return (node, distance) rows."""
        selected = "JOIN node n ON n.id = node AND n.kind = %(kind)s"
        query = _CLOSURE.format(at="source", to="target", bound="AND r.hops < %(depth)s", join=selected)
        return self._rows(query, start=start, moment=moment, depth=depth, kind=kind)

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of the first path found; it is a shortest one, because iterations are in order of distance."""
        rows = self._connection.execute(_PATH.encode(), {"start": start, "end": end, "moment": moment}).fetchall()
        return len(rows[0][0]) - 1

    def nodes_of(self, result: object) -> NodeDistances:
        """Return nodes with distances from rows."""
        table = np.array(result, np.int32).reshape(-1, 2)
        return NodeDistances(table[:, 0], table[:, 1])

    def close(self) -> None:
        """Stop the server."""
        self._connection.close()
        self._server.stop()

    def _rows(self, query: str, **values: int) -> list[tuple[int, int]]:
        return self._connection.execute(query.encode(), values).fetchall()


def _load(connection: psycopg.Connection, company: Company) -> None:
    connection.execute("CREATE TABLE node (id int NOT NULL, kind smallint NOT NULL)")
    connection.execute(
        "CREATE TABLE edge (source int NOT NULL, target int NOT NULL, valid_from bigint NOT NULL, valid_to bigint NOT NULL)"
    )
    with connection.cursor().copy("COPY node FROM STDIN") as copy:
        for begin in range(0, company.layout.nodes, _CHUNK):
            kinds = company.kinds[begin : begin + _CHUNK].tolist()
            copy.write("".join(f"{begin + place}\t{kind}\n" for place, kind in enumerate(kinds)))
    edges = company.edges
    with connection.cursor().copy("COPY edge FROM STDIN (FORMAT binary)") as copy:
        copy.write(_HEAD)
        for begin in range(0, len(edges), _CHUNK):
            part = edges.take(np.arange(begin, min(begin + _CHUNK, len(edges))))
            rows = np.zeros(len(part), _ROW)
            rows["fields"] = 4
            rows["source_bytes"] = rows["target_bytes"] = 4
            rows["from_bytes"] = rows["to_bytes"] = 8
            rows["source"], rows["target"] = part.source, part.target
            rows["valid_from"], rows["valid_to"] = part.valid_from, part.valid_to
            copy.write(rows.tobytes())
        copy.write(b"\xff\xff")
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute("CREATE UNIQUE INDEX ON node (id) INCLUDE (kind)")
    connection.execute("CREATE INDEX ON edge (source) INCLUDE (target, valid_from, valid_to)")
    connection.execute("CREATE INDEX ON edge (target) INCLUDE (source, valid_from, valid_to)")
    connection.execute("VACUUM (ANALYZE) node")
    connection.execute("VACUUM (ANALYZE) edge")
    connection.execute("SET work_mem = '256MB'")
    connection.execute("SET jit = off")  # compiling costs more than it saves in queries of milliseconds
