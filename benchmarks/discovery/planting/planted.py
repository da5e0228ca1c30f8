"""Assets that are planted in the search catalogue, each kind for one check, with the queries that must find them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.discovery.fact_builder import FactBuilder
from benchmarks.discovery.planting import asset_names, typos
from benchmarks.discovery.search_queries import LabelledQuery, has_phrase, words_of
from benchmarks.discovery.vocabulary import all_words, words
from mlgraph.domain.uri import AssetUri

NAMESPACES: Final = (
    "s3://lake-core",
    "bigquery",
    "snowflake://acme.eu-west-1",
    "postgres://erp.acme.example:5432",
    "kafka://events",
)
KINDS: Final = ("dataset", "dataset", "feature_view", "feature", "model", "workflow")
_FAMILY: Final = (
    "{one}",
    "{many}",
    "{many}7",
    "{many}_2024",
    "{many}_daily",
    "dim_{one}",
    "stg_{many}",
    "{one}_v2",
    "{one}_v10",
    "{one}Address",
    "all-{many}",
    "{many}.archive.{one}",
    "{one}_2_{one}",
)
"""Names that begin with or contain one another, or differ by a plural, a digit or a version (OpenMetadata pull request 31502)."""


@cache
def planted_words(key: str) -> tuple[str, ...]:
    """Return a list of words of planted_words.yaml."""
    entry: Any = yaml.safe_load((Path(__file__).parent / "planted_words.yaml").read_text(encoding="utf-8"))[key]
    return tuple(entry) if isinstance(entry, list) else tuple(entry.split("|") if "|" in entry else entry.split())


def plural(noun: str) -> str:
    """Return the plural of one of the planted nouns."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch")) else "s")


