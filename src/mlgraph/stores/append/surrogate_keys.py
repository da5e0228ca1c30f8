"""Surrogate keys: the numbers of URIs, origins and contents in the fact tables. Used under the append lock only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

import psycopg

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.fact_row import NOTHING, digest, key_of
from mlgraph.domain.history import CURATED_ORIGIN
from mlgraph.domain.uri import dataset_text_of_column
from mlgraph.domain.vocabulary import KINDS
from mlgraph.ports.store import MAX_ORIGINS, AssetRow
from mlgraph.stores.append.number_table import NumberTable
from mlgraph.stores.append.row_batch import AppendTable, RowBatch, array

ASSET_SLOTS: Final = 1 << 21
"""Slots of the cache: up to 1.2 million URIs in 48 MB."""
CONTENT_SLOTS: Final = 1 << 18

_ASSET: Final = AppendTable.of("asset", "id integer, digest bytea, uri text, kind smallint, dataset_id integer, first_tx bigint")
_CONTENT: Final = AppendTable.of("content", "id bigint, digest bytea, body text")
_COLUMN: Final = "mlg://column/"
_KIND_CODES: Final = {name: kind.code for name, kind in KINDS.items()}


@dataclass(slots=True)
class Greatest:
    """The greatest allocated number of each table."""

    asset: int
    content: int
    event: int


class IdAllocator:
    """Finds and allocates numbers; caches those of committed transactions."""

    def __init__(self) -> None:
        self._assets = NumberTable(ASSET_SLOTS)
        self._contents = NumberTable(CONTENT_SLOTS)
        self._origins: dict[str, int] = {}
        self.greatest = Greatest(0, 0, 0)
        self._committed = replace(self.greatest)
        self._forget_fresh()

    def committed(self) -> None:
        """Cache the numbers that the committed transaction found or allocated."""
        for table, fresh in ((self._assets, self._fresh_assets), (self._contents, self._fresh_contents)):
            if fresh:
                table.put(list(fresh), list(fresh.values()))
        self._origins.update(self._fresh_origins)
        self._committed = replace(self.greatest)
        self._forget_fresh()

    def rolled_back(self) -> None:
        """Discard the numbers that the failed transaction found or allocated."""
        self.greatest = replace(self._committed)
        self._forget_fresh()

    def _forget_fresh(self) -> None:
        self._fresh_assets: dict[bytes, int] = {}
        self._fresh_contents: dict[bytes, int] = {}
        self._fresh_origins: dict[str, int] = {}

    def begin(self, asset: int, content: int, event: int) -> None:
        """Allocate numbers after these, the greatest stored ones. Later appends of this writer continue from there.

        If the store was empty, the caches are complete until they exceed their size.
        """
        self.greatest = Greatest(asset, content, event)
        self._committed = replace(self.greatest)
        self._assets.is_complete, self._contents.is_complete = asset == 0, content == 0

    def events(self, count: int) -> range:
        """Return the numbers of `count` new events."""
        first = self.greatest.event + 1
        self.greatest.event += count
        return range(first, first + count)

    def known_assets(self, cursor: psycopg.Cursor, uris: Collection[str]) -> dict[str, int]:
        """Return the numbers of those URIs that have one."""
        by_key = {key_of(uri): uri for uri in uris}
        found = _known(cursor, "asset", by_key, self._assets, self._fresh_assets)
        return {by_key[key]: number for key, number in found.items()}

    def create_assets(
        self, cursor: psycopg.Cursor, rows: RowBatch, named: Collection[str], known: dict[str, int], tx: int
    ) -> list[AssetRow]:
        """Allocate numbers of the URIs that transaction `tx` names first; add them to `known` and return them.

        The datasets of columns are created with them if they have no number yet.
        """
        fresh = set(named)
        columns = {uri for uri in fresh if uri.startswith(_COLUMN)}
        datasets = {uri: dataset for uri in columns if (dataset := dataset_text_of_column(uri)) is not None}
        unresolved = {uri for uri in datasets.values() if uri not in known and uri not in fresh}
        if unresolved:
            found = self.known_assets(cursor, unresolved)
            known.update(found)
            fresh |= unresolved - found.keys()
        created = []
        # Columns refer to datasets, so they come after them.
        for number, uri in enumerate((*sorted(fresh - columns), *sorted(columns)), self.greatest.asset + 1):
            key = key_of(uri)
            dataset_id = known[datasets[uri]] if uri in datasets else 0
            created.append((number, key, uri, _KIND_CODES[uri[6 : uri.index("/", 6)]], dataset_id, tx))
            known[uri] = self._fresh_assets[key] = number
        self.greatest.asset += len(created)
        rows.add(_ASSET, created)
        return [AssetRow(number, uri, kind, dataset_id) for number, _, uri, kind, dataset_id, _ in created]

    def origins(self, cursor: psycopg.Cursor, names: Collection[str]) -> Mapping[str, int]:
        """Return the number of each origin (0 for `*`). Raises `InvalidInput` beyond `MAX_ORIGINS`."""
        found = {name: self._origins[name] for name in names if name in self._origins}
        missing = sorted(name for name in set(names) if name not in found)
        if missing:
            cursor.execute("SELECT name, id FROM origin WHERE name = ANY(%s)", (missing,))
            found.update(cursor.fetchall())
            number = _greatest_origin(cursor)
            for name in missing:
                if name not in found:
                    number += 1
                    if number > MAX_ORIGINS:
                        raise InvalidInput(
                            f"the store has {MAX_ORIGINS} origins already, the maximum: an origin names a source, not an event"
                        )
                    cursor.execute("INSERT INTO origin (id, name) VALUES (%s, %s)", (number, name))
                    found[name] = number
            self._fresh_origins.update(found)
        return found

    def contents(self, cursor: psycopg.Cursor, rows: RowBatch, bodies: Collection[str]) -> Mapping[str, int]:
        """Return the number of each content; equal contents are stored once."""
        by_key = {(key_of(body) if body == NOTHING else digest(body)): body for body in bodies}
        found = _known(cursor, "content", by_key, self._contents, self._fresh_contents)
        fresh = [(key, body) for key, body in by_key.items() if key not in found]
        if fresh:
            created = [(number, key, body) for number, (key, body) in enumerate(fresh, self.greatest.content + 1)]
            self.greatest.content += len(created)
            rows.add(_CONTENT, created)
            given = {key: number for number, key, _ in created}
            self._fresh_contents.update(given)
            found.update(given)
        return {body: found[key] for key, body in by_key.items()}


def _known(
    cursor: psycopg.Cursor, table: str, keys: Collection[bytes], cache: NumberTable, fresh: dict[bytes, int]
) -> dict[bytes, int]:
    """Return the numbers of those digests that `table` contains: from the cache, else from the store."""
    wanted = sorted(keys)  # the order of the index: neighbours share a page
    found: dict[bytes, int] = {}
    missing: list[bytes] = []
    for key, number in zip(wanted, cache.get(wanted), strict=True):
        if number or (number := fresh.get(key, 0)):
            found[key] = number
        else:
            missing.append(key)
    if missing and not cache.is_complete:
        query = f"SELECT w.n, t.id FROM unnest(%s::bytea[]) WITH ORDINALITY AS w(d, n) JOIN {table} t ON t.digest = w.d"
        cursor.execute(query.encode(), (array(missing),), prepare=True)
        more = {missing[position - 1]: number for position, number in cursor.fetchall()}
        fresh.update(more)
        found.update(more)
    return found


def _greatest_origin(cursor: psycopg.Cursor) -> int:
    """Return the greatest allocated number of an origin: that of curation, the same in every store, lies above all others."""
    cursor.execute("SELECT coalesce(max(id), 0) FROM origin WHERE id <> %s", (CURATED_ORIGIN,), prepare=True)
    row = cursor.fetchone()
    return int(row[0]) if row else 0
