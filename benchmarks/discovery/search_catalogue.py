"""The catalogue of the search benchmark: planted assets with labelled queries, filled up to any size.

`search_catalogue(seed, size, counts)` is a pure function of its arguments. The planted assets and the queries depend on the seed
and the counts only: a larger catalogue has more assets among which the same ones must be found. Requests by meaning are about a
concept that only their targets have, one in each of several lines of business; the bulk is about other concepts in these lines.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.discovery.fact_builder import Fact, FactBuilder
from benchmarks.discovery.planting.brief_texts import requests_without
from benchmarks.discovery.planting.filler import filler
from benchmarks.discovery.planting.implementations import Built, Recipe, implement
from benchmarks.discovery.planting.planted import Planting, full_names
from benchmarks.discovery.planting.planted_pairs import deprecated, twins
from benchmarks.discovery.search_queries import LabelledQuery
from benchmarks.discovery.vocabulary import Topic, concepts, stems, topics
from mlgraph.domain.uri import AssetUri

KINDS: Final = ("dataset", "dataset", "dataset", "feature_view", "feature", "model", "model")
_OWN_WORDING: Final = 2 / 3
"""Share of requests by meaning that name the line of business as the owners of the asset do; the others use further words."""
FILTERS: Final = ("kind", "owner", "tag", "platform", "environment")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many queries of each check."""

    exact: int = 2_000
    full: int = 200
    typos: int = 400
    descriptions: int = 300
    phrases: int = 100
    meanings: int = 300
    spellings: int = 100
    twins: int = 200
    deprecated: int = 100
    facets: int = 40


SMALL: Final = Counts(200, 40, 60, 40, 20, 60, 20, 40, 20, 6)
"""For tests."""


@dataclass(frozen=True, slots=True)
class SearchCatalogue:
    """Planted facts with their queries. `facts()` streams the complete catalogue."""

    seed: int
    size: int
    planted: list[Fact]
    queries: list[LabelledQuery]
    facet_queries: list[str]
    typed: list[str]
    """Texts as people type them, for latencies: names, words of names, words of descriptions, requests."""
    filler_topics: tuple[Topic, ...]

    @property
    def planted_assets(self) -> int:
        """Return the number of assets among the planted facts."""
        return sum("asset" in fact for fact in self.planted)

    def facts(self) -> Iterator[Fact]:
        """Yield all facts: those planted, then others until there are `size` assets."""
        yield from self.planted
        yield from filler(random.Random(f"filler {self.seed}"), self.filler_topics, self.size - self.planted_assets)


def search_catalogue(seed: int, size: int, counts: Counts | None = None) -> SearchCatalogue:
    """Return the catalogue of a seed. Raises `ValueError` if `size` is less than the number of planted assets."""
    counts = counts or Counts()
    rng = random.Random(f"search catalogue {seed}")
    builder = FactBuilder()
    targets, others = _divided(rng, counts.meanings)
    planting = Planting(builder, rng)
    queries = _meanings(builder, rng, targets)
    queries += planting.code_names(counts.typos)
    queries += planting.descriptions(counts.descriptions, counts.phrases)
    queries += planting.spellings(counts.spellings)
    families = planting.name_families(counts.exact // 3)
    queries += families
    queries += _exact_names(builder, rng, counts.exact - len(families))
    queries += twins(builder, rng, others, counts.twins)
    queries += deprecated(builder, rng, others, counts.deprecated)
    queries += full_names(rng, builder, counts.full)
    planted = len(builder.states)
    if size < planted:
        raise ValueError(f"a catalogue of {size} assets is too small: {planted} are planted")
    return SearchCatalogue(
        seed=seed,
        size=size,
        planted=builder.facts,
        queries=queries,
        facet_queries=_facet_queries(rng, others, counts.facets),
        typed=_typed(rng, queries, others),
        filler_topics=tuple(others),
    )


def _divided(rng: random.Random, meanings: int) -> tuple[list[Topic], list[Topic]]:
    """Return the topics that are asked for by meaning, and those of the bulk: other concepts in the same lines of business."""
    order = list(concepts())
    rng.shuffle(order)
    targets: list[Topic] = []
    while len(targets) < meanings:
        concept = order.pop()
        targets += [topic for topic in topics() if topic.concept is concept]
    others = [topic for topic in topics() if topic.concept in order]
    rng.shuffle(others)
    return rng.sample(targets, meanings), others


def _meanings(facts: FactBuilder, rng: random.Random, targets: list[Topic]) -> list[LabelledQuery]:
    """Plant one asset for each topic, and ask for it in words that are in neither its name nor its URI."""
    found = []
    for number, topic in enumerate(targets):
        side = rng.randrange(2)
        recipe = Recipe(side, rng.choice(KINDS), "first" if side == 0 else "reworded", always_described=True)
        built = implement(facts, rng, topic, recipe)
        wording = side if rng.random() < _OWN_WORDING else 2
        wordings = requests_without(topic, [built.uri, built.name, built.path], wording)
        if wordings:
            text = rng.choice(wordings)
            found.append(LabelledQuery("meaning", text, _about(built), number % 2, note=_grade(text, built)))
    return found


def _about(built: Built) -> frozenset[str]:
    return frozenset([built.uri, *(uri for role, uri in built.helpers.items() if role != "staging")])


def _grade(text: str, built: Built) -> str:
    asked = stems([text])
    return f"{len(asked & stems([built.description]))} of {len(asked)} words are in the description: {built.description}"


def _exact_names(facts: FactBuilder, rng: random.Random, count: int) -> list[LabelledQuery]:
    """Return queries by the name of any planted asset: its name, or the name in its URI."""
    candidates = sorted(uri for uri in facts.states if not uri.startswith("mlg://team/"))
    chosen = rng.sample(candidates, min(count, len(candidates)))
    found = []
    for uri in chosen:
        name = facts.states[uri].get("name") if rng.random() < 0.6 else None
        found.append(LabelledQuery("exact name", name or AssetUri.parse(uri).name, frozenset([uri]), note="any"))
    return found


def _facet_queries(rng: random.Random, others: list[Topic], count: int) -> list[str]:
    """Return queries with many hits: a word, two words, a name."""
    found = []
    for number in range(count):
        topic = rng.choice(others)
        word = rng.choice(topic.concept.names[number % 2]).split("_")[0]
        found.append((word, f"{topic.line.names[0]} {word}", topic.line.names[number % 2])[number % 3])
    return found


def _typed(rng: random.Random, queries: list[LabelledQuery], others: list[Topic]) -> list[str]:
    """Return texts for latencies, in random order: a third are short words with many hits, the others labelled queries."""
    words = []
    for topic in others:
        stem = rng.choice(topic.concept.names[rng.randrange(2)]).replace("_", " ")
        words.append(rng.choice((stem, f"{topic.line.names[0]} {stem}", stem.split(" ")[0])))
    texts = [*words, *(query.text for query in rng.sample(queries, min(len(queries), 2 * len(words))))]
    rng.shuffle(texts)
    return texts
