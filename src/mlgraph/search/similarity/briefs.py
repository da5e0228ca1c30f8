"""Briefs and plans: passages of a text, and how much of each an asset already is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from mlgraph.search.similarity.scoring import Contribution, contributions, logistic
from mlgraph.search.similarity.signals import Context, Subject, scaled, vectors_of
from mlgraph.search.similarity.vocabulary import Floats
from mlgraph.search.similarity.words import is_meaningful, split

PASSAGE_WORDS: Final = 120
"""Words of a passage: about a paragraph."""
LEAST_WORDS: Final = 3
"""Meaningful words below which a passage says nothing that can be compared."""
_UNKNOWN_RARITY: Final = 0.5
"""Weight of a word that no asset has: often what makes the plan new, as often the language of plans."""
_COSINE: Final = (0.15, 0.75)
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？])\s+|\n+")


class BriefSignals(NamedTuple):
    """In what a text and an asset agree, each between 0 and 1."""

    described: float = 0.0
    """The share of the asset's description of which the text speaks, by rarity."""
    covered: float = 0.0
    """The share of the text that the asset's description and columns cover, by rarity."""
    meaning: float = 0.0
    """The cosine of both, by static word vectors."""


WEIGHTS: Final = BriefSignals(described=4.0, covered=5.0, meaning=4.0)
"""Fitted by benchmarks/discovery/fit.py."""
BIAS: Final = -5.0
LISTED: Final = 0.5
"""The least score of a hit of a text: below, there is nothing like it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as the catalogue knows its words."""

    text: str
    concepts: frozenset[int]
    unknown: int
    """Meaningful words that no asset has."""
    vector: Floats


def passages(text: str) -> list[str]:
    """Return a text in passages of about `PASSAGE_WORDS` words, cut between sentences where there are any."""
    found: list[str] = []
    waiting: list[str] = []
    size = 0
    for sentence in _pieces(text):
        length = sentence.count(" ") + 1
        if waiting and size + length > PASSAGE_WORDS:
            found.append(" ".join(waiting))
            waiting, size = [], 0
        waiting.append(sentence)
        size += length
    if waiting:
        found.append(" ".join(waiting))
    return list(dict.fromkeys(found))


def _pieces(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text):
        words = sentence.split()
        for place in range(0, len(words), PASSAGE_WORDS):
            yield " ".join(words[place : place + PASSAGE_WORDS])


def read_passages(texts: Sequence[str], context: Context) -> list[Passage]:
    """Return those passages that have enough meaningful words."""
    vocabulary = context.vocabulary
    kept: list[tuple[str, dict[str, int | None]]] = []
    for text in texts:
        words = {word: vocabulary.concept_of(word) for word in dict.fromkeys(split(text)) if is_meaningful(word)}
        if len(words) >= LEAST_WORDS:
            kept.append((text, words))
    distinct = list(dict.fromkeys(word for _, words in kept for word in words))
    if not distinct:
        return []
    place = {word: number for number, word in enumerate(distinct)}
    vectors = vocabulary.embedded(distinct)
    found = []
    for text, words in kept:
        known = [0.1 + (_UNKNOWN_RARITY if concept is None else context.rarities[concept]) for concept in words.values()]
        weights = np.array(known, np.float32)
        mean = (weights @ vectors[[place[word] for word in words]]) / weights.sum()
        centred: Floats = mean if context.mean is None else mean - context.mean
        vector = centred / max(float(np.linalg.norm(centred)), 1e-6)
        concepts = frozenset(concept for concept in words.values() if concept is not None)
        found.append(Passage(text, concepts, sum(concept is None for concept in words.values()), vector))
    return found


def brief_signals(passage: Passage, subjects: Sequence[Subject], context: Context) -> list[BriefSignals]:
    """Return the signals between a passage and each of `subjects`."""
    if not subjects:
        return []
    cosines: list[float] = (vectors_of([each.profile for each in subjects], context) @ passage.vector).tolist()
    total = sum(map(context.rarities.__getitem__, passage.concepts)) + passage.unknown * _UNKNOWN_RARITY
    found = []
    for subject, cosine in zip(subjects, cosines, strict=True):
        profile = subject.profile
        described = context.concepts((*profile.name, *profile.text))
        columns = frozenset(concept for column in profile.columns for concept in context.columns.concepts[column])
        own = sum(map(context.rarities.__getitem__, described))
        shared = sum(map(context.rarities.__getitem__, described & passage.concepts))
        covered = sum(map(context.rarities.__getitem__, (described | columns) & passage.concepts))
        found.append(
            BriefSignals(
                shared / own if own > 0 else 0.0,
                covered / total if total > 0 else 0.0,
                scaled(cosine, *_COSINE),
            )
        )
    return found


def brief_score(signals: BriefSignals) -> float:
    """Return how likely it is that an asset already is what a passage describes."""
    return logistic(BIAS + sum(weight * value for weight, value in zip(WEIGHTS, signals, strict=True)))


def of_brief(signals: BriefSignals) -> list[Contribution]:
    """Return the contributions to the score of an asset for a passage."""
    return contributions(signals, BriefSignals._fields, WEIGHTS, BIAS)
