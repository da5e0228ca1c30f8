"""python-igraph, a C library without validity intervals: the graph is the present one."""

from __future__ import annotations

import igraph
import numpy as np

from benchmarks.company import NOW_US, Company
from benchmarks.engines.base import DirectionName, NodeDistances


class Igraph:
    """Uses `bfs` (ids by layer, from which distances follow), `neighborhood` and `get_shortest_path`."""

    name = "igraph"
    has_history = False

    def __init__(self, company: Company) -> None:
        now = company.edges.valid_at(NOW_US)
        ends = np.column_stack([company.edges.source[now], company.edges.target[now]])
        self._graph = igraph.Graph(n=company.layout.nodes, edges=ends, directed=True)
        self._kinds = company.kinds

    def start(self, node: int) -> int:
        """Return `node`: igraph's numbers are the company's."""
        return node

    def closure(self, start: int, direction: DirectionName, moment: int) -> tuple[list[int], list[int]]:
        """Return the nodes in order of distance, and the start of each layer."""
        del moment
        nodes, layers, _ = self._graph.bfs(start, mode="out" if direction == "downstream" else "in")
        return nodes, layers

    def within(self, start: int, depth: int, kind: int, moment: int) -> list[int]:
        """Return the nodes of `kind`."""
        del moment
        kinds = self._kinds
        return [node for node in self._graph.neighborhood(start, order=depth, mode="out") if kinds[node] == kind]

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of the path that `get_shortest_path` finds."""
        del moment
        return len(self._graph.get_shortest_path(start, end, mode="out")) - 1

    def nodes_of(self, result: object) -> NodeDistances:
        """Return nodes with distances from layers, and nodes alone from a list of them."""
        if isinstance(result, list):
            return NodeDistances(np.array(result, np.int32), None)
        reached: tuple[list[int], list[int]] = result  # type: ignore[assignment]
        nodes, layers = reached
        return NodeDistances(np.array(nodes, np.int32), np.repeat(np.arange(len(layers) - 1, dtype=np.int32), np.diff(layers)))

    def close(self) -> None:
        """Do nothing: there are no resources to release."""
