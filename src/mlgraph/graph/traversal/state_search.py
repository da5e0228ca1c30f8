"""State search: a compiled breadth-first search over (node, effect) states with predecessors.

A state is `node * 4 + effect`. It serves impact analysis, shortest paths, and closures that contract hidden assets: a step to
such an asset has length 0 (ADR 0022).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.gather import skip
from mlgraph.graph.csr.patches import Patches, place_of
from mlgraph.graph.csr.prefetch import prefetch
from mlgraph.graph.csr.row_format import FLAG_SHIFT, RELATION_SHIFT, TO_MASK, Arrays
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.csr.valid_at import valid_at
from mlgraph.graph.model.rows import ONLINE, Bytes, Ints, Longs
from mlgraph.graph.traversal.noise_marks import CONTRACTED, LEFT_OUT
from mlgraph.graph.traversal.workspace import borrowed

EFFECTS: Final = 4
PREFETCH_DISTANCE: Final = 12
"""Index entries are prefetched this many states in advance, rows half as many."""


class Seeds(NamedTuple):
    """The start states of a search in order of `distances`; `back` are their predecessors, in the caller's numbering."""

    states: Longs
    distances: Ints
    back: Ints


class StateSearchOptions(NamedTuple):
    """The rows to follow, and the transition table of effects.

    A row is followed if it is valid at `moment` (microseconds) and has all flags of `need` and none of `avoid`.
    `table` uint8[4, relations, 2, kinds] maps the effect, the relation, whether the row is `ONLINE`, and the kind of the target
    to the effect on the target; 255: none. `marks` uint8[assets] are noise marks; empty: nothing is hidden.
    """

    moment: int
    need: int
    avoid: int
    max_depth: int
    table: Bytes
    marks: Bytes


class StateSearchResult(NamedTuple):
    """The states reached in order of distance, with the position of each one's predecessor (of seeds: `Seeds.back`) and distance.

    `common` are the flags common to all rows over which states were reached, `seen` the union of the flags of all rows read.
    """

    states: Longs
    back: Ints
    hops: Ints
    common: int
    seen: int


class _StateFilter(NamedTuple):
    """The conditions on a row, and the arrays that they need; `hiding`: whether `marks` is not empty."""

    moment: int
    need: int
    avoid: int
    hiding: bool
    kind_of: Bytes
    asset_of: Ints
    marks: Bytes


class _Queues(NamedTuple):
    """Marks of visited states, the queue with predecessors (`back`), and the states of the next level (`later`).

    `later` is used only if assets are hidden: then contracted assets are still to be appended to the current level.
    """

    stamp: Bytes
    epoch: int
    states: Longs
    back: Ints
    later: Longs
    later_back: Ints


def search_states(graph: GraphVersion, rows: DirectedRows, seeds: Seeds, options: StateSearchOptions) -> StateSearchResult:
    """Return the states reached from `seeds` over `rows`, each once, in order of distance."""
    hiding = len(options.marks) > 0
    size = graph.nodes * EFFECTS
    later = (np.empty(size, np.int64), np.empty(size, np.int32)) if hiding else (np.empty(0, np.int64), np.empty(0, np.int32))
    asset_index = graph.asset_index
    row_filter = _StateFilter(
        options.moment, options.need | rows.level, options.avoid, hiding, asset_index.kind_at, graph.asset_of, options.marks
    )
    with borrowed() as workspace:
        while True:
            space = workspace.for_states(size)
            queues = _Queues(space.stamp, space.epoch, space.queue, space.back, *later)
            count, levels, common, seen = _search(
                rows.arrays, rows.low, rows.high, seeds, row_filter, options.max_depth, options.table, queues, space.ends
            )
            if levels <= len(space.ends):
                hops = hops_of(space.ends[:levels], count)
                return StateSearchResult(space.queue[:count].copy(), space.back[:count].copy(), hops, common, seen)
            workspace.grow_levels(levels)


def hops_of(ends: Longs, count: int) -> Ints:
    """Return the level of each of `count` positions; level `d` ends before position `ends[d]`."""
    sizes = np.diff(np.concatenate([[0], np.minimum(ends, count)]))
    return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)


@numba.njit(cache=True, nogil=True)
def _expand(
    rows: Longs,
    first: int,
    stop: int,
    masked: Longs,
    mask: int,
    mask_end: int,
    row_filter: _StateFilter,
    next_effect: Bytes,
    queues: _Queues,
    done: int,
    count: int,
    deferred: int,
    common: int,
    seen: int,
) -> tuple[int, int, int, int]:
    """Append the unvisited states at the targets of rows[first:stop], except the rows masked[mask:mask_end].

    `next_effect` uint8[relations, 2, kinds] is the transition table of the current effect; `done` is the current position.
    Returns the new lengths of the queue and of `later`, and the flags `common` and `seen` (see `StateSearchResult`).
    """
    moment, need, avoid, hiding, kind_of, asset_of, marks = row_filter
    stamp, epoch, states, back, later, later_back = queues
    for row in range(first, stop):
        if mask < mask_end and masked[mask] == row:
            mask += 1
            continue
        word = rows[row, 0]
        flags = (word >> FLAG_SHIFT) & 255
        if not valid_at(rows[row, 1], rows[row, 2], moment) or (flags & need) != need:
            continue
        seen |= flags
        other = word & TO_MASK
        effect = next_effect[(word >> RELATION_SHIFT) & 255, 1 if (flags & ONLINE) != 0 else 0, kind_of[other]]
        state = other * EFFECTS + effect
        if (flags & avoid) == 0 and effect != 255 and stamp[state] != epoch:
            stamp[state] = epoch
            common &= flags
            if hiding and marks[asset_of[other]] != CONTRACTED:
                later[deferred], later_back[deferred] = state, done
                deferred += 1
            else:
                states[count], back[count] = state, done
                count += 1
    return count, deferred, common, seen


