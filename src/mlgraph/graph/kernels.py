"""Breadth-first search over compressed sparse rows, compiled by numba.

Arrays of one direction of a layer, `n` nodes and `m` rows:
`indptr` int64[n+1], `to` int32[m], `start`/`end` int64[m] (microseconds), `flags` uint8[m], `dead` uint8[m] (rows that the
overlay replaced). The overlay has the same columns, sorted by node, with `nodes` int32[k] and `optr` int64[k+1]; `patched`
uint8[n] says which nodes have overlay rows. Nodes past the base's `n` live in the overlay alone.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@numba.njit(cache=True, nogil=True)
def _slot(nodes: Ints, node: int) -> int:
    low, high = 0, len(nodes)
    while low < high:
        middle = (low + high) >> 1
        if nodes[middle] < node:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True, nogil=True)
def closure(  # noqa: PLR0917 - a kernel takes its arrays one by one
    indptr: Longs, to: Ints, start: Longs, end: Longs, flags: Bytes, dead: Bytes,
    nodes: Ints, optr: Longs, oto: Ints, ostart: Longs, oend: Longs, oflags: Bytes, patched: Bytes,
    seeds: Ints, seed_distance: Ints, moment: int, need: int, max_depth: int, stamp: Ints, epoch: int,
    queue: Ints, distance: Ints,
) -> int:  # fmt: skip
    """Fill `queue` with the nodes reached from `seeds` at `moment` and `distance` with their hops; return how many.

    `seeds` are ordered by their starting distances. Rows are taken whose flags include all of `need`. `stamp` marks visits with
    `epoch` (nodes stamped already are not visited). Nodes come in order of distance.
    """
    count, done, seeded, depth = 0, 0, 0, 0
    base = len(indptr) - 1
    while True:
        while seeded < len(seeds) and seed_distance[seeded] <= depth:
            node = seeds[seeded]
            seeded += 1
            if stamp[node] != epoch:
                stamp[node] = epoch
                queue[count] = node
                distance[count] = depth
                count += 1
        last = count
        if depth < max_depth:
            while done < last:
                node = queue[done]
                done += 1
                if node < base:
                    for row in range(indptr[node], indptr[node + 1]):
                        if (
                            start[row] <= moment and moment < end[row] and (flags[row] & need) == need and dead[row] == 0
                            and stamp[to[row]] != epoch
                        ):  # fmt: skip
                            stamp[to[row]] = epoch
                            queue[count] = to[row]
                            distance[count] = depth + 1
                            count += 1
                if patched[node] != 0:
                    slot = _slot(nodes, node)
                    for row in range(optr[slot], optr[slot + 1]):
                        if (
                            ostart[row] <= moment and moment < oend[row] and (oflags[row] & need) == need
                            and stamp[oto[row]] != epoch
                        ):  # fmt: skip
                            stamp[oto[row]] = epoch
                            queue[count] = oto[row]
                            distance[count] = depth + 1
                            count += 1
        elif seeded >= len(seeds):
            break
        if count == last and seeded >= len(seeds):
            break
        depth += 1
        if depth > max_depth:
            break
    return count


@numba.njit(cache=True, nogil=True)
def rows_between(  # noqa: PLR0917 - the same
    indptr: Longs, to: Ints, start: Longs, end: Longs, flags: Bytes, dead: Bytes,  # noqa: ARG001 - one tuple for all kernels
    nodes: Ints, optr: Longs, oto: Ints, ostart: Longs, oend: Longs, oflags: Bytes, patched: Bytes,  # noqa: ARG001 - the same
    sources: Ints, inside: Ints, mark: int, moment: int, base_out: Longs, over_out: Longs, from_out: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Collect the rows that hold at `moment` and lead from `sources` to nodes for which `inside[node] == mark`.

    Fills `base_out` and `over_out` with positions and `from_out` with the sources, base rows first; returns both counts. A count
    past the length of its array says that nothing more was written: call again with larger ones.
    """
    count = 0
    base = len(indptr) - 1
    for node in sources:
        if node < base:
            for row in range(indptr[node], indptr[node + 1]):
                if start[row] <= moment and moment < end[row] and dead[row] == 0 and inside[to[row]] == mark:
                    if count < len(base_out):
                        base_out[count] = row
                        from_out[count] = node
                    count += 1
    over = 0
    for node in sources:
        if patched[node] != 0:
            slot = _slot(nodes, node)
            for row in range(optr[slot], optr[slot + 1]):
                if ostart[row] <= moment and moment < oend[row] and inside[oto[row]] == mark:
                    if over < len(over_out) and count + over < len(from_out):
                        over_out[over] = row
                        from_out[count + over] = node
                    over += 1
    return count, over
