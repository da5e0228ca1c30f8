"""mlgraph in process: the projection that a server answers from, opened from a data directory.

No other module of the benchmark depends on the internals of the projection and of traversals.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.engines.base import DirectionName, NodeDistances
from benchmarks.layout import Ints, Layout
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.path import shortest_path
from mlgraph.graph.model.rows import WALK, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, reachable_nodes
from mlgraph.graph.traversal.kernels import nearest
from mlgraph.graph.traversal.workspace import borrowed
from mlgraph.services.projection.base_manager import BaseManager
from mlgraph.services.projection.log_follower import Follower
from mlgraph.stores.base_files import BaseFileDirectory
from mlgraph.stores.embedded.server import EmbeddedPostgres
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.reader import PostgresReader

_CHUNK: Final = 100_000


class AssetDistances(NamedTuple):
    """Distinct assets by the store's numbers, nearest first, and their distances."""

    assets: Ints
    distances: Ints


class Mlgraph:
    """The store below `data`, whose PostgreSQL runs until `close`, and its graph, built from a snapshot if there is one."""

    name = "mlgraph"
    has_history = True

    def __init__(self, data: Path, layout: Layout) -> None:
        self._server = EmbeddedPostgres(data)
        self._database = Database(self._server.start(), size=2)
        try:
            self._database.open()
            reader = PostgresReader(self._database)
            follower = Follower(reader, BaseManager(reader, BaseFileDirectory(data / "snapshots" / "embedded")))
            while follower.step():
                pass
            follower.stop()
            self._graph: GraphVersion = follower.snapshot()
            self._number_of, self._node_of = _numbers(self._graph, layout)
        except BaseException:
            self.close()
            raise

    def start(self, node: int) -> int:
        """Return the asset number of the company's `node`."""
        return int(self._number_of[node])

    def closure(self, start: int, direction: DirectionName, moment: int) -> AssetDistances:
        """Return the reachable assets, with distances."""
        return self._flood(start, direction, moment, NO_LIMIT)

    def within(self, start: int, depth: int, kind: int, moment: int) -> AssetDistances:
        """Return the assets of `kind`, with distances."""
        reached = self._flood(start, "downstream", moment, depth)
        selected = self._graph.asset_index.kinds(reached.assets) == kind
        return AssetDistances(reached.assets[selected], reached.distances[selected])

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of the path that an answer would contain."""
        path, _ = shortest_path(self._graph, start, end, "downstream", Layer.ASSET, moment)
        return len(path) - 1

    def nodes_of(self, result: object) -> NodeDistances:
        """Return a result by the company's numbers. Raises `ValueError` for an asset that is not of the company."""
        if not isinstance(result, AssetDistances):
            raise TypeError(f"expected a result of this engine, not {type(result).__name__}")
        nodes = self._node_of[result.assets]
        if (nodes < 0).any():
            unknown = self._graph.asset_index.uri(int(result.assets[np.argmin(nodes)]))
            raise ValueError(f"the closure contains {unknown}, which is not an asset of the company")
        return NodeDistances(nodes, result.distances)

    def close(self) -> None:
        """Stop the store."""
        self._database.close()
        self._server.stop()

    def _flood(self, start: int, direction: DirectionName, moment: int, depth: int) -> AssetDistances:
        graph = self._graph
        view = graph.views[Layer.ASSET]
        node = graph.find(start)
        seeds = [] if node is None else [(node, 0)]
        if direction == "downstream":
            seeds += [(port, 0) for port in graph.asset_index.ports_of(start) if port < graph.nodes]
        nodes, hops, _ = reachable_nodes(
            view.out if direction == "downstream" else view.into, graph.nodes, seeds, moment, WALK, depth
        )
        if not len(nodes):
            return AssetDistances(np.array([start], np.int32), np.zeros(1, np.int32))
        none = np.zeros(0, np.int32)
        with borrowed() as workspace:  # a workflow is reached through any of its ports; the nearest one counts
            space = workspace.for_assets(len(graph.asset_index))
            return AssetDistances(*nearest(none, none, graph.asset_of[nodes], hops, space.stamp, space.epoch))


def _numbers(graph: GraphVersion, layout: Layout) -> tuple[Ints, Ints]:
    """Return the store's numbers of the company's nodes, and the inverse (-1: no node). Raises `ValueError` if one is missing."""
    number = graph.asset_index.number
    number_of = np.zeros(layout.nodes, np.int32)
    for begin in range(0, layout.nodes, _CHUNK):
        nodes = np.arange(begin, min(begin + _CHUNK, layout.nodes))
        number_of[nodes] = [number(uri) or 0 for uri in layout.uris(nodes)]
    if (number_of == 0).any():
        missing = layout.uris(np.array([int(np.argmin(number_of))]))[0]
        raise ValueError(f"the store does not contain {missing}; it was probably filled with another company")
    node_of = np.full(len(graph.asset_index), -1, np.int32)
    node_of[number_of] = np.arange(layout.nodes, dtype=np.int32)
    return number_of, node_of
