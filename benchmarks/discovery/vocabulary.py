"""The vocabulary of the generated catalogues: concepts, and the lines of business that they are applied to."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

_FOLDER: Final = Path(__file__).parent
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_COMMON: Final = """
a about after again all an and any are as at be because been before but by can did do does each else every everyone for from
get go goes had has have how i if in into is it its just like make may me more most much must my new no not of off often on
once one only or other our out over own per so some soon such than that the their them then there these they this those to
too up us we what when where which who whom whose why will with without would yet you your
"""
STOP_WORDS: Final = frozenset(_COMMON.split())


@dataclass(frozen=True, slots=True)
class ColumnMeaning:
    """One column under the names that two teams give it, with its type."""

    names: tuple[str, str]
    type: str


@dataclass(frozen=True, slots=True)
class Concept:
    """What data is about: names and descriptions by two teams, requests in other words, columns, raw tables, a metric."""

    key: str
    fits: frozenset[str]
    names: tuple[tuple[str, ...], tuple[str, ...]]
    texts: tuple[str, ...]
    requests: tuple[str, ...]
    columns: tuple[ColumnMeaning, ...]
    inputs: tuple[str, ...]
    metric: str
    embedding: bool

    @property
    def half(self) -> int:
        """Return 0 or 1, for all seeds: matchers are fitted on 0 and reported on 1, whose words they have never seen."""
        return zlib.crc32(self.key.encode()) & 1


@dataclass(frozen=True, slots=True)
class Line:
    """A line of business: the word in names of the two teams, and three wordings each of its people, items and itself."""

    key: str
    group: str
    names: tuple[str, str]
    people: tuple[str, ...]
    items: tuple[str, ...]
    phrases: tuple[str, ...]
    keys: tuple[ColumnMeaning, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """A concept in a line of business, for example churn of taxi passengers."""

    concept: Concept
    line: Line

    @property
    def key(self) -> str:
        """Return the identity of the topic."""
        return f"{self.line.key}/{self.concept.key}"

    def worded(self, text: str, wording: int) -> str:
        """Return `text` of the concept with the words of the line, in one of the three wordings; every text names the line."""
        line = self.line
        text = text if "{" in text else text + ", for {line}"
        return text.format(people=line.people[wording], items=line.items[wording], line=line.phrases[wording])


@cache
def concepts() -> tuple[Concept, ...]:
    """Return all concepts."""
    return tuple(_concept(entry) for entry in _loaded("concepts.yaml"))


@cache
def lines() -> tuple[Line, ...]:
    """Return all lines of business."""
    return tuple(_line(entry) for entry in _loaded("lines.yaml"))


@cache
def absent_briefs() -> tuple[str, ...]:
    """Return plans for what no generated catalogue contains."""
    return tuple(_loaded("absent.yaml"))


@cache
def topics() -> tuple[Topic, ...]:
    """Return every concept in every line that it fits."""
    return tuple(Topic(concept, line) for concept in concepts() for line in lines() if line.group in concept.fits)


@cache
def all_words() -> frozenset[str]:
    """Return all words of the names, descriptions, requests and columns of the vocabulary."""
    found: list[str] = []
    for concept in concepts():
        found += (*concept.names[0], *concept.names[1], *concept.texts, *concept.requests, *concept.inputs)
        found += (name for column in concept.columns for name in column.names)
    for line in lines():
        found += (*line.names, *line.people, *line.items, *line.phrases)
        found += (name for column in line.keys for name in column.names)
    return frozenset(word for text in found for word in words(text))


def words(text: str) -> list[str]:
    """Return the words of a text or name in lower case: split at case changes, digits and punctuation."""
    return [word.lower() for word in _WORD.findall(text)]


def stem(word: str) -> str:
    """Return a crude stem: without the endings of plurals and verbs. Used to compare vocabularies, not to search."""
    for ending in ("ations", "ation", "ings", "ing", "ers", "ies", "ed", "es", "er", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def stems(texts: Iterable[str]) -> set[str]:
    """Return the stems of the words of all texts, without stop words and single letters."""
    return {stem(word) for text in texts for word in words(text) if len(word) > 1 and word not in STOP_WORDS}


def _loaded(name: str) -> list[Any]:
    loaded: list[Any] = yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def _meanings(entries: Iterable[str], type_name: str = "string") -> tuple[ColumnMeaning, ...]:
    found = []
    for entry in entries:
        names, _, given = entry.partition(":")
        first, second = names.split("/")
        found.append(ColumnMeaning((first, second), given or type_name))
    return tuple(found)


def _concept(entry: dict[str, Any]) -> Concept:
    fits = entry["fits"]
    return Concept(
        key=entry["key"],
        fits=frozenset(("goods", "media", "travel", "finance") if fits == "all" else fits),
        names=(tuple(entry["a"]), tuple(entry["b"])),
        texts=tuple(entry["texts"]),
        requests=tuple(entry["ask"]),
        columns=_meanings(entry["columns"]),
        inputs=tuple(entry["inputs"]),
        metric=entry["metric"],
        embedding=bool(entry.get("embedding")),
    )


def _line(entry: dict[str, Any]) -> Line:
    return Line(
        key=entry["key"],
        group=entry["group"],
        names=(entry["a"], entry["b"]),
        people=tuple(entry["people"]),
        items=tuple(entry["items"]),
        phrases=tuple(entry["line"]),
        keys=_meanings(entry["keys"]),
    )
