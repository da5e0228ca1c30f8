"""Bulk load of the company into the tables of a store by COPY, for sizes that take too long line by line.

For measurements only: it bypasses the writer (validation, ordering, deduplication) and leaves the same rows; a test compares the
exports. Indexes are dropped first and rebuilt at the end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import psycopg
from psycopg import sql

from benchmarks.company import Company
from benchmarks.edge_generator import ROLES
from benchmarks.event_generator import asset_order, edge_order, edges_at, states
from benchmarks.layout import Longs
from benchmarks.progress import log
from mlgraph.domain.facts import Mode
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import KINDS, RELATION_NAMES
from mlgraph.stores.postgres.database import Database

TRANSACTION_FACTS: Final = 100_000
_TABLES: Final = ("asset", "content", "asset_fact", "asset_owner", "edge_fact")
_ORIGIN: Final = "facts"
_REPLACE: Final = int(Mode.REPLACE)
_NO_PROPERTIES: Final = "{}"
_ROLE_COLUMN: Final = [role or "\\N" for role in ROLES]


def store(company: Company, url: str) -> int:
    """Load `company` into the empty store at `url`; return the last transaction. Raises `ValueError` if it is not empty."""
    database = Database(url, size=1)
    database.open()
    try:
        with database.connection() as connection, connection.cursor() as cursor:
            if cursor.execute("SELECT 1 FROM tx LIMIT 1").fetchone():
                raise ValueError("the store has facts already: a bulk load needs an empty one")
            cursor.execute("SET maintenance_work_mem = '512MB'")
            index_statements = _drop_indexes(cursor)
            last = _BulkInsert(cursor, company).fill()
            for statement in index_statements:
                log(f"building an index: {statement[:90]}")
                cursor.execute(statement.encode())
            connection.commit()
            connection.autocommit = True
            for table in (*_TABLES, "tx"):
                cursor.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(table)))
        return last
    finally:
        database.close()


def _drop_indexes(cursor: psycopg.Cursor) -> list[str]:
    """Drop the indexes and constraints of the tables that are filled; return the statements that rebuild them."""
    index_statements: list[str] = []
    for table in _TABLES:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = %s::regclass AND contype IN ('p', 'u')",
            (table,),
        )
        for name, definition in cursor.fetchall():
            index_statements.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
            cursor.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name)))
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND schemaname = current_schema()", (table,)
        )
        for name, definition in cursor.fetchall():
            index_statements.append(definition)
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return index_statements


class _BulkInsert:
    """One bulk load; transactions are numbered in the order of the facts."""

    def __init__(self, cursor: psycopg.Cursor, company: Company) -> None:
        self._cursor = cursor
        self._company = company
        self._teams = company.layout.domains
        self._owners = {uri: number for number, uri in enumerate(company.layout.teams(np.arange(self._teams)), 1)}
        order = asset_order(company)
        self._number = np.empty(len(order), np.int64)
        self._number[order] = np.arange(self._teams + 1, self._teams + 1 + len(order))
        self._assets = order
        self._tx = 0

    def fill(self) -> int:
        """Load all tables; return the last transaction."""
        self._cursor.execute("INSERT INTO origin (id, name) VALUES (1, %s)", (_ORIGIN,))
        since = int(self._company.known_since.min())
        teams = self._company.layout.teams(np.arange(self._teams))
        bodies = [f'{{"name":"Team {number}"}}' for number in range(self._teams)]
        self._append(np.arange(1, self._teams + 1), teams, bodies, np.full(self._teams, since), ["team"] * self._teams)
        for part in _parts(self._assets):
            layout = self._company.layout
            uris = layout.uris(part)
            kinds = [uri[6 : uri.index("/", 6)] for uri in uris]
            self._append(self._number[part], uris, states(self._company, part), self._company.known_since[part], kinds)
            log(f"transactions in the store: {self._tx}")
        content = self._teams + len(self._assets) + 1
        self._copy("content (id, digest, body)", [f"{content}\t{_hex(_NO_PROPERTIES)}\t{_NO_PROPERTIES}\n"])
        for part in _parts(edge_order(self._company)):
            self._append_edges(part, content)
            log(f"transactions in the store: {self._tx}")
        return self._tx

    def _begin(self) -> None:
        self._tx += 1
        self._cursor.execute(
            "INSERT INTO tx (tx, recorded_at, last_at, actor) "
            "VALUES (%s, (extract(epoch FROM now()) * 1e6)::bigint, 0, 'benchmark')",
            (self._tx,),
        )

    def _append(self, numbers: Longs, uris: list[str], bodies: list[str], since: Longs, kinds: list[str]) -> None:
        """Store assets with their facts; content has the numbers of the assets."""
        self._begin()
        rows = list(zip(numbers.tolist(), uris, bodies, since.tolist(), kinds, strict=True))
        codes = {name: kind.code for name, kind in KINDS.items()}
        self._copy(
            "asset (id, digest, uri, kind, dataset_id, first_tx)",
            [f"{number}\t{_hex(uri)}\t{uri}\t{codes[kind]}\t0\t{self._tx}\n" for number, uri, _, _, kind in rows],
        )
        self._copy("content (id, digest, body)", [f"{number}\t{_hex(body)}\t{body}\n" for number, _, body, _, _ in rows])
        self._copy(
            "asset_fact (tx, asset_id, origin_id, valid_from, mode, content_id, digest)",
            [
                f"{self._tx}\t{number}\t1\t{moment}\t{_REPLACE}\t{number}\t{_hex(_asset_text(uri, moment, body))}\n"
                for number, uri, body, moment, _ in rows
            ],
        )

        self._copy(
            "asset_owner (owner_id, asset_id)",
            [
                f"{self._owners[owner]}\t{number}\n"
                for number, _, body, _, _ in rows
                for owner in json.loads(body).get("owners", ())
            ],
        )

    def _append_edges(self, part: Longs, content: int) -> None:
        self._begin()
        edges, layout, tx = edges_at(self._company, part), self._company.layout, self._tx
        ends = zip(layout.uris(edges.source), layout.uris(edges.target), strict=True)
        numbers = zip(self._number[edges.source].tolist(), self._number[edges.target].tolist(), strict=True)
        message = zip(
            edges.relation.tolist(), edges.valid_from.tolist(), edges.valid_to.tolist(), edges.role.tolist(), strict=True
        )
        self._copy(
            "edge_fact (tx, source_id, relation, target_id, origin_id, valid_from, valid_to, mode, role, content_id, digest)",
            [
                f"{tx}\t{source}\t{relation}\t{target}\t1\t{start}\t{end}\t{_REPLACE}\t{_ROLE_COLUMN[role]}\t{content}\t"
                f"{_hex(_edge_text(uris, relation, start, end, role))}\n"
                for uris, (source, target), (relation, start, end, role) in zip(ends, numbers, message, strict=True)
            ],
        )

    def _copy(self, columns: str, rows: Iterable[str]) -> None:
        with self._cursor.copy(f"COPY {columns} FROM STDIN".encode()) as copy:
            copy.write("".join(rows))


def _asset_text(uri: str, moment: int, body: str) -> str:
    """Return the text whose digest identifies an asset fact, as the store's writer builds it."""
    return f'["asset",{_REPLACE},"{uri}","{_ORIGIN}",{moment},{body}]'


def _edge_text(uris: tuple[str, str], relation: int, start: int, end: int, role: int) -> str:
    """Return the text whose digest identifies an edge fact, as the store's writer builds it."""
    until = "null" if end == FOREVER else end
    properties = f'{{"role":"{ROLES[role]}"}}' if role else _NO_PROPERTIES
    return f'["edge",{_REPLACE},"{uris[0]}","{RELATION_NAMES[relation]}","{uris[1]}","{_ORIGIN}",{start},{until},{properties}]'


def _hex(text: str) -> str:
    """Return the digest of `text` as COPY reads bytea."""
    return "\\\\x" + hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _parts(order: Longs) -> Iterator[Longs]:
    for begin in range(0, len(order), TRANSACTION_FACTS):
        yield order[begin : begin + TRANSACTION_FACTS]
