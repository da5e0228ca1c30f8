"""rustworkx, a Rust library without validity intervals: the graph is the present one."""

from __future__ import annotations

import itertools

import numpy as np
import rustworkx

from benchmarks.company import NOW_US, Company
from benchmarks.engines.base import DirectionName, NodeDistances
from benchmarks.layout import Ints

_CHUNK = 500_000


class Rustworkx:
    """Uses `bfs_layers`, which follows edges downstream only; a reversed graph serves upstream queries."""

    name = "rustworkx"
    has_history = False

    def __init__(self, company: Company) -> None:
        now = company.edges.valid_at(NOW_US)
        source, target = company.edges.source[now], company.edges.target[now]
        self._graph = _graph(company.layout.nodes, source, target)
        self._reversed = _graph(company.layout.nodes, target, source)
        self._kinds = company.kinds

    def start(self, node: int) -> int:
        """Return `node`: rustworkx's numbers are the company's."""
        return node

    def closure(self, start: int, direction: DirectionName, moment: int) -> list[list[int]]:
        """Return the nodes layer by layer."""
        del moment
        layers: list[list[int]] = rustworkx.bfs_layers(self._graph if direction == "downstream" else self._reversed, [start])
        return layers

    def within(self, start: int, depth: int, kind: int, moment: int) -> list[list[int]]:
        """Return the nodes of `kind`, layer by layer, stepping with `successor_indices`."""
        del moment
        kinds, graph = self._kinds, self._graph
        seen = {start}
        layer = [start]
        layers = []
        for hop in range(depth + 1):
            layers.append([node for node in layer if kinds[node] == kind])
            if hop < depth:
                reached = set(itertools.chain.from_iterable(graph.successor_indices(node) for node in layer)) - seen
                seen |= reached
                layer = list(reached)
        return layers

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of a path by Dijkstra's algorithm with weights of 1; rustworkx has no other single shortest path."""
        del moment
        paths = rustworkx.dijkstra_shortest_paths(self._graph, start, end, default_weight=1.0)
        return len(paths[end]) - 1

    def nodes_of(self, result: object) -> NodeDistances:
        """Return nodes with distances from layers."""
        layers: list[list[int]] = result  # type: ignore[assignment]
        nodes = np.array(list(itertools.chain.from_iterable(layers)), np.int32)
        return NodeDistances(nodes, np.repeat(np.arange(len(layers), dtype=np.int32), [len(layer) for layer in layers]))

    def close(self) -> None:
        """Do nothing: there are no resources to release."""


def _graph(nodes: int, source: Ints, target: Ints) -> rustworkx.PyDiGraph[int, None]:
    graph: rustworkx.PyDiGraph[int, None] = rustworkx.PyDiGraph(
        multigraph=True, node_count_hint=nodes, edge_count_hint=len(source)
    )
    graph.add_nodes_from(range(nodes))
    for begin in range(0, len(source), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        graph.add_edges_from_no_data(list(zip(source[part].tolist(), target[part].tolist(), strict=True)))
    return graph
