"""Signals: in what two assets agree, and in what they differ; each between 0 and 1 (docs/already-built.md#signals)."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

import numpy as np

from mlgraph.search.similarity.analogues import analogue_agreement
from mlgraph.search.similarity.columns import column_agreement
from mlgraph.search.similarity.local_rarity import LocalRarity, local_rarity
from mlgraph.search.similarity.profiles import Profile
from mlgraph.search.similarity.scoring import Signals, log_odds
from mlgraph.search.similarity.subjects import Context, Rarities, Subject
from mlgraph.search.similarity.text.coverage import NumberedWords, WeightedWords, coverage
from mlgraph.search.similarity.text.slices import PROSE, Slice
from mlgraph.search.similarity.text.vocabulary import Floats, Vocabulary

_COMPARED: Final = 40
_LEAST_ITEMS: Final = 5
"""Items that two embeddings must have in common before their neighbours are compared."""
_COSINE: Final = (0.05, 0.65)
"""Cosines of unrelated texts, and of texts that say the same: mapped to 0 and 1."""
_COVERED: Final = (0.1, 0.6)
"""Shares of the words of unrelated texts, and of texts that say the same, that the other covers."""
_ENOUGH: Final = 0.6
"""The sum of rarities from which on shared sources count in full: sharing what everybody reads says little."""
_TOPIC: Final = (0.2, 0.5)
"""Agreement in text or columns between which shared sources begin to count and count in full: much is made from one table."""
_FEW: Final = 3
"""Candidates with as many sources in common, up to which these count in full: an asset, its copies and its duplicate."""
_COLUMN_FACTOR: Final = 1.5
"""Columns agree less than texts do where both mean the same."""
_TEMPLATE: Final = (0.55, 0.85)
"""Shares of equal words between which two texts pass from reworded to filled from one template."""
_LEAST_WORDS: Final = 4
_DATA_SLICES: Final = frozenset({Slice.PLACE, Slice.PERIOD, Slice.PLATFORM, Slice.AUDIENCE, Slice.NUMBER})
_LOCAL_FLOOR: Final = 0.05
"""What is left of the weight of a word that all assets from the same sources have."""
_LIKE_TEXTS: Final = 0.45
"""Agreement of texts below which they cannot be filled from one template."""
_ONE_SIDED: Final = 0.4
"""How much it counts that one asset names a slice and the other none."""


Enrich = Callable[[Subject], Subject]
"""Returns a subject with its metrics, which take longer to find than the rest."""


class Ranked(NamedTuple):
    """A candidate with its place among the candidates, and its signals."""

    place: int
    subject: Subject
    signals: Signals


def overlap(one: AbstractSet[int], other: AbstractSet[int], weights: Mapping[int, float]) -> tuple[float, float]:
    """Return the weighted Jaccard similarity of two sets, and the weight of what they share."""
    shared = sum(map(weights.__getitem__, one & other))
    total = shared + sum(map(weights.__getitem__, one ^ other))
    return (shared / total if total > 0 else 0.0), shared


def vectors_of(profiles: Sequence[Profile], context: Context, local: Mapping[int, float] | None = None) -> Floats:
    """Return the mean vector of the words of each asset, weighted by rarity, of length 1 (0 for an asset without known words).

    `local`: factors of words by `local_rarity`.
    """
    vocabulary = context.vocabulary
    concepts, size = vocabulary.concepts, vocabulary.embedded_words
    numbers: list[int] = []
    weights: list[float] = []
    rows: list[int] = []
    factors = local or {}
    for row, profile in enumerate(profiles):
        for number in dict.fromkeys((*profile.name, *profile.text)):
            concept = concepts[number]
            if concept >= 0 and number < size:
                numbers.append(number)
                weights.append(_word_weight(number, context, factors))
                rows.append(row)
    found = np.zeros((len(profiles), vocabulary.vectors.shape[1]), np.float32)
    totals = np.zeros(len(profiles), np.float32)
    if numbers:
        weighted = np.array(weights, np.float32)
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        with_words = np.array(rows)[starts]
        found[with_words] = np.add.reduceat(vocabulary.vectors[numbers] * weighted[:, None], starts)
        totals[with_words] = np.add.reduceat(weighted, starts)
        found[with_words] /= totals[with_words, None]
        if context.mean is not None:
            found[with_words] -= context.mean
    lengths: Floats = np.linalg.norm(found, axis=1, keepdims=True)
    return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)


def _word_weight(number: int, context: Context, local: Mapping[int, float]) -> float:
    """Return how much a word tells: by its rarity in the catalogue, and among the assets from the same sources."""
    return (0.1 + context.rarities[context.vocabulary.concepts[number]]) * (_LOCAL_FLOOR + local.get(number, 1.0))


def rank(query: Subject, others: Sequence[Subject], context: Context, enrich: Enrich | None = None) -> list[Ranked]:
    """Return the best of `others` with their signals, the best first; of equal ones the first of `others`.

    Columns are compared by meaning, and `enrich` asked, only of the `_COMPARED` that are best by everything else.
    """
    profiles = [query.profile, *(other.profile for other in others)]
    local = local_rarity([other.profile for other in others if query.leaves & other.leaves], profiles, context.vocabulary)
    vectors = vectors_of(profiles, context, local.words)
    cosines: list[float] = (vectors[1:] @ vectors[0]).tolist()
    pair = _Pair(
        query, context, local, [len(query.leaves & other.leaves) / len(query.leaves | other.leaves or {0}) for other in others]
    )
    analogous = analogue_agreement(query, others, context, local)
    found = [
        (place, pair.signals(other, cosine, _same_columns(query.profile, other.profile), analogous[place]))
        for place, (other, cosine) in enumerate(zip(others, cosines, strict=True))
    ]
    found.sort(key=lambda each: -log_odds(each[1]))
    best = found[:_COMPARED]
    if enrich is not None and best:
        query, compared = enrich(query), [enrich(others[place]) for place, _ in best]
    else:
        compared = [others[place] for place, _ in best]
    pair.about(query)
    columns = column_agreement(
        query.profile, [other.profile for other in compared], context.columns, context.assets_with_columns, local.columns
    )
    covered = _covered(query.profile, [other.profile for other in compared], context, local)
    ranked = [
        Ranked(place, other, pair.signals(other, cosines[place], agreement, analogous[place], share))
        for (place, _), other, agreement, share in zip(best, compared, columns, covered, strict=True)
    ]
    ranked.sort(key=lambda each: -log_odds(each.signals))
    return ranked


def _covered(query: Profile, others: Sequence[Profile], context: Context, local: LocalRarity) -> list[float]:
    """Return for each of `others` how much of the words of both the other's words cover, by rarity: the mean of both shares."""
    mine = _numbered(query, context, local)
    vocabulary = context.vocabulary
    words = WeightedWords(
        tuple(vocabulary.concepts[number] for number in mine.numbers),
        np.array(mine.weights, np.float32),
        vocabulary.vectors[list(mine.numbers)].astype(np.float32),
    )
    forward, backward = coverage(words, [_numbered(other, context, local) for other in others], vocabulary)
    return [(one + other) / 2 for one, other in zip(forward, backward, strict=True)]


