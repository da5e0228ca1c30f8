"""Sanitizing: copying a payload without secrets and without the names and mail addresses of people."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.memoization import Memo
from mlgraph.domain.owners import owner_of
from mlgraph.domain.payloads.payload import Located, clean, clean_text, is_shallow
from mlgraph.domain.redaction.json_values import COLUMN_MAPS, IDENTITY, is_pair, redact, redact_text, redact_url
from mlgraph.domain.redaction.secret_names import Secrecy, secrecy
from mlgraph.domain.uri import person_uri

# Matches a mail address, but not a login in a URL (preceded by a slash) or `git@host:path` (followed by a colon). Matching
# takes linear time on any text, because a match starts at the start of a word and its parts are bounded.
_MAIL: Final = re.compile(r"(?<![\w.+%/-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?![\w:@/-]|\.\w)")
_PEOPLE: Final = frozenset({"owner", "owners", "user", "username", "user_name", "email", "emails"})
_MAX_CACHED_CHARS: Final = 256
_USUAL_DEPTH: Final = 32
_FACET_DEPTH: Final = 5
"""The maximum depth of a facet in an event. Up to it, the result does not depend on the position, so it can be cached."""
_facets: Final = Memo(8 * 1024 * 1024)


def sanitize(value: Located) -> object:
    """Return a copy of `value` that a fact or a stored event may contain.

    Secrets are redacted (`mlgraph.domain.redaction.json_values`); mail addresses and members that name an
    owner or a user become opaque URIs. Raises `InvalidInput` with the pointer of a value that cannot be stored.
    """
    return _sanitized(value.value, value, 0)


def sanitize_text(value: Located) -> str:
    """Return this string as a fact may contain it."""
    return _sanitized_text(value.text())


def _sanitized(value: object, root: Located, depth: int) -> object:
    """Return `_without_people(redact(root.plain()))` of a part of `root`, in one pass for ordinary values."""
    if isinstance(value, str):
        return _sanitized_text(clean_text(value))
    if isinstance(value, dict):
        if depth <= _FACET_DEPTH and "_schemaURL" in value:
            return _facets.of(value, lambda: _sanitized_dict(value, root, depth), lambda: is_shallow(value, _USUAL_DEPTH))
        return _sanitized_dict(value, root, depth)
    if isinstance(value, list):
        if depth > _USUAL_DEPTH or any(type(item) is str for item in value):  # texts may be arguments of a command
            return _without_people(redact(_storable(value, root, depth)))
        return [_sanitized(item, root, depth + 1) for item in value]
    return _storable(value, root, depth) if isinstance(value, float) else value


def _sanitized_dict(value: dict[str, Any], root: Located, depth: int) -> object:
    if depth > _USUAL_DEPTH or is_pair(value) or not all(map(_is_ordinary, value)) or _has_unusual_columns(value):
        return _without_people(redact(_storable(value, root, depth)))
    if "namespace" in value and "name" in value:
        return {
            key: _without_mail(redact_url(clean_text(item)))
            if key in IDENTITY and isinstance(item, str)
            else _sanitized(item, root, depth + 1)
            for key, item in value.items()
        }
    return {key: _sanitized(item, root, depth + 1) for key, item in value.items()}


def _has_unusual_columns(value: dict[str, Any]) -> bool:
    """Return whether a column of a facet has a name that would need treatment as the name of a member."""
    return not COLUMN_MAPS.isdisjoint(value) and any(
        isinstance(columns := value[key], dict) and not all(map(_is_ordinary, columns)) for key in COLUMN_MAPS if key in value
    )


def _storable(value: object, root: Located, depth: int) -> object:
    """Return `value`, a part of `root`, as it can be stored. On an error, a second pass from `root` finds the pointer."""
    try:
        return clean(value, depth=depth)
    except InvalidInput:
        root.plain()
        raise


def _sanitized_text(text: str) -> str:
    return _without_mail(redact_text(text))


def _without_mail(text: str) -> str:
    return _MAIL.sub(lambda found: str(person_uri(found.group())), text) if "@" in text else text


@lru_cache(1 << 12)
def _cached_ordinary(key: str) -> bool:
    is_plain = clean_text(key) == key and redact_text(key) == key
    return is_plain and secrecy(key) is Secrecy.NONE and key.lower() not in _PEOPLE


def _is_ordinary(key: str) -> bool:
    """Return whether the value of this key needs no treatment of its own."""
    return len(key) <= _MAX_CACHED_CHARS and _cached_ordinary(key)


def _without_people(value: object) -> object:
    if isinstance(value, dict):
        return {key: _opaque(item) if key.lower() in _PEOPLE else _without_people(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_people(item) for item in value]
    return _without_mail(value) if isinstance(value, str) else value


def _opaque(value: object) -> object:
    if isinstance(value, list):
        return [_opaque(item) for item in value]
    if isinstance(value, dict):
        return {key: _opaque(item) if key == "name" else _without_people(item) for key, item in value.items()}
    return str(owner_of(value)[0]) if isinstance(value, str) and value.strip() else _without_people(value)
