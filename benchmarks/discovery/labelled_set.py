"""The labelled set of "already built": a catalogue with near-duplicates, hard negatives, and plans with their right answers.

`labelled_set(seed)` is a pure function of its arguments. It gives

- `facts`: the catalogue as JSON facts, for `ndjson(...)` and `POST /api/v1/facts`;
- `positives`: pairs of assets of one kind by two teams about the same topic from the same raw tables, with columns, names and
  descriptions in other words; `how` is renamed, reworded, rederived (other steps), split or merged;
- `negatives`: pairs that look alike and are no duplicates; `how` is other_data (same words in another line of business), region
  (same template), shared_keys (other topic, shared id and date columns and a shared raw table), version, environment, parent;
- `answers`: for every asset of a positive pair, all that count as its duplicates; `unique`: assets without a duplicate;
- `briefs`: plans without names of assets, with all right answers; `absent_briefs`: plans for what does not exist.

Every pair has a `half`, 0 or 1, by its concept and independent of the seed: fit on 0, report on 1 and on other seeds.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from benchmarks.discovery import vocabulary
from benchmarks.discovery.fact_builder import Fact, FactBuilder
from benchmarks.discovery.planting.brief_texts import Brief, absent_briefs, brief_for
from benchmarks.discovery.planting.hard_negatives import REGIONS, Copies
from benchmarks.discovery.planting.implementations import MAIN_REGION, Built, Recipe, implement
from benchmarks.discovery.vocabulary import Concept, Topic, topics
from mlgraph.domain.uri import AssetUri

POSITIVES: Final = 400
NEGATIVES_EACH: Final = 10
"""Hard negatives for each positive pair."""
BRIEFS: Final = 100
_BROAD_SHARE: Final = 0.5
"""Share of lines of business in which most assets come from the same few raw tables, so that these alone say little."""
WAYS: Final = ("renamed", "reworded", "rederived", "split", "merged")
KIND_SHARES: Final = ("dataset",) * 7 + ("feature_view",) * 5 + ("feature",) * 2 + ("model",) * 6


@dataclass(frozen=True, slots=True)
class LabelledPair:
    """Two assets of one kind; `how` says in what way they are, or only seem to be, the same."""

    asset: str
    other: str
    kind: str
    how: str
    half: int
    topic: str


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The catalogue and its labels; see the module's description."""

    seed: int
    facts: list[Fact]
    positives: list[LabelledPair]
    negatives: list[LabelledPair]
    answers: Mapping[str, frozenset[str]]
    unique: list[str]
    briefs: list[Brief]
    absent_briefs: list[str]
    built: Mapping[str, Built]
    """Names, columns and descriptions of the labelled assets by URI, for statistics."""


def labelled_set(seed: int, positives: int = POSITIVES, briefs: int = BRIEFS) -> LabelledSet:
    """Return the labelled set of a seed. Raises `ValueError` if there are too few topics for that many positives."""
    return _Composition(seed, positives).composed(briefs)


@dataclass(slots=True)
class _Family:
    """What was built for one topic: by team 0, by team 1 (if it has a duplicate), and copies of the former."""

    topic: Topic
    kind: str
    first: Built
    second: Built | None = None
    how: str = ""
    copies: list[str] = field(default_factory=list)
    """Versions, environments and children of `first`."""
    regions: list[str] = field(default_factory=list)

    def members(self) -> frozenset[str]:
        """Return every asset about the topic, raw and intermediate tables apart."""
        second = [self.second] if self.second is not None else []
        helpers = [uri for built in (self.first, *second) for role, uri in built.helpers.items() if role != "staging"]
        return frozenset([self.first.uri, *(built.uri for built in second), *helpers, *self.copies, *self.regions])

    def names(self) -> list[str]:
        """Return the names of both teams' assets."""
        return [built.path for built in (self.first, self.second) if built is not None]


