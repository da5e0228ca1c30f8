"""The graph that queries read: layers as published, what nodes stand for, and how far the log has been read."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mlgraph.graph.kernels import Ints
from mlgraph.graph.layer import Arc, View
from mlgraph.graph.layer import Layer as LayerRows
from mlgraph.graph.rows import Layer, NodeKey, Row
from mlgraph.ports.store import AssetRow

_GROW: Final = 1024


@dataclass(slots=True)
class Card:
    """What answers say of an asset beside its URI, as it is now."""

    name: str | None = None
    owners: tuple[str, ...] = ()
    finished: bool = False
    state: str | None = None


@dataclass(slots=True)
class Registry:
    """Assets by number, and nodes by asset and port. Grows, never shrinks: readers need no lock."""

    uris: list[str] = field(default_factory=lambda: [""])
    kinds: list[int] = field(default_factory=lambda: [0])
    datasets: list[int] = field(default_factory=lambda: [0])
    numbers: dict[str, int] = field(default_factory=dict)
    columns: dict[int, list[int]] = field(default_factory=dict)
    cards: dict[int, Card] = field(default_factory=dict)
    nodes: dict[NodeKey, int] = field(default_factory=dict)
    ports: dict[int, list[int]] = field(default_factory=dict)
    asset_of: Ints = field(default_factory=lambda: np.zeros(_GROW, np.int32))
    port_of: Ints = field(default_factory=lambda: np.zeros(_GROW, np.int32))

    def add(self, row: AssetRow) -> None:
        """Take in an asset; the store numbers them from 1, in order."""
        while len(self.uris) <= row.asset:
            self.uris.append("")
            self.kinds.append(0)
            self.datasets.append(0)
        if self.uris[row.asset]:
            return
        self.kinds[row.asset], self.datasets[row.asset] = row.kind, row.dataset
        self.uris[row.asset] = row.uri
        self.numbers[row.uri] = row.asset
        if row.dataset:
            self.columns.setdefault(row.dataset, []).append(row.asset)

    def kind(self, asset: int) -> int:
        """Return the code of the asset's kind."""
        return self.kinds[asset]

    def dataset_of(self, column: int) -> int:
        """Return the dataset that a column belongs to (0: none)."""
        return self.datasets[column]

    def node(self, key: NodeKey) -> int:
        """Return the node's number, a new one where it has none."""
        number = self.nodes.get(key)
        if number is None:
            number = len(self.nodes)
            if number == len(self.asset_of):
                self.asset_of = np.concatenate([self.asset_of, np.zeros(len(self.asset_of), np.int32)])
                self.port_of = np.concatenate([self.port_of, np.zeros(len(self.port_of), np.int32)])
            self.asset_of[number], self.port_of[number] = key
            self.nodes[key] = number
            if key.port:
                self.ports.setdefault(key.asset, []).append(number)
        return number


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One published state of the graph. `watermark` is the last transaction in it."""

    registry: Registry
    views: Mapping[Layer, View]
    asset_of: Ints
    port_of: Ints
    nodes: int
    watermark: int

    def find(self, asset: int) -> int | None:
        """Return the node of an asset, or None if no row has ever touched it."""
        node = self.registry.nodes.get(NodeKey(asset))
        return node if node is not None and node < self.nodes else None


class Graph:
    """The traversal graph: groups of rows are replaced as facts come, then published together."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._layers = {layer: LayerRows() for layer in Layer}
        self._lock = threading.Lock()
        self._groups_in: dict[object, frozenset[Layer]] = {}
        self._snapshot: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot:
        """The state that was published last."""
        with self._lock:
            if self._snapshot is None:
                self._snapshot = self._publish(0)
            return self._snapshot

    def replace(self, group: object, rows: Iterable[Row]) -> None:
        """Let `rows` be all the rows of `group`, from the next publication on."""
        arcs: dict[Layer, list[Arc]] = {}
        node = self.registry.node
        for row in rows:
            arc = Arc(node(row.source), row.relation, node(row.target), row.origin, row.start, row.end, row.flags)
            arcs.setdefault(row.layer, []).append(arc)
        for layer in self._groups_in.get(group, frozenset()) | arcs.keys():
            self._layers[layer].replace(group, _sorted(arcs.get(layer, ())))
        if arcs:
            self._groups_in[group] = frozenset(arcs)
        else:
            self._groups_in.pop(group, None)

    def publish(self, watermark: int) -> None:
        """Show readers everything replaced so far, as of transaction `watermark`."""
        with self._lock:
            self._snapshot = self._publish(watermark)

    def _publish(self, watermark: int) -> Snapshot:
        nodes = len(self.registry.nodes)
        old = self._snapshot
        views: dict[Layer, View] = dict(old.views) if old else {}
        for layer, rows in self._layers.items():
            view = rows.publish(nodes)
            if view is not None:
                views[layer] = view
        return Snapshot(self.registry, views, self.registry.asset_of, self.registry.port_of, nodes, watermark)


def _sorted(arcs: Sequence[Arc]) -> list[Arc]:
    return sorted(arcs)
