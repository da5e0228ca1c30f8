"""The walk that passes hidden assets over, compiled: a step to one of them counts nothing (ADR 0022).

It is the spread over states of `spreading`, without what makes that one fast: only answers that hide something need it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.graph.kernels import FLAG_SHIFT, RELATION_SHIFT, TO_MASK, Arrays, skip
from mlgraph.graph.layer import Direction
from mlgraph.graph.noise import LEFT_OUT, PASSED
from mlgraph.graph.patches import Patches, place_of
from mlgraph.graph.rows import ONLINE, Bytes, Ints, Longs
from mlgraph.graph.snapshot import Snapshot
from mlgraph.graph.workspace import borrowed

EFFECTS: Final = 4
_UNCHANGED: Final = np.zeros((EFFECTS, 256, 2, 256), np.uint8)
"""The spread table of a walk that only asks what is reached: the one effect, 0, stays."""


class Found(NamedTuple):
    """States (node * 4 + effect) in order of distance, where each was reached from, how far it is; flags as `Trail` has them."""

    states: Longs
    back: Ints
    hops: Ints
    common: int
    seen: int


def flood_over(
    graph: Snapshot, rows: Direction, seeds: list[tuple[int, int]], moment: int, need: int, max_depth: int, marks: Bytes
) -> tuple[Ints, Ints, int]:
    """Return what `walk.flood` returns, steps to assets that `marks` (uint8[assets]) passes over counting nothing."""
    ordered = sorted(seeds, key=lambda seed: seed[1])
    states = np.array([node * EFFECTS for node, _ in ordered], np.int64)
    distances = np.array([distance for _, distance in ordered], np.int32)
    found = spread_over(
        graph, rows, (states, distances, np.full(len(ordered), -1, np.int32)), moment, need, 0, max_depth, _UNCHANGED, marks
    )
    return (found.states // EFFECTS).astype(np.int32), found.hops, found.common


def spread_over(
    graph: Snapshot, rows: Direction, seeds: tuple[Longs, Ints, Ints], moment: int, need: int, avoid: int, max_depth: int,
    table: Bytes, marks: Bytes,
) -> Found:  # fmt: skip
    """Spread from `seeds` (states, distances in order, positions they come from) as `spreading.impact` does, passing over."""
    size = graph.nodes * EFFECTS
    later, later_back, hops = np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.int32)
    with borrowed() as workspace:
        space = workspace.for_states(size)
        count, common, seen = _spread(
            rows.arrays, rows.low, rows.high, *seeds, moment, need | rows.level, avoid, max_depth, table, ONLINE,
            graph.registry.kind_at, graph.asset_of, marks, space.stamp, space.epoch, space.queue, space.back, hops, later,
            later_back,
        )  # fmt: skip
        return Found(space.queue[:count].copy(), space.back[:count].copy(), hops[:count].copy(), common, seen)


@numba.njit(cache=True, nogil=True)
def _take(
    rows: Longs, first: int, stop: int, masked: Longs, mask: int, mask_end: int, moment: int, need: int, avoid: int,
    becomes: Bytes, online: int, kind_of: Bytes, asset_of: Ints, marks: Bytes, stamp: Bytes, epoch: int, queue: Longs,
    back: Ints, done: int, count: int, later: Longs, later_back: Ints, waiting: int, common: int, seen: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Append the states to which rows[first:stop] lead: to `queue` those that are passed over, else to `later`."""
    for row in range(first, stop):
        if mask < mask_end and masked[mask] == row:
            mask += 1
            continue
        word = rows[row, 0]
        flags = (word >> FLAG_SHIFT) & 255
        if rows[row, 1] > moment or moment >= rows[row, 2] or (flags & need) != need:
            continue
        seen |= flags
        other = word & TO_MASK
        effect = becomes[(word >> RELATION_SHIFT) & 255, 1 if (flags & online) != 0 else 0, kind_of[other]]
        state = other * EFFECTS + effect
        if (flags & avoid) != 0 or effect == 255 or stamp[state] == epoch:
            continue
        stamp[state] = epoch
        common &= flags
        if marks[asset_of[other]] == PASSED:
            queue[count], back[count] = state, done
            count += 1
        else:
            later[waiting], later_back[waiting] = state, done
            waiting += 1
    return count, waiting, common, seen


