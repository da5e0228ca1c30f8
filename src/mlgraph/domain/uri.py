"""Asset URIs: `mlg://KIND/NAMESPACE/NAME`, always three parts, each percent-encoded (docs/spec.md#uris)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.domain.vocabulary import KINDS

SCHEME: Final = "mlg://"
MAX_URI_CHARS: Final = 8192
MAX_NAME_BYTES: Final = 2000
"""Bytes of UTF-8. Longer names in events are cut (`shortened_name`)."""
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9_.~-]+", re.ASCII)
"""Characters that are not percent-encoded (RFC 3986, section 2.3)."""
_RESERVED: Final = re.compile(r"[^A-Za-z0-9_.~-]", re.ASCII)
_CACHED: Final = 1 << 14
_CACHED_URIS: Final = 1 << 16
"""Parsed URIs: a load names each of its assets several times, so they have a larger cache."""
_MAX_CACHED_CHARS: Final = 512
"""Results for longer texts are not cached, which bounds a cache to about 15 MB for any input, and that of URIs to 60 MB."""


@dataclass(frozen=True, slots=True, order=True)
class AssetUri:
    """The identity of an asset: its kind, its namespace, and its name in that namespace.

    Namespace and name follow the OpenLineage naming rules. Two URIs are the same asset exactly when all three parts are equal.
    """

    kind: str
    namespace: str
    name: str
    _text: str = field(default="", init=False, repr=False, compare=False)
    """The cached canonical text; empty before the first use and for long texts."""

    def __post_init__(self) -> None:
        """Raise `InvalidInput` for an unknown kind, an empty part, or a part that contains a NUL or a lone surrogate."""
        if self.kind not in KINDS:
            hint = did_you_mean(self.kind, KINDS, f"the kinds are {', '.join(KINDS)}")
            raise InvalidInput(f"unknown kind {self.kind[:60]!r}; {hint}")
        for part, text in (("namespace", self.namespace), ("name", self.name)):
            if not text:
                raise InvalidInput(f"the {part} of a URI must not be empty")
            if "\0" in text or _has_surrogate(text):
                raise InvalidInput(f"the {part} {text[:60]!r} contains a NUL or a lone surrogate, which a URI must not contain")

    def __str__(self) -> str:
        """Return the canonical text: unreserved characters unchanged, all others as upper-case %XX of their UTF-8 bytes."""
        if self._text:
            return self._text
        text = f"{SCHEME}{self.kind}/{_quoted(self.namespace)}/{_quoted(self.name)}"
        if len(text) <= _MAX_CACHED_CHARS:
            object.__setattr__(self, "_text", text)
        return text

    @classmethod
    def of(cls, kind: str, namespace: str, name: str) -> AssetUri:
        """Return the URI of these parts; like the constructor, but cached for frequent parts."""
        return _made(kind, namespace, name) if len(namespace) + len(name) <= _MAX_CACHED_CHARS else cls(kind, namespace, name)

    @classmethod
    def parse(cls, text: str) -> AssetUri:
        """Parse a canonical URI. Raises `InvalidInput` with the reason and, if known, the canonical spelling."""
        return _parsed(text) if len(text) <= _MAX_CACHED_CHARS else _parse(text)


def _parse(text: str) -> AssetUri:
    if len(text) > MAX_URI_CHARS:
        raise InvalidInput(f"a URI of {len(text)} characters is over the limit of {MAX_URI_CHARS}")
    if not text.startswith(SCHEME):
        raise InvalidInput(f"{text[:80]!r} is not an asset URI: it must begin with {SCHEME}")
    parts = text[len(SCHEME) :].split("/")
    if len(parts) != 3:
        raise InvalidInput(
            f"{text[:200]!r} has {len(parts)} parts, not the three of mlg://KIND/NAMESPACE/NAME: "
            "percent-encode each part, a slash inside one is %2F"
        )
    try:
        kind, namespace, name = map(_unquoted, parts)
    except UnicodeDecodeError:
        raise InvalidInput(f"{text[:200]!r} has percent-escapes that are not UTF-8") from None
    uri = AssetUri(kind[0], namespace[0], name[0])
    if not (kind[1] and namespace[1] and name[1]):
        raise InvalidInput(f"{text[:200]!r} is not in canonical form: write {str(uri)[:200]}")
    if len(text) <= _MAX_CACHED_CHARS:
        object.__setattr__(uri, "_text", text)
    return uri


def _unquoted(part: str) -> tuple[str, bool]:
    """Return a decoded part of a URI, and whether its encoding is canonical. Raises `UnicodeDecodeError`."""
    if _UNRESERVED.fullmatch(part):
        return part, True
    return _decoded(part) if len(part) <= _MAX_CACHED_CHARS else _decode(part)


def _decode(part: str) -> tuple[str, bool]:
    text = unquote(part, errors="strict")
    return text, not _has_surrogate(text) and _percent_encoded(text) == part


_decoded = lru_cache(1 << 10)(_decode)
_parsed = lru_cache(_CACHED_URIS)(_parse)
_made = lru_cache(_CACHED)(AssetUri)


def column_uri(dataset: AssetUri, field: str) -> AssetUri:
    """Return the URI of a column: the dataset's name, `#`, the column, with `#` inside either written `%23`."""
    return AssetUri("column", dataset.namespace, f"{_hide_hash(dataset.name)}#{_hide_hash(field)}")


