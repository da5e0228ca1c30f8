"""A breadth-first search over plain arrays: right by its simplicity, the measure of every engine's answers."""

from __future__ import annotations

import numpy as np

from benchmarks.company import Company
from benchmarks.engines.base import DirectionName, Found
from benchmarks.reachability import CompressedRows, distances


class Plain:
    """Answers from the generator's arrays; rows are made anew for each moment and kept."""

    name = "check"
    has_history = True

    def __init__(self, company: Company) -> None:
        self._company = company
        self._rows: dict[tuple[DirectionName, int], CompressedRows] = {}

    def start(self, node: int) -> int:
        """Return `node`."""
        return node

    def closure(self, start: int, direction: DirectionName, moment: int) -> Found:
        """Return all that is reached from `start`, itself included, with distances."""
        return Found(*distances(self.rows(direction, moment), start))

    def within(self, start: int, depth: int, kind: int, moment: int) -> Found:
        """Return what of `kind` is reached downstream in `depth` steps."""
        nodes, hops = distances(self.rows("downstream", moment), start)
        selected = (hops <= depth) & (self._company.kinds[nodes] == kind)
        return Found(nodes[selected], hops[selected])

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of a shortest path downstream to `end`, which is reached."""
        nodes, hops = distances(self.rows("downstream", moment), start)
        return int(hops[np.flatnonzero(nodes == end)[0]])

    def nodes_of(self, result: object) -> Found:
        """Return `result`."""
        if not isinstance(result, Found):
            raise TypeError(f"a result of this engine is wanted, not {type(result).__name__}")
        return result

    def close(self) -> None:
        """Drop the rows."""
        self._rows.clear()

    def rows(self, direction: DirectionName, moment: int) -> CompressedRows:
        """Return the rows of the walked graph at `moment`, in the direction."""
        if (direction, moment) not in self._rows:
            edges = self._company.edges
            ends = (edges.source, edges.target) if direction == "downstream" else (edges.target, edges.source)
            self._rows[direction, moment] = CompressedRows.of(self._company.layout.nodes, *ends, edges.holding(moment))
        return self._rows[direction, moment]