class Planting:
    """Plants assets into a catalogue; each method returns the queries for what it planted."""

    def __init__(self, facts: FactBuilder, rng: random.Random) -> None:
        self._facts = facts
        self._rng = rng

    def name_families(self, queries: int) -> list[LabelledQuery]:
        """Plant names that differ little, and ask for each of them by its exact name."""
        names = [form.format(one=noun, many=plural(noun)) for noun in planted_words("nouns") for form in _FAMILY]
        uris = {name: self._any_asset(name) for name in names}
        chosen = self._rng.sample(names, min(queries, len(names)))
        return [LabelledQuery("exact name", name, frozenset([uris[name]]), note="family") for name in chosen]

    @staticmethod
    def _others(word: str) -> list[str]:
        """Return the words of the catalogue that a mistyped `word` might be taken for."""
        known = {*all_words(), *planted_words("code_names")}
        return [other for other in known if other[0] == word[0] and abs(len(other) - len(word)) <= 3 and other != word]

    def code_names(self, queries: int) -> list[LabelledQuery]:
        """Plant rare names, and ask for them with one wrong letter, or two in a word of nine letters or more."""
        targets = []
        for word in planted_words("code_names"):
            role = self._rng.choice(planted_words("roles"))
            parts = [word] if self._rng.random() < 0.4 else [word, *role.split("_")]
            style = self._rng.choice((asset_names.snake, asset_names.camel, asset_names.dashed))
            targets.append((parts, self._any_asset(style(parts))))
        found = []
        for number in range(queries):
            parts, uri = targets[number % len(targets)]
            wrong = 2 if len(parts[0]) >= 9 and number % 2 else 1
            typed = [typos.with_typos(self._rng, parts[0], wrong, self._others(parts[0])), *parts[1:]]
            text = self._rng.choice((" ", "_")).join(typed) if len(parts) <= 2 else " ".join(typed)
            found.append(LabelledQuery("typo", text, frozenset([uri]), note=f"{wrong} wrong in {parts[0]}"))
        return found

    def descriptions(self, queries: int, phrases: int) -> list[LabelledQuery]:
        """Plant long descriptions; ask with ten words, of which nine are in one of them, and with phrases in quotes."""
        texts = self._texts(max(queries, phrases))
        found = []
        for number, (_, text) in enumerate(texts):
            listed = text.rstrip(".").replace(",", "").split()
            if number < queries:
                start = self._rng.randrange(len(listed) - 9)
                ten = listed[start : start + 10]
                alien = self._rng.randrange(10)
                nine = {word.lower() for word in (*ten[:alien], *ten[alien + 1 :])}
                ten[alien] = self._rng.choice(planted_words("alien"))
                right = frozenset(uri for uri, other in texts if nine <= set(words_of(other)))
                found.append(LabelledQuery("description", " ".join(ten), right, note=f"nine of ten words of: {text}"))
            if number < phrases:
                start = self._rng.randrange(len(listed) - 4)
                phrase = words_of(" ".join(listed[start : start + self._rng.choice((3, 4))]))
                self._decoy(phrase, listed)
                right = frozenset(uri for uri, other in texts if has_phrase(other, phrase))
                found.append(LabelledQuery("phrase", f'"{" ".join(phrase)}"', right, phrase=tuple(phrase), note=text))
        return found

    def _texts(self, count: int) -> list[tuple[str, str]]:
        rng = self._rng
        found = []
        for number in range(count):
            measure, place, season = (rng.choice(planted_words(key)) for key in ("measures", "places", "seasons"))
            reason, other = rng.sample(planted_words("reasons"), 2)
            text = (
                f"Weekly number of {measure} near {place} in {season} {rng.randrange(1990, 2026)}, collected for {reason} "
                f"and checked by {other} with sheet {number + 100}."
            )
            found.append((self._any_asset(f"extract_{rng.getrandbits(32):08x}", description=text), text))
        return found

    def _decoy(self, phrase: Sequence[str], listed: Sequence[str]) -> None:
        """Plant a description with the same words as a phrase, in another order and apart."""
        shuffled = [*phrase[1:], "then", phrase[0], *listed[:2]]
        self._any_asset(f"extract_{self._rng.getrandbits(32):08x}", description=" ".join(shuffled))

    def spellings(self, queries: int) -> list[LabelledQuery]:
        """Plant names of two words, and ask for each in five spellings."""
        pairs = [(first, second) for first in planted_words("firsts") for second in planted_words("seconds")]
        found = []
        for first, second in self._rng.sample(pairs, min(queries, len(pairs))):
            style = self._rng.choice((asset_names.snake, asset_names.camel, asset_names.dashed, asset_names.pascal))
            uri = self._any_asset(style([first, second]))
            spelled = (
                asset_names.camel([first, second]),
                f"{first}_{second}",
                f"{first}.{second}",
                f"{first}-{second}".upper(),
                f"{plural(first)}/{second}",
            )
            found += [LabelledQuery("spelling", text, frozenset([uri]), note=f"{first} {second}") for text in spelled]
        return found

    def _any_asset(self, name: str, **state: Any) -> str:  # noqa: ANN401 - JSON values
        kind = self._rng.choice(KINDS)
        namespace = self._rng.choice(NAMESPACES) if kind == "dataset" else f"{kind.split('_')[0]}-registry"
        path = name if kind != "dataset" or self._rng.random() < 0.5 else f"core/{name}"
        shown = {"name": name} if path != name or self._rng.random() < 0.5 else {}
        return self._facts.asset(kind, namespace, path, **shown, **state)


def full_names(rng: random.Random, facts: FactBuilder, queries: int) -> list[LabelledQuery]:
    """Return queries for assets by their URI, or by a dotted name of at least three parts that no other asset has."""
    named: dict[str, list[str]] = {}
    for uri, state in facts.states.items():
        if not uri.startswith(("mlg://team/", "mlg://person/")):
            named.setdefault(AssetUri.parse(uri).name, []).append(uri)
            if "name" in state and state["name"] != AssetUri.parse(uri).name:
                named.setdefault(state["name"], []).append(uri)
    dotted = sorted(name for name, uris in named.items() if name.count(".") >= 2 and len(uris) == 1 and len(words(name)) >= 3)
    chosen = rng.sample(dotted, min(queries // 2, len(dotted)))
    found = [LabelledQuery("full name", name, frozenset(named[name]), note="dotted name") for name in chosen]
    uris = rng.sample(sorted(uri for uri in facts.states if "/team/" not in uri), queries - len(found))
    return found + [LabelledQuery("full name", uri, frozenset([uri]), note="URI") for uri in uris]
