"""Patches: changes to base rows by node, in arrays that compiled traversals read."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from mlgraph.graph.model.rows import Ints, Longs


class Patches(NamedTuple):
    """Changes by node.

    `keys` int32[size] (-1: empty) and `slots` int32[size] are an open-addressing table from node to slot. Of slot `s`,
    masked[mask_index[s]:mask_index[s + 1]] (int64) are the positions of removed base rows, ascending, and
    added[add_index[s]:add_index[s + 1]] (int64[., 3]) are the added rows.
    """

    keys: Ints
    slots: Ints
    mask_index: Longs
    masked: Longs
    add_index: Longs
    added: Longs


@numba.njit(cache=True, nogil=True)
def place_of(keys: Ints, slots: Ints, node: int) -> int:
    """Return the slot of a node in a table of patches, or -1."""
    if len(keys) == 0:
        return -1
    mask = len(keys) - 1
    place = (node * 0x9E3779B1) & mask
    while keys[place] >= 0:
        if keys[place] == node:
            return slots[place]
        place = (place + 1) & mask
    return -1


@numba.njit(cache=True, nogil=True)
def slot_of(patches: Patches, node: int) -> int:
    """Return the slot of a node's patch, or -1."""
    return place_of(patches.keys, patches.slots, node)


@numba.njit(cache=True, nogil=True)
def find_row(index: Longs, rows: Longs, node: int, word: int, start: int, end: int, masked: Longs) -> int:
    """Return the position of a base row of `node` with these values that is not in `masked`; -1 if there is none."""
    for row in range(index[3 * node], index[3 * node + 3]):
        if rows[row, 0] == word and rows[row, 1] == start and rows[row, 2] == end:
            taken = False
            for other in masked:
                if other == row:
                    taken = True
            if not taken:
                return row
    return -1


@numba.njit(cache=True, nogil=True)
def merge_patches(older: Patches, newer: Patches) -> tuple[Ints, Longs, Longs, Longs, Longs]:
    """Merge two generations: the patches of `newer`, and those of `older` for nodes without a patch in `newer`.

    Returns the nodes, and `mask_index`, `masked`, `add_index` and `added` with one slot for each node.
    """
    nodes, masks, adds = 0, 0, 0
    for side in range(2):
        source = older if side == 0 else newer
        for place in range(len(source.keys)):
            if source.keys[place] >= 0 and (side == 1 or slot_of(newer, source.keys[place]) < 0):
                slot = source.slots[place]
                nodes += 1
                masks += source.mask_index[slot + 1] - source.mask_index[slot]
                adds += source.add_index[slot + 1] - source.add_index[slot]
    nodes_of_patches = np.empty(nodes, np.int32)
    mask_index, masked = np.zeros(nodes + 1, np.int64), np.empty(masks, np.int64)
    add_index, added = np.zeros(nodes + 1, np.int64), np.empty((adds, 3), np.int64)
    nodes, masks, adds = 0, 0, 0
    for side in range(2):
        source = older if side == 0 else newer
        for place in range(len(source.keys)):
            if source.keys[place] >= 0 and (side == 1 or slot_of(newer, source.keys[place]) < 0):
                slot = source.slots[place]
                nodes_of_patches[nodes] = source.keys[place]
                for row in range(source.mask_index[slot], source.mask_index[slot + 1]):
                    masked[masks] = source.masked[row]
                    masks += 1
                for row in range(source.add_index[slot], source.add_index[slot + 1]):
                    for column in range(3):
                        added[adds, column] = source.added[row, column]
                    adds += 1
                nodes += 1
                mask_index[nodes], add_index[nodes] = masks, adds
    return nodes_of_patches, mask_index, masked, add_index, added


@numba.njit(cache=True, nogil=True)
def table_of(nodes: Ints, size: int) -> tuple[Ints, Ints]:
    """Return the open-addressing table (`keys`, `slots`) that maps `nodes[i]` to slot `i`."""
    keys, slots = np.full(size, -1, np.int32), np.zeros(size, np.int32)
    mask = size - 1
    for slot in range(len(nodes)):
        place = (nodes[slot] * 0x9E3779B1) & mask
        while keys[place] >= 0:
            place = (place + 1) & mask
        keys[place], slots[place] = nodes[slot], slot
    return keys, slots
