"""Entries put together by what they have in common, compiled: sorting forty thousand of them would cost more than the walk."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from mlgraph.graph.rows import Bytes, Ints, Longs

_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: multiplied by it, neighbouring numbers fall far apart (Knuth, TAOCP 3, 6.4)."""


@numba.njit(cache=True, nogil=True)
def grouped(keys: Ints, groups: int) -> tuple[Longs, Longs]:
    """Return the positions of each key below `groups`, in order: those of `k` are positions[index[k]:index[k + 1]]."""
    index = np.zeros(groups + 1, np.int64)
    for key in keys:
        index[key + 1] += 1
    for group in range(groups):
        index[group + 1] += index[group]
    positions = np.empty(len(keys), np.int64)
    place = index.copy()
    for position in range(len(keys)):
        positions[place[keys[position]]] = position
        place[keys[position]] += 1
    return index, positions


@numba.njit(cache=True, nogil=True)
def first_with_least(numbers: Ints, values: Bytes) -> tuple[Longs, Bytes]:
    """Return where each number stands first, in that order, and the least of its values."""
    bits = 4
    while (1 << bits) < 2 * len(numbers):
        bits += 1
    table = np.full(1 << bits, -1, np.int32)
    mask, shift = np.uint64((1 << bits) - 1), np.uint64(64 - bits)
    places, least = np.empty(len(numbers), np.int64), np.empty(len(numbers), np.uint8)
    count = 0
    for position in range(len(numbers)):
        slot = (np.uint64(numbers[position]) * _SPREAD) >> shift
        while table[slot] >= 0 and numbers[places[table[slot]]] != numbers[position]:
            slot = (slot + np.uint64(1)) & mask
        known = table[slot]
        if known < 0:
            table[slot] = count
            places[count], least[count] = position, values[position]
            count += 1
        elif values[position] < least[known]:
            least[known] = values[position]
    return places[:count], least[:count]
