"""Briefs and plans: passages of a text, and how much of each an asset already is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from mlgraph.search.similarity.scoring import Contribution, contributions, logistic
from mlgraph.search.similarity.signals import scaled, vectors_of
from mlgraph.search.similarity.subjects import Context, Subject
from mlgraph.search.similarity.text.coverage import NumberedWords, WeightedWords, coverage
from mlgraph.search.similarity.text.slices import Slice
from mlgraph.search.similarity.text.vocabulary import Floats
from mlgraph.search.similarity.text.words import is_meaningful, listed, split, stem

PASSAGE_WORDS: Final = 120
"""Words of a passage: about a paragraph."""
LEAST_WORDS: Final = 2
"""Meaningful words below which a passage says nothing that can be compared."""
_UNKNOWN_RARITY: Final = 0.6
"""Weight of a word that no asset has: often what makes the plan new, as often the language of plans."""
_LEAST_DESCRIBED: Final = 5
"""Words of a description from which on equal ones are copies."""
_SAME_TEXT: Final = 0.7
"""Share of equal words from which on the descriptions of assets with equal names are copies of one."""
_ENOUGH: Final = 2.0
"""The sum of rarities from which on a description counts in full: of a name of one word, any text with that word says all."""
_BASE: Final = 0.1
_COSINE: Final = (0.15, 0.75)
_BY_COLUMN: Final = 0.5
"""How much a word of a column's name covers, in comparison with one of a name or description."""
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_OF_PLANS: Final = frozenset(
    map(
        stem,
        listed(
            """
            plan project quarter budget month week year people person colleague dashboard ready spring summer autumn winter
            deadline meeting goal user first once result anybody anyone somebody anything something everything exist stakeholder
            sprint roadmap milestone work share ask approve begin soon purpose following answer describe express mean end run
            day one two three four five six already else other entity table dataset data feature group model predict train thing
            number pipeline team proposal brief document section chapter introduction background scope timeline phase risk
            """
        ),
    )
)
"""Words of every plan, which say nothing about what it is for."""


class BriefSignals(NamedTuple):
    """In what a text and an asset agree, each between 0 and 1."""

    covered: float = 0.0
    """The share of the text's words that words of the asset cover, in the same concept or by meaning, by rarity."""
    described: float = 0.0
    """The share of the asset's description of which the text speaks, by rarity."""
    meaning: float = 0.0
    """The cosine of both, by static word vectors."""


WEIGHTS: Final = BriefSignals(covered=9.0, described=3.0, meaning=3.0)
"""Weights fitted to one half of labelled plans give no more right answers on the other half than these."""
BIAS: Final = -6.0
"""Chosen on one half, with the candidates of a server: one in twenty-five plans for what does not exist had a hit."""
LISTED: Final = 0.5
"""The least score of a hit of a text: below, there is nothing like it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage as the catalogue knows its words. `vector`: the mean of theirs, of length 1."""

    text: str
    words: WeightedWords
    vector: Floats

    def known(self) -> frozenset[int]:
        """Return the concepts that assets have."""
        return frozenset(each for each in self.words.concepts if each is not None)


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
    """Return those passages that have enough meaningful words, without words of every plan."""
    vocabulary = context.vocabulary
    readable: list[tuple[str, dict[str, int | None]]] = []
    for text in texts:
        meaningful = [word for word in dict.fromkeys(split(text)) if is_meaningful(word)]
        words = {word: vocabulary.concept_of(word) for word in meaningful if stem(word) not in _OF_PLANS}
        if len(words) >= LEAST_WORDS:
            readable.append((text, words))
    distinct = list(dict.fromkeys(word for _, words in readable for word in words))
    if not distinct:
        return []
    place = {word: number for number, word in enumerate(distinct)}
    embedded = vocabulary.embedded(distinct)
    found = []
    for text, words in readable:
        rarities = [_UNKNOWN_RARITY if concept is None else context.rarities[concept] for concept in words.values()]
        weights = np.array(rarities, np.float32) + _BASE
        vectors = embedded[[place[word] for word in words]]
        mean: Floats = weights @ vectors / weights.sum()
        if context.mean is not None:
            mean = mean - context.mean
        vector = mean / max(float(np.linalg.norm(mean)), 1e-6)
        found.append(Passage(text, WeightedWords(tuple(words.values()), weights, vectors), vector))
    return found


def brief_signals(passage: Passage, subjects: Sequence[Subject], context: Context) -> list[BriefSignals]:
    """Return the signals between a passage and each of `subjects`."""
    if not subjects:
        return []
    cosines: list[float] = (vectors_of([each.profile for each in subjects], context) @ passage.vector).tolist()
    shares, _ = coverage(passage.words, [_compared_words(each, context) for each in subjects], context.vocabulary)
    known = passage.known()
    found = []
    for subject, cosine, covered in zip(subjects, cosines, shares, strict=True):
        described = context.concepts((*subject.profile.name, *subject.profile.text))
        own = sum(map(context.rarities.__getitem__, described))
        shared = sum(map(context.rarities.__getitem__, described & known))
        found.append(BriefSignals(covered, shared / max(own, _ENOUGH), scaled(cosine, *_COSINE)))
    return found


def _compared_words(subject: Subject, context: Context) -> NumberedWords:
    """Return the words of an asset with how much each can cover."""
    concepts, size = context.vocabulary.concepts, context.vocabulary.embedded_words
    profile = subject.profile
    found = dict.fromkeys((word for column in profile.columns for word in context.columns.words[column]), _BY_COLUMN)
    found.update(dict.fromkeys((*profile.name, *profile.text), 1.0))
    numbers = [number for number in found if number < size and concepts[number] >= 0]
    return NumberedWords(numbers, [1.0] * len(numbers), [found[number] for number in numbers])


def groups_of_copies(subjects: Iterable[Subject], context: Context) -> list[list[int]]:
    """Return assets in groups of copies, groups and copies in the order of `subjects`.

    Copies have the same description, or the same name but for environment, version and slice (`sales_eu`, `sales_us`) with much
    the same description. To a plan they are one thing.
    """
    groups: list[list[int]] = []
    by_key: dict[tuple[object, ...], list[tuple[frozenset[int], list[int]]]] = {}
    for subject in subjects:
        profile = subject.profile
        text = frozenset(profile.text)
        keys: list[tuple[object, ...]] = [("identity", profile.identity), ("name", profile.kind, _bare_name(subject, context))]
        if len(profile.text) >= _LEAST_DESCRIBED:
            keys.append(("text", profile.kind, profile.text))
        found = next(
            (group for key in keys for other, group in by_key.get(key, ()) if key[0] != "name" or _alike(text, other)), None
        )
        if found is None:
            found = []
            groups.append(found)
        found.append(subject.asset)
        for key in keys:
            by_key.setdefault(key, []).append((text, found))
    return groups


def _bare_name(subject: Subject, context: Context) -> frozenset[int]:
    """Return the concepts of a name without the words that restrict it to a slice of data, an environment or a version."""
    slices = context.vocabulary.slices
    return context.concepts(number for number in subject.profile.name if slices[number] == Slice.NONE)


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    return bool(one and other) and len(one & other) >= _SAME_TEXT * min(len(one), len(other))


def brief_score(signals: BriefSignals) -> float:
    """Return how likely it is that an asset already is what a passage describes."""
    return logistic(BIAS + sum(weight * value for weight, value in zip(WEIGHTS, signals, strict=True)))


def of_brief(signals: BriefSignals) -> list[Contribution]:
    """Return the contributions to the score of an asset for a passage."""
    return contributions(signals, BriefSignals._fields, WEIGHTS, BIAS)
