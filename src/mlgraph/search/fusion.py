"""Order of hits: reciprocal rank fusion of lists, then a prior that moves a hit by a few ranks at most."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from math import inf
from operator import itemgetter
from typing import Any, Final, TypeVar

from mlgraph.search.prior import MAX_PRIOR

_Item = TypeVar("_Item")
RANK_CONSTANT: Final = 60
"""The k of reciprocal rank fusion (Cormack, Clarke, Buettcher, SIGIR 2009)."""
_EQUAL: Final = 1e-5
"""Relative difference of scores that are equal: sums of floats in another order."""
MOST_RANKS: Final = 3
"""Ranks by which the prior moves a hit at most, up or down."""


def fuse(lists: Sequence[Iterable[tuple[int, float]]], weights: Sequence[float] | None = None) -> dict[int, float]:
    """Return the score of each asset: the sum over lists of weight / (k + rank), ranks from 1.

    A list has (asset, score) by descending score. Equal scores have the same rank: what a list cannot tell apart, others do.
    """
    scores: dict[int, float] = {}
    for weight, ranked in zip(weights or [1.0] * len(lists), lists, strict=True):
        rank, last = 0, inf
        for place, (asset, score) in enumerate(ranked, 1):
            if score < last * (1 - _EQUAL):
                rank, last = place, score
            scores[asset] = scores.get(asset, 0.0) + weight / (RANK_CONSTANT + rank)
    return scores


def with_prior(ranked: Sequence[int], priors: Mapping[int, int], uri: Callable[[int], str]) -> list[int]:
    """Return `ranked` with each hit moved by its prior, `MOST_RANKS` at most; ties are broken by prior, then by URI.

    A hit at rank r with prior p is placed at r - m p / 255, m = `MOST_RANKS`: at equal priors the order stays, and a hit
    overtakes another only if that was less than m ranks before it and has a smaller prior. No hit moves by more than m.
    """
    place = {asset: rank - MOST_RANKS * priors.get(asset, 0) / MAX_PRIOR for rank, asset in enumerate(ranked)}
    return ordered(ranked, lambda asset: (place[asset], -priors.get(asset, 0)), uri)


def ordered(items: Iterable[_Item], key: Callable[[_Item], Any], uri: Callable[[_Item], str]) -> list[_Item]:
    """Return `items` by `key`, those of equal keys by URI; URIs, which cost more than keys, are read only for those."""
    found: list[_Item] = []
    for _, group in groupby(sorted((key(item), place, item) for place, item in enumerate(items)), itemgetter(0)):
        equal = [item for _, _, item in group]
        found += sorted(equal, key=uri) if len(equal) > 1 else equal
    return found


def successors_first(ranked: Sequence[int], successors: Mapping[int, int]) -> list[int]:
    """Return `ranked` with each deprecated asset directly behind its successor, if it was before it.

    `successors` are the successors of deprecated assets. Of a circle of successors, the first in `ranked` stays first.
    """
    behind: dict[int, list[int]] = {}
    places = {asset: place for place, asset in enumerate(ranked)}
    moved: set[int] = set()
    for asset in ranked:
        successor = successors.get(asset)
        if successor in places and places[successor] > places[asset] and not _leads_to(successor, asset, successors):
            behind.setdefault(successor, []).append(asset)
            moved.add(asset)
    listed: list[int] = []
    pending = [asset for asset in reversed(ranked) if asset not in moved]
    while pending:
        asset = pending.pop()
        listed.append(asset)
        pending += reversed(behind.get(asset, ()))
    return listed


def _leads_to(asset: int, other: int, successors: Mapping[int, int]) -> bool:
    """Return whether the successors of `asset` lead to `other`."""
    seen: set[int] = set()
    while asset in successors and asset not in seen:
        seen.add(asset)
        asset = successors[asset]
        if asset == other:
            return True
    return False
