"""Compiled state search: fills queues with (node, effect) states level by level, in the order of their paths (ADR 0033).

A level is divided into groups of states that have the same list of URIs on their paths, and expanded group by group in the order
of the lists: a state belongs to the first group that reaches it. The targets of one group have lists that differ in the last URI
alone, so that sorting them by it puts the groups of the next level in order.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.graph.csr.gather import skip
from mlgraph.graph.csr.patches import Patches, place_of
from mlgraph.graph.csr.prefetch import prefetch
from mlgraph.graph.csr.row_format import FLAG_SHIFT, RELATION_SHIFT, TO_MASK, Arrays
from mlgraph.graph.csr.valid_at import valid_at
from mlgraph.graph.model.rows import HUB, ONLINE, Bytes, Ints, Longs
from mlgraph.graph.traversal.noise_marks import CONTRACTED, LEFT_OUT
from mlgraph.graph.traversal.workspace import SearchLevels

EFFECTS: Final = 4
PREFETCH_DISTANCE: Final = 12
"""Index entries are prefetched this many states in advance, rows half as many."""
COUNT, PUSHED, COMMON, SEEN = range(4)
"""Positions in `totals` int64[4]: length of the queue, end of the next level, flags common to rows taken, flags of any row."""
_FEW: Final = 24
"""Up to this many targets are sorted by insertion."""


class StateFilter(NamedTuple):
    """The conditions on a row, and the arrays that they need; `hiding`: whether `marks` is not empty.

    Then hubs are contracted, too. `order` int32 is the rank of each asset's URI; assets beyond its end have rank 0.
    """

    moment: int
    need: int
    avoid: int
    hiding: bool
    kind_of: Bytes
    asset_of: Ints
    marks: Bytes
    order: Ints


class SeedTree(NamedTuple):
    """The last assets of the paths to the seeds; children and start states of path p are from [p] to [p + 1] of the indexes.

    `groups` receives the group of each path.
    """

    assets: Ints
    child_index: Longs
    children: Longs
    state_index: Longs
    states: Longs
    back: Ints
    groups: Ints


class Queues(NamedTuple):
    """Marks of visited states, the queue with predecessors (`back`) and groups, and two levels, each in a half of `levels`.

    An entry of a level is a state, or a path p of the seeds as -1 - p.
    """

    stamp: Bytes
    epoch: int
    states: Longs
    back: Ints
    groups: Ints
    levels: SearchLevels


@numba.njit(cache=True, nogil=True)
def _expand(
    rows: Longs,
    first: int,
    stop: int,
    masked: Longs,
    mask: int,
    mask_end: int,
    conditions: StateFilter,
    next_effect: Bytes,
    queues: Queues,
    done: int,
    totals: Longs,
) -> None:
    """Append the unvisited states at the targets of rows[first:stop], except masked[mask:mask_end], to the next level.

    Contracted ones, and hubs, are appended to the queue: they have the list of URIs of their predecessor, at position `done`.
    `next_effect` uint8[relations, 2, kinds] is the transition table of the current effect. Updates `totals`.
    """
    moment, need, avoid, hiding, kind_of, asset_of, marks, order = conditions
    stamp, epoch, states, back, groups, levels = queues
    items, item_back, parents, keys = levels
    count, pushed, common, seen = totals[COUNT], totals[PUSHED], totals[COMMON], totals[SEEN]
    group = groups[done]
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
        kind = kind_of[other]
        effect = next_effect[(word >> RELATION_SHIFT) & 255, 1 if (flags & ONLINE) != 0 else 0, kind]
        state = other * EFFECTS + effect
        if (flags & avoid) == 0 and effect != 255 and stamp[state] != epoch:
            stamp[state] = epoch
            common &= flags
            asset = asset_of[other]
            if hiding and (kind == HUB or marks[asset] == CONTRACTED):
                states[count], back[count], groups[count] = state, done, group
                count += 1
            else:
                items[pushed], item_back[pushed], parents[pushed] = state, done, group
                keys[pushed] = order[asset] if asset < len(order) else 0
                pushed += 1
    totals[COUNT], totals[PUSHED], totals[COMMON], totals[SEEN] = count, pushed, common, seen


@numba.njit(cache=True, nogil=True)
def _expand_patched(
    patch: Patches,
    slot: int,
    rows: Longs,
    first: int,
    stop: int,
    conditions: StateFilter,
    next_effect: Bytes,
    queues: Queues,
    done: int,
    totals: Longs,
) -> None:
    """Expand a patched node, whose base rows are rows[first:stop]."""
    mask_end = patch.mask_index[slot + 1]
    mask = skip(patch.masked, patch.mask_index[slot], mask_end, first)
    _expand(rows, first, stop, patch.masked, mask, mask_end, conditions, next_effect, queues, done, totals)
    first, stop = patch.add_index[slot], patch.add_index[slot + 1]
    _expand(patch.added, first, stop, patch.masked, 0, 0, conditions, next_effect, queues, done, totals)


@numba.njit(cache=True, nogil=True, inline="always")
def _prefetch_upcoming(index: Longs, flat: Longs, items: Longs, place: int, size: int, low: int, base: int) -> None:
    """Prefetch the index entries and rows of states that follow in a level."""
    far, near = place + PREFETCH_DISTANCE, place + PREFETCH_DISTANCE // 2
    if far < size and items[far] >= 0 and items[far] >> 2 < base:
        prefetch(index, 3 * (items[far] >> 2))
    if near < size and items[near] >= 0 and items[near] >> 2 < base:
        following = 3 * index[3 * (items[near] >> 2) + low]
        prefetch(flat, following)
        prefetch(flat, following + 8)


@numba.njit(cache=True, nogil=True)
def _push_path(tree: SeedTree, path: int, group: int, order: Ints, queues: Queues, pushed: int) -> int:
    """Append a path that continues the list of `group`, and its unvisited start states; return the next level's length."""
    items, back, parents, keys = queues.levels
    asset = tree.assets[path]
    key = order[asset] if asset < len(order) else 0
    items[pushed], back[pushed], parents[pushed], keys[pushed] = -1 - path, -1, group, key
    pushed += 1
    for place in range(tree.state_index[path], tree.state_index[path + 1]):
        state = tree.states[place]
        if queues.stamp[state] != queues.epoch:
            queues.stamp[state] = queues.epoch
            items[pushed], back[pushed], parents[pushed], keys[pushed] = state, tree.back[place], group, key
            pushed += 1
    return pushed


