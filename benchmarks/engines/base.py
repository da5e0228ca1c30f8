"""Interface of an engine under measurement."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

import numpy as np

from benchmarks.layout import Ints

DirectionName = Literal["downstream", "upstream"]


class NodeDistances(NamedTuple):
    """Nodes by the company's numbers, with their distances if the engine returned them."""

    nodes: Ints
    distances: Ints | None


class Engine(Protocol):
    """Answers queries about the asset-level graph at a moment (microseconds).

    `closure`, `within` and `hops` are timed: they take the engine's own node numbers (see `start`) and return the engine's native
    result, which `nodes_of` translates without being timed.
    """

    name: str
    has_history: bool
    """Whether the engine answers for any moment; if not, for the present only."""

    def start(self, node: int) -> int:
        """Return the engine's number of the company's `node`."""

    def closure(self, start: int, direction: DirectionName, moment: int) -> object:
        """Return all nodes reachable from `start`, itself included, with distances."""

    def within(self, start: int, depth: int, kind: int, moment: int) -> object:
        """Return the nodes of `kind` (the vocabulary's code) within `depth` hops downstream."""

    def hops(self, start: int, end: int, moment: int) -> int:
        """Find a shortest path downstream to `end`, which must be reachable, and return its length."""

    def nodes_of(self, result: object) -> NodeDistances:
        """Return a result of `closure` or `within` by the company's numbers."""

    def close(self) -> None:
        """Release all resources."""


def same(left: NodeDistances, right: NodeDistances) -> bool:
    """Return whether two results have the same nodes, and the same distances if both have distances, in any order."""
    orders = np.argsort(left.nodes, kind="stable"), np.argsort(right.nodes, kind="stable")
    if not np.array_equal(left.nodes[orders[0]], right.nodes[orders[1]]):
        return False
    if left.distances is None or right.distances is None:
        return True
    return np.array_equal(left.distances[orders[0]], right.distances[orders[1]])
