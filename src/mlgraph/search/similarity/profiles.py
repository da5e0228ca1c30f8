"""What is compared of an asset: its words, columns, metrics and neighbours, packed to a few hundred bytes."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlgraph.domain.payloads.schema_fields import field_paths
from mlgraph.search.similarity.text.copies import identity_of
from mlgraph.search.similarity.text.vocabulary import Vocabulary
from mlgraph.search.similarity.text.words import hashed

MAX_NAME_WORDS: Final = 24
MAX_TEXT_WORDS: Final = 96
MAX_COLUMNS: Final = 96
MAX_METRICS: Final = 32
MAX_ITEMS: Final = 64
"""Items of which the nearest neighbours are compared."""
NEIGHBOURS: Final = 10
_MAX_COLUMN_WORDS: Final = 12
_MAX_TAGS: Final = 12

_FAMILIES: Final = {
    "number": ("int", "float", "double", "decimal", "numeric", "number", "long", "short", "real", "byte", "money", "serial"),
    "text": ("char", "string", "text", "str", "utf8", "uuid", "object", "enum", "category"),
    "time": ("time", "date", "interval", "duration"),
    "flag": ("bool",),
    "nested": ("array", "list", "struct", "map", "record", "json", "row", "object[]", "vector", "tensor"),
    "bytes": ("binary", "bytes", "blob"),
}
_FAMILY_CODES: Final = {family: number for number, family in enumerate(("", *_FAMILIES))}


@dataclass(frozen=True, slots=True)
class Described:
    """An asset as sources describe it. `columns` are (path, type); `neighbours`: the nearest items of items."""

    kind: int
    namespace: str
    name: str
    title: str = ""
    """The reported name, if it is not the last part of `name`."""
    description: str = ""
    columns: Sequence[tuple[str, str]] = ()
    metrics: Sequence[str] = ()
    neighbours: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Profile:
    """The numbers of an asset's words in name and description, of its columns and metrics; see `Vocabulary` and `ColumnTable`."""

    kind: int
    name: tuple[int, ...]
    text: tuple[int, ...]
    columns: tuple[int, ...]
    types: bytes
    """The family of each column's type; 0: unknown."""
    metrics: tuple[int, ...]
    identity: int
    """A hash of kind, namespace and name without environment and version: copies and versions of one asset share it."""
    neighbours: Mapping[int, frozenset[int]]
    """By item, hashes of its nearest items."""

    def pack(self) -> bytes:
        """Return the profile as bytes, for `unpack`."""
        items = [number for item, near in self.neighbours.items() for number in (item, len(near), *sorted(near))]
        head = array("Q", (self.identity,))
        sizes = array("H", (self.kind, *map(len, (self.name, self.text, self.columns, self.metrics)), len(items)))
        body = array("I", (*self.name, *self.text, *self.columns, *self.metrics, *items))
        return head.tobytes() + sizes.tobytes() + body.tobytes() + self.types

    @classmethod
    def unpack(cls, packed: bytes) -> Profile:
        """Return the profile that `pack` packed."""
        head, sizes, body = array("Q"), array("H"), array("I")
        head.frombytes(packed[:8])
        sizes.frombytes(packed[8:20])
        kind, *lengths = sizes
        until = 20 + 4 * sum(lengths)
        body.frombytes(packed[20:until])
        parts, place = [], 0
        for length in lengths:
            parts.append(tuple(body[place : place + length]))
            place += length
        name, text, columns, metrics, items = parts
        return cls(kind, name, text, columns, packed[until:], metrics, head[0], _neighbours(items))


def _neighbours(items: Sequence[int]) -> dict[int, frozenset[int]]:
    found: dict[int, frozenset[int]] = {}
    place = 0
    while place < len(items):
        item, size = items[place], items[place + 1]
        found[item] = frozenset(items[place + 2 : place + 2 + size])
        place += 2 + size
    return found