@numba.njit(cache=True, nogil=True)
def _continue_path(tree: SeedTree, path: int, group: int, order: Ints, queues: Queues, totals: Longs) -> None:
    """Append the paths that continue `path`, whose list is that of `group`, to the next level."""
    for child in range(tree.child_index[path], tree.child_index[path + 1]):
        totals[PUSHED] = _push_path(tree, tree.children[child], group, order, queues, totals[PUSHED])


@numba.njit(cache=True, nogil=True)
def _number_groups(tree: SeedTree, levels: SearchLevels, place: int, size: int, group: int, ordered: bool) -> int:  # noqa: FBT001 # numba
    """Write the group of each entry of a level in the place of its parent's; return the number of groups so far.

    Entries with the same parent and key are one group; without `ordered`, each entry is one.
    """
    items, _, parents, keys = levels
    parent, key = -2, 0
    for entry in range(place, size):
        if not ordered or parents[entry] != parent or keys[entry] != key:
            parent, key = parents[entry], keys[entry]
            group += 1
        parents[entry] = group - 1
        if items[entry] < 0:
            tree.groups[-1 - items[entry]] = group - 1
    return group


@numba.njit(cache=True, nogil=True)
def _sort_by_key(frontier: SearchLevels, begin: int, end: int) -> None:
    """Sort the entries from `begin` to `end`, which have the same parent."""
    items, back, _, keys = frontier
    if end - begin > _FEW:
        places = np.argsort(keys[begin:end])
        items[begin:end] = items[begin:end][places]
        back[begin:end] = back[begin:end][places]
        keys[begin:end] = keys[begin:end][places]
        return
    for place in range(begin + 1, end):
        item, item_back, key, free = items[place], back[place], keys[place], place
        while free > begin and keys[free - 1] > key:
            items[free], back[free], keys[free] = items[free - 1], back[free - 1], keys[free - 1]
            free -= 1
        items[free], back[free], keys[free] = item, item_back, key


@numba.njit(cache=True, nogil=True)
def search(
    arrays: Arrays,
    low: int,
    high: int,
    tree: SeedTree,
    conditions: StateFilter,
    ordered: bool,  # noqa: FBT001 # numba functions have no keyword-only parameters
    max_depth: int,
    table: Bytes,
    queues: Queues,
    ends: Longs,
    totals: Longs,
) -> int:
    """Fill `queues`, `tree.groups` and `totals`; return the number of levels. Level `d` ends before position `ends[d]`."""
    index, rows, newer, older = arrays.indptr, arrays.rows, arrays.newer, arrays.older
    newer_keys, newer_slots, older_keys, older_slots = newer.keys, newer.slots, older.keys, older.slots
    no_mask, flat, order = newer.masked, rows.reshape(-1), conditions.order
    hiding, asset_of, marks = conditions.hiding, conditions.asset_of, conditions.marks
    _, _, states, back, groups, levels = queues
    items, item_back, own_group, _ = levels
    base, half, numbered, depth = (len(index) - 1) // 3, len(items) // 2, 0, 0
    place, size, done, totals[COMMON] = 0, _push_path(tree, 0, -1, order, queues, 0), 0, 255
    while True:
        totals[PUSHED] = start = 0 if place >= half else half
        numbered = _number_groups(tree, levels, place, size, numbered, ordered)
        while place < size:
            begin, group = totals[PUSHED], own_group[place]
            while place < size and own_group[place] == group:
                _prefetch_upcoming(index, flat, items, place, size, low, base)
                if items[place] < 0:
                    if depth < max_depth:
                        _continue_path(tree, -1 - items[place], group, order, queues, totals)
                else:
                    count = totals[COUNT]
                    states[count], back[count], groups[count] = items[place], item_back[place], group
                    totals[COUNT] = count + 1
                place += 1
            while depth < max_depth and done < totals[COUNT]:  # contracted states are appended to the queue on the way
                node, next_effect, first, stop = states[done] >> 2, table[states[done] & 3], 0, 0
                if node < base:
                    first, stop = index[3 * node + low], index[3 * node + high]
                in_newer = place_of(newer_keys, newer_slots, node)
                in_older = -1 if in_newer >= 0 else place_of(older_keys, older_slots, node)
                if hiding and marks[asset_of[node]] == LEFT_OUT:
                    pass
                elif in_newer >= 0:
                    _expand_patched(newer, in_newer, rows, first, stop, conditions, next_effect, queues, done, totals)
                elif in_older >= 0:
                    _expand_patched(older, in_older, rows, first, stop, conditions, next_effect, queues, done, totals)
                else:
                    _expand(rows, first, stop, no_mask, 0, 0, conditions, next_effect, queues, done, totals)
                done += 1
            if ordered and totals[PUSHED] - begin > 1:
                _sort_by_key(levels, begin, totals[PUSHED])
        if depth < len(ends):
            ends[depth] = totals[COUNT]
        place, size, depth = start, totals[PUSHED], depth + 1
        if place == size:
            return depth