@numba.njit(cache=True, nogil=True)
def _take_patched(
    patch: Patches, slot: int, rows: Longs, first: int, stop: int, moment: int, need: int, avoid: int, becomes: Bytes,
    online: int, kind_of: Bytes, asset_of: Ints, marks: Bytes, stamp: Bytes, epoch: int, queue: Longs, back: Ints, done: int,
    count: int, later: Longs, later_back: Ints, waiting: int, common: int, seen: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    mask_end = patch.mask_index[slot + 1]
    mask = skip(patch.masked, patch.mask_index[slot], mask_end, first)
    count, waiting, common, seen = _take(
        rows, first, stop, patch.masked, mask, mask_end, moment, need, avoid, becomes, online, kind_of, asset_of, marks, stamp,
        epoch, queue, back, done, count, later, later_back, waiting, common, seen,
    )  # fmt: skip
    return _take(
        patch.added, patch.add_index[slot], patch.add_index[slot + 1], patch.masked, 0, 0, moment, need, avoid, becomes, online,
        kind_of, asset_of, marks, stamp, epoch, queue, back, done, count, later, later_back, waiting, common, seen,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True)
def _spread(
    arrays: Arrays, low: int, high: int, seeds: Longs, seed_distance: Ints, seed_back: Ints, moment: int, need: int, avoid: int,
    max_depth: int, spread: Bytes, online: int, kind_of: Bytes, asset_of: Ints, marks: Bytes, stamp: Bytes, epoch: int,
    queue: Longs, back: Ints, hops: Ints, later: Longs, later_back: Ints,
) -> tuple[int, int, int]:  # fmt: skip
    """Fill `queue`, `back` and `hops`, nearest first; return count and flags as `spreading.impact` does."""
    index, rows, newer, older = arrays.indptr, arrays.rows, arrays.newer, arrays.older
    base = (len(index) - 1) // 3
    count, done, seeded, waiting, depth, common, seen = 0, 0, 0, 0, 0, 255, 0
    while True:
        for place in range(waiting):
            queue[count], back[count] = later[place], later_back[place]
            count += 1
        waiting = 0
        while seeded < len(seeds) and seed_distance[seeded] <= depth:
            if stamp[seeds[seeded]] != epoch:
                stamp[seeds[seeded]] = epoch
                queue[count], back[count] = seeds[seeded], seed_back[seeded]
                count += 1
            seeded += 1
        while done < count:  # grows by what is passed over
            hops[done] = depth
            node, becomes = queue[done] // EFFECTS, spread[queue[done] % EFFECTS]
            if depth < max_depth and marks[asset_of[node]] != LEFT_OUT:
                first, stop = 0, 0
                if node < base:
                    first, stop = index[3 * node + low], index[3 * node + high]
                in_newer = place_of(newer.keys, newer.slots, node)
                in_older = -1 if in_newer >= 0 else place_of(older.keys, older.slots, node)
                if in_newer >= 0:
                    count, waiting, common, seen = _take_patched(
                        newer, in_newer, rows, first, stop, moment, need, avoid, becomes, online, kind_of, asset_of, marks,
                        stamp, epoch, queue, back, done, count, later, later_back, waiting, common, seen,
                    )  # fmt: skip
                elif in_older >= 0:
                    count, waiting, common, seen = _take_patched(
                        older, in_older, rows, first, stop, moment, need, avoid, becomes, online, kind_of, asset_of, marks,
                        stamp, epoch, queue, back, done, count, later, later_back, waiting, common, seen,
                    )  # fmt: skip
                else:
                    count, waiting, common, seen = _take(
                        rows, first, stop, newer.masked, 0, 0, moment, need, avoid, becomes, online, kind_of, asset_of, marks,
                        stamp, epoch, queue, back, done, count, later, later_back, waiting, common, seen,
                    )  # fmt: skip
            done += 1
        if (waiting == 0 and seeded >= len(seeds)) or depth >= max_depth:
            return count, common, seen
        depth += 1
