"""Asset index: URIs, kinds and display attributes by asset number, and node numbers by asset and port.

It consists of the base's arrays and, as Python objects, the additions and changes since the base was built.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import IDLE_STATES
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.grouping_kernel import grouped
from mlgraph.graph.csr.string_index import find, last_segments, lower_bound
from mlgraph.graph.csr.text_arena import Pieces, Texts, concatenated
from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs, NodeKey
from mlgraph.ports.store import AssetRow

_GROW: Final = 1024
_PLACE_BITS: Final = 33
"""Bits of a sort key for twice an asset's number plus one."""


class DisplayAttributes(NamedTuple):
    """The current attributes of an asset that answers show beside its URI."""

    name: str | None = None
    owners: tuple[str, ...] = ()
    finished: bool = False
    state: str | None = None


class AssetIndex:
    """Assets by number, and nodes by asset and port. It only grows, so readers need no lock."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._uris: list[str] = []
        self._kinds: list[int] = []
        self._datasets: list[int] = []
        self._numbers: dict[str, int] = {}
        self._columns: dict[int, list[int]] = {}
        self._attributes: dict[int, DisplayAttributes] = {}
        self._nodes: dict[NodeKey, int] = {}
        self._ports: dict[int, list[int]] = {}
        self._places: dict[int, int] = {}
        self._idle = np.array([word in IDLE_STATES for word in base.words.many(range(len(base.words)))], np.bool_)
        self.nodes = base.nodes
        """The number of nodes."""
        self.asset_of: Ints = base.asset_of
        self.port_of: Ints = base.port_of
        self.kind_at: Bytes = base.kind[base.asset_of]
        """The kind of each node's asset."""

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

    def display_attributes(self, asset: int) -> DisplayAttributes | None:
        """Return the asset's display attributes; None if none were ever set."""
        known = self._attributes.get(asset)
        base = self.base
        if known is not None or asset >= base.assets:
            return known
        owners = base.people.many(base.owners[base.owner_index[asset] : base.owner_index[asset + 1]].tolist())
        state = int(base.state[asset])
        return DisplayAttributes(
            self.name(asset), tuple(owners), bool(base.finished[asset]), base.words[state] if state else None
        )

    def set_display_attributes(self, asset: int, attributes: DisplayAttributes) -> None:
        """Replace the asset's display attributes."""
        self._attributes[asset] = attributes

    def changed_attributes(self) -> list[tuple[int, DisplayAttributes]]:
        """Return (asset, attributes) for each change since the base was built. Safe to call during changes."""
        return list(self._attributes.items())

    def name(self, asset: int) -> str:
        """Return the asset's reported name, else the name in its URI."""
        attributes = self._attributes.get(asset)
        if attributes is None and asset < self.base.assets:
            return _name(self.base.names[asset], self.uri(asset))
        return (attributes.name if attributes else None) or AssetUri.parse(self.uri(asset)).name

    def names_and_owners(self, assets: Ints) -> list[tuple[str, list[str]]]:
        """Return the names of many assets, with their owners."""
        within = np.minimum(assets, self.base.assets - 1)
        owners: list[list[str]] = [[] for _ in within]
        positions, people = self._owners(within)
        for position, person in zip(positions.tolist(), self.base.people.many(people), strict=True):
            owners[position].append(person)
        found = list(zip(map(_name, self.base.names.many(within), self.uris(assets)), owners, strict=True))
        for place, asset in enumerate(assets.tolist()):
            if asset >= self.base.assets or asset in self._attributes:
                attributes = self.display_attributes(asset)
                found[place] = self.name(asset), list(attributes.owners) if attributes else []
        return found

    def uri_texts(self, assets: Ints) -> Texts:
        """Return the URIs of many assets as JSON text without quotes."""
        offsets, below = self.base.uris.offsets, assets < self.base.assets
        starts, ends = np.empty(len(assets), np.int64), np.empty(len(assets), np.int64)
        starts[below], ends[below] = offsets[assets[below]], offsets[assets[below] + 1]
        fresh = np.flatnonzero(~below)
        extra = Pieces.of([self.uri(asset) for asset in assets[fresh].tolist()])
        starts[fresh], ends[fresh] = ~extra.offsets[:-1], extra.offsets[1:]
        return Texts(starts, ends, self.base.uris.data, extra.data)

    def name_texts(self, assets: Ints, uris: Texts) -> Texts:
        """Return the names of many assets as JSON text without quotes, given their URIs."""
        base = self.base
        starts, ends = last_segments(uris.starts, uris.ends, uris.data)
        below = assets < base.assets
        with_names = np.flatnonzero(below)
        begins, stops = base.names.offsets[assets[with_names]], base.names.offsets[assets[with_names] + 1]
        named = begins != stops
        extra = concatenated(begins[named], stops[named], base.names.data)
        starts[with_names[named]], ends[with_names[named]] = ~extra.offsets[:-1], extra.offsets[1:]
        changed = self._changed_since_base(assets)
        if not changed and len(with_names) == len(assets):
            return Texts(starts, ends, uris.data, extra.data)
        fresh = np.union1d(np.flatnonzero(~below), [place for place, _ in changed]).astype(np.int64)
        newer = Pieces.of([self.name(asset) for asset in assets[fresh].tolist()])
        starts[fresh], ends[fresh] = ~(newer.offsets[:-1] + len(extra.data)), newer.offsets[1:] + len(extra.data)
        return Texts(starts, ends, uris.data, np.concatenate([extra.data, newer.data]))

    def finished(self, assets: Ints) -> Bools:
        """Return of each asset whether it has finished."""
        found = np.zeros(len(assets), np.bool_)
        below = assets < self.base.assets
        found[below] = self.base.finished[assets[below]] != 0
        for place, attributes in self._changed_since_base(assets):
            found[place] = attributes.finished
        return found

    def idle(self, assets: Ints) -> Bools:
        """Return of each asset whether its state is one of `IDLE_STATES`: nothing relies on it."""
        found = np.zeros(len(assets), np.bool_)
        below = assets < self.base.assets
        found[below] = self._idle[self.base.state[assets[below]]]
        for place, attributes in self._changed_since_base(assets):
            found[place] = attributes.state in IDLE_STATES
        return found

    def owned(self, assets: Ints) -> tuple[list[str], Longs, Longs]:
        """Return the owners of `assets` in order, and the positions of their assets in `assets`.

        The positions of owner `k` are positions[index[k]:index[k + 1]], as `grouping_kernel.grouped` returns them.
        """
        changed = self._changed_since_base(assets)
        base = self.base
        places = np.flatnonzero(assets < base.assets)
        if changed:
            places = places[~np.isin(places, [place for place, _ in changed])]
        positions, people = self._owners(assets[places])
        distinct = np.flatnonzero(np.bincount(people, minlength=1))
        known = base.people.many(distinct)
        newer = [(person, place) for place, attributes in changed for person in attributes.owners]
        names = sorted({*known, *(person for person, _ in newer)})
        number = {person: place for place, person in enumerate(names)}
        rank = np.zeros(int(distinct.max(initial=0)) + 1, np.int32)
        rank[distinct] = [number[person] for person in known]
        owners, theirs = rank[people], places[positions]
        if newer:
            owners = np.concatenate([owners, np.array([number[person] for person, _ in newer], np.int32)])
            theirs = np.concatenate([theirs, np.array([place for _, place in newer], np.int64)])
            by_place = np.argsort(theirs, kind="stable")
            owners, theirs = owners[by_place], theirs[by_place]
        index, chosen = grouped(owners, len(names))
        return names, index, theirs[chosen]

    def _owners(self, assets: Ints) -> tuple[Longs, Ints]:
        """Return (position in `assets`, owner number) for each owner of an asset in the base."""
        begins = self.base.owner_index[assets]
        counts = self.base.owner_index[assets + 1] - begins
        repeated = np.repeat(np.arange(len(assets)), counts)
        offsets = np.arange(len(repeated)) - np.repeat(np.cumsum(counts) - counts, counts)
        return repeated, self.base.owners[np.repeat(begins, counts) + offsets]

    def _changed_since_base(self, assets: Ints) -> list[tuple[int, DisplayAttributes]]:
        """Return (position, attributes) of the assets whose display attributes changed since the base was built."""
        changed_attributes = self._attributes
        if not changed_attributes:
            return []
        if len(assets) < len(changed_attributes):
            return [
                (place, changed_attributes[asset]) for place, asset in enumerate(assets.tolist()) if asset in changed_attributes
            ]
        places = np.flatnonzero(np.isin(assets, list(changed_attributes)))
        return [(place, changed_attributes[asset]) for place, asset in zip(places.tolist(), assets[places].tolist(), strict=True)]

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

    def node(self, key: NodeKey) -> int:
        """Return the node's number, adding the node if it is new."""
        number = self.find(key)
        if number is None:
            number = self.nodes
            if number == len(self.asset_of):
                spare = np.zeros(max(_GROW, number // 8), np.int32)
                self.asset_of = np.concatenate([self.asset_of, spare])
                self.port_of = np.concatenate([self.port_of, spare])
                self.kind_at = np.concatenate([self.kind_at, spare.astype(np.uint8)])
            self.asset_of[number], self.port_of[number] = key
            self.kind_at[number] = self.kind(key.asset)
            self._nodes[key] = number
            if key.port:
                self._ports.setdefault(key.asset, []).append(number)
            self.nodes = number + 1
        return number

    def find(self, key: NodeKey) -> int | None:
        """Return the node's number, or None."""
        if key.asset < self.base.assets:
            first = int(self.base.node_of[key.asset])
            if first >= 0:
                if not key.port:
                    return first
                for number in range(first + 1, self.base.nodes):
                    if self.base.asset_of[number] != key.asset:
                        break
                    if self.base.port_of[number] == key.port:
                        return number
        return self._nodes.get(key)

    def ports_of(self, asset: int) -> list[int]:
        """Return the node numbers of the asset's ports."""
        known: list[int] = []
        if asset < self.base.assets and (first := int(self.base.node_of[asset])) >= 0:
            number = first + 1
            while number < self.base.nodes and self.base.asset_of[number] == asset:
                known.append(number)
                number += 1
        return known + self._ports.get(asset, [])

    def nodes_of(self, assets: Ints) -> Ints:
        """Return the node of each asset itself, not of its ports; -1 if it has none."""
        found = np.full(len(assets), -1, np.int32)
        below = assets < self.base.assets
        found[below] = self.base.node_of[assets[below]]
        fresh = self._nodes
        for place in np.flatnonzero(found < 0).tolist() if fresh else ():
            found[place] = fresh.get(NodeKey(int(assets[place])), -1)
        return found


def _name(stored: str, uri: str) -> str:
    """Return an asset's name from the JSON text in the base; if that is empty, the last segment of the URI."""
    if not stored:
        return uri.rpartition("/")[2]
    name: str = json.loads(f'"{stored}"') if "\\" in stored else stored
    return name
