"""The document of an asset in the search index: what can be found of it, and what a hit shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final
from zlib import crc32

from mlgraph.search.words import folded, identifiers, normal_form, singular

MAX_JOINED: Final = 8
"""Words of an identifier that are also found joined, at most."""
MAX_DESCRIPTION_CHARS: Final = 20_000
MAX_COLUMNS: Final = 2_000
MAX_COLUMN_TEXT_CHARS: Final = 200
MAX_PROPERTY_CHARS: Final = 2_000
"""Characters of all texts in the properties of an asset together."""
MAX_STRING_CHARS: Final = 300
"""Characters of one text in the properties: longer ones are documents, queries or encoded data."""
_SEPARATORS: Final = "./:#@\\"
_SEGMENT: Final = re.compile(f"[^{re.escape(_SEPARATORS)}]+")
_NOT_TEXT_WORDS: Final = (
    "schema facets sides lifecycle started_at ended_at created_at updated_at valid_from valid_to event_time mail environment "
    "owners tags links deprecated successor state quality digest checksum fingerprint hash"
)
_NOT_TEXT: Final = frozenset(_NOT_TEXT_WORDS.split())
"""Properties that are indexed otherwise, or not searched for: times, checksums and what is a filter."""


@dataclass(frozen=True, slots=True)
class SearchDocument:
    """What the index has of an asset. `columns` are (name, description); `owners` are (URI, name)."""

    asset: int
    uri: str
    kind: str
    namespace: str
    name: str
    names: tuple[str, ...] = ()
    """All names: that in the URI, and those of its aliases."""
    uris: tuple[str, ...] = ()
    """The URI and those of the asset's other names."""
    description: str = ""
    owners: tuple[tuple[str, str], ...] = ()
    team: str | None = None
    team_name: str = ""
    tags: tuple[str, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    columns_total: int = 0
    texts: tuple[str, ...] = ()
    """Names and texts of its properties, such as metrics and parameters."""
    platform: str | None = None
    environment: str | None = None
    state: str = "live"
    successor: str | None = None
    successor_asset: int = 0
    changed_day: int = 0
    """When its state last changed, in days since the epoch."""
    graph_prior: int = 0
    """The part of the prior that comes from the graph."""
    prior: int = 0

    def body(self) -> dict[str, Any]:
        """Return what is stored of the document, for answers and for `matched`."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) not in ("", (), None, 0)}

    @classmethod
    def of_body(cls, body: Mapping[str, Any]) -> SearchDocument:
        """Return the document that was stored as `body`."""
        values = {name: _tuples(value) for name, value in body.items()}
        return cls(**values)


def team_digest(team: str | None) -> int:
    """Return 32 bits that tell teams apart; 0 for none."""
    return 0 if team is None else crc32(team.encode()) or 1


def _tuples(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def exact_keys(document: SearchDocument) -> set[str]:
    """Return the keys under which the document is found exactly (`exact_queries` has those of a query)."""
    keys = {f"u{uri}" for uri in document.uris}
    for name in {document.name, *document.names}:
        keys.update((f"a{name}", f"b{folded(name)}", f"e{normal_form(name)}"))
        last = last_segment(name)
        keys.update((f"c{last}", f"d{folded(last)}", f"f{normal_form(last)}"))
        keys.add(f"b{folded(pair_text(document.namespace, name))}")
    return {key[:400] for key in keys if len(key) > 1}


def exact_queries(text: str) -> list[tuple[str, str]]:
    """Return the stages of the exact match of a query, best first: the name of each with its key in the index."""
    stages = [
        ("uri", f"u{text}"),
        ("name", f"a{text}"),
        ("name, other case", f"b{folded(text)}"),
        ("last part", f"c{text}"),
        ("last part, other case", f"d{folded(text)}"),
        ("name, other spelling", f"e{normal_form(text)}"),
        ("last part, other spelling", f"f{normal_form(text)}"),
    ]
    return [(stage, key[:400]) for stage, key in stages if len(key) > 1]


def pair_text(namespace: str, name: str) -> str:
    """Return namespace and name as tools write them together, such as `postgres://db:5432/shop.public.orders`."""
    return f"{namespace}{name}" if name.startswith("/") or namespace.endswith("/") else f"{namespace}/{name}"


def last_segment(name: str) -> str:
    """Return the last segment of a path or dotted name."""
    rest = name.rstrip(_SEPARATORS)
    return rest[max(map(rest.rfind, _SEPARATORS)) + 1 :] or name


def indexed_fields(document: SearchDocument) -> dict[str, str]:
    """Return the words of each searched field, separated by spaces, in the order in which they are written."""
    fields = {field: _stems(texts) for field, texts in _texts_by_field(document).items()}
    fields["joined"] = " ".join(dict.fromkeys(_joined(document)))
    fields["column"] = "\n".join(dict.fromkeys(normal_form(name) for name, _ in document.columns))
    return fields


def _texts_by_field(document: SearchDocument) -> dict[str, Iterable[str]]:
    names = dict.fromkeys((document.name, *document.names))
    return {
        "name": (document.name,),
        "names": [*names][1:],
        "columns": (name for name, _ in document.columns),
        "text": _texts(document),
        "owner_words": (*(name for _, name in document.owners), document.team_name),
        "tag_words": document.tags,
        "place": (document.namespace, document.kind),
    }


def _joined(document: SearchDocument) -> Iterator[str]:
    return (joined for name in dict.fromkeys((document.name, *document.names)) for joined in joined_words(name))


def document_stems(document: SearchDocument) -> set[str]:
    """Return the words of a document, as singulars."""
    texts = chain.from_iterable(_texts_by_field(document).values())
    return {*(singular(word) for text in texts for run in identifiers(text) for word in run), *_joined(document)}


def _stems(texts: Iterable[str]) -> str:
    """Return the words of texts as singulars, separated by spaces."""
    return " ".join(filter(None, map(normal_form, texts)))


def _texts(document: SearchDocument) -> Iterator[str]:
    return chain((document.description,), (text for _, text in document.columns if text), document.texts)


def joined_words(name: str) -> Iterator[str]:
    """Yield identifiers of several words joined to one: `user_id` as `userid`, each segment of a path by itself."""
    for segment in _SEGMENT.findall(name):
        runs = list(identifiers(segment))
        parts = [part for run in runs for part in run]
        for run in (*runs, parts):
            if 1 < len(run) <= MAX_JOINED:
                yield "".join(map(singular, run))


def property_texts(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys and texts in the properties of an asset, in order of keys, `MAX_PROPERTY_CHARS` in all."""
    found: list[str] = []
    room = MAX_PROPERTY_CHARS
    for text in _leaves(properties, 0):
        room -= len(text) + 1
        if room < 0:
            break
        found.append(text)
    return tuple(dict.fromkeys(found))


def _leaves(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        if value and len(value) <= MAX_STRING_CHARS:
            yield value
    elif isinstance(value, Mapping) and depth < 4:
        for key in sorted(value, key=str):
            if depth or key not in _NOT_TEXT:
                leaf = value[key]
                yield str(key)[:MAX_STRING_CHARS]
                yield from _leaves(leaf, depth + 1)
    elif isinstance(value, Iterable) and not isinstance(value, bytes) and depth < 4:
        for each in value:
            yield from _leaves(each, depth + 1)
