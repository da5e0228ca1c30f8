"""Redaction of secrets: the one rule for all that is stored, answered or logged (docs/adr/0031)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from mlgraph.domain.redaction.secret_names import REDACTED, Secrecy, is_no_secret, is_secret, looks_opaque, secrecy
from mlgraph.domain.redaction.secret_texts import redact_text, redacted_arguments

__all__ = ["REDACTED", "is_pair", "is_secret_name", "redact", "redact_text", "redact_url", "redacted_member"]

_MAX_CACHED_CHARS: Final = 256
"""Results for longer texts are not cached, which bounds the cache for any input."""
IDENTITY: Final = frozenset({"namespace", "name"})
"""The members that identify an object. Together in one object they are left alone, except for credentials in URLs."""
COLUMN_MAPS: Final = frozenset({"fields", "columns", "columnMetrics"})
"""Members whose objects have columns as keys: a column called `password` is no secret."""
_NAME_KEYS: Final = frozenset({"name", "key", "property", "option", "param", "parameter", "variable", "header"})
_VALUE_KEYS: Final = frozenset({"value", "val", "stringValue", "string_value", "Value", "VALUE"})
_NAME: Final = re.compile(r"[\w.\-]{1,256}")
_PAIR: Final = 2
# Bounded repetitions: unbounded ones take quadratic time on long texts.
_URL_PASSWORD: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^/\s:@]{0,256}):[^/\s@]+@")
_URL_QUERY: Final = re.compile(r"(?i)([?&;](?:[\w-]{0,64}(?:token|password|secret|signature|api_?key|sig)[\w-]{0,64})=)[^&;\s]+")


def redact(value: Any) -> Any:
    """Return `value` (JSON) with its secrets replaced: values of members with a secret's name, and secrets inside texts."""
    kind = type(value)
    if kind is str:
        return redact_text(value)
    if kind is dict:
        return _redacted_dict(value)
    if kind is list:
        return _redacted_list(value)
    return value


def is_secret_name(name: str) -> bool:
    """Return whether a member of this name probably contains a secret."""
    return secrecy(name) is Secrecy.SECRET


def _redacted_dict(value: dict[str, Any]) -> dict[str, Any]:
    if is_pair(value):
        value = _without_paired_secret(value)
    is_identity = "namespace" in value and "name" in value
    found: dict[str, Any] = {}
    for key, item in value.items():
        if is_identity and key in IDENTITY and isinstance(item, str):
            found[key] = redact_url(item)
        elif key in COLUMN_MAPS and isinstance(item, dict):
            found[key] = {column: redact(each) for column, each in item.items()}
        elif len(key) <= _MAX_CACHED_CHARS and _is_plain(key):
            found[key] = redact(item)
        else:
            found[redact_text(key)] = redacted_member(key, item)
    return found


@lru_cache(1 << 13)
def _is_plain(key: str) -> bool:
    """Return whether a key is not the name of a secret and contains none."""
    return secrecy(key) is Secrecy.NONE and redact_text(key) == key


def redacted_member(key: str, item: Any) -> Any:
    """Return the value of a member with its secrets replaced; `key` says whether it is one itself."""
    found = secrecy(key)
    if found is Secrecy.NONE or item is None or isinstance(item, bool):
        return redact(item)
    if isinstance(item, str):
        return REDACTED if is_secret(key, item) else redact_text(item)
    if found is Secrecy.IF_OPAQUE or not item or _describes(item):
        return redact(item)
    return REDACTED


def _describes(item: object) -> bool:
    """Return whether this is the schema of a member: {"type": "string"}."""
    return isinstance(item, dict) and not is_pair(item) and isinstance(kind := item.get("type"), str) and is_no_secret(kind)


def is_pair(value: dict[str, Any]) -> bool:
    """Return whether this may be a pair such as {"name": "DB_PASSWORD", "value": ...}."""
    return not _VALUE_KEYS.isdisjoint(value)


def _without_paired_secret(value: dict[str, Any]) -> dict[str, Any]:
    for key, name in value.items():
        if key.lower() in _NAME_KEYS and isinstance(name, str) and secrecy(name) is not Secrecy.NONE:
            return {each: redacted_member(name, item) if each in _VALUE_KEYS else item for each, item in value.items()}
    return value


def _redacted_list(items: list[Any]) -> list[Any]:
    if not all(isinstance(item, str) for item in items):
        return _redacted_mixed_list(items)
    if len(items) == _PAIR and _NAME.fullmatch(items[0]) and looks_opaque(items[1]) and is_secret(items[0], items[1]):
        return [items[0], REDACTED]
    if any(item.startswith("-") for item in items):
        return redacted_arguments(items)
    return [redact_text(item) for item in items]


def _redacted_mixed_list(items: list[Any]) -> list[Any]:
    """Return a list of more than texts; it may be a command line with numbers in it."""
    texts = [item if isinstance(item, str) else str(item) if type(item) is int else "" for item in items]
    if not any(text.startswith("-") for item, text in zip(items, texts, strict=True) if isinstance(item, str)):
        return [redact(item) for item in items]
    clean = redacted_arguments(texts)
    return [
        after if isinstance(item, str) or after == REDACTED else redact(item) for item, after in zip(items, clean, strict=True)
    ]


def redact_url(text: str) -> str:
    """Return an identity (a namespace, a name, an address) without the passwords and tokens in its URLs.

    Identities have this rule of their own, because a URI must not change between versions.
    """
    if "://" not in text and "=" not in text:
        return text
    return _short_url(text) if len(text) <= _MAX_CACHED_CHARS else _redacted_url(text)


def _redacted_url(text: str) -> str:
    return _URL_QUERY.sub(rf"\g<1>{REDACTED}", _URL_PASSWORD.sub(rf"\g<scheme>:{REDACTED}@", text))


_short_url = lru_cache(1 << 13)(_redacted_url)
