"""Analogues: assets of the same topic made from other data, through which differently worded assets are compared.

Two teams name one thing in words that have nothing in common, and word vectors do not bridge that. Elsewhere in the catalogue
the same topic often exists for another line of business, and some of these assets have words or columns of both. If the asset is
like one that is made from other data, and that one is like a candidate, then the candidate is about the same topic. This is the
expansion of a query by the documents that it finds (Rocchio 1971), limited to what cannot be a duplicate itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mlgraph.search.similarity.local_rarity import LocalRarity
from mlgraph.search.similarity.profiles import Profile
from mlgraph.search.similarity.subjects import Context, Subject
from mlgraph.search.similarity.text.vocabulary import Floats, rarity

MOST: Final = 24
"""Analogues of one asset."""
_AGREED: Final = 3
"""Analogues whose agreement counts beside that of the best one."""
_BEST: Final = 0.6
_TWO_STEPS: Final = 0.9
"""How much of an agreement is left through an analogue of an analogue."""
_LOCAL_FLOOR: Final = 0.05
_AGREEMENT: Final = (0.02, 0.25)
"""Products of two cosines between which a candidate begins to be about the same topic, and is in full."""


def analogue_agreement(query: Subject, others: Sequence[Subject], context: Context, local: LocalRarity) -> list[float]:
    """Return for each of `others` how much it is like analogues of `query`: 0 for those without a source in common.

    Analogues are those of `others` that have no source in common with `query`.
    """
    beside = [number for number, other in enumerate(others) if query.leaves & other.leaves]
    elsewhere = [number for number, other in enumerate(others) if not query.leaves & other.leaves]
    found = [0.0] * len(others)
    if not beside or not elsewhere:
        return found
    mine, *rows = _vectors([query.profile, *(other.profile for other in others)], context, local)
    matrix = np.array(rows)
    near = matrix[elsewhere] @ mine
    chosen = np.argsort(-near, kind="stable")[:MOST]
    analogues, near = matrix[elsewhere][chosen], near[chosen]
    between = analogues @ analogues.T
    np.fill_diagonal(between, 0.0)
    reached = np.maximum(near, (near[:, None] * between).max(axis=0))
    alike = analogues @ matrix[beside].T
    through = np.sort(alike * near[:, None], axis=0)[-_AGREED:]
    direct = _BEST * through[-1] + (1 - _BEST) * through.mean(axis=0)
    agreed = np.maximum(direct, _TWO_STEPS * (alike * reached[:, None]).max(axis=0))
    low, high = _AGREEMENT
    for number, value in zip(beside, np.clip((agreed - low) / (high - low), 0, 1).tolist(), strict=True):
        found[number] = value
    return found


def _vectors(profiles: Sequence[Profile], context: Context, local: LocalRarity) -> Floats:
    """Return the concepts and columns of each profile as a vector of length 1, weighted by the square of their rarity."""
    frequencies, tables = context.columns.frequencies, context.assets_with_columns
    places: dict[int, int] = {}
    weights: list[float] = []
    rows: list[int] = []
    columns: list[int] = []
    for row, profile in enumerate(profiles):
        for concept in context.vocabulary.concepts_of((*profile.name, *profile.text)):
            place = places.setdefault(concept, len(weights))
            if place == len(weights):
                weights.append(context.rarities[concept] ** 2 * (_LOCAL_FLOOR + local.concepts.get(concept, 1.0)))
            rows.append(row)
            columns.append(place)
        for column in profile.columns:
            place = places.setdefault(~column, len(weights))
            if place == len(weights):
                rare = rarity(frequencies[column], tables)
                weights.append(rare**2 * (_LOCAL_FLOOR + local.columns.get(column, 1.0)))
            rows.append(row)
            columns.append(place)
    found = np.zeros((len(profiles), max(1, len(weights))), np.float32)
    if rows:
        found[rows, columns] = np.array(weights, np.float32)[columns]
    lengths: Floats = np.linalg.norm(found, axis=1, keepdims=True)
    return np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
