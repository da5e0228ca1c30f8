"""Walks over compressed sparse rows, compiled by numba.

What Python calls takes its arguments one by one: named tuples are made inside, where they cost nothing. To pass them from Python
takes about a microsecond each, and a typical closure only twenty.

A row is three int64: a word, `start` and `end` (microseconds). The word holds the other node in its low 32 bits, then 8 bits of
flags, 8 of relation and 15 of origin. A node's rows stand together: first those of the asset level alone, then those of both
levels, then those of the run level alone; `index` int64[3n + 1] has the three beginnings of each node and, as the next node's
first, the end.

What changed since the arrays were made is in `Patches`: for a patched node the base rows that no longer count (positions,
ascending) and the rows that were added. Patches are looked up by an open-addressing table, the newer ones first; a node that the
newer ones hold is not looked up in the older.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.graph.csr.gather import skip
from mlgraph.graph.csr.patches import Patches, place_of
from mlgraph.graph.csr.prefetch import prefetch
from mlgraph.graph.csr.row_format import FLAG_SHIFT, TO_MASK, Arrays
from mlgraph.graph.model.rows import Bytes, Ints, Longs

STEP: Final = 64
"""How many nodes a closure takes at once. In a company of a million nodes 16 were slower, more than 64 not faster."""


class _Visits(NamedTuple):
    """Which rows a closure takes (valid at `moment`, with all flags of `need`), the marks of visited nodes, and their queue."""

    moment: int
    need: int
    stamp: Bytes
    epoch: int
    queue: Ints


@numba.njit(cache=True, nogil=True)
def _visit(
    rows: Longs, first: int, stop: int, masked: Longs, mask: int, mask_end: int, visits: _Visits, count: int, common: int
) -> tuple[int, int]:
    """Append to `queue` the nodes not visited yet to which rows[first:stop] lead, passing over the rows masked[mask:mask_end]."""
    moment, need, stamp, epoch, queue = visits
    for row in range(first, stop):
        if mask < mask_end and masked[mask] == row:
            mask += 1
            continue
        word = rows[row, 0]
        flags = (word >> FLAG_SHIFT) & 255
        if rows[row, 1] <= moment and moment < rows[row, 2] and (flags & need) == need:
            other = word & TO_MASK
            if stamp[other] != epoch:
                stamp[other] = epoch
                queue[count] = other
                count += 1
                common &= flags
    return count, common


@numba.njit(cache=True, nogil=True)
def _locate_and_prefetch(
    index: Longs, flat: Longs, queue: Ints, low: int, high: int, begin: int, middle: int, end: int, spans: Longs
) -> None:
    """Note where the rows of queue[begin:middle] lie and ask memory for them, and for the index entries of queue[middle:end]."""
    base = (len(index) - 1) // 3
    for place in range(middle, end):
        if queue[place] < base:
            prefetch(index, 3 * queue[place])
    for place in range(begin, middle):
        node, slot = queue[place], 2 * (place & (2 * STEP - 1))
        first, stop = 0, 0
        if node < base:
            first, stop = 3 * index[3 * node + low], 3 * index[3 * node + high]
            prefetch(flat, first)
            prefetch(flat, first + 8)
            if stop - first > 16:
                prefetch(flat, first + 16)
        spans[slot], spans[slot + 1] = first, stop


@numba.njit(cache=True, nogil=True)
def _visit_unpatched(
    flat: Longs, spans: Longs, begin: int, end: int, visits: _Visits, count: int, common: int
) -> tuple[int, int]:
    """Append to `queue` the nodes not visited yet to which queue[begin:end] lead by the rows that `spans` tells.

    As `_visit` with nothing masked, but without branches: whether a node was visited before cannot be foretold.
    """
    moment, need, stamp, epoch, queue = visits
    for place in range(begin, end):
        slot = 2 * (place & (2 * STEP - 1))
        for at in range(spans[slot], spans[slot + 1], 3):
            word = flat[at]
            flags, other = (word >> FLAG_SHIFT) & 255, word & TO_MASK
            mark = stamp[other]
            taken = (flat[at + 1] <= moment) & (moment < flat[at + 2]) & ((flags & need) == need) & (mark != epoch)
            every = -int(taken)  # all bits, or none
            stamp[other] = mark ^ ((mark ^ epoch) & every)
            queue[count] = other
            count -= every
            common &= flags | ~every
    return count, common


@numba.njit(cache=True, nogil=True)
def _visit_patched(
    patch: Patches, slot: int, rows: Longs, first: int, stop: int, visits: _Visits, count: int, common: int
) -> tuple[int, int]:
    """Append to `queue` the nodes not visited yet to which a patched node leads, whose base rows are rows[first:stop]."""
    mask_end = patch.mask_index[slot + 1]
    mask = skip(patch.masked, patch.mask_index[slot], mask_end, first)
    count, common = _visit(rows, first, stop, patch.masked, mask, mask_end, visits, count, common)
    first, stop = patch.add_index[slot], patch.add_index[slot + 1]
    return _visit(patch.added, first, stop, patch.masked, 0, 0, visits, count, common)


@numba.njit(cache=True, nogil=True)
def _append_seeds(seeds: Ints, seed_distance: Ints, depth: int, seeded: int, visits: _Visits, count: int) -> tuple[int, int]:
    """Append the seeds up to this distance that were not visited yet."""
    stamp, epoch, queue = visits.stamp, visits.epoch, visits.queue
    while seeded < len(seeds) and seed_distance[seeded] <= depth:
        if stamp[seeds[seeded]] != epoch:
            stamp[seeds[seeded]] = epoch
            queue[count] = seeds[seeded]
            count += 1
        seeded += 1
    return seeded, count


@numba.njit(cache=True, nogil=True)
def _visit_patched_nodes(
    arrays: Arrays, spans: Longs, begin: int, end: int, visits: _Visits, count: int, common: int
) -> tuple[int, int]:
    """Do for the patched ones of queue[begin:end] what `_visit_plain` does, and leave it nothing to do for them."""
    newer, older, queue = arrays.newer, arrays.older, visits.queue
    # taken out of their tuples once: each time would cost more than a node
    newer_keys, newer_slots, older_keys, older_slots = newer.keys, newer.slots, older.keys, older.slots
    for place in range(begin, end):
        slot = 2 * (place & (2 * STEP - 1))
        first, stop = spans[slot] // 3, spans[slot + 1] // 3
        patch = place_of(newer_keys, newer_slots, queue[place])
        if patch >= 0:
            count, common = _visit_patched(newer, patch, arrays.rows, first, stop, visits, count, common)
        else:
            patch = place_of(older_keys, older_slots, queue[place])
            if patch < 0:
                continue
            count, common = _visit_patched(older, patch, arrays.rows, first, stop, visits, count, common)
        spans[slot + 1] = spans[slot]
    return count, common


@numba.njit(cache=True, nogil=True)
def closure(
    arrays: Arrays,
    low: int,
    high: int,
    seeds: Ints,
    seed_distance: Ints,
    moment: int,
    need: int,
    max_depth: int,
    stamp: Bytes,
    epoch: int,
    queue: Ints,
    ends: Longs,
) -> tuple[int, int, int]:
    """Fill `queue` with the nodes reached from `seeds` at `moment`, in order of distance.

    Returns how many there are, how many levels (level `d` ends before position `ends[d]`; counting stops where `ends` is full),
    and the flags that all rows share by which nodes were reached. `seeds` are ordered by their starting distances. `low` and
    `high` choose the rows of a level (0 and 2: asset, 1 and 3: run); rows are taken whose flags include all of `need`. Nodes
    stamped with `epoch` count as visited. `queue` is longer than there are nodes.

    A level is walked in steps of `STEP` nodes. While one is walked, memory is fetching the rows of the next and the index entries
    of the one after: a closure's time is that of waiting for memory.
    """
    index, flat, spans = arrays.indptr, arrays.rows.reshape(-1), np.empty(4 * STEP, np.int64)
    visits = _Visits(moment, need, stamp, epoch, queue)
    patched = len(arrays.newer.keys) > 0 or len(arrays.older.keys) > 0
    count, done, seeded, depth, common = 0, 0, 0, 0, 255
    while True:
        seeded, count = _append_seeds(seeds, seed_distance, depth, seeded, visits, count)
        last = count
        if depth < len(ends):
            ends[depth] = last
        if depth < max_depth:
            _locate_and_prefetch(index, flat, queue, low, high, done, min(done + STEP, last), min(done + 2 * STEP, last), spans)
        while depth < max_depth and done < last:
            end = min(done + STEP, last)
            _locate_and_prefetch(index, flat, queue, low, high, end, min(end + STEP, last), min(end + 2 * STEP, last), spans)
            if patched:
                count, common = _visit_patched_nodes(arrays, spans, done, end, visits, count, common)
            count, common = _visit_unpatched(flat, spans, done, end, visits, count, common)
            done = end
        if (depth >= max_depth or count == last) and seeded >= len(seeds):
            break
        depth += 1
        if depth > max_depth:
            break
    return count, depth + 1, common


@numba.njit(cache=True, nogil=True)
def nearest(some: Ints, some_distances: Ints, others: Ints, other_distances: Ints, stamp: Bytes, epoch: int) -> tuple[Ints, Ints]:
    """Return each asset of two lists once, with its least distance, nearest first. Both lists come in order of distance.

    Assets stamped with `epoch` are left out; those returned are stamped.
    """
    total = len(some) + len(others)
    assets, distances = np.empty(total + 1, np.int32), np.empty(total + 1, np.int32)
    count, some_index, other_index = 0, 0, 0
    for _ in range(total):
        if other_index == len(others) or (some_index < len(some) and some_distances[some_index] <= other_distances[other_index]):
            assets[count], distances[count] = some[some_index], some_distances[some_index]
            some_index += 1
        else:
            assets[count], distances[count] = others[other_index], other_distances[other_index]
            other_index += 1
        asset = assets[count]
        count += stamp[asset] != epoch
        stamp[asset] = epoch
    return assets[:count], distances[:count]