class ColumnTable:
    """The distinct columns of a catalogue by number: columns whose names have the same concepts are one."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._numbers: dict[tuple[int, ...], int] = {}
        self.concepts: list[tuple[int, ...]] = []
        """By column: its concepts in ascending order."""
        self.words: list[tuple[int, ...]] = []
        """By column: the words of the first name that it had."""
        self.names: list[str] = []
        self.frequencies: list[int] = []
        """By column: how many assets have it."""

    def number(self, name: str) -> int:
        """Return the number of a column, adding it if it is new."""
        words = self.vocabulary.numbers(name, _MAX_COLUMN_WORDS)
        concepts = tuple(sorted(self.vocabulary.concepts_of(words)))
        number = self._numbers.setdefault(concepts or (-1, *words), len(self.concepts))
        if number == len(self.concepts):
            self.concepts.append(concepts)
            self.words.append(tuple(words))
            self.names.append(name[:120])
            self.frequencies.append(0)
        return number

    def count(self, columns: Sequence[int], change: int) -> None:
        """Add `change` to the number of assets that have each of `columns`."""
        for column in set(columns):
            self.frequencies[column] += change


def described(kind: int, namespace: str, name: str, state: Mapping[str, Any]) -> Described:
    """Return what is compared of an asset with this state (docs/spec.md#facts)."""
    properties = state.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    title, description = state.get("name"), state.get("description")
    tags = [tag for tag in state.get("tags") or () if isinstance(tag, str)]
    metrics = properties.get("metrics")
    return Described(
        kind,
        namespace,
        name,
        title if isinstance(title, str) and title != name else "",
        " ".join([description if isinstance(description, str) else "", *tags[:_MAX_TAGS]]),
        [*_columns(properties), *_entities(properties)],
        sorted(str(each) for each in metrics)[:MAX_METRICS] if isinstance(metrics, dict | list) else (),
        _reported_neighbours(properties.get("nearest_neighbours")),
    )


def _columns(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    schema = properties.get("schema")
    if not isinstance(schema, list):
        schema = properties.get("features")
    if not isinstance(schema, list):
        return []
    if all(isinstance(each, str) for each in schema):
        return [(each, "") for each in schema[:MAX_COLUMNS]]
    types = {str(each.get("name")): str(each.get("type") or "") for each in schema if isinstance(each, dict)}
    return [(path, types.get(path, "")) for path in list(field_paths(schema))[:MAX_COLUMNS]]


def _entities(properties: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the entities of a feature or a view as columns: they are what its values are joined by."""
    entities = properties.get("entities", properties.get("entity"))
    listed = [entities] if isinstance(entities, str) else entities if isinstance(entities, list) else []
    return [(each, "") for each in listed if isinstance(each, str)]


def _reported_neighbours(reported: object) -> dict[str, list[str]]:
    if not isinstance(reported, dict):
        return {}
    lists = {str(item): near for item, near in reported.items() if isinstance(near, list)}
    return {item: [str(each) for each in lists[item][:NEIGHBOURS]] for item in sorted(lists)[:MAX_ITEMS]}


def type_family(type_name: str) -> int:
    """Return the code of the family of a column's type in any dialect (`BIGINT` and `double` are numbers); 0: unknown."""
    folded = type_name.casefold()
    nested = next((word for word in _FAMILIES["nested"] if folded.startswith(word)), None)
    if nested:
        return _FAMILY_CODES["nested"]
    for family in ("time", "flag", "number", "text", "bytes"):
        if any(word in folded for word in _FAMILIES[family]):
            return _FAMILY_CODES[family]
    return 0


def profile_of(asset: Described, vocabulary: Vocabulary, columns: ColumnTable) -> Profile:
    """Return the profile of an asset; new words and columns are added."""
    name = vocabulary.numbers(f"{asset.name} {asset.title}", MAX_NAME_WORDS)
    text = list(dict.fromkeys(vocabulary.numbers(asset.description, 4 * MAX_TEXT_WORDS)))[:MAX_TEXT_WORDS]
    types: dict[int, int] = {}
    for path, type_name in asset.columns[:MAX_COLUMNS]:
        types.setdefault(columns.number(path), type_family(type_name))
    metrics = dict.fromkeys(columns.number(metric) for metric in asset.metrics[:MAX_METRICS])
    return Profile(
        asset.kind,
        tuple(name),
        tuple(text),
        tuple(types),
        bytes(types.values()),
        tuple(metrics),
        identity_of(asset.kind, asset.namespace, asset.name),
        {hashed(item): frozenset(map(hashed, near)) for item, near in asset.neighbours.items()},
    )