def _numbered(profile: Profile, context: Context, local: LocalRarity) -> NumberedWords:
    concepts, size = context.vocabulary.concepts, context.vocabulary.embedded_words
    numbers = [n for n in dict.fromkeys((*profile.name, *profile.text)) if n < size and concepts[n] >= 0]
    return NumberedWords(numbers, [_word_weight(n, context, local.words) for n in numbers], [1.0] * len(numbers))


def _same_columns(one: Profile, other: Profile) -> float:
    """Return the share of columns with the same concepts: a quick estimate of their agreement."""
    mine, theirs = set(one.columns), set(other.columns)
    return len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0


class _Words(NamedTuple):
    """The words of an asset, as they are compared."""

    name: frozenset[int]
    """Concepts of its name."""
    every: frozenset[int]
    """Concepts of its name and description."""
    slices: Mapping[int, frozenset[int]]


class _Pair:
    """Comparisons of one asset with others."""

    def __init__(self, query: Subject, context: Context, local: LocalRarity, shares: Sequence[float]) -> None:
        """`local`: what tells little among the candidates from the same sources.

        `shares`: how much of its sources each candidate has in common with `query`; what many have tells little.
        """
        self._query = query
        self._context = context
        self._shares = sorted(shares)
        self._rarities = Rarities(lambda concept: context.rarities[concept] * local.concepts.get(concept, 1.0))
        self._words: dict[int, _Words] = {}
        self._mine = self._words_of(query)

    def _words_of(self, subject: Subject) -> _Words:
        found = self._words.get(subject.asset)
        if found is None:
            profile = subject.profile
            name = self._context.concepts(profile.name)
            every = name | self._context.concepts(profile.text)
            found = self._words[subject.asset] = _Words(name, every, slices_of(profile, self._context.vocabulary))
        return found

    def about(self, query: Subject) -> None:
        """Compare `query` from now on: the same asset with more of its surroundings."""
        self._query = query

    def signals(self, other: Subject, cosine: float, columns: float, analogues: float, covered: float | None = None) -> Signals:
        """Return the signals, given the cosine of the texts, the agreements of columns and through analogues, and of words."""
        context, query, words = self._context, self._query, self._words_of(other)
        in_words = min(1.0, 2 * overlap(self._mine.every, words.every, self._rarities)[0]) if covered is None else covered
        text = 0.5 * scaled(cosine, *_COSINE) + 0.5 * scaled(in_words, *_COVERED)
        leaves, leaf_weight = overlap(query.leaves, other.leaves, context.sources)
        inputs, input_weight = overlap(query.inputs, other.inputs, context.sources)
        neighbours = neighbour_overlap(query.profile.neighbours, other.profile.neighbours)
        topic = max(scaled(max(text, _COLUMN_FACTOR * columns, neighbours), *_TOPIC), analogues)
        same_data = max(_jaccard(query.leaves, other.leaves), _jaccard(query.inputs, other.inputs))
        alike = len(self._shares) - bisect_left(self._shares, _jaccard(query.leaves, other.leaves) - 1e-9)
        topic /= 1.0 + math.log(max(1, alike) / _FEW) if alike > _FEW else 1.0
        both_known = bool(query.leaves) and bool(other.leaves)
        template = self._template(other.profile) if text > _LIKE_TEXTS else 0.0
        return Signals(
            name=overlap(self._mine.name, words.name, self._rarities)[0],
            text=text,
            columns=columns,
            sources=topic * leaves * min(1.0, leaf_weight / _ENOUGH),
            inputs=topic * inputs * min(1.0, input_weight / _ENOUGH),
            analogues=analogues,
            metrics=_jaccard(query.metrics, other.metrics),
            neighbours=neighbours,
            other_data=1.0 - same_data if both_known else 0.0,
            other_slice=max(self._slices(words), template * (1.0 - same_data)),
        )

    def _slices(self, theirs: _Words) -> float:
        """Return 1 if the two name different slices (regions, periods, platforms), less if only one is for a place."""
        found = 0.0
        for kind in self._mine.slices.keys() | theirs.slices.keys():
            left, right = self._mine.slices.get(kind), theirs.slices.get(kind)
            if left and right:
                if not left & right:
                    return 1.0
            elif kind == Slice.PLACE:
                found = _ONE_SIDED
        return found

    def _template(self, theirs: Profile) -> float:
        """Return 1 if the two texts are one template filled with different words, 0 if they are equal or worded differently."""
        mine = self._query.profile
        left, right = {*mine.name, *mine.text}, {*theirs.name, *theirs.text}
        if min(len(mine.text), len(theirs.text)) < _LEAST_WORDS:
            return 0.0
        concepts = self._context.vocabulary.concepts_of
        mine_only, theirs_only = set(concepts(left - right)), set(concepts(right - left))
        if not (mine_only - theirs_only and theirs_only - mine_only):
            return 0.0
        return scaled(len({*mine.text} & {*theirs.text}) / min(len(mine.text), len(theirs.text)), *_TEMPLATE)


