"""Facts as rows of the store: all times explicit, all values plain, with the digest that identifies the fact.

This module is the only one that defines the text of which a digest is computed.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import lru_cache
from typing import Final, NamedTuple

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, Declaration, EdgeFact, EdgeRetraction, Fact, Mode, Unredacted
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.payloads.schema_fields import field_paths
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.domain.vocabulary import INPUT_ROLES

NOTHING: Final = "{}"
"""The body of a fact without properties."""

DIGEST_BYTES: Final = 16
CACHED_KEYS: Final = 1 << 16
MAX_CACHED_COLUMNS: Final = 64
MAX_CACHED_CHARS: Final = 512
"""Digests of longer texts are not cached, which bounds a cache to about 60 MB for any input."""


class EdgeFactRow(NamedTuple):
    """A fact of an edge, or its retraction. `valid_to` is `FOREVER` while the interval is open."""

    digest: bytes
    source: str
    relation: str
    target: str
    origin: str
    valid_from: int
    valid_to: int
    body: str = NOTHING
    role: str | None = None
    version: str | None = None
    mode: int = 0
    by: str | None = None
    """The URI of the run or workflow in which a column edge was observed."""
    feeds: tuple[str, ...] | None = None
    """The URIs of the inputs that feed this output; None where the fact does not list them."""
    former: bytes | None = None
    """Where secrets were redacted: the digest under which version 0.1.0 stored the fact."""

    def uris(self) -> tuple[str, ...]:
        """Return the URIs in the row other than source and target."""
        if self.by is None and self.feeds is None:
            return ()
        return (*(() if self.by is None else (self.by,)), *(self.feeds or ()))


class AssetFactRow(NamedTuple):
    """A fact of an asset: its state, a retraction or a declaration, at `valid_from`."""

    digest: bytes
    uri: str
    origin: str
    valid_from: int
    body: str = NOTHING
    mode: int = 0
    columns: tuple[str, ...] = ()
    """URIs of the columns in a dataset's schema: they become assets, with or without an edge."""
    owners: tuple[str, ...] = ()
    """URIs of the owners in the state: they become assets too."""
    former: bytes | None = None
    """Where secrets were redacted: the digest under which version 0.1.0 stored the fact."""


FactRow = EdgeFactRow | AssetFactRow


def digest(text: str) -> bytes:
    """Return the digest of `text` for unique indexes: 16 bytes of BLAKE2b (RFC 7693)."""
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()


def keyed_digest(digest_of_secrets: bytes, key: bytes) -> bytes:
    """Return the digest to store of something with secrets: without `key` nobody can find out by trial what they were."""
    return hashlib.blake2b(digest_of_secrets, key=key, digest_size=DIGEST_BYTES).digest()


_cached_digest = lru_cache(CACHED_KEYS)(digest)
_quoted_origin = lru_cache(1024)(canonical_json)
_ROLE_ALONE: Final = {role: canonical_json({"role": role}) for role in INPUT_ROLES}
"""The most frequent properties of an edge, as canonical JSON by role."""


def key_of(uri: str) -> bytes:
    """Return the digest of a URI, cached."""
    return _cached_digest(uri) if len(uri) <= MAX_CACHED_CHARS else digest(uri)


def to_row(fact: Fact) -> FactRow:
    """Return the row that stores `fact`. Raises `ValueError` for a fact without a time."""
    if isinstance(fact, EdgeFact):
        return _edge_row(fact)
    if isinstance(fact, AssetFact):
        return _asset_row(fact)
    if isinstance(fact, EdgeRetraction):
        source, target, moment = str(fact.source), str(fact.target), _given(fact.valid_to)
        text = f'["retract","{source}","{fact.relation}","{target}",{_quoted_origin(fact.origin)},{moment}]'
        return EdgeFactRow(digest(text), source, fact.relation, target, fact.origin, moment, FOREVER, mode=int(Mode.RETRACT))
    uri = str(fact.uri)
    if isinstance(fact, AssetRetraction):
        moment = _given(fact.valid_to)
        text = f'["retract","{uri}",{_quoted_origin(fact.origin)},{moment}]'
        return AssetFactRow(digest(text), uri, fact.origin, moment, mode=int(Mode.RETRACT))
    return _declaration_row(fact, uri)


