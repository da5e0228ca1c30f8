"""Reference engine: a simple breadth-first search over arrays, which all answers are compared with."""

from __future__ import annotations

import numpy as np

from benchmarks.company import Company
from benchmarks.engines.base import DirectionName, NodeDistances
from benchmarks.reachability import CompressedRows, distances


class Plain:
    """Answers from the generator's arrays; the rows of each direction and moment are built once and cached."""

    name = "check"
    has_history = True

    def __init__(self, company: Company) -> None:
        self._company = company
        self._rows: dict[tuple[DirectionName, int], CompressedRows] = {}

    def start(self, node: int) -> int:
        """Return `node`."""
        return node

    def closure(self, start: int, direction: DirectionName, moment: int) -> NodeDistances:
        """Return all nodes reachable from `start`, itself included, with distances."""
        return NodeDistances(*distances(self.rows(direction, moment), start))

    def within(self, start: int, depth: int, kind: int, moment: int) -> NodeDistances:
        """Return the nodes of `kind` within `depth` hops downstream."""
        nodes, hops = distances(self.rows("downstream", moment), start)
        selected = (hops <= depth) & (self._company.kinds[nodes] == kind)
        return NodeDistances(nodes[selected], hops[selected])

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of a shortest path downstream to `end`, which must be reachable."""
        nodes, hops = distances(self.rows("downstream", moment), start)
        return int(hops[np.flatnonzero(nodes == end)[0]])

    def nodes_of(self, result: object) -> NodeDistances:
        """Return `result`."""
        if not isinstance(result, NodeDistances):
            raise TypeError(f"expected a result of this engine, not {type(result).__name__}")
        return result

    def close(self) -> None:
        """Drop the cached rows."""
        self._rows.clear()

    def rows(self, direction: DirectionName, moment: int) -> CompressedRows:
        """Return the rows of the asset-level graph at `moment`, in the direction."""
        if (direction, moment) not in self._rows:
            edges = self._company.edges
            ends = (edges.source, edges.target) if direction == "downstream" else (edges.target, edges.source)
            self._rows[direction, moment] = CompressedRows.of(self._company.layout.nodes, *ends, edges.valid_at(moment))
        return self._rows[direction, moment]