def slices_of(profile: Profile, vocabulary: Vocabulary) -> dict[int, frozenset[int]]:
    """Return the words of a profile that restrict the data, by what they restrict it to.

    Descriptions count for places only: whatever runs hourly is said to do so.
    """
    codes, words = vocabulary.slices, vocabulary.words
    found: dict[int, set[int]] = {}
    for number in profile.name:
        if codes[number] in _DATA_SLICES:
            found.setdefault(codes[number], set()).add(number)
    for number in profile.text:
        if codes[number] == Slice.PLACE and words[number] not in PROSE:
            found.setdefault(codes[number], set()).add(number)
    return {kind: frozenset(numbers) for kind, numbers in found.items()}


def scaled(value: float, low: float, high: float) -> float:
    """Return where `value` lies between `low` (0) and `high` (1)."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _jaccard(one: AbstractSet[object], other: AbstractSet[object]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def neighbour_overlap(one: Mapping[int, AbstractSet[int]], other: Mapping[int, AbstractSet[int]]) -> float:
    """Return the mean share of nearest neighbours that two embeddings have in common, over the items that both report."""
    common = one.keys() & other.keys()
    if len(common) < _LEAST_ITEMS:
        return 0.0
    shares = [len(one[item] & other[item]) / max(len(one[item]), len(other[item]), 1) for item in common]
    return sum(shares) / len(shares)
