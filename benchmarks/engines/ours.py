"""mlgraph in process: the graph that a server answers from, opened from a data directory.

Of the benchmark, this module alone knows how that graph is built and walked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from benchmarks.engines.base import DirectionName, Found
from benchmarks.layout import Ints, Layout
from mlgraph.graph.path import shortest_path
from mlgraph.graph.rows import WALK, Layer
from mlgraph.graph.snapshot import Graph, Snapshot
from mlgraph.graph.walk import NO_LIMIT, flood
from mlgraph.services.follow import Follower
from mlgraph.stores.database import Database
from mlgraph.stores.embedded import EmbeddedPostgres
from mlgraph.stores.reader import PostgresReader

ROW_BYTES: Final = 24
"""What one row costs in the arrays that a walk reads: neighbour, two times, flags, mask."""
_CHUNK: Final = 100_000


class Reached(NamedTuple):
    """Assets as the store numbers them, each once, nearest first, and their distances."""

    assets: Ints
    distances: Ints


class Ours:
    """The store below `data` (its PostgreSQL runs while this is open), and the graph built from it."""

    name = "mlgraph"
    has_history = True

    def __init__(self, data: Path, layout: Layout) -> None:
        self._server = EmbeddedPostgres(data)
        self._database = Database(self._server.start(), size=2)
        try:
            self._database.open()
            graph = Graph()
            follower = Follower(PostgresReader(self._database), graph)
            while follower.step():
                pass
            self._graph: Snapshot = graph.snapshot
            self._number_of, self._node_of = _numbers(self._graph, layout)
        except BaseException:
            self.close()
            raise
        self._first = np.zeros(len(self._graph.registry.uris), np.int32)

    def start(self, node: int) -> int:
        """Return the asset that stands for the company's `node`."""
        return int(self._number_of[node])

    def closure(self, start: int, direction: DirectionName, moment: int) -> Reached:
        """Return the assets reached, with distances."""
        return self._flood(start, direction, moment, NO_LIMIT)

    def within(self, start: int, depth: int, kind: int, moment: int) -> Reached:
        """Return the assets of `kind`, with distances."""
        reached = self._flood(start, "downstream", moment, depth)
        kinds = self._graph.registry.kinds
        kept = np.array([kinds[asset] == kind for asset in reached.assets.tolist()], np.bool_)
        return Reached(reached.assets[kept], reached.distances[kept])

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
            strange = self._graph.registry.uris[int(result.assets[np.argmin(nodes)])]
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
        seeds = [(number, 0) for number in (node, *graph.registry.ports.get(start, ())) if number is not None]
        if direction == "upstream":
            seeds = seeds[: int(node is not None)]
        nodes, hops = flood(view.out if direction == "downstream" else view.into, graph.nodes, seeds, moment, WALK, depth)
        assets = graph.asset_of[nodes]
        place = np.arange(len(assets), dtype=np.int32)
        self._first[assets[::-1]] = place[::-1]  # a workflow comes by its ports too: what was reached first counts
        kept = self._first[assets] == place
        return Reached(assets[kept], hops[kept]) if len(assets) else Reached(np.array([start], np.int32), np.zeros(1, np.int32))


def _numbers(graph: Snapshot, layout: Layout) -> tuple[Ints, Ints]:
    """Return the store's numbers of the company's nodes, and the other way (-1: no node). Raises `ValueError` if one lacks."""
    numbers = graph.registry.numbers
    number_of = np.zeros(layout.nodes, np.int32)
    for begin in range(0, layout.nodes, _CHUNK):
        nodes = np.arange(begin, min(begin + _CHUNK, layout.nodes))
        number_of[nodes] = [numbers.get(uri, 0) for uri in layout.uris(nodes)]
    if (number_of == 0).any():
        missing = layout.uris(np.array([int(np.argmin(number_of))]))[0]
        raise ValueError(f"the store has never heard of {missing}: is it another company's?")
    node_of = np.full(len(graph.registry.uris), -1, np.int32)
    node_of[number_of] = np.arange(layout.nodes, dtype=np.int32)
    return number_of, node_of
