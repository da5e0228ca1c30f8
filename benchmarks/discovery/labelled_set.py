"""The labelled set of "already built": a catalogue with near-duplicates, hard negatives, and plans with their right answers.

`labelled_set(seed)` is a pure function of its arguments. It gives

- `facts`: the catalogue as JSON facts, for `ndjson(...)` and `POST /api/v1/facts`;
- `positives`: pairs of assets of one kind by two teams about the same topic from the same raw tables, with columns, names and
  descriptions in other words; `how` is renamed, reworded, rederived (other steps), split or merged;
- `negatives`: pairs that look alike and are no duplicates; `how` is other_data (same words in another line of business), region
  (same template), shared_keys (other topic, shared id and date columns and a shared raw table), version, environment, parent;
- `answers`: for every asset of a positive pair, all that count as its duplicates; `unique`: assets without a duplicate;
- `briefs`: plans without names of assets, with all right answers; `absent_briefs`: plans for what does not exist.

A merged asset is about two topics of its line of business. It is a right answer for both: to plans for either, and to the assets
of its kind about either, as these are to it; what is about the second topic is then not `unique`.

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
    mixed: Concept | None = None
    """The second concept of a merged asset of team 1."""
    copies: list[str] = field(default_factory=list)
    """Versions, environments and children of `first`."""
    regions: list[str] = field(default_factory=list)

    def members(self) -> frozenset[str]:
        """Return every asset about the topic that was built for it, raw and intermediate tables apart."""
        return _about(self.first) | self.second_members() | {*self.copies, *self.regions}

    def second_members(self) -> frozenset[str]:
        """Return what team 1 built."""
        return _about(self.second) if self.second is not None else frozenset()

    def also_about(self) -> tuple[str, str] | None:
        """Return concept and line of business of the second topic of a merged asset."""
        return None if self.mixed is None else (self.mixed.key, self.topic.line.key)

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
        merged = _merged_with(families)
        chosen = self._rng.sample(families, min(briefs, len(families)))
        return LabelledSet(
            seed=self._seed,
            facts=self._facts.facts,
            positives=positives,
            negatives=negatives,
            answers=_answers(families, merged),
            unique=[
                each.first.uri
                for each in families
                if each.second is None and not _of_kind(merged.get(each.topic.key, ()), each.kind)
            ],
            briefs=[self._brief(each, merged.get(each.topic.key, ())) for each in chosen],
            absent_briefs=absent_briefs(self._rng),
            built={built.uri: built for each in families for built in (each.first, each.second) if built is not None},
        )

    def _brief(self, family: _Family, merged: Sequence[_Family]) -> Brief:
        """Return a plan for a topic; `merged`: the families of other topics whose merged assets are about it too."""
        names = [*family.names(), *(each.second.path for each in merged if each.second is not None)]
        answers = family.members().union(*(each.second_members() for each in merged))
        return brief_for(self._rng, family.topic, family.kind, names, answers)

    def _family(self, topic: Topic, *, has_duplicate: bool) -> _Family:
        kind = self._kinds[topic.concept.key]
        family = _Family(topic, kind, self._first(topic, kind))
        if has_duplicate:
            family.how = WAYS[self._rng.randrange(len(WAYS))]
            mixed = self._rng.choice([each.concept for each in self._topics if each.concept is not topic.concept])
            family.second = implement(self._facts, self._rng, topic, self._recipe(topic, kind, family.how, mixed))
            family.mixed = mixed if family.how == "merged" else None
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


def _about(built: Built) -> frozenset[str]:
    """Return an asset with its tables and versions, staging tables apart: these are joins of raw tables."""
    return frozenset([built.uri, *(uri for role, uri in built.helpers.items() if role != "staging")])


def _merged_with(families: Sequence[_Family]) -> dict[str, list[_Family]]:
    """Return by topic the families of other topics whose merged asset is about it too."""
    by_place = {(each.topic.concept.key, each.topic.line.key): each.topic.key for each in families}
    found: dict[str, list[_Family]] = {}
    for family in families:
        also = family.also_about()
        if also in by_place:
            found.setdefault(by_place[also], []).append(family)
    return found


def _of_kind(families: Sequence[_Family], kind: str) -> list[str]:
    """Return the merged assets of a kind."""
    return [each.second.uri for each in families if each.second is not None and each.kind == kind]


def _answers(families: Sequence[_Family], merged: Mapping[str, Sequence[_Family]]) -> dict[str, frozenset[str]]:
    """Return what is right for the assets of pairs. To team 1, versions and copies of team 0's asset are right too.

    `merged`: by topic, the families whose merged assets are also about it.
    """
    found: dict[str, set[str]] = {}
    for family in families:
        if family.second is not None:
            found[family.first.uri] = {family.second.uri}
            found[family.second.uri] = {family.first.uri, *family.copies}
    for family in families:
        both = _of_kind(merged.get(family.topic.key, ()), family.kind)
        second = [family.second.uri] if family.second is not None else []
        for uri in both:
            found[uri].update([family.first.uri, *family.copies, *second, *both])
            found[uri].discard(uri)
        if second:
            found[family.first.uri].update(both)
            found[second[0]].update(both)
    return {uri: frozenset(uris) for uri, uris in found.items()}
