"""Agreement of two lists of columns by what their names mean, weighted by rarity (`id` and `date` weigh little)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from mlgraph.search.similarity.profiles import ColumnTable, Profile
from mlgraph.search.similarity.text.vocabulary import Floats, Vocabulary, rarity

MATCH: Final = 0.5
"""The least similarity of two columns that counts as a match."""
_COSINE: Final = (0.45, 0.95)
"""Cosines of names that differ and of those that mean the same; words of prose, not of schemas, set this range."""
_OTHER_TYPE: Final = 0.6
"""Factor for columns whose types differ."""
_LEAST_WEIGHT: Final = 0.03
_LOCAL_FLOOR: Final = 0.01
"""The weight of a column that all assets from the same sources have."""


class ColumnMatch(NamedTuple):
    """A column of one asset with its best match in another."""

    mine: int
    theirs: int
    similarity: float


def column_agreement(
    query: Profile, others: Sequence[Profile], table: ColumnTable, assets: int, local: Mapping[int, float] | None = None
) -> list[float]:
    """Return for each of `others` the share of columns that match, by weight: the mean of the shares of both sides.

    `local`: factors of the weights of columns by `local_rarity`.
    """
    if not query.columns or not any(other.columns for other in others):
        return [0.0] * len(others)
    factors = local or {}
    distinct = sorted({column for other in others for column in other.columns})
    place = {column: number for number, column in enumerate(distinct)}
    similarity = _similarities(query.columns, distinct, table, assets)
    mine_weight, their_weight = (
        np.array([_weight(column, table, assets) * factors.get(column, 1.0) + _LOCAL_FLOOR for column in columns], np.float32)
        for columns in (query.columns, distinct)
    )
    mine_types = np.frombuffer(query.types, np.uint8)
    found = []
    for other in others:
        if not other.columns:
            found.append(0.0)
            continue
        places = [place[column] for column in other.columns]
        matrix = _typed(similarity[:, places], mine_types, np.frombuffer(other.types, np.uint8))
        weight = their_weight[places]
        one = float(mine_weight @ matrix.max(axis=1)) / float(mine_weight.sum())
        two = float(weight @ matrix.max(axis=0)) / float(weight.sum())
        rare = min(1.0, float(mine_weight @ matrix.max(axis=1)) / _ENOUGH)
        found.append((one + two) / 2 * rare)
    return found


_ENOUGH: Final = 1.0
"""The sum of weights of matched columns from which on they count in full: two tables may share an id and a date, two features
their entity."""


def matches(query: Profile, other: Profile, table: ColumnTable, assets: int) -> list[ColumnMatch]:
    """Return the columns of `query` that have a match in `other`, each with its best one."""
    if not query.columns or not other.columns:
        return []
    matrix = _typed(
        _similarities(query.columns, list(other.columns), table, assets),
        np.frombuffer(query.types, np.uint8),
        np.frombuffer(other.types, np.uint8),
    )
    best = matrix.argmax(axis=1)
    return [
        ColumnMatch(query.columns[row], other.columns[column], float(matrix[row, column]))
        for row, column in enumerate(best.tolist())
        if matrix[row, column] > 0
    ]


def _typed(similarity: Floats, mine: np.ndarray, theirs: np.ndarray) -> Floats:
    """Return the similarities of matches: lower where types differ, 0 below `MATCH`."""
    differ = (mine[:, None] != theirs[None, :]) & (mine[:, None] > 0) & (theirs[None, :] > 0)
    typed = np.where(differ, similarity * _OTHER_TYPE, similarity)
    found: Floats = np.where(typed >= MATCH, typed, 0).astype(np.float32)
    return found


def _weight(column: int, table: ColumnTable, assets: int) -> float:
    return max(_LEAST_WEIGHT, rarity(table.frequencies[column], assets))


def _similarities(one: Sequence[int], other: Sequence[int], table: ColumnTable, assets: int) -> Floats:
    """Return the similarity of each column of `one` with each of `other`: of shared concepts, or of the meaning of words."""
    concepts = sorted({concept for column in one for concept in table.concepts[column]})
    place = {concept: number for number, concept in enumerate(concepts)}
    weights = np.array([0.05 + table.vocabulary.rarity(concept, assets) for concept in concepts], np.float32)
    mine, my_total = _incidence(one, place, table, assets)
    theirs, their_total = _incidence(other, place, table, assets)
    shared = (mine * weights) @ theirs.T
    dice = 2 * shared / np.maximum(my_total[:, None] + their_total[None, :], 1e-6)
    low, high = _COSINE
    meaning = (_vectors(one, table) @ _vectors(other, table).T - low) / (high - low)
    found: Floats = np.maximum(dice, np.clip(meaning, 0, 0.9)).astype(np.float32)
    return found


def _incidence(columns: Sequence[int], place: dict[int, int], table: ColumnTable, assets: int) -> tuple[Floats, Floats]:
    found = np.zeros((len(columns), max(1, len(place))), np.float32)[:, : len(place)]
    totals = np.zeros(len(columns), np.float32)
    vocabulary: Vocabulary = table.vocabulary
    for row, column in enumerate(columns):
        for concept in table.concepts[column]:
            totals[row] += 0.05 + vocabulary.rarity(concept, assets)
            if concept in place:
                found[row, place[concept]] = 1
    return found, totals


def _vectors(columns: Sequence[int], table: ColumnTable) -> Floats:
    """Return the mean vector of the words of each column, of length 1."""
    vectors = table.vocabulary.vectors
    found = np.zeros((len(columns), vectors.shape[1]), np.float32)
    for row, column in enumerate(columns):
        words = table.words[column]
        if words:
            found[row] = vectors[list(words)].astype(np.float32).mean(axis=0)
    lengths: Floats = np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
    return found / lengths
