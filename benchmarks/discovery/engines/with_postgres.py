"""PostgreSQL: full text search over weighted fields, with trigrams of names for typos, in an embedded server of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.discovery.engines.base import NO_FILTERS, CatalogueDocument
from benchmarks.discovery.search_queries import LIMIT, Found, SearchHit
from benchmarks.discovery.vocabulary import words
from mlgraph.stores.embedded.server import EmbeddedPostgres

_TABLE: Final = """
CREATE UNLOGGED TABLE asset (
    uri text, kind text, name text, path text, name_words text, columns text, description text, owners text[], tags text[],
    platform text
)"""
_INDEXED: Final = """
ALTER TABLE asset ADD COLUMN vector tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('english', name_words), 'A') || setweight(to_tsvector('english', columns), 'B')
    || setweight(to_tsvector('english', description), 'C')
) STORED"""
_INDEXES: Final = (
    "CREATE INDEX ON asset USING gin (vector)",
    "CREATE INDEX ON asset USING gin (name_words gin_trgm_ops)",
    "CREATE INDEX ON asset (lower(name))",
    "CREATE INDEX ON asset (lower(path))",
    "CREATE INDEX ON asset (uri)",
)
_EXACT: Final = """
SELECT uri, name FROM asset WHERE (uri = %(text)s OR lower(name) = lower(%(text)s) OR lower(path) = lower(%(text)s)) {filters}
LIMIT %(limit)s"""
_RANKED: Final = """
SELECT uri, name FROM asset, to_tsquery('english', %(query)s) query WHERE vector @@ query {filters}
ORDER BY ts_rank_cd(vector, query, 1) DESC, uri LIMIT %(limit)s"""
_SIMILAR: Final = """
SELECT uri, name FROM asset WHERE %(spaced)s <%% name_words {filters}
ORDER BY %(spaced)s <<-> name_words, uri LIMIT %(limit)s"""
_FILTERS: Final = {
    "kind": "kind = %(kind)s",
    "platform": "platform = %(platform)s",
    "owner": "owners @> ARRAY[%(owner)s]",
    "tag": "tags @> ARRAY[%(tag)s]",
}


class PostgresSearch:
    """Exact names first, then all words, then any word, then trigrams, each only if the ones before had too few hits."""

    name = "PostgreSQL"

    def __init__(self, documents: Iterable[CatalogueDocument], folder: Path) -> None:
        self._server = EmbeddedPostgres(folder)
        self._server.start()
        try:
            self._connection = psycopg.connect(self._server.url, autocommit=True)
            started = time.monotonic()
            self._load(documents)
            self.build_s = time.monotonic() - started
        except BaseException:
            self._server.stop()
            raise

    @property
    def url(self) -> str:
        """Return the address of the server, for further clients."""
        return self._server.url

    def search(self, text: str, *, limit: int = LIMIT, prefix: bool = False, filters: Mapping[str, str] = NO_FILTERS) -> Found:
        """Return the first hits."""
        return search_postgres(self._connection, text, limit=limit, prefix=prefix, filters=filters)

    def close(self) -> None:
        """Stop the server."""
        self._connection.close()
        self._server.stop()

    def _load(self, documents: Iterable[CatalogueDocument]) -> None:
        self._connection.execute("CREATE EXTENSION pg_trgm")
        self._connection.execute(_TABLE)
        with self._connection.cursor().copy("COPY asset FROM STDIN") as copy:
            for each in documents:
                copy.write_row(
                    (
                        each.uri,
                        each.kind,
                        each.name,
                        each.path,
                        each.name_words,
                        each.columns,
                        each.description,
                        list(each.owners),
                        list(each.tags),
                        each.platform,
                    )
                )
        self._connection.execute("SET maintenance_work_mem = '512MB'")
        self._connection.execute(_INDEXED)
        for statement in _INDEXES:
            self._connection.execute(statement)
        self._connection.execute("VACUUM (ANALYZE) asset")


class PostgresClient:
    """A further client of the same server."""

    name = "PostgreSQL"

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def search(self, text: str, *, limit: int = LIMIT, prefix: bool = False, filters: Mapping[str, str] = NO_FILTERS) -> Found:
        """Return the first hits."""
        return search_postgres(self._connection, text, limit=limit, prefix=prefix, filters=filters)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def search_postgres(
    connection: psycopg.Connection,
    text: str,
    *,
    limit: int = LIMIT,
    prefix: bool = False,
    filters: Mapping[str, str] = NO_FILTERS,
) -> Found:
    """Return the first hits of the stages in order. There is no total: counting would be one more query."""
    values: dict[str, Any] = {"text": text, "limit": limit, **filters}
    hits = dict(_rows(connection, _EXACT, values, filters))
    phrases, listed = re.findall(r'"([^"]+)"', text), list(dict.fromkeys(words(text)))
    if len(hits) < limit and listed:
        quoted = [" <-> ".join(words(phrase)) for phrase in phrases]
        last = f"{listed[-1]}:*" if prefix else listed[-1]
        every = " & ".join(quoted or [*listed[:-1], last])
        hits |= _missing(_rows(connection, _RANKED, {**values, "query": every}, filters), hits)
        if len(hits) < limit and not phrases:
            if len(listed) > 1:
                hits |= _missing(_rows(connection, _RANKED, {**values, "query": " | ".join([*listed[:-1], last])}, filters), hits)
            if len(hits) < limit and len(listed) <= 3:
                hits |= _missing(_rows(connection, _SIMILAR, {**values, "spaced": " ".join(listed)}, filters), hits)
    return Found([SearchHit(uri, name) for uri, name in hits.items()][:limit], None)


def _rows(connection: psycopg.Connection, query: str, values: Mapping[str, Any], filters: Mapping[str, str]) -> dict[str, str]:
    conditions = "".join(f" AND {_FILTERS[name]}" for name in filters)
    rows = connection.execute(query.format(filters=conditions).encode(), values).fetchall()
    return dict(rows)


def _missing(found: Mapping[str, str], hits: Mapping[str, str]) -> dict[str, str]:
    return {uri: name for uri, name in found.items() if uri not in hits}
