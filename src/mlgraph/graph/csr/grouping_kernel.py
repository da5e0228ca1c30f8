"""Compiled grouping and lookup of integers by counting and hashing; sorting 40,000 of them costs more than a closure."""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.graph.model.rows import Bytes, Ints, Longs

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: the multiplier of Fibonacci hashing (Knuth, TAOCP 3, 6.4)."""


@numba.njit(cache=True, nogil=True)
def grouped(keys: Ints, groups: int) -> tuple[Longs, Longs]:
    """Return (index, positions): the positions of key `k` (below `groups`) are positions[index[k]:index[k + 1]], ascending."""
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
def _new_hash_table(many: int) -> tuple[Ints, int]:
    """Return an empty open-addressing table for that many numbers, at most half full, and the binary logarithm of its size."""
    bits = 4
    while (1 << bits) < 2 * many:
        bits += 1
    return np.full(1 << bits, -1, np.int32), bits


class PlaceTable(NamedTuple):
    """Distinct numbers and a hash table of their positions, for repeated lookups."""

    listed: Ints
    table: Ints
    bits: int


@numba.njit(cache=True, nogil=True)
def place_table(listed: Ints) -> PlaceTable:
    """Return a table for lookups among `listed`, whose numbers are distinct."""
    table, bits = _new_hash_table(len(listed))
    mask, shift = np.uint64((1 << bits) - 1), np.uint64(64 - bits)
    for place in range(len(listed)):
        slot = (np.uint64(listed[place]) * _MULTIPLIER) >> shift
        while table[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = place
    return PlaceTable(listed, table, bits)


@numba.njit(cache=True, nogil=True)
def places_in(places: PlaceTable, wanted: Ints) -> Ints:
    """Return the position of each of `wanted` in the table, -1 for those that it lacks."""
    listed, table, bits = places
    mask, shift = np.uint64((1 << bits) - 1), np.uint64(64 - bits)
    found = np.empty(len(wanted), np.int32)
    for position in range(len(wanted)):
        slot = (np.uint64(wanted[position]) * _MULTIPLIER) >> shift
        while table[slot] >= 0 and listed[table[slot]] != wanted[position]:
            slot = (slot + np.uint64(1)) & mask
        found[position] = table[slot]
    return found


@numba.njit(cache=True, nogil=True)
def places_among(listed: Ints, wanted: Ints) -> Ints:
    """Return the position of each of `wanted` in `listed`, whose numbers are distinct; -1 for those that it lacks."""
    return places_in(place_table(listed), wanted)


@numba.njit(cache=True, nogil=True)
def first_with_least(numbers: Ints, values: Bytes) -> tuple[Longs, Bytes]:
    """Return the position of the first occurrence of each distinct number, ascending, and the least value of each."""
    table, bits = _new_hash_table(len(numbers))
    mask, shift = np.uint64((1 << bits) - 1), np.uint64(64 - bits)
    places, least = np.empty(len(numbers), np.int64), np.empty(len(numbers), np.uint8)
    count = 0
    for position in range(len(numbers)):
        slot = (np.uint64(numbers[position]) * _MULTIPLIER) >> shift
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
