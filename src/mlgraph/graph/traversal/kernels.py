"""Closure kernels: breadth-first search over compressed sparse rows (CSR), compiled by numba.

Functions that Python calls take scalars and arrays one by one, and create named tuples inside, at no cost: passing a named tuple
from Python takes about 1 us, and a typical closure only 20 us.

A row is three int64: a word, `start` and `end` (microseconds). The word contains the other node in its low 32 bits, then 8 bits
of flags, 8 of relation and 15 of origin. The rows of a node are contiguous, in three segments: asset level only, both levels,
run level only. `index` int64[3n + 1] contains the start of each segment; a segment ends where the next one starts.

Changes since the base was built are in `Patches`: for a patched node the positions of removed base rows (ascending) and the added
rows. Patches are looked up in an open-addressing table, newer ones first: a patch in `newer` replaces one in `older`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.graph.csr.gather import skip
from mlgraph.graph.csr.patches import Patches, place_of
from mlgraph.graph.csr.prefetch import prefetch
from mlgraph.graph.csr.row_format import FLAG_SHIFT, TO_MASK, Arrays
from mlgraph.graph.csr.valid_at import valid_at
from mlgraph.graph.model.rows import Bytes, Ints, Longs

STEP: Final = 64
"""Nodes that a closure expands at once. With a million nodes 16 was slower, and more than 64 not faster."""


class _Visits(NamedTuple):
    """The state of a closure: rows must be valid at `moment` and have all flags of `need`; visited nodes are marked and queued.

    A node is visited if `stamp` uint8[nodes] has the value `epoch`.
    """

    moment: int
    need: int
    stamp: Bytes
    epoch: int
    queue: Ints


@numba.njit(cache=True, nogil=True)
def _visit(
    rows: Longs, first: int, stop: int, masked: Longs, mask: int, mask_end: int, visits: _Visits, count: int, common: int
) -> tuple[int, int]:
    """Append the unvisited targets of rows[first:stop], except the rows masked[mask:mask_end], to `queue`.

    Returns the new count, and `common` restricted to the flags of these rows.
    """
    moment, need, stamp, epoch, queue = visits
    for row in range(first, stop):
        if mask < mask_end and masked[mask] == row:
            mask += 1
            continue
        word = rows[row, 0]
        flags = (word >> FLAG_SHIFT) & 255
        if valid_at(rows[row, 1], rows[row, 2], moment) and (flags & need) == need:
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
    """Locate and prefetch the rows of queue[begin:middle], and prefetch the index entries of queue[middle:end].

    The positions in `flat` (three a row) are written to `spans`, a ring buffer of 2 * `STEP` nodes.
    """
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
    """Append the unvisited targets of the rows of queue[begin:end], located by `spans`, to `queue`.

    Like `_visit` without masked rows, but without branches, since the processor cannot predict whether a node was visited.
    """
    moment, need, stamp, epoch, queue = visits
    for place in range(begin, end):
        slot = 2 * (place & (2 * STEP - 1))
        for at in range(spans[slot], spans[slot + 1], 3):
            word = flat[at]
            flags, other = (word >> FLAG_SHIFT) & 255, word & TO_MASK
            mark = stamp[other]
            taken = valid_at(flat[at + 1], flat[at + 2], moment) & ((flags & need) == need) & (mark != epoch)
            every = -int(taken)  # all bits set, or none
            stamp[other] = mark ^ ((mark ^ epoch) & every)
            queue[count] = other
            count -= every
            common &= flags | ~every
    return count, common


@numba.njit(cache=True, nogil=True)
def _visit_patched(
    patch: Patches, slot: int, rows: Longs, first: int, stop: int, visits: _Visits, count: int, common: int
) -> tuple[int, int]:
    """Append the unvisited targets of a patched node, whose base rows are rows[first:stop], to `queue`."""
    mask_end = patch.mask_index[slot + 1]
    mask = skip(patch.masked, patch.mask_index[slot], mask_end, first)
    count, common = _visit(rows, first, stop, patch.masked, mask, mask_end, visits, count, common)
    first, stop = patch.add_index[slot], patch.add_index[slot + 1]
    return _visit(patch.added, first, stop, patch.masked, 0, 0, visits, count, common)


@numba.njit(cache=True, nogil=True)
def _append_seeds(seeds: Ints, seed_distance: Ints, depth: int, seeded: int, visits: _Visits, count: int) -> tuple[int, int]:
    """Append the unvisited seeds with starting distances up to `depth`; return how many seeds were consumed, and the count."""
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
    """Visit the patched nodes of queue[begin:end], and clear their entries in `spans` for `_visit_unpatched`."""
    newer, older, queue = arrays.newer, arrays.older, visits.queue
    # unpacked once: unpacking inside the loop would cost more than a visit
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

    Returns their number, the number of levels, and the flags common to all rows over which nodes were reached. Level `d` ends
    before position `ends[d]`; ends of levels beyond the length of `ends` are not written. `seeds` are in order of their starting
    distances. `low` and `high` select the rows of a level (0 and 2: asset, 1 and 3: run); only rows with all flags of `need` are
    followed. Nodes stamped with `epoch` count as visited. `queue` must be longer than the number of nodes.

    A level is expanded in steps of `STEP` nodes. During a step, the rows of the next step and the index entries of the step after
    are prefetched, because a closure is bound by memory latency.
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
    """Merge two lists of assets in order of distance; return each asset once, with its least distance, in that order.

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
