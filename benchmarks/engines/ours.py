"""mlgraph in process: the graph that a server answers from, opened from a data directory.

Of the benchmark, this module alone knows how that graph is built and walked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.engines.base import DirectionName, Found
from benchmarks.layout import Ints, Layout
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.path import shortest_path
from mlgraph.graph.model.rows import WALK, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, reachable_nodes
from mlgraph.graph.traversal.kernels import nearest
from mlgraph.graph.traversal.workspace import borrowed
from mlgraph.services.projection.base_manager import BaseManager
from mlgraph.services.projection.log_follower import Follower
from mlgraph.stores.embedded.server import EmbeddedPostgres
from mlgraph.stores.postgres.database import Database
from mlgraph.stores.postgres.reader import PostgresReader
from mlgraph.stores.snapshot_files import SnapshotDirectory

_CHUNK: Final = 100_000


class Reached(NamedTuple):
    """Assets as the store numbers them, each once, nearest first, and their distances."""

    assets: Ints
    distances: Ints


class Ours:
    """The store below `data` (its PostgreSQL runs while this is open) and its graph, from a snapshot where one was kept."""

    name = "mlgraph"
    has_history = True

    def __init__(self, data: Path, layout: Layout) -> None:
        self._server = EmbeddedPostgres(data)
        self._database = Database(self._server.start(), size=2)
        try:
            self._database.open()
            reader = PostgresReader(self._database)
            follower = Follower(reader, BaseManager(reader, SnapshotDirectory(data / "snapshots" / "embedded")))
            while follower.step():
                pass
            follower.stop()
            self._graph: GraphVersion = follower.snapshot()
            self._number_of, self._node_of = _numbers(self._graph, layout)
        except BaseException:
            self.close()
            raise

    def start(self, node: int) -> int:
        """Return the asset that stands for the company's `node`."""
        return int(self._number_of[node])

    def closure(self, start: int, direction: DirectionName, moment: int) -> Reached:
        """Return the assets reached, with distances."""
        return self._flood(start, direction, moment, NO_LIMIT)

    def within(self, start: int, depth: int, kind: int, moment: int) -> Reached:
        """Return the assets of `kind`, with distances."""
        reached = self._flood(start, "downstream", moment, depth)
        selected = self._graph.registry.kinds(reached.assets) == kind
        return Reached(reached.assets[selected], reached.distances[selected])

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of the path that answers show."""
        path, _ = shortest_path(self._graph, start, end, "downstream", Layer.ASSET, moment)
        return len(path) - 1

    def nodes_of(self, result: object) -> Found:
        """Return a result as the company numbers assets. Raises `ValueError` for assets that are none of the company's."""
        if not isinstance(result, Reached):
            raise TypeError(f"a result of this engine is wanted, not {type(result).__name__}")
        nodes = self._node_of[result.assets]
        if (nodes < 0).any():
            strange = self._graph.registry.uri(int(result.assets[np.argmin(nodes)]))
            raise ValueError(f"{strange} was reached, which the company does not have")
        return Found(nodes, result.distances)

    def close(self) -> None:
        """Stop the store."""
        self._database.close()
        self._server.stop()

    def _flood(self, start: int, direction: DirectionName, moment: int, depth: int) -> Reached:
        graph = self._graph
        view = graph.views[Layer.ASSET]
        node = graph.find(start)
        seeds = [] if node is None else [(node, 0)]
        if direction == "downstream":
            seeds += [(port, 0) for port in graph.registry.ports_of(start) if port < graph.nodes]
        nodes, hops, _ = reachable_nodes(
            view.out if direction == "downstream" else view.into, graph.nodes, seeds, moment, WALK, depth
        )
        if not len(nodes):
            return Reached(np.array([start], np.int32), np.zeros(1, np.int32))
        none = np.zeros(0, np.int32)
        with borrowed() as workspace:  # a workflow comes by its ports too: what is nearest counts
            space = workspace.for_assets(len(graph.registry))
            return Reached(*nearest(none, none, graph.asset_of[nodes], hops, space.stamp, space.epoch))


def _numbers(graph: GraphVersion, layout: Layout) -> tuple[Ints, Ints]:
    """Return the store's numbers of the company's nodes, and the other way (-1: no node). Raises `ValueError` if one lacks."""
    number = graph.registry.number
    number_of = np.zeros(layout.nodes, np.int32)
    for begin in range(0, layout.nodes, _CHUNK):
        nodes = np.arange(begin, min(begin + _CHUNK, layout.nodes))
        number_of[nodes] = [number(uri) or 0 for uri in layout.uris(nodes)]
    if (number_of == 0).any():
        missing = layout.uris(np.array([int(np.argmin(number_of))]))[0]
        raise ValueError(f"the store has never heard of {missing}: is it another company's?")
    node_of = np.full(len(graph.registry), -1, np.int32)
    node_of[number_of] = np.arange(layout.nodes, dtype=np.int32)
    return number_of, node_of
