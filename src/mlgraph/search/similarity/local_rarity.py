"""How much words and columns tell among the assets that come from the same data.

All that one line of business makes from its raw tables speaks of the same people and things: of riders and rides. Such words are
rare in the whole catalogue, and there they tell much; among the candidates with the same sources they tell nothing of the topic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mlgraph.search.similarity.profiles import Profile
from mlgraph.search.similarity.text.slices import Slice
from mlgraph.search.similarity.text.vocabulary import Vocabulary, rarity

LEAST_ASSETS: Final = 5
"""Assets from which on their common words are known."""
MOST_ASSETS: Final = 80
"""Assets that are looked at: as a sample, these are enough."""
_SAME: Final = (0.35, 0.75)
"""Cosines of two words between which one begins to count as the other, and counts in full."""


@dataclass(frozen=True, slots=True)
class LocalRarity:
    """Factors between 0 and 1; 1 for what is not listed."""

    words: Mapping[int, float] = field(default_factory=dict)
    concepts: Mapping[int, float] = field(default_factory=dict)
    columns: Mapping[int, float] = field(default_factory=dict)


def local_rarity(assets: Sequence[Profile], all_assets: Sequence[Profile], vocabulary: Vocabulary) -> LocalRarity:
    """Return how much each word, concept and column of `all_assets` tells among `assets`.

    Copies of one asset, and assets from one template, count once. A word counts as those of much the same meaning.
    """
    counted = list({_template_key(each, vocabulary): each for each in reversed(assets)}.values())[-MOST_ASSETS:]
    if len(counted) < LEAST_ASSETS:
        return LocalRarity()
    size, concepts = vocabulary.embedded_words, vocabulary.concepts
    known = sorted({n for each in all_assets for n in (*each.name, *each.text) if n < size and concepts[n] >= 0})
    place = {number: row for row, number in enumerate(known)}
    counts = np.zeros(len(known), np.float32)
    by_concept: Counter[int] = Counter()
    columns: Counter[int] = Counter()
    members: list[int] = []
    starts: list[int] = []
    for each in counted:
        rows = [place[n] for n in dict.fromkeys((*each.name, *each.text)) if n in place]
        if rows:
            starts.append(len(members))
            members += rows
        by_concept.update(vocabulary.concepts_of((*each.name, *each.text)))
        columns.update(set(each.columns))
    if members:
        vectors = vocabulary.vectors[known].astype(np.float32)
        distinct, inverse = np.unique(np.array(members), return_inverse=True)
        low, high = _SAME
        alike = np.clip((vectors @ vectors[distinct].T - low) / (high - low), 0, 1)
        counts = np.maximum.reduceat(alike[:, inverse], starts, axis=1).sum(axis=1)
    total = len(counted)
    words = {
        number: rarity_among(max(count, by_concept[concepts[number]]), total)
        for number, count in zip(known, counts.tolist(), strict=True)
    }
    return LocalRarity(
        words,
        {concept: rarity_among(count, total) for concept, count in by_concept.items()},
        {column: rarity_among(count, total) for column, count in columns.items()},
    )


def rarity_among(count: float, total: int) -> float:
    """Return 1 - log(count) / log(total), with two assets (a pair of duplicates) counted as one."""
    return rarity(max(1.0, count - 1.0), total)


def _template_key(profile: Profile, vocabulary: Vocabulary) -> int:
    """Return what copies of an asset and assets of one template have in common."""
    text = frozenset(number for number in profile.text if vocabulary.slices[number] == Slice.NONE)
    return hash(text) if len(text) > 1 else profile.identity
