"""Facts as the store takes them: every time given, every part a plain value, the digest that makes a fact the same fact.

Both ways in end here: what connectors return is restated, and plain lines of a bulk load are read into this form at once
(`mlgraph.domain.plain`).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, Declaration, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.payload import canonical_json
from mlgraph.domain.times import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri

NOTHING: Final = "{}"
"""The body of a fact that says no more than that it holds."""

DIGEST_BYTES: Final = 16
CACHED_KEYS: Final = 1 << 15
MAX_CACHED_COLUMNS: Final = 64
MAX_CACHED_CHARS: Final = 512
"""Longer texts are computed anew each time, so that a cache stays within some 30 MB whatever comes in."""


class StatedEdge(NamedTuple):
    """A fact of an edge, or its retraction. `valid_to` is `FOREVER` where it is open."""

    digest: bytes
    source: str
    source_key: bytes
    relation: str
    target: str
    target_key: bytes
    origin: str
    valid_from: int
    valid_to: int
    body: str = NOTHING
    role: str | None = None
    version: str | None = None
    mode: int = 0
    by: str | None = None
    """The URI of the run or workflow that saw it."""
    feeds: tuple[str, ...] | None = None
    """The URIs of the inputs that feed this output; None: not said."""


class StatedAsset(NamedTuple):
    """A fact of an asset: its state, a retraction or a declaration, at `valid_from`."""

    digest: bytes
    uri: str
    key: bytes
    origin: str
    valid_from: int
    body: str = NOTHING
    mode: int = 0
    columns: tuple[str, ...] = ()
    """URIs of the columns that a dataset's schema names: known from then on, whether or not an edge touches them."""

    @property
    def owners(self) -> tuple[str, ...]:
        """URIs of the owners that the state names: known from then on too."""
        return owners_of(self.body) if '"owners":["' in self.body else ()


Stated = StatedEdge | StatedAsset


def owners_of(body: str) -> tuple[str, ...]:
    """Return the URIs of the owners that a state, as JSON, names."""
    named = json.loads(body).get("owners")
    return tuple(named) if isinstance(named, list) else ()


def digest(text: str) -> bytes:
    """Return the 16 bytes that stand for `text` in unique indexes (BLAKE2b, RFC 7693)."""
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


_cached_digest = lru_cache(CACHED_KEYS)(digest)
_quoted_origin = lru_cache(1024)(canonical_json)


def key_of(uri: str) -> bytes:
    """Return the digest of a URI: the same ones come again and again."""
    return _cached_digest(uri) if len(uri) <= MAX_CACHED_CHARS else digest(uri)


def quoted_origin(origin: str) -> str:
    """Return an origin (at most 200 characters) as JSON."""
    return _quoted_origin(origin)


def restate(fact: Fact) -> Stated:
    """Return `fact`, all of whose times are given, as it is stored."""
    match fact:
        case EdgeFact():
            return _edge(fact)
        case AssetFact():
            uri, body, mode = str(fact.uri), canonical_json(dict(fact.state)), int(fact.mode)
            moment = _given(fact.valid_from)
            said = f'["asset",{mode},"{uri}",{quoted_origin(fact.origin)},{moment},{body}]'
            return StatedAsset(digest(said), uri, key_of(uri), fact.origin, moment, body, mode, _columns_of(fact))
        case Declaration():
            uri, sides = str(fact.uri), canonical_json(sorted(fact.sides))
            said = f'["declaration","{uri}",{quoted_origin(fact.origin)},{fact.valid_from},{sides}]'
            body = f'{{"sides":{sides}}}'
            return StatedAsset(digest(said), uri, key_of(uri), fact.origin, fact.valid_from, body, int(Mode.DECLARATION))
        case AssetRetraction():
            uri, moment = str(fact.uri), _given(fact.valid_to)
            said = f'["retract","{uri}",{quoted_origin(fact.origin)},{moment}]'
            return StatedAsset(digest(said), uri, key_of(uri), fact.origin, moment, mode=int(Mode.RETRACT))
        case EdgeRetraction():
            source, target, moment = str(fact.source), str(fact.target), _given(fact.valid_to)
            said = f'["retract","{source}","{fact.relation}","{target}",{quoted_origin(fact.origin)},{moment}]'
            return StatedEdge(
                digest(said), source, key_of(source), fact.relation, target, key_of(target), fact.origin, moment, FOREVER,
                mode=int(Mode.RETRACT),
            )  # fmt: skip


def _edge(fact: EdgeFact) -> StatedEdge:
    source, target, relation, properties = str(fact.source), str(fact.target), fact.relation, fact.properties
    span = _given(fact.valid_from), FOREVER if fact.valid_to is None else fact.valid_to
    until = "null" if fact.valid_to is None else fact.valid_to
    said = f'["edge",{int(fact.mode)},"{source}","{relation}","{target}",{quoted_origin(fact.origin)},{span[0]},{until}'
    plain, feeds = fact.plain_properties, properties.get("from")
    return StatedEdge(
        digest(f"{said},{canonical_json(dict(properties))}]"),
        source, key_of(source), relation, target, key_of(target), fact.origin, *span,
        canonical_json(plain) if plain else NOTHING, properties.get("role"), properties.get("version"), int(fact.mode),
        fact.seen_by, None if feeds is None else tuple(feeds),
    )  # fmt: skip


def _columns_of(fact: AssetFact) -> tuple[str, ...]:
    schema = fact.state.get("properties", {}).get("schema") if fact.uri.kind == "dataset" else None
    if not isinstance(schema, list):
        return ()
    names = tuple(name for column in schema if isinstance(column, dict) and isinstance(name := column.get("name"), str) and name)
    known = len(names) <= MAX_CACHED_COLUMNS and sum(map(len, names)) <= MAX_CACHED_CHARS
    return _cached_columns(fact.uri, names) if known else _columns(fact.uri, names)


def _columns(dataset: AssetUri, names: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for name in names:
        with suppress(InvalidInput):  # a name that no URI can carry stays a property
            found.append(str(column_uri(dataset, name)))
    return tuple(found)


_cached_columns = lru_cache(1 << 11)(_columns)


def _given(moment: int | None) -> int:
    if moment is None:
        raise ValueError("a fact without a time was not settled")
    return moment