def _edge_row(fact: EdgeFact) -> EdgeFactRow:
    source, relation, target, origin, mode = str(fact.source), fact.relation, str(fact.target), fact.origin, int(fact.mode)
    start, end = _given(fact.valid_from), fact.valid_to
    until, closed = (FOREVER, "null") if end is None else (end, end)
    properties = fact.properties
    role = properties.get("role")
    of_role = _ROLE_ALONE.get(role) if len(properties) == 1 and type(role) is str else None
    body = of_role or (canonical_json(dict(properties)) if properties else NOTHING)
    head = f'["edge",{mode},"{source}","{relation}","{target}",{_quoted_origin(origin)},{start},{closed},'
    key, former = _digests(head, body, fact.unredacted)
    if of_role or not properties:
        return EdgeFactRow(key, source, relation, target, origin, start, until, NOTHING, role, None, mode)
    plain, feeds = fact.other_properties, properties.get("from")
    return EdgeFactRow(
        key,
        source,
        relation,
        target,
        origin,
        start,
        until,
        canonical_json(plain) if plain else NOTHING,
        role,
        properties.get("version"),
        mode,
        fact.seen_by,
        None if feeds is None else tuple(feeds),
        former,
    )


def _digests(head: str, body: str, unredacted: Unredacted | None) -> tuple[bytes, bytes | None]:
    """Return the digest of a fact with this body, and its former one; where secrets were redacted, of the body with them."""
    if unredacted is None:
        return digest(f"{head}{body}]"), None
    given, former = canonical_json(dict(unredacted.members)), canonical_json(dict(unredacted.as_0_1))
    return digest(f"{head}{given}]"), digest(f"{head}{former}]")


def _asset_row(fact: AssetFact) -> AssetFactRow:
    uri, state, mode, moment = str(fact.uri), fact.state, int(fact.mode), _given(fact.valid_from)
    body = canonical_json(dict(state)) if state else NOTHING
    key, former = _digests(f'["asset",{mode},"{uri}",{_quoted_origin(fact.origin)},{moment},', body, fact.unredacted)
    owners = state.get("owners")
    named = tuple(owners) if isinstance(owners, list | tuple) else ()
    return AssetFactRow(key, uri, fact.origin, moment, body, mode, _columns_of(fact), named, former)


def _declaration_row(fact: Declaration, uri: str) -> AssetFactRow:
    sides = canonical_json(sorted(fact.sides))
    text = f'["declaration","{uri}",{_quoted_origin(fact.origin)},{fact.valid_from},{sides}]'
    body = f'{{"sides":{sides}}}'
    return AssetFactRow(digest(text), uri, fact.origin, fact.valid_from, body, int(Mode.DECLARATION))


def _columns_of(fact: AssetFact) -> tuple[str, ...]:
    schema = fact.state.get("properties", {}).get("schema") if fact.uri.kind == "dataset" else None
    names = tuple(field_paths(schema))
    known = len(names) <= MAX_CACHED_COLUMNS and sum(map(len, names)) <= MAX_CACHED_CHARS
    return _cached_columns(fact.uri, names) if known else _columns(fact.uri, names)


def _columns(dataset: AssetUri, names: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    for name in names:
        with suppress(InvalidInput):  # a name that is not valid in a URI remains a property only
            found.append(str(column_uri(dataset, name)))
    return tuple(found)


_cached_columns = lru_cache(1 << 11)(_columns)


def _given(moment: int | None) -> int:
    if moment is None:
        raise ValueError("a fact without a time must get one before it is stored")
    return moment
