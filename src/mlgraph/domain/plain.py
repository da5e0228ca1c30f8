"""Plain lines: what most lines of a bulk load say, read straight into the form that the store takes.

A line is plain where the careful reader (`mlgraph.domain.wire`) would neither refuse nor change anything in it, and the fact
has its time and concerns nobody's name: then both say the same. Anything else is None here, and the careful reader's.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, TypeGuard

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.payload import canonical_json
from mlgraph.domain.redaction import is_secret_name
from mlgraph.domain.stated import (
    DIGEST_BYTES,
    NOTHING,
    Stated,
    StatedAsset,
    StatedEdge,
    digest,
    quoted_origin,
)
from mlgraph.domain.times import FOREVER, parse_time
from mlgraph.domain.uri import MAX_URI_CHARS
from mlgraph.domain.vocabulary import INPUT_ROLES, KINDS, RELATIONS

# Canonical: an escape is upper-case hex of an ASCII character that is not unreserved (RFC 3986, section 2.3) and not NUL.
_PART: Final = r"[A-Za-z0-9_.~-]*+(?:%(?:0[1-9A-F]|1[0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])[A-Za-z0-9_.~-]*+)*+"
_URI: Final = re.compile(f"mlg://({'|'.join(KINDS)})/(?=[^/]){_PART}/(?=.){_PART}", re.ASCII)
_ALLOWED: Final = frozenset(
    (source, relation.name, target)
    for relation in RELATIONS.values() for source in KINDS for target in KINDS if relation.allows(source, target)
)  # fmt: skip
_EXACT: Final = 2**53
"""Whole numbers below it are the same to every decoder."""
_RESERVED_ORIGINS: Final = ("*", "rule:")
MAX_ORIGIN_CHARS: Final = 200

_PARTS: Final = frozenset({"role", "version"})
_MINUTES: Final = {f"T{hour:02}:{minute:02}": (hour * 60 + minute) * 60_000_000 for hour in range(24) for minute in range(60)}
_SECONDS: Final = {f":{second:02}Z": second * 1_000_000 for second in range(60)}
_CACHED_URIS: Final = 1 << 16
_MAX_CACHED_CHARS: Final = 256
"""With that many URIs the cache takes 25 MB as they usually are, 40 MB at most."""

Named = tuple[str, bytes]
"""The kind of a URI and its digest."""

_NOT_PLAIN: Final[Named] = ("", b"")


def plain_line(line: object, default_origin: str) -> Stated | None:
    """Return what a decoded line says, or None where it is not plain."""
    if type(line) is not dict or len(line) != 1:
        return None
    edge = line.get("edge")
    if type(edge) is dict:
        return _edge(edge, default_origin)
    asset = line.get("asset")
    return _asset(asset, default_origin) if type(asset) is dict else None


def _edge(edge: dict[str, Any], default_origin: str) -> StatedEdge | None:
    get = edge.get
    source, relation, target, begin = get("source"), get("relation"), get("target"), get("valid_from")
    origin, end, properties = get("origin"), get("valid_to"), get("properties")
    known = 4 + (origin is not None) + (end is not None) + (properties is not None)
    if len(edge) != known or not (type(source) is type(relation) is type(target) is type(begin) is str):
        return None
    from_kind, source_key = _URIS[source]
    to_kind, target_key = _URIS[target]
    start = _moment(begin)
    if start is None or (from_kind, relation, to_kind) not in _ALLOWED:
        return None
    until, closed = FOREVER, "null"
    if end is not None:
        moment = _moment(end) if type(end) is str else None
        if moment is None or moment <= start:
            return None
        until, closed = moment, str(moment)
    role: str | None = None
    version: str | None = None
    said = NOTHING
    if properties is not None:
        if type(properties) is not dict or not _are_parts(properties):
            return None
        role, version, said = properties.get("role"), properties.get("version"), canonical_json(properties)
    if origin is None:
        origin = default_origin
    elif not may_be_origin(origin):
        return None
    text = f'["edge",0,"{source}","{relation}","{target}",{quoted_origin(origin)},{start},{closed},{said}]'
    key = blake2b(text.encode(), digest_size=DIGEST_BYTES).digest()
    return StatedEdge(key, source, source_key, str(relation), target, target_key, origin, start, until, NOTHING, role, version)


def _are_parts(properties: dict[str, Any]) -> bool:
    """Say whether the properties of an edge are `role` and `version` alone, and say themselves."""
    if not properties.keys() <= _PARTS:
        return False
    role, version = properties.get("role"), properties.get("version")
    if version is not None and not (_is_plain_text(version) and "=" not in version and "://" not in version):
        return False
    return role is None or role in INPUT_ROLES


def _asset(asset: dict[str, Any], default_origin: str) -> StatedAsset | None:
    uri, begin, origin = asset.get("uri"), asset.get("valid_from"), asset.get("origin")
    if type(uri) is not str or type(begin) is not str:
        return None
    (kind, key), start = _URIS[uri], _moment(begin)
    if not kind or start is None or kind == "person":
        return None
    state = _state(asset, kind)
    if state is None or len(asset) != 2 + len(state) + (origin is not None):
        return None
    if origin is None:
        origin = default_origin
    elif not may_be_origin(origin):
        return None
    body = canonical_json(state) if state else NOTHING
    said = digest(f'["asset",0,"{uri}",{quoted_origin(origin)},{start},{body}]')
    return StatedAsset(said, uri, key, origin, start, body)


def _state(asset: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """Return what a line says of an asset, or None where a part of it is not plain."""
    state: dict[str, Any] = {}
    for part in ("name", "description"):
        if (text := asset.get(part)) is not None:
            if not _is_plain_text(text):
                return None
            state[part] = text
    for part, is_plain in (("owners", _is_owner), ("tags", _is_plain_text)):
        if (listed := asset.get(part)) is not None:
            if type(listed) is not list or not all(map(is_plain, listed)):
                return None
            state[part] = sorted(set(listed))
    if (properties := asset.get("properties")) is not None:
        if type(properties) is not dict or not _are_plain(properties, kind):
            return None
        state["properties"] = properties
    return state


def _are_plain(properties: dict[str, Any], kind: str) -> bool:
    """Say whether properties are flat, free of secrets, and nothing that their kind gives a meaning of its own."""
    if (kind == "dataset" and "schema" in properties) or (kind == "run" and not _is_plain_run(properties)):
        return False
    for key, value in properties.items():
        if is_secret_name(key) or not _is_plain_text(key):
            return False
        of = type(value)
        if of is str:
            if not _is_plain_text(value) or "://" in value or "=" in value:
                return False
        elif of is int:
            if not -_EXACT < value < _EXACT:
                return False
        elif of is not bool and value is not None:
            return False
    return True


def _is_plain_run(properties: dict[str, Any]) -> bool:
    state, ended_at, code = properties.get("state"), properties.get("ended_at"), properties.get("code_version")
    if (state is not None and type(state) is not str) or (code is not None and type(code) is not str):
        return False
    return ended_at is None or (type(ended_at) is str and _moment(ended_at) is not None)


class _Uris(dict[str, Named]):
    """What each canonical URI in ASCII names; any other text names nothing: `_NOT_PLAIN`. Bounded: it begins anew when full."""

    def __missing__(self, text: str) -> Named:
        match = _URI.fullmatch(text)
        if match is None or len(text) > MAX_URI_CHARS:
            return _NOT_PLAIN
        named = sys.intern(match[1]), digest(text)
        if len(text) <= _MAX_CACHED_CHARS:
            if len(self) >= _CACHED_URIS:
                self.clear()
            self[text] = named
        return named


_URIS: Final = _Uris()


def _moment(text: str) -> int | None:
    """Return the moment that a time names, or None for what the careful reader should see."""
    if len(text) == 20:  # YYYY-MM-DDTHH:MM:SSZ, by far the most frequent form
        minute, second = _MINUTES.get(text[10:16]), _SECONDS.get(text[16:])
        if minute is not None and second is not None:
            day = _day(text[:10])
            return None if day is None else day + minute + second
    try:
        return parse_time(text)
    except InvalidInput:
        return None


@lru_cache(1 << 12)
def _day(text: str) -> int | None:
    try:
        return parse_time(f"{text}T00:00:00Z")
    except InvalidInput:
        return None


def _is_plain_text(text: object) -> TypeGuard[str]:
    return type(text) is str and text.isascii() and "\0" not in text


def _is_owner(text: object) -> bool:
    return type(text) is str and _URIS[text][0] in ("person", "team")


def may_be_origin(origin: object) -> bool:
    """Say whether a fact may name this origin, and names it in plain ASCII."""
    return (
        type(origin) is str and 0 < len(origin) <= MAX_ORIGIN_CHARS and _is_plain_text(origin)
        and not origin.startswith(_RESERVED_ORIGINS)
    )  # fmt: skip
