"""Redaction of secrets, which are recognised by the names of members and by their place in URLs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

REDACTED: Final = "[redacted]"
_MAX_CACHED_CHARS: Final = 256
"""Results for longer texts are not cached, which bounds the cache for any input."""
_SECRET_KEY: Final = re.compile(
    r"passw(or)?d|passphrase|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key|(auth|access|bearer|session|refresh)[_-]?token"
    r"|^token$|authorization|connection[_-]?string|account[._-]?key",
    re.IGNORECASE,
)
# Bounded repetitions: unbounded ones take quadratic time on long texts.
_URL_PASSWORD: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^/\s:@]{0,256}):[^/\s@]+@")
_URL_QUERY: Final = re.compile(r"(?i)([?&;](?:[\w-]{0,64}(?:token|password|secret|signature|api_?key|sig)[\w-]{0,64})=)[^&;\s]+")


def redact(value: Any) -> Any:
    """Return `value` with secrets replaced: members with a secret's name, passwords and tokens inside URLs."""
    if isinstance(value, dict):
        return {
            key: REDACTED if is_secret_name(key) and not isinstance(item, bool | None) else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redact(item) for item in value]
    if isinstance(value, str) and ("://" in value or "=" in value):
        return redact_url(value)
    return value


def is_secret_name(name: str) -> bool:
    """Return whether a member of this name probably contains a secret."""
    return _looks_secret(name) if len(name) <= _MAX_CACHED_CHARS else _SECRET_KEY.search(name) is not None


@lru_cache(1 << 13)
def _looks_secret(name: str) -> bool:
    return _SECRET_KEY.search(name) is not None


def redact_url(text: str) -> str:
    """Return `text` with the passwords and tokens in its URLs redacted."""
    return _short_redacted(text) if len(text) <= _MAX_CACHED_CHARS else _redacted(text)


def _redacted(text: str) -> str:
    return _URL_QUERY.sub(rf"\g<1>{REDACTED}", _URL_PASSWORD.sub(rf"\g<scheme>:{REDACTED}@", text))


_short_redacted = lru_cache(1 << 13)(_redacted)