def dataset_of_column(column: AssetUri) -> AssetUri | None:
    """Return the dataset of a column, or None where the column's name has no `#` between two texts."""
    dataset = dataset_text_of_column(str(column))
    return None if dataset is None else AssetUri.parse(dataset)


def dataset_text_of_column(column: str) -> str | None:
    """Return what `dataset_of_column` returns as text, from the canonical text of a column: without parsing, for large loads."""
    prefix, _, part = column.rpartition("/")
    name, hash_mark, field = part.partition("%23")  # the `#`, percent-encoded
    if not (hash_mark and name and field):
        return None
    return f"{SCHEME}dataset/{prefix.rpartition('/')[2]}/{name.replace('%2523', '%23')}"


def field_of_column(column: AssetUri) -> str:
    """Return the name of a column within its dataset."""
    return column.name.partition("#")[2].replace("%23", "#")


def shortened_name(name: str, max_bytes: int = MAX_NAME_BYTES) -> str:
    """Return a name of at most `max_bytes` of UTF-8: a longer one is cut after a character and ends in `~` and its digest.

    The digest is that of the complete name (the first 32 hexadecimal digits of its SHA-256), so that equal names stay equal and
    different ones different.
    """
    if len(name) <= max_bytes // 4:  # a character has at most four bytes
        return name
    encoded = name.encode("utf-8", "replace")
    if len(encoded) <= max_bytes:
        return name
    end = f"~{hashlib.sha256(encoded).hexdigest()[:32]}"
    return encoded[: max_bytes - len(end)].decode("utf-8", "ignore") + end


def person_uri(identifier: str) -> AssetUri:
    """Return an opaque URI for a person, from a name or mail address.

    Equal identifiers give equal URIs, so that the reports of two tools about one person refer to one node; the name itself is
    stored in a table that can be erased (`Contact`).
    """
    digest = hashlib.sha256(b"mlgraph-person\0" + identifier.strip().casefold().encode("utf-8", "replace")).hexdigest()
    return AssetUri("person", "org", f"u-{digest[:16]}")


def _percent_encoded(part: str) -> str:
    return _RESERVED.sub(_escape_of, part)


def _escape_of(found: re.Match[str]) -> str:
    return _escape(found[0])


@lru_cache(1 << 12)
def _escape(char: str) -> str:
    return quote(char, safe="")


_quote = lru_cache(_CACHED)(_percent_encoded)


def _quoted(part: str) -> str:
    return _quote(part) if len(part) <= _MAX_CACHED_CHARS else _percent_encoded(part)


def _hide_hash(text: str) -> str:
    return text.replace("#", "%23")


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)
