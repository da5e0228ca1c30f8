"""Signals: in what two assets agree, and in what they differ; each between 0 and 1 (docs/already-built.md#signals)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from mlgraph.search.similarity.columns import column_agreement
from mlgraph.search.similarity.profiles import ColumnTable, Profile
from mlgraph.search.similarity.scoring import Signals, log_odds
from mlgraph.search.similarity.slices import Slice
from mlgraph.search.similarity.vocabulary import Floats, Vocabulary

_COMPARED: Final = 60
_LEAST_ITEMS: Final = 5
"""Items that two embeddings must have in common before their neighbours are compared."""
_COSINE: Final = (0.15, 0.75)
"""Cosines of unrelated texts, and of texts that say the same: mapped to 0 and 1."""
_ENOUGH: Final = 0.6
"""The sum of rarities from which on shared sources count in full: sharing what everybody reads says little."""
_TOPIC: Final = (0.2, 0.5)
"""Agreement in text or columns between which shared sources begin to count and count in full: much is made from one table."""
_COLUMNS_TELL: Final = 1.5
"""Columns agree less than texts do where both mean the same."""
_TEMPLATE: Final = (0.55, 0.85)
"""Shares of equal words between which two texts pass from reworded to filled from one template."""
_LEAST_WORDS: Final = 4
_DATA_SLICES: Final = (Slice.PLACE, Slice.PERIOD, Slice.PLATFORM, Slice.AUDIENCE, Slice.NUMBER)
_ONE_SIDED: Final = 0.4
"""How much it counts that one asset names a slice and the other none."""


@dataclass(frozen=True, slots=True)
class Subject:
    """An asset to compare: its number, its profile, and its surroundings in the graph."""

    asset: int
    profile: Profile
    leaves: frozenset[int] = frozenset()
    """The sources that it is made from in the end: ancestors without parents. Empty: unknown."""
    inputs: frozenset[int] = frozenset()
    """The data that it is made from directly."""
    consumers: frozenset[str] = frozenset()
    """Kinds and teams of what reads it."""
    metrics: frozenset[int] = frozenset()


Surroundings = Callable[[Subject], Subject]
"""Returns a subject with its consumers and metrics, which take longer to find than the rest."""


class Ranked(NamedTuple):
    """A candidate with its place among the candidates, and its signals."""

    place: int
    subject: Subject
    signals: Signals


@dataclass(slots=True)
class Context:
    """What comparisons need to know of the catalogue."""

    vocabulary: Vocabulary
    columns: ColumnTable
    assets: int
    """How many assets are compared with each other."""
    assets_with_columns: int
    source_rarity: Callable[[int], float]
    """How much sharing a source tells, 0 to 1."""
    mean: Floats | None = None
    """The mean vector of all assets, which is subtracted: what all have in common tells nothing."""

    def concepts(self, words: tuple[int, ...]) -> frozenset[int]:
        """Return the concepts of words."""
        return frozenset(self.vocabulary.concepts_of(words))

    def rarity(self, concept: int) -> float:
        """Return how much sharing a concept tells, 0 to 1."""
        return self.vocabulary.rarity(concept, self.assets)


def overlap(one: AbstractSet[int], other: AbstractSet[int], weight: Callable[[int], float]) -> tuple[float, float]:
    """Return the weighted Jaccard similarity of two sets, and the weight of what they share."""
    shared = sum(map(weight, one & other))
    total = shared + sum(map(weight, one ^ other))
    return (shared / total if total > 0 else 0.0), shared


def vectors_of(profiles: Sequence[Profile], context: Context) -> Floats:
    """Return the mean vector of the words of each asset, weighted by rarity, of length 1 (0 for an asset without known words)."""
    vocabulary = context.vocabulary
    concepts, size = vocabulary.concepts, vocabulary.embedded_words
    numbers: list[int] = []
    weights: list[float] = []
    rows: list[int] = []
    for row, profile in enumerate(profiles):
        for number in dict.fromkeys((*profile.name, *profile.text)):
            concept = concepts[number]
            if concept >= 0 and number < size:
                numbers.append(number)
                weights.append(0.1 + context.rarity(concept))
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


def rank(query: Subject, others: Sequence[Subject], context: Context, surroundings: Surroundings | None = None) -> list[Ranked]:
    """Return the best of `others` with their signals, the best first; of equal ones the first of `others`.

    Columns are compared by meaning, and `surroundings` asked for, only of the `_COMPARED` that are best by everything else.
    """
    vectors = vectors_of([query.profile, *(other.profile for other in others)], context)
    cosines: list[float] = (vectors[1:] @ vectors[0]).tolist()
    pair = _Pair(query, context)
    found = [
        (place, pair.signals(other, cosine, _same_columns(query.profile, other.profile)))
        for place, (other, cosine) in enumerate(zip(others, cosines, strict=True))
    ]
    found.sort(key=lambda each: -log_odds(each[1]))
    best = found[:_COMPARED]
    if surroundings is not None and best:
        query, compared = surroundings(query), [surroundings(others[place]) for place, _ in best]
    else:
        compared = [others[place] for place, _ in best]
    pair = _Pair(query, context)
    columns = column_agreement(query.profile, [other.profile for other in compared], context.columns, context.assets_with_columns)
    ranked = [
        Ranked(place, other, pair.signals(other, cosines[place], agreement))
        for (place, _), other, agreement in zip(best, compared, columns, strict=True)
    ]
    ranked.sort(key=lambda each: -log_odds(each.signals))
    return ranked


def _same_columns(one: Profile, other: Profile) -> float:
    """Return the share of columns with the same concepts: a quick estimate of their agreement."""
    mine, theirs = set(one.columns), set(other.columns)
    return len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0


class _Pair:
    """Comparisons of one asset with others."""

    def __init__(self, query: Subject, context: Context) -> None:
        self._query = query
        self._context = context
        profile = query.profile
        self._name = context.concepts(profile.name)
        self._words = self._name | context.concepts(profile.text)

    def signals(self, other: Subject, cosine: float, columns: float) -> Signals:
        """Return the signals, given the cosine of the texts and the agreement of the columns."""
        context, query = self._context, self._query
        mine, theirs = query.profile, other.profile
        name = context.concepts(theirs.name)
        in_words = overlap(self._words, name | context.concepts(theirs.text), context.rarity)[0]
        text = 0.5 * scaled(cosine, *_COSINE) + 0.5 * min(1.0, 2 * in_words)
        leaves, leaf_weight = overlap(query.leaves, other.leaves, context.source_rarity)
        inputs, input_weight = overlap(query.inputs, other.inputs, context.source_rarity)
        neighbours = neighbour_overlap(mine.neighbours, theirs.neighbours)
        topic = scaled(max(text, _COLUMNS_TELL * columns, neighbours), *_TOPIC)
        same_data = max(_jaccard(query.leaves, other.leaves), _jaccard(query.inputs, other.inputs))
        both_known = bool(query.leaves) and bool(other.leaves)
        return Signals(
            name=overlap(self._name, name, context.rarity)[0],
            text=text,
            columns=columns,
            sources=topic * leaves * min(1.0, leaf_weight / _ENOUGH),
            inputs=topic * inputs * min(1.0, input_weight / _ENOUGH),
            consumers=_jaccard(query.consumers, other.consumers),
            metrics=_jaccard(query.metrics, other.metrics),
            neighbours=neighbours,
            other_data=1.0 - same_data if both_known else 0.0,
            other_slice=max(self._slices(theirs), self._template(theirs) * (1.0 - same_data)),
        )

    def _slices(self, theirs: Profile) -> float:
        """Return 1 if the two name different slices (regions, periods, platforms), less if only one name has any."""
        found = 0.0
        mine, other = slices_of(self._query.profile, self._context), slices_of(theirs, self._context)
        for kind in _DATA_SLICES:
            left, right = mine.get(kind, frozenset()), other.get(kind, frozenset())
            if left and right and not left & right:
                return 1.0
            if kind == Slice.PLACE and bool(left) != bool(right):
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


def slices_of(profile: Profile, context: Context) -> dict[int, frozenset[int]]:
    """Return the words of a profile that restrict the data, by what they restrict it to; those of prose count in names only."""
    codes, words = context.vocabulary.slices, context.vocabulary.words
    found: dict[int, set[int]] = {}
    for number in profile.name:
        if codes[number]:
            found.setdefault(codes[number], set()).add(number)
    for number in profile.text:
        if codes[number] == Slice.PLACE and words[number] not in _PROSE:
            found.setdefault(codes[number], set()).add(number)
    return {kind: frozenset(numbers) for kind, numbers in found.items()}


_PROSE: Final = frozenset(
    {"us", "de", "es", "se", "ch", "ca", "ph", "tr", "int", "test", "live", "local", "turkey", "chad", "male"}
)
"""Words that mean something else in a sentence: they count in names only."""


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
