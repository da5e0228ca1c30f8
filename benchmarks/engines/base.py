"""What every engine offers to be measured."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

import numpy as np

from benchmarks.layout import Ints

DirectionName = Literal["downstream", "upstream"]


class Found(NamedTuple):
    """Assets as the company numbers them, and their distances, where the engine was asked for them."""

    nodes: Ints
    distances: Ints | None


class Engine(Protocol):
    """Answers questions about the walked graph at a moment (microseconds).

    `closure`, `within` and `hops` are what is timed: they return whatever the engine itself gives to a program that called it;
    `nodes_of` translates that, untimed. Nodes given to them are the engine's own: see `start`.
    """

    name: str
    has_history: bool
    """Whether it answers for any moment; else for now alone."""

    def start(self, node: int) -> int:
        """Return the engine's number of the company's `node`."""

    def closure(self, start: int, direction: DirectionName, moment: int) -> object:
        """Return all that is reached from `start`, itself included, with distances."""

    def within(self, start: int, depth: int, kind: int, moment: int) -> object:
        """Return what of `kind` (the vocabulary's code) is reached downstream in `depth` steps."""

    def hops(self, start: int, end: int, moment: int) -> int:
        """Return the length of a shortest path downstream to `end`, which is reached, having found the path itself."""

    def nodes_of(self, result: object) -> Found:
        """Return what `closure` or `within` gave, as the company numbers it."""

    def close(self) -> None:
        """Give everything back."""


def same(left: Found, right: Found) -> bool:
    """Say whether two engines found the same assets, at the same distances where both tell them; the order is theirs."""
    orders = np.argsort(left.nodes, kind="stable"), np.argsort(right.nodes, kind="stable")
    if not np.array_equal(left.nodes[orders[0]], right.nodes[orders[1]]):
        return False
    if left.distances is None or right.distances is None:
        return True
    return np.array_equal(left.distances[orders[0]], right.distances[orders[1]])