@numba.njit(cache=True, nogil=True)
def _expand_patched(
    patch: Patches,
    slot: int,
    rows: Longs,
    first: int,
    stop: int,
    row_filter: _StateFilter,
    next_effect: Bytes,
    queues: _Queues,
    done: int,
    count: int,
    deferred: int,
    common: int,
    seen: int,
) -> tuple[int, int, int, int]:
    mask_end = patch.mask_index[slot + 1]
    mask = skip(patch.masked, patch.mask_index[slot], mask_end, first)
    count, deferred, common, seen = _expand(
        rows, first, stop, patch.masked, mask, mask_end, row_filter, next_effect, queues, done, count, deferred, common, seen
    )
    first, stop = patch.add_index[slot], patch.add_index[slot + 1]
    return _expand(
        patch.added, first, stop, patch.masked, 0, 0, row_filter, next_effect, queues, done, count, deferred, common, seen
    )


@numba.njit(cache=True, nogil=True, inline="always")
def _prefetch_upcoming(index: Longs, flat: Longs, queue: Longs, done: int, count: int, low: int, base: int) -> None:
    """Prefetch the index entries and rows of states that follow in the queue."""
    if done + PREFETCH_DISTANCE < count and queue[done + PREFETCH_DISTANCE] >> 2 < base:
        prefetch(index, 3 * (queue[done + PREFETCH_DISTANCE] >> 2))
    if done + PREFETCH_DISTANCE // 2 < count and queue[done + PREFETCH_DISTANCE // 2] >> 2 < base:
        following = 3 * index[3 * (queue[done + PREFETCH_DISTANCE // 2] >> 2) + low]
        prefetch(flat, following)
        prefetch(flat, following + 8)


@numba.njit(cache=True, nogil=True)
def _begin_level(seeds: Seeds, seeded: int, depth: int, deferred: int, queues: _Queues, count: int) -> tuple[int, int]:
    """Append the `deferred` states and the seeds of this depth; return how many seeds were consumed, and the queue's length."""
    stamp, epoch, states, back = queues.stamp, queues.epoch, queues.states, queues.back
    later, later_back = queues.later, queues.later_back
    for place in range(deferred):
        states[count], back[count] = later[place], later_back[place]
        count += 1
    while seeded < len(seeds.states) and seeds.distances[seeded] <= depth:
        state = seeds.states[seeded]
        if stamp[state] != epoch:
            stamp[state] = epoch
            states[count], back[count] = state, seeds.back[seeded]
            count += 1
        seeded += 1
    return seeded, count


@numba.njit(cache=True, nogil=True)
def _search(
    arrays: Arrays,
    low: int,
    high: int,
    seeds: Seeds,
    row_filter: _StateFilter,
    max_depth: int,
    table: Bytes,
    queues: _Queues,
    ends: Longs,
) -> tuple[int, int, int, int]:
    """Fill `queues`; return the number of states, the number of levels (as `kernels.closure`), `common` and `seen`."""
    index, rows, newer, older = arrays.indptr, arrays.rows, arrays.newer, arrays.older
    newer_keys, newer_slots, older_keys, older_slots = newer.keys, newer.slots, older.keys, older.slots
    no_mask, flat = newer.masked, rows.reshape(-1)
    hiding, asset_of, marks = row_filter.hiding, row_filter.asset_of, row_filter.marks
    states = queues.states
    base = (len(index) - 1) // 3
    count, done, seeded, deferred, depth, common, seen = 0, 0, 0, 0, 0, 255, 0
    while True:
        seeded, count = _begin_level(seeds, seeded, depth, deferred, queues, count)
        deferred, last = 0, count
        while depth < max_depth and done < last:
            _prefetch_upcoming(index, flat, states, done, count, low, base)
            node, next_effect = states[done] >> 2, table[states[done] & 3]
            if hiding and marks[asset_of[node]] == LEFT_OUT:
                done += 1
                continue
            first, stop = 0, 0
            if node < base:
                first, stop = index[3 * node + low], index[3 * node + high]
            in_newer = place_of(newer_keys, newer_slots, node)
            in_older = -1 if in_newer >= 0 else place_of(older_keys, older_slots, node)
            if in_newer >= 0:
                count, deferred, common, seen = _expand_patched(
                    newer, in_newer, rows, first, stop, row_filter, next_effect, queues, done, count, deferred, common, seen
                )
            elif in_older >= 0:
                count, deferred, common, seen = _expand_patched(
                    older, in_older, rows, first, stop, row_filter, next_effect, queues, done, count, deferred, common, seen
                )
            else:
                count, deferred, common, seen = _expand(
                    rows, first, stop, no_mask, 0, 0, row_filter, next_effect, queues, done, count, deferred, common, seen
                )
            done += 1
            if hiding:  # contracted states belong to the current level
                last = count
        if depth < len(ends):
            ends[depth] = last
        if (depth >= max_depth or (count == last and deferred == 0)) and seeded >= len(seeds.states):
            return count, depth + 1, common, seen
        depth += 1
        if depth > max_depth:
            return count, depth, common, seen
