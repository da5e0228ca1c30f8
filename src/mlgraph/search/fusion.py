"""Order of hits: reciprocal rank fusion of lists, then a prior that moves a hit by a few ranks at most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

RANK_CONSTANT: Final = 60
"""The k of reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009)."""
MOST_RANKS: Final = 3
"""Ranks by which the prior moves a hit at most, up or down."""
MAX_PRIOR: Final = 255


def fuse(lists: Sequence[Iterable[int]], weights: Sequence[float] | None = None) -> dict[int, float]:
    """Return the score of each asset: the sum over lists of weight / (k + rank), ranks from 1."""
    scores: dict[int, float] = {}
    for weight, ranked in zip(weights or [1.0] * len(lists), lists, strict=True):
        for rank, asset in enumerate(ranked, 1):
            scores[asset] = scores.get(asset, 0.0) + weight / (RANK_CONSTANT + rank)
    return scores


def with_prior(ranked: Sequence[int], priors: Mapping[int, int], uri: Callable[[int], str]) -> list[int]:
    """Return `ranked` with each hit moved by its prior, `MOST_RANKS` at most; ties are broken by prior, then by URI.

    A hit at rank r with prior p is placed at r - 2 m p / 255, m = `MOST_RANKS`: of two hits, the one with the greater prior
    overtakes the other only if that was at most 2 m ranks before it; relative to a hit of middle prior each moves by m.
    """
    place = {asset: rank - 2 * MOST_RANKS * priors.get(asset, 0) / MAX_PRIOR for rank, asset in enumerate(ranked)}
    return sorted(ranked, key=lambda asset: (place[asset], -priors.get(asset, 0), uri(asset)))
