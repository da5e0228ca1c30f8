"""The numbers that stand for URIs, origins and contents in the fact tables. Used under the append lock alone."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Final

import psycopg

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.uri import AssetUri, dataset_of_column
from mlgraph.domain.vocabulary import KINDS

CACHED_URIS: Final = 200_000
MAX_ORIGINS: Final = 30_000


def digest(text: str) -> bytes:
    """Return the 16 bytes that stand for `text` in unique indexes (BLAKE2b, RFC 7693)."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Numbering:
    """Finds numbers and gives new ones; remembers those that are surely committed."""

    def __init__(self) -> None:
        self._uris: OrderedDict[str, int] = OrderedDict()
        self._origins: dict[str, int] = {}
        self._fresh: dict[str, int] = {}
        self._fresh_origins: dict[str, int] = {}

    def committed(self) -> None:
        """Keep what the transaction that just committed gave out."""
        self._uris.update(self._fresh)
        self._origins.update(self._fresh_origins)
        while len(self._uris) > CACHED_URIS:
            self._uris.popitem(last=False)
        self.rolled_back()

    def rolled_back(self) -> None:
        """Forget what a transaction that did not commit gave out."""
        self._fresh, self._fresh_origins = {}, {}

    def assets(self, cursor: psycopg.Cursor, uris: Collection[AssetUri], tx: int) -> Mapping[str, int]:
        """Return the number of each URI; assets not heard of before are created as references, by transaction `tx`."""
        wanted = {str(uri): uri for uri in uris}
        for uri in uris:
            if uri.kind == "column" and (dataset := dataset_of_column(uri)) is not None:
                wanted.setdefault(str(dataset), dataset)
        found = {text: number for text in wanted if (number := self._uris.get(text)) is not None}
        missing = {digest(text): text for text in wanted if text not in found}
        if missing:
            cursor.execute("SELECT uri, id FROM asset WHERE digest = ANY(%s)", (list(missing),))
            self._remember(found, dict(cursor.fetchall()))
            fresh = [wanted[text] for text in missing.values() if text not in found]
            if fresh:
                self._remember(found, self._create(cursor, fresh, found, tx))
        return found

    def _remember(self, found: dict[str, int], more: Mapping[str, int]) -> None:
        found.update(more)
        self._fresh.update(more)

    def _create(self, cursor: psycopg.Cursor, uris: list[AssetUri], known: Mapping[str, int], tx: int) -> dict[str, int]:
        number = _greatest(cursor, "SELECT coalesce(max(id), 0) FROM asset")
        created: dict[str, int] = {}
        uris.sort(key=lambda uri: (uri.kind == "column", uri))  # datasets first: columns name them
        with cursor.copy("COPY asset (id, digest, uri, kind, dataset_id, first_tx) FROM STDIN") as copy:
            for uri in uris:
                number += 1
                text = str(uri)
                dataset = str(dataset_of_column(uri)) if uri.kind == "column" else ""
                owner = created.get(dataset) or known.get(dataset, 0)
                copy.write_row((number, digest(text), text, KINDS[uri.kind].code, owner, tx))
                created[text] = number
        return created

    def origins(self, cursor: psycopg.Cursor, names: Collection[str]) -> Mapping[str, int]:
        """Return the number of each origin; `*` is 0."""
        found = {name: self._origins[name] for name in names if name in self._origins}
        missing = sorted(name for name in set(names) if name not in found)
        if missing:
            cursor.execute("SELECT name, id FROM origin WHERE name = ANY(%s)", (missing,))
            found.update(cursor.fetchall())
            number = _greatest(cursor, "SELECT coalesce(max(id), 0) FROM origin")
            for name in missing:
                if name not in found:
                    number += 1
                    if number > MAX_ORIGINS:
                        raise InvalidInput(f"more than {MAX_ORIGINS} origins: an origin names a source, not an event")
                    cursor.execute("INSERT INTO origin (id, name) VALUES (%s, %s)", (number, name))
                    found[name] = number
            self._fresh_origins.update(found)
        return found

    def contents(self, cursor: psycopg.Cursor, bodies: Collection[str]) -> Mapping[str, int]:
        """Return the number of each content; equal contents are stored once."""
        by_digest = {digest(body): body for body in bodies}
        cursor.execute("SELECT digest, id FROM content WHERE digest = ANY(%s)", (list(by_digest),))
        found = {by_digest[bytes(key)]: number for key, number in cursor.fetchall()}
        fresh = [(key, body) for key, body in by_digest.items() if body not in found]
        if fresh:
            number = _greatest(cursor, "SELECT coalesce(max(id), 0) FROM content")
            with cursor.copy("COPY content (id, digest, body) FROM STDIN") as copy:
                for key, body in fresh:
                    number += 1
                    copy.write_row((number, key, body))
                    found[body] = number
        return found


def _greatest(cursor: psycopg.Cursor, query: str) -> int:
    cursor.execute(query.encode())
    row = cursor.fetchone()
    return int(row[0]) if row else 0
