"""Plans to build something, as people write them in a sentence or two, without names of assets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.discovery import vocabulary
from benchmarks.discovery.vocabulary import Topic, stems

_OPENINGS: Final = {
    "dataset": ("I plan to build a table with the following content: {}.", "We need a dataset that answers this: {}."),
    "feature_view": (
        "I plan to build features for our models that describe this: {}.",
        "We need a feature group about this: {}.",
    ),
    "feature": ("I plan to build a feature that expresses this: {}.", "We need one number for each entity: {}."),
    "model": ("I plan to train a model for this purpose: {}.", "We want to predict the following: {}."),
}
_CONTEXTS: Final = (
    "It is meant for {line}.",
    "The first users will be the colleagues of {line}, by the end of the quarter.",
    "{line} asked for it; we have a budget of two months.",
    "We would run it once a day for {line} and show the results on a dashboard.",
)
_ENDINGS: Final = (
    "",
    "Does anybody have something like this already?",
    "Three people would work on it.",
    "It should be ready in spring.",
)


@dataclass(frozen=True, slots=True)
class Brief:
    """A plan, and every asset that is a right answer to it."""

    text: str
    answers: frozenset[str]
    topic: str
    half: int


def requests_without(topic: Topic, names: Sequence[str], wording: int) -> list[str]:
    """Return what people ask about a topic, worded so that no word occurs in `names` (by stems, without stop words).

    `wording`: how the line of business is named, as in descriptions by team 0 or 1, or in words of those who ask (2).
    """
    taken = stems(names)
    worded = [topic.worded(request, wording) for request in (*topic.concept.requests, topic.concept.texts[2])]
    return [text for text in worded if not stems([text]) & taken]


def brief_for(rng: random.Random, topic: Topic, kind: str, names: Sequence[str], answers: frozenset[str]) -> Brief:
    """Return a plan for a topic that uses no word of `names`. Raises `ValueError` if the vocabulary has no such wording."""
    wording = rng.choice((0, 2))
    wordings = requests_without(topic, names, wording) or requests_without(topic, names, 2)
    if not wordings:
        raise ValueError(f"every request for {topic.key} uses a word of {names}")
    taken = stems(names)
    contexts = [
        text for text in (each.format(line=topic.line.phrases[wording]) for each in _CONTEXTS) if not stems([text]) & taken
    ]
    openings = [text for text in _OPENINGS[kind] if not stems([text.format("")]) & taken]
    parts = [rng.choice(openings or ["{}."]).format(rng.choice(wordings))]
    if contexts:
        context = rng.choice(contexts)
        parts.append(context[:1].upper() + context[1:])
    endings = [text for text in _ENDINGS if not stems([text]) & taken]
    return Brief(" ".join([*parts, rng.choice(endings)]).strip(), answers, topic.key, topic.concept.half)


def absent_briefs(rng: random.Random) -> list[str]:
    """Return plans for what no catalogue contains, in the same form as the others."""
    return [f"{text}. {rng.choice(_ENDINGS)}".strip() for text in vocabulary.absent_briefs()]
