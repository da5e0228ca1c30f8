"""What is kept of a payload as it came: without secrets, without the names and mail of people."""

from __future__ import annotations

import re
from typing import Any, Final

from mlgraph.connectors.openlineage.people import owner_of
from mlgraph.domain.payload import Located
from mlgraph.domain.redaction import redact
from mlgraph.domain.uri import person_uri

# A mail address, but no login in a URL (a slash before it) and no `git@host:path` (a colon behind it). As it starts
# where a word does and its parts are bounded, it takes linear time on any text.
_MAIL: Final = re.compile(r"(?<![\w.+%/-])[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?![\w:@/-]|\.\w)")
_PEOPLE: Final = frozenset({"owner", "owners", "user", "username", "user_name", "email", "emails"})


def keep(value: Located) -> object:
    """Return a copy of `value` that may stand in a fact."""
    return _without_people(redact(value.plain()))


def keep_text(value: Located) -> str:
    """Return this string as it may stand in a fact."""
    return str(_without_people(redact(value.text())))


def _without_people(value: object) -> object:
    if isinstance(value, dict):
        value = _without_paired_secret(value)
        return {key: _opaque(item) if key.lower() in _PEOPLE else _without_people(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_people(item) for item in value]
    if isinstance(value, str) and "@" in value:
        return _MAIL.sub(lambda found: str(person_uri(found.group())), value)
    return value


def _without_paired_secret(value: dict[str, Any]) -> dict[str, Any]:
    """Return `value` redacted where it is a pair such as {"name": "DB_PASSWORD", "value": ...}."""
    for key in ("name", "key"):
        name = value.get(key)
        if isinstance(name, str) and "value" in value:
            value = {**value, "value": redact({name: value["value"]})[name]}
    return value


def _opaque(value: object) -> object:
    if isinstance(value, list):
        return [_opaque(item) for item in value]
    if isinstance(value, dict):
        return {key: _opaque(item) if key == "name" else _without_people(item) for key, item in value.items()}
    return str(owner_of(value)[0]) if isinstance(value, str) and value.strip() else _without_people(value)
