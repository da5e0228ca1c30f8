"""The score of a pair: a logistic combination of its signals, and the contribution of each to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple


class Signals(NamedTuple):
    """The signals of a pair. The last two speak against it."""

    name: float = 0.0
    text: float = 0.0
    columns: float = 0.0
    sources: float = 0.0
    inputs: float = 0.0
    analogues: float = 0.0
    metrics: float = 0.0
    neighbours: float = 0.0
    other_data: float = 0.0
    other_slice: float = 0.0


WEIGHTS: Final = Signals(
    name=0.2,
    text=2.89,
    columns=2.02,
    sources=3.14,
    inputs=1.25,
    analogues=3.34,
    metrics=0.5,
    neighbours=3.0,
    other_data=-3.29,
    other_slice=-3.26,
)
"""The weight of each signal, in the logarithm of the odds, fitted by benchmarks/discovery/fit.py.

Never negative for what speaks for a duplicate, never positive for what speaks against it; no signal suffices by itself.
"""
BIAS: Final = -4.18
SUGGESTED: Final = 0.93
"""The least score of a suggestion, chosen on labelled sets so that at most 1 in 200 assets without a duplicate gets one."""
LISTED: Final = 0.05
"""The least score of a hit of a query."""

PRIOR: Final = "prior"


class Contribution(NamedTuple):
    """The part of a score that one signal makes up, and the value of the signal."""

    signal: str
    contribution: float
    value: float


def log_odds(signals: Signals, weights: Sequence[float] = WEIGHTS, bias: float = BIAS) -> float:
    """Return the logarithm of the odds that the pair are duplicates."""
    return bias + sum(weight * value for weight, value in zip(weights, signals, strict=True))


def score(signals: Signals) -> float:
    """Return the score of a pair, between 0 and 1."""
    return logistic(log_odds(signals))


def logistic(value: float) -> float:
    """Return 1 / (1 + exp(-value)) without overflow."""
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def contributions(signals: Sequence[float], names: Sequence[str], weights: Sequence[float], bias: float) -> list[Contribution]:
    """Return what each signal contributes to the score, most first; together with the prior they add up to it.

    The score is a logistic function of a sum, so that its integrated gradients from no signal at all (Sundararajan, Taly and Yan
    2017) divide what it exceeds the prior by in proportion to the terms of the sum.
    """
    terms = [weight * value for weight, value in zip(weights, signals, strict=True)]
    total = sum(terms)
    prior = logistic(bias)
    slope = (logistic(bias + total) - prior) / total if abs(total) > 1e-12 else prior * (1 - prior)
    listed = [
        Contribution(name, term * slope, value) for name, term, value in zip(names, terms, signals, strict=True) if value != 0
    ]
    listed.sort(key=lambda each: (-each.contribution, each.signal))
    return [*listed, Contribution(PRIOR, prior, 1.0)]


def of_pair(signals: Signals) -> list[Contribution]:
    """Return the contributions to the score of a pair."""
    return contributions(signals, Signals._fields, WEIGHTS, BIAS)
