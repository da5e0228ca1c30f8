"""Asset table: URIs, kinds and columns by asset number, and the order of assets in answers.

It consists of the base's arrays and, as Python objects, the assets added since the base was built.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.text.string_index import find, lower_bound
from mlgraph.graph.model.rows import Bytes, Ints, Longs
from mlgraph.ports.store import AssetRow

_PLACE_BITS: Final = 33
"""Bits of a sort key for twice an asset's number plus one."""


class AssetTable:
    """Assets by number. It only grows, so readers need no lock."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._uris: list[str] = []
        self._kinds: list[int] = []
        self._datasets: list[int] = []
        self._numbers: dict[str, int] = {}
        self._workflows: dict[int, int] = {}
        self._columns: dict[int, list[int]] = {}
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        """Return one more than the greatest number of an asset."""
        return self.base.assets + len(self._uris)

    def add(self, row: AssetRow) -> None:
        """Add an asset unless it is known. The store numbers assets from 1, in order."""
        while len(self) <= row.asset:
            self._kinds.append(0)
            self._datasets.append(0)
            self._uris.append("")
        place = row.asset - self.base.assets
        if place < 0 or self._uris[place]:
            return
        self._kinds[place], self._datasets[place] = row.kind, row.dataset
        self._uris[place] = row.uri
        self._numbers[row.uri] = row.asset
        if row.dataset:
            self._columns.setdefault(row.dataset, []).append(row.asset)

    def uri(self, asset: int) -> str:
        """Return the asset's URI."""
        place = asset - self.base.assets
        return self.base.uris[asset] if place < 0 else self._uris[place]

    def uris(self, assets: Ints) -> list[str]:
        """Return the URIs of many assets."""
        if (assets < self.base.assets).all():
            return self.base.uris.many(assets)
        return [self.uri(asset) for asset in assets.tolist()]

    def number(self, uri: str) -> int | None:
        """Return the number of the asset with that URI, or None."""
        known = self._numbers.get(uri)
        return known if known is not None else find(self.base.uris, self.base.uri_table, uri)

    def kind(self, asset: int) -> int:
        """Return the code of the asset's kind."""
        place = asset - self.base.assets
        return int(self.base.kind[asset]) if place < 0 else self._kinds[place]

    def kinds(self, assets: Ints) -> Bytes:
        """Return the codes of the kinds of many assets."""
        below = assets < self.base.assets
        if below.all():
            return self.base.kind[assets]
        found = np.empty(len(assets), np.uint8)
        found[below] = self.base.kind[assets[below]]
        found[~below] = [self._kinds[place] for place in (assets[~below] - self.base.assets).tolist()]
        return found

    def of_kind(self, kind: int) -> list[int]:
        """Return the assets of a kind."""
        known: list[int] = np.flatnonzero(self.base.kind == kind).tolist()
        return known + [self.base.assets + place for place, code in enumerate(self._kinds) if code == kind]

    def dataset_of(self, column: int) -> int:
        """Return the dataset that a column belongs to (0: none)."""
        place = column - self.base.assets
        return int(self.base.dataset[column]) if place < 0 else self._datasets[place]

    def datasets_of(self, columns: Ints) -> Ints:
        """Return the dataset of each of many columns (0: none)."""
        found = np.empty(len(columns), np.int32)
        below = columns < self.base.assets
        found[below] = self.base.dataset[columns[below]]
        found[~below] = [self._datasets[place] for place in (columns[~below] - self.base.assets).tolist()]
        return found

    def set_workflow(self, run: int, workflow: int) -> None:
        """Set the workflow that a run executes (0: none)."""
        known = int(self.base.workflow[run]) if run < len(self.base.workflow) else 0
        if workflow != known or run in self._workflows:
            self._workflows[run] = workflow

    def workflows_of(self, runs: Ints) -> Ints:
        """Return the workflow that each of many runs executes (0: none)."""
        found = np.zeros(len(runs), np.int32)
        below = runs < len(self.base.workflow)
        found[below] = self.base.workflow[runs[below]]
        changed = self._workflows
        if len(runs) < len(changed):
            places = [place for place, run in enumerate(runs.tolist()) if run in changed]
        else:
            places = np.flatnonzero(np.isin(runs, list(changed))).tolist() if changed else []
        found[places] = [changed[run] for run in runs[places].tolist()]
        return found

    def columns_of(self, dataset: int) -> list[int]:
        """Return the columns of a dataset."""
        base = self.base
        known: list[int] = []
        if dataset < base.assets and len(base.columns):
            of, places = base.dataset, range(len(base.columns))
            low = bisect_left(places, dataset, key=lambda place: of[base.columns[place]])
            high = bisect_right(places, dataset, lo=low, key=lambda place: of[base.columns[place]])
            known = base.columns[low:high].tolist()
        return known + self._columns.get(dataset, [])

    def sort(self, assets: Ints, distances: Ints) -> NDArray[np.int64]:
        """Return the positions of `assets` in order of distance, then of URI (bytewise)."""
        keys = np.empty(len(assets), np.int64)
        below = assets < self.base.assets
        keys[below] = 2 * self.base.uri_rank[assets[below]].astype(np.int64) + 1
        fresh = np.flatnonzero(~below)
        keys[fresh] = [2 * self._place(asset) for asset in assets[fresh].tolist()]
        # sorting by one combined key is three times as fast as by two
        positions = np.argsort(distances.astype(np.int64) << _PLACE_BITS | keys)
        if len(fresh) > 1:
            self._break_ties(assets, distances, keys, positions)
        return positions

    def uri_ranks(self, assets: Ints) -> Ints:
        """Return by asset number the rank of each of `assets` among them by URI (bytewise); 0 for the other assets."""
        ranks = np.zeros(len(self), np.int32)
        ranks[assets[self.sort(assets, np.zeros(len(assets), np.int32))]] = np.arange(len(assets), dtype=np.int32)
        return ranks

    def _place(self, asset: int) -> int:
        """Return how many URIs of the base precede that of a newer asset."""
        place = self._places.get(asset)
        if place is None:
            place = self._places[asset] = lower_bound(self.base.uris, self.base.uri_order, self.uri(asset))
        return place

    def _break_ties(self, assets: Ints, distances: Ints, keys: Longs, positions: NDArray[np.int64]) -> None:
        """Sort newer assets whose sort keys are equal, because no URI of the base lies between theirs."""
        same = (np.diff(keys[positions]) == 0) & (np.diff(distances[positions]) == 0) & (keys[positions[1:]] % 2 == 0)
        start = 0
        ties = np.flatnonzero(same).tolist()
        while start < len(ties):
            stop = start
            while stop + 1 < len(ties) and ties[stop + 1] == ties[stop] + 1:
                stop += 1
            low, high = ties[start], ties[stop] + 2
            group: list[int] = positions[low:high].tolist()
            positions[low:high] = sorted(group, key=lambda position: self.uri(int(assets[position])))
            start = stop + 1
