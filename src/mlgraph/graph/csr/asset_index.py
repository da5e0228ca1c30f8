"""Asset index: display attributes by asset number, and node numbers by asset and port, over the table of assets.

It consists of the base's arrays and, as Python objects, the additions and changes since the base was built.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import IDLE_STATES
from mlgraph.graph.csr.asset_table import AssetTable
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.grouping_kernel import grouped
from mlgraph.graph.csr.text.string_index import last_segments
from mlgraph.graph.csr.text.text_arena import Pieces, Texts, concatenated
from mlgraph.graph.model.rows import HUB, Bools, Bytes, Ints, Longs, NodeKey, hub_of

_GROW: Final = 1024
FINISHED, DELETED = 1, 2
"""Bits of an asset's entry in `Base.finished`."""


class DisplayAttributes(NamedTuple):
    """The current attributes of an asset that answers show beside its URI."""

    name: str | None = None
    owners: tuple[str, ...] = ()
    finished: bool = False
    state: str | None = None
    deleted: bool = False
    """Whether no origin asserts the asset any more; it is finished then."""


class AssetIndex(AssetTable):
    """The table of assets with their display attributes, and nodes by asset and port. It only grows, so readers need no lock."""

    def __init__(self, base: Base) -> None:
        super().__init__(base)
        self._attributes: dict[int, DisplayAttributes] = {}
        self.renamed: list[int] = []
        """The assets that may have got another name since the base was built, in order; some more than once."""
        self._nodes: dict[NodeKey, int] = {}
        self._ports: dict[int, list[int]] = {}
        self._idle = np.array([word in IDLE_STATES for word in base.words.many(range(len(base.words)))], np.bool_)
        self.nodes = base.nodes
        """The number of nodes."""
        self.asset_of: Ints = base.asset_of
        self.port_of: Ints = base.port_of
        self.kind_at: Bytes = base.kind[base.asset_of]
        """The kind of each node's asset; of hubs, `HUB`."""
        is_hub = (base.port_of == base.asset_of) & (base.port_of > 0)
        self.kind_at[is_hub] = HUB
        self.has_hubs = bool(is_hub.any())
        """Whether any name has or had a hub: only then traversals look for one."""

    def display_attributes(self, asset: int) -> DisplayAttributes | None:
        """Return the asset's display attributes; None if none were ever set."""
        known = self._attributes.get(asset)
        base = self.base
        if known is not None or asset >= base.assets:
            return known
        owners = base.people.many(base.owners[base.owner_index[asset] : base.owner_index[asset + 1]].tolist())
        state = int(base.state[asset])
        return DisplayAttributes(
            self.name(asset),
            tuple(owners),
            bool(base.finished[asset]),
            base.words[state] if state else None,
            bool(base.finished[asset] & DELETED),
        )

    def set_display_attributes(self, asset: int, attributes: DisplayAttributes) -> None:
        """Replace the asset's display attributes."""
        known = self._attributes.get(asset)
        self._attributes[asset] = attributes
        if known is None or known.name != attributes.name:
            self.renamed.append(asset)

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
        return self._marked(assets, lambda chosen: self.base.finished[chosen] != 0, lambda attributes: attributes.finished)

    def deleted(self, assets: Ints) -> Bools:
        """Return of each asset whether it is deleted: no origin asserts it any more."""
        return self._marked(
            assets, lambda chosen: self.base.finished[chosen] & DELETED != 0, lambda attributes: attributes.deleted
        )

    def idle(self, assets: Ints) -> Bools:
        """Return of each asset whether its state is one of `IDLE_STATES`: nothing relies on it."""
        return self._marked(
            assets, lambda chosen: self._idle[self.base.state[chosen]], lambda attributes: attributes.state in IDLE_STATES
        )

    def stateless(self, assets: Ints) -> Bools:
        """Return of each asset whether it has no current state."""
        return ~self._marked(assets, lambda chosen: self.base.state[chosen] != 0, lambda attributes: attributes.state is not None)

    def have_base_names(self, assets: Ints) -> Bools:
        """Return of each asset of the base whether its display attributes are still those of the base."""
        found = np.ones(len(assets), np.bool_)
        found[[place for place, _ in self._changed_since_base(assets)]] = False
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

    def _marked(self, assets: Ints, in_base: Callable[[Ints], Bools], of: Callable[[DisplayAttributes], bool]) -> Bools:
        """Return a mark of each asset, from the base or from changed attributes; False for an asset without attributes."""
        found = np.zeros(len(assets), np.bool_)
        below = assets < self.base.assets
        found[below] = in_base(assets[below])
        for place, attributes in self._changed_since_base(assets):
            found[place] = of(attributes)
        return found

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
            is_hub = key == hub_of(key.asset)
            self.kind_at[number] = HUB if is_hub else self.kind(key.asset)
            self.has_hubs = self.has_hubs or is_hub
            self._nodes[key] = number
            if key.port and not is_hub:
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
        """Return the node numbers of the asset's ports, without a hub: this is entered from its name."""
        known: list[int] = []
        if asset < self.base.assets and (first := int(self.base.node_of[asset])) >= 0:
            number = first + 1
            while number < self.base.nodes and self.base.asset_of[number] == asset:
                if self.base.port_of[number] != asset:
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
