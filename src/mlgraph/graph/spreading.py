"""The spread of an impact, compiled: a closure of what happens to assets, which remembers by which way each was reached."""

from __future__ import annotations

from typing import Final

import numba

from mlgraph.graph.kernels import FLAG_SHIFT, RELATION_SHIFT, TO_MASK, Arrays, skip
from mlgraph.graph.patches import Patches, place_of
from mlgraph.graph.prefetch import prefetch
from mlgraph.graph.rows import Bytes, Ints, Longs

AHEAD: Final = 12
"""How many states ahead memory is asked for index entries; half of it for rows."""


@numba.njit(cache=True, nogil=True)
def _pass_on(
    rows: Longs, first: int, stop: int, masked: Longs, mask: int, mask_end: int, moment: int, need: int, avoid: int,
    becomes: Bytes, online: int, kind_of: Bytes, stamp: Bytes, epoch: int, queue: Longs, back: Ints, done: int, count: int,
    common: int, seen: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Append the states to which rows[first:stop] lead; `becomes` uint8[relations, 2, kinds] is of the effect they start with."""
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
        state = other * 4 + effect
        if (flags & avoid) == 0 and effect != 255 and stamp[state] != epoch:
            stamp[state] = epoch
            queue[count], back[count] = state, done
            count += 1
            common &= flags
    return count, common, seen


@numba.njit(cache=True, nogil=True)
def _pass_on_patched(
    patch: Patches, slot: int, rows: Longs, first: int, stop: int, moment: int, need: int, avoid: int, becomes: Bytes,
    online: int, kind_of: Bytes, stamp: Bytes, epoch: int, queue: Longs, back: Ints, done: int, count: int, common: int,
    seen: int,
) -> tuple[int, int, int]:  # fmt: skip
    mask_end = patch.mask_index[slot + 1]
    mask = skip(patch.masked, patch.mask_index[slot], mask_end, first)
    count, common, seen = _pass_on(
        rows, first, stop, patch.masked, mask, mask_end, moment, need, avoid, becomes, online, kind_of, stamp, epoch, queue, back,
        done, count, common, seen,
    )  # fmt: skip
    first, stop = patch.add_index[slot], patch.add_index[slot + 1]
    return _pass_on(
        patch.added, first, stop, patch.masked, 0, 0, moment, need, avoid, becomes, online, kind_of, stamp, epoch, queue, back,
        done, count, common, seen,
    )  # fmt: skip


@numba.njit(cache=True, nogil=True, inline="always")
def _announce(index: Longs, flat: Longs, queue: Longs, done: int, count: int, low: int, base: int) -> None:
    """Ask memory for what the states a little ahead in the queue will need."""
    if done + AHEAD < count and queue[done + AHEAD] >> 2 < base:
        prefetch(index, 3 * (queue[done + AHEAD] >> 2))
    if done + AHEAD // 2 < count and queue[done + AHEAD // 2] >> 2 < base:
        following = 3 * index[3 * (queue[done + AHEAD // 2] >> 2) + low]
        prefetch(flat, following)
        prefetch(flat, following + 8)


@numba.njit(cache=True, nogil=True)
def impact(
    arrays: Arrays, low: int, high: int, seeds: Longs, seed_distance: Ints, seed_back: Ints, moment: int, need: int, avoid: int,
    max_depth: int, spread: Bytes, online: int, kind_of: Bytes, stamp: Bytes, epoch: int, queue: Longs, back: Ints, ends: Longs,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Spread effects over states `node * 4 + effect`, breadth first; each state is visited once.

    `spread` uint8[4, relations, 2, kinds] says what an effect becomes over a relation (the third index: the target reads the
    source while serving, flag `online`) at a target of a kind; 255: nothing. Rows with a flag of `avoid` are not taken. Fills
    `queue` with states and `back` with the positions they were reached from (of seeds: `seed_back`). Returns count, levels, the
    flags that all rows share by which states were reached, and those that any row has that was looked at. Otherwise like
    `closure`.
    """
    index, rows, newer, older = arrays.indptr, arrays.rows, arrays.newer, arrays.older
    newer_keys, newer_slots, older_keys, older_slots = newer.keys, newer.slots, older.keys, older.slots
    nothing, flat = newer.masked, rows.reshape(-1)
    base = (len(index) - 1) // 3
    count, done, seeded, depth, common, seen = 0, 0, 0, 0, 255, 0
    while True:
        while seeded < len(seeds) and seed_distance[seeded] <= depth:
            state = seeds[seeded]
            if stamp[state] != epoch:
                stamp[state] = epoch
                queue[count], back[count] = state, seed_back[seeded]
                count += 1
            seeded += 1
        last = count
        if depth < len(ends):
            ends[depth] = last
        while depth < max_depth and done < last:
            _announce(index, flat, queue, done, count, low, base)
            node, becomes = queue[done] >> 2, spread[queue[done] & 3]
            first, stop = 0, 0
            if node < base:
                first, stop = index[3 * node + low], index[3 * node + high]
            in_newer = place_of(newer_keys, newer_slots, node)
            in_older = -1 if in_newer >= 0 else place_of(older_keys, older_slots, node)
            if in_newer >= 0:
                count, common, seen = _pass_on_patched(
                    newer, in_newer, rows, first, stop, moment, need, avoid, becomes, online, kind_of, stamp, epoch, queue, back,
                    done, count, common, seen,
                )  # fmt: skip
            elif in_older >= 0:
                count, common, seen = _pass_on_patched(
                    older, in_older, rows, first, stop, moment, need, avoid, becomes, online, kind_of, stamp, epoch, queue, back,
                    done, count, common, seen,
                )  # fmt: skip
            else:
                count, common, seen = _pass_on(
                    rows, first, stop, nothing, 0, 0, moment, need, avoid, becomes, online, kind_of, stamp, epoch, queue, back,
                    done, count, common, seen,
                )  # fmt: skip
            done += 1
        if (depth >= max_depth or count == last) and seeded >= len(seeds):
            break
        depth += 1
        if depth > max_depth:
            break
    return count, depth + 1, common, seen