class _Composition:
    """Builds the catalogue topic by topic, then pairs what looks alike."""

    def __init__(self, seed: int, positives: int) -> None:
        self._seed = seed
        self._rng = random.Random(f"labelled set {seed}")
        self._facts = FactBuilder()
        self._copies = Copies(self._facts, self._rng, seed)
        self._topics = _chosen_topics(self._rng, positives)
        self._positives = positives
        self._broad = {line.key for line in vocabulary.lines() if self._rng.random() < _BROAD_SHARE}
        shares = list(KIND_SHARES)
        self._kinds = {
            concept.key: "model"
            if concept.embedding and self._rng.random() < 0.5
            else "dataset"
            if concept.embedding
            else self._rng.choice(shares)
            for concept in vocabulary.concepts()
        }

    def composed(self, briefs: int) -> LabelledSet:
        """Return the complete set."""
        families = [self._family(topic, has_duplicate=number < self._positives) for number, topic in enumerate(self._topics)]
        pairs = [family for family in families if family.second is not None]
        positives = [
            LabelledPair(
                family.first.uri, family.second.uri, family.kind, family.how, family.topic.concept.half, family.topic.key
            )
            for family in pairs
            if family.second is not None
        ]
        negatives = self._negatives(pairs, families)
        chosen = self._rng.sample(families, min(briefs, len(families)))
        return LabelledSet(
            seed=self._seed,
            facts=self._facts.facts,
            positives=positives,
            negatives=negatives,
            answers=_answers(pairs),
            unique=[family.first.uri for family in families if family.second is None],
            briefs=[brief_for(self._rng, each.topic, each.kind, each.names(), each.members()) for each in chosen],
            absent_briefs=absent_briefs(self._rng),
            built={built.uri: built for each in families for built in (each.first, each.second) if built is not None},
        )

    def _family(self, topic: Topic, *, has_duplicate: bool) -> _Family:
        kind = self._kinds[topic.concept.key]
        family = _Family(topic, kind, self._first(topic, kind))
        if has_duplicate:
            family.how = WAYS[self._rng.randrange(len(WAYS))]
            mixed = self._rng.choice([each.concept for each in self._topics if each.concept is not topic.concept])
            family.second = implement(self._facts, self._rng, topic, self._recipe(topic, kind, family.how, mixed))
        return family

    def _first(self, topic: Topic, kind: str, region: str = MAIN_REGION) -> Built:
        return self._copies.first(topic, kind, region, broad=topic.line.key in self._broad)

    def _recipe(self, topic: Topic, kind: str, how: str, mixed: Concept) -> Recipe:
        return Recipe(1, kind, how, mixed_with=mixed, broad=topic.line.key in self._broad)

    def _negatives(self, pairs: Sequence[_Family], families: Sequence[_Family]) -> list[LabelledPair]:
        by_concept, by_line = defaultdict(list), defaultdict(list)
        for family in families:
            by_concept[family.topic.concept.key].append(family)
            by_line[family.topic.line.key, family.kind].append(family)
        found = []
        for family in pairs:
            topic, first = family.topic, family.first
            beside = [each for each in by_line[topic.line.key, family.kind] if each is not family]
            elsewhere = [each for each in by_concept[topic.concept.key] if each is not family]
            beside = self._some(_most_alike(beside, first)[:4], 2)
            alike = [("shared_keys", first.uri, each.first.uri) for each in beside]
            alike += [("other_data", first.uri, each.first.uri) for each in self._some(elsewhere, 5 - len(beside))]
            regions = REGIONS[: NEGATIVES_EACH - 3 - len(alike)]
            family.regions = [self._first(topic, family.kind, region).uri for region in regions]
            alike += [("region", first.uri, uri) for uri in family.regions]
            for how, copied in (
                ("version", self._copies.version(first)),
                ("environment", self._copies.environment(first)),
                ("parent", self._copies.child(first)),
            ):
                alike.append((how, *copied))
                family.copies += [uri for uri in copied if uri != first.uri]
            found += [
                LabelledPair(asset, other, AssetUri.parse(asset).kind, how, topic.concept.half, topic.key)
                for how, asset, other in alike
            ]
        return found

    def _some(self, families: Sequence[_Family], count: int) -> list[_Family]:
        return self._rng.sample(families, min(count, len(families)))


def _most_alike(families: Sequence[_Family], first: Built) -> list[_Family]:
    """Return `families` in the order of how many raw tables they share with `first`."""
    raw = set(first.raw)
    return sorted(families, key=lambda family: -len(raw.intersection(family.first.raw)))


def _chosen_topics(rng: random.Random, positives: int) -> list[Topic]:
    """Return shuffled topics, at least half as many more as `positives`; of as few lines as that takes, but at least three."""
    lines = list(vocabulary.lines())
    rng.shuffle(lines)
    chosen: list[Topic] = []
    for number, line in enumerate(lines):
        if len(chosen) < 1.5 * positives or number < 3:
            chosen += [topic for topic in topics() if topic.line is line]
    if positives > len(chosen):
        raise ValueError(f"{positives} positives were asked for; there are {len(chosen)} topics")
    rng.shuffle(chosen)
    return sorted(chosen, key=lambda topic: not topic.concept.embedding)  # these are few: all of them get a duplicate


def _answers(pairs: Sequence[_Family]) -> dict[str, frozenset[str]]:
    """Return what is right for the asset of either team. To team 1, versions and copies of team 0's asset are right too."""
    found = {}
    for family in pairs:
        if family.second is not None:
            found[family.first.uri] = frozenset([family.second.uri])
            found[family.second.uri] = frozenset([family.first.uri, *family.copies])
    return found
