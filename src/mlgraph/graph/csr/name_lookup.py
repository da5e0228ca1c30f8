"""Lookup of assets by name: by the name in the URI, by its last parts, and by the name that the tool reports.

The assets of the base are found in its orders; those that are newer, and names that changed since, in a dictionary that is
brought up to date at each lookup.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple
from urllib.parse import quote

import numpy as np

from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.text import name_orders
from mlgraph.graph.csr.text.edit_distance import FAR, distances
from mlgraph.graph.csr.text.string_index import Strings
from mlgraph.graph.csr.text.text_arena import Pieces, escaped
from mlgraph.graph.model.rows import COLUMN, Bools, Bytes, Ints

_BEFORE_NAME: Final = b"/"
_BEFORE_PART: Final = tuple(quote(separator, safe="").encode() for separator in "./:#")
"""What stands before the last parts of a name in a URI."""


class NameMatch(IntEnum):
    """How a name fits an asset, the most exact first; `OTHER_CASE` is added where upper and lower case differ."""

    NAME = 0
    """It is the name in the URI, or the name that the tool reports."""
    LAST_PART = 1
    """It is what follows a dot, slash, colon or `#` in the name in the URI."""
    FIELD = 2
    """The same, of a column: many datasets have columns of one name."""
    OTHER_CASE = 3


class NamedAssets(NamedTuple):
    """Assets that a name fits, some more than once, each with the `NameMatch`."""

    assets: Ints
    match: Bytes


class NameLookup:
    """Finds the assets of one index by name. Thread-safe."""

    def __init__(self, asset_index: AssetIndex) -> None:
        """Start at the base of `asset_index`."""
        self.asset_index = asset_index
        self._base = asset_index.base
        self._by_end: dict[bytes, list[int]] = defaultdict(list)
        """Newer assets by the folded ends of their URIs, from a separator on."""
        self._by_name: dict[bytes, list[int]] = defaultdict(list)
        """Assets by the folded names that tools reported since the base was built; these may have changed again."""
        self._assets = self._base.assets
        self._renamed = 0
        self._lock = threading.Lock()

    def find(self, name: str) -> NamedAssets:
        """Return the assets that `name` fits. Case counts for ASCII letters only."""
        encoded = quote(name, safe="").encode()
        with self._lock:
            self._follow()
            found = list(self._newer_with(encoded, escaped(name)))
        base, kinds = self._base, self._base.kind
        for separator in (_BEFORE_NAME, *_BEFORE_PART):
            end = separator + encoded
            assets = name_orders.with_end(base.uris, base.end_order, end)
            parts = NameMatch.NAME if separator == _BEFORE_NAME else _parts(kinds[assets])
            found.append(_named_assets(assets, parts, name_orders.have_case(base.uris, assets, end)))
        reported = escaped(name)
        assets = name_orders.equal_to(base.names, base.name_order, reported)
        assets = assets[self.asset_index.have_base_names(assets)]
        found.append(_named_assets(assets, NameMatch.NAME, name_orders.have_case(base.names, assets, reported)))
        return NamedAssets(np.concatenate([each.assets for each in found]), np.concatenate([each.match for each in found]))

    def similar(self, name: str, bound: int) -> tuple[Ints, Bytes]:
        """Return the assets with a name, or as many last parts of one, within edit distance `bound`, and the distances.

        An asset is listed once for its URI and once for the name that the tool reports.
        """
        index = self.asset_index
        newer = np.arange(self._base.assets, len(index), dtype=np.int32)
        changed = np.array(sorted(set(index.renamed)), np.int32)
        texts = (
            (None, self._base.uris, True),
            (newer, _strings(index.uri(asset) for asset in newer.tolist()), True),
            (None, self._base.names, False),
            (changed, _strings(index.name(asset) for asset in changed.tolist()), False),
        )
        found: list[tuple[Ints, Bytes]] = []
        for numbers, strings, uris in texts:
            far = distances(strings, name, bound, uris=uris)
            near = np.flatnonzero(far != FAR).astype(np.int32)
            assets = near if numbers is None else numbers[near]
            if numbers is None and not uris:
                near = near[index.have_base_names(near)]
                assets = near
            found.append((assets, far[near]))
        return np.concatenate([assets for assets, _ in found]), np.concatenate([far for _, far in found])

    def _follow(self) -> None:
        """Add the assets and names since the last lookup."""
        index = self.asset_index
        while self._assets < len(index) and (uri := index.uri(self._assets)):  # without one, the writer is adding it just now
            for key in _keys(uri):
                self._by_end[key].append(self._assets)
            self._assets += 1
        renamed = len(index.renamed)
        for asset in index.renamed[self._renamed : renamed]:
            self._by_name[escaped(index.name(asset)).lower()].append(asset)
        self._renamed = renamed

    def _newer_with(self, encoded: bytes, reported: bytes) -> Iterator[NamedAssets]:
        """Yield the newer assets and those with a changed name that a name fits, given as in a URI and as in JSON."""
        index = self.asset_index
        for separator in (_BEFORE_NAME, *_BEFORE_PART):
            end = separator + encoded
            assets = np.array(self._by_end.get(end.lower(), ()), np.int32)
            parts = NameMatch.NAME if separator == _BEFORE_NAME else _parts(index.kinds(assets))
            text = end.decode()
            exact = np.array([index.uri(asset).endswith(text) for asset in assets.tolist()], np.bool_)
            yield _named_assets(assets, parts, exact)
        names = [(asset, escaped(index.name(asset))) for asset in dict.fromkeys(self._by_name.get(reported.lower(), ()))]
        current = [(asset, name == reported) for asset, name in names if name.lower() == reported.lower()]
        assets = np.array([asset for asset, _ in current], np.int32)
        yield _named_assets(assets, NameMatch.NAME, np.array([same for _, same in current], np.bool_))


def _keys(uri: str) -> Iterator[bytes]:
    """Yield the ends of a URI by which `NameLookup.find` looks it up, folded."""
    folded = uri.encode().lower()
    start = folded.rfind(_BEFORE_NAME)
    yield folded[start:]
    for separator in _BEFORE_PART:
        sought = separator.lower()
        place = folded.find(sought, start + 1)
        while place >= 0:
            yield folded[place:]
            place = folded.find(sought, place + 1)


def _parts(kinds: Bytes) -> Bytes:
    return np.where(kinds == COLUMN, np.uint8(NameMatch.FIELD), np.uint8(NameMatch.LAST_PART))


def _named_assets(assets: Ints, match: Bytes | NameMatch, exact: Bools) -> NamedAssets:
    other = np.where(exact, np.uint8(0), np.uint8(NameMatch.OTHER_CASE))
    return NamedAssets(assets, (np.broadcast_to(np.asarray(match, np.uint8), assets.shape) + other).astype(np.uint8))


def _strings(texts: Iterator[str]) -> Strings:
    pieces = Pieces.of(texts, raw=True)
    return Strings(pieces.offsets, pieces.data)
