"""How much of one text the words of others cover, in the same concept or by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlgraph.search.similarity.text.vocabulary import Floats, Vocabulary

_WORD_COSINE: Final = (0.2, 0.8)
"""Cosines of two words between which one begins to cover the other, and covers it by `_BY_MEANING`."""
_BY_MEANING: Final = 0.9


@dataclass(frozen=True, slots=True)
class WeightedWords:
    """Words by their concepts (None: one that no asset has), their weights and their vectors."""

    concepts: tuple[int | None, ...]
    weights: Floats
    vectors: Floats


@dataclass(frozen=True, slots=True)
class NumberedWords:
    """Words of a vocabulary by number, with the weight of each and how much it can cover."""

    numbers: Sequence[int]
    weights: Sequence[float]
    factors: Sequence[float]


def coverage(text: WeightedWords, others: Sequence[NumberedWords], vocabulary: Vocabulary) -> tuple[list[float], list[float]]:
    """Return for each of `others` the share of `text` that it covers, and the share of it that `text` covers, by weight."""
    if not others or not len(text.weights):
        return [0.0] * len(others), [0.0] * len(others)
    numbers: list[int] = []
    weights: list[float] = []
    factors: list[float] = []
    starts: list[int] = []
    for other in others:
        starts.append(len(numbers))
        if other.numbers:
            numbers += other.numbers
            weights += other.weights
            factors += other.factors
        else:  # a text without words covers nothing
            numbers.append(0)
            weights.append(1e-6)
            factors.append(0.0)
    distinct, inverse = np.unique(np.array(numbers, np.int64), return_inverse=True)
    low, high = _WORD_COSINE
    similarity = np.clip((text.vectors @ vocabulary.vectors[distinct].T.astype(np.float32) - low) / (high - low), 0, _BY_MEANING)
    concepts = np.array([vocabulary.concepts[number] for number in distinct.tolist()])
    for row, concept in enumerate(text.concepts):
        if concept is not None:
            similarity[row, concepts == concept] = 1
    by_word = similarity[:, inverse] * np.array(factors, np.float32)
    best = np.maximum.reduceat(by_word, starts, axis=1)
    forward: list[float] = (text.weights @ best / text.weights.sum()).tolist()
    own = np.array(weights, np.float32)
    backward: list[float] = (np.add.reduceat(by_word.max(axis=0) * own, starts) / np.add.reduceat(own, starts)).tolist()
    return forward, backward
