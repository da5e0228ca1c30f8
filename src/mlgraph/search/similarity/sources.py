"""The sources of compared assets: how rare each is, and which assets have the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mlgraph.search.similarity.sketches import BANDS, Hashes, bands, bands_of_rows
from mlgraph.search.similarity.text.vocabulary import rarity

_UNDER_ONE_KEY: Final = 120
"""Candidates from one source or band."""
_RARE_SOURCES: Final = 6


class ComputedSources(Protocol):
    """Sources by asset, as `mlgraph.graph.traversal.source_sets` computes them."""

    @property
    def rows(self) -> NDArray[np.int32]:
        """The row of each asset, or -1."""

    @property
    def leaves(self) -> NDArray[np.int32]:
        """The sources in the end, int32[rows, k] filled with -1."""

    @property
    def inputs(self) -> NDArray[np.int32]:
        """The direct inputs, int32[rows, k] filled with -1."""

    @property
    def watermark(self) -> int:
        """The last transaction that they include."""


class SourceIndex:
    """Sources by asset, and assets by source."""

    def __init__(self, sets: ComputedSources | None = None, assets: Collection[int] = ()) -> None:
        """Index the sources of `assets`; an asset that is its own source counts as one of unknown sources."""
        empty = np.zeros((0, 1), np.int32)
        self._rows = np.zeros(0, np.int32) if sets is None else sets.rows
        self._leaves, self._inputs = (empty, empty) if sets is None else (sets.leaves, sets.inputs)
        self.watermark = 0 if sets is None else sets.watermark
        numbers = np.fromiter(assets, np.int32)
        numbers = numbers[numbers < len(self._rows)]
        rows = self._rows[numbers]
        numbers, rows = numbers[rows >= 0], rows[rows >= 0]
        own = self._leaves[rows] == numbers[:, None]
        leaves = np.where(own, -1, self._leaves[rows])
        self.assets = len(assets)
        self._by_leaf = _Inverted(leaves, numbers)
        self._by_input = _Inverted(self._inputs[rows], numbers)
        self._band_keys, self._band_assets = _banded(leaves, numbers)

    def leaves(self, asset: int) -> frozenset[int]:
        """Return the sources that an asset is made from in the end; empty if it is a source, or none is known."""
        return self._of(self._leaves, asset) - {asset}

    def inputs(self, asset: int) -> frozenset[int]:
        """Return the data that an asset is made from directly."""
        return self._of(self._inputs, asset) - {asset}

    def _of(self, sets: NDArray[np.int32], asset: int) -> frozenset[int]:
        row = int(self._rows[asset]) if asset < len(self._rows) else -1
        return frozenset(each for each in sets[row].tolist() if each >= 0) if row >= 0 else frozenset()

    def rarity(self, source: int) -> float:
        """Return how much sharing a source tells: about 1 if one asset is made from it, 0 if all are."""
        return rarity(max(self._by_leaf.count(source), self._by_input.count(source)), self.assets)

    def knows(self, asset: int) -> bool:
        """Return whether the sources of an asset were computed."""
        return asset < len(self._rows) and int(self._rows[asset]) >= 0

    def candidates(self, leaves: frozenset[int], inputs: frozenset[int], asset: int) -> list[int]:
        """Return assets other than `asset` with these sources: each once for every source and band that it shares."""
        found: list[int] = []
        for source in sorted(leaves, key=self._by_leaf.count)[:_RARE_SOURCES]:
            found += self._by_leaf.find(source)
        for source in sorted(inputs, key=self._by_input.count)[:_RARE_SOURCES]:
            found += self._by_input.find(source)
        for band in bands(sorted(leaves)):
            low, high = np.searchsorted(self._band_keys, np.array([band, band + 1], np.uint64))
            found += self._band_assets[low : min(high, low + _UNDER_ONE_KEY)].tolist()
        return [each for each in found if each != asset]


class _Inverted:
    """Assets by source."""

    def __init__(self, sets: NDArray[np.int32], assets: NDArray[np.int32]) -> None:
        rows, columns = np.nonzero(sets >= 0)
        sources = sets[rows, columns]
        order = np.argsort(sources, kind="stable")
        self._sources, self._assets = sources[order], assets[rows[order]]

    def _range(self, source: int) -> tuple[int, int]:
        low, high = np.searchsorted(self._sources, np.array([source, source + 1], np.int32))
        return int(low), int(high)

    def count(self, source: int) -> int:
        """Return how many assets have the source."""
        low, high = self._range(source)
        return high - low

    def find(self, source: int) -> list[int]:
        """Return assets with the source, the newest first, at most `_UNDER_ONE_KEY`."""
        low, high = self._range(source)
        found: list[int] = self._assets[max(low, high - _UNDER_ONE_KEY) : high][::-1].tolist()
        return found


def _banded(sets: NDArray[np.int32], assets: NDArray[np.int32]) -> tuple[Hashes, NDArray[np.int32]]:
    """Return the keys of the bands of all sets in order, and the asset of each."""
    known = (sets >= 0).any(axis=1)
    keys = bands_of_rows(sets[known]).ravel()
    order = np.argsort(keys, kind="stable")
    return keys[order], np.repeat(assets[known], BANDS)[order]
