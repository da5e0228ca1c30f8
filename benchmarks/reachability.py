"""Reachability for the generator, and the breadth-first search that checks every engine."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.layout import Ints, Longs


@dataclass(frozen=True, slots=True)
class CompressedRows:
    """Compressed sparse rows: the targets of node n are `to[indptr[n]:indptr[n + 1]]`."""

    indptr: Longs
    to: Ints

    @classmethod
    def of(cls, nodes: int, source: Ints, target: Ints, selected: NDArray[np.bool_]) -> CompressedRows:
        """Return the rows of the edges that are `selected`."""
        source, target = source[selected], target[selected]
        order = np.argsort(source, kind="stable")
        counts = np.bincount(source, minlength=nodes)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), target[order])

    @property
    def nodes(self) -> int:
        """Return the number of nodes."""
        return len(self.indptr) - 1


def first_that_reach(rows: CompressedRows, order: Ints, wanted: int) -> int:
    """Return the length of the shortest prefix of `order` whose joint closure has `wanted` nodes (all of it if none has)."""
    return int(_first_that_reach(rows.indptr, rows.to, order, wanted))


def distances(rows: CompressedRows, root: int) -> tuple[Ints, Ints]:
    """Return the nodes reachable from `root`, itself first, and their distances."""
    queue, distance = np.zeros(rows.nodes, np.int32), np.full(rows.nodes, -1, np.int32)
    count = _distances(rows.indptr, rows.to, root, queue, distance)
    return queue[:count], distance[queue[:count]]


@numba.njit(cache=True)
def _first_that_reach(indptr: Longs, to: Ints, order: Ints, wanted: int) -> int:
    seen = np.zeros(len(indptr) - 1, np.uint8)
    queue = np.zeros(len(indptr) - 1, np.int32)
    count, done = 0, 0
    for taken in range(len(order)):
        if count >= wanted:
            return taken
        if seen[order[taken]] == 0:
            seen[order[taken]] = 1
            queue[count] = order[taken]
            count += 1
        while done < count:
            node = queue[done]
            done += 1
            for row in range(indptr[node], indptr[node + 1]):
                if seen[to[row]] == 0:
                    seen[to[row]] = 1
                    queue[count] = to[row]
                    count += 1
    return len(order)


@numba.njit(cache=True)
def _distances(indptr: Longs, to: Ints, root: int, queue: Ints, distance: Ints) -> int:
    queue[0], distance[root] = root, 0
    count, done = 1, 0
    while done < count:
        node = queue[done]
        done += 1
        for row in range(indptr[node], indptr[node + 1]):
            if distance[to[row]] < 0:
                distance[to[row]] = distance[node] + 1
                queue[count] = to[row]
                count += 1
    return count
