"""Assets whose name ends in given words: one pass over the URIs of all assets, for many words at once.

A word is what follows the last dot, slash, colon or `#` of a name, in the encoding of URIs; letters of ASCII count as lower case.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numba
import numpy as np

from mlgraph.graph.csr.text.string_index import Strings
from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs

_FNV_OFFSET: Final = np.uint64(0xCBF29CE484222325)
_FNV_PRIME: Final = np.uint64(0x100000001B3)
_SEPARATORS: Final = ("%2F", "%3A", "%23")


def last_word(encoded: str) -> str:
    """Return what follows the last separator of a name, which is encoded as in a URI, in lower case."""
    text = encoded
    for separator in (*_SEPARATORS, ".", "/"):
        text = text.rpartition(separator)[2]
    return text.lower()


def ending_in(strings: Strings, kinds: Bytes, wanted_kinds: Bools, words: Iterable[str]) -> Ints:
    """Return the numbers of the texts that end in one of `words` (see `last_word`); some that do not may have the same hash.

    `kinds` uint8[n] has the kind of each text; only those with `wanted_kinds` (bool[256]) are looked at.
    """
    hashes = np.unique(np.array([_word_hash(word) for word in words], np.uint64))
    if not len(hashes) or not len(strings):
        return np.zeros(0, np.int32)
    return _ending_in(strings.offsets, strings.data, kinds, wanted_kinds, hashes)


def _word_hash(word: str) -> int:
    data = np.frombuffer(word.encode(), np.uint8)
    return int(_hash_of_word(data, 0, len(data)))


@numba.njit(cache=True, nogil=True)
def _hash_of_word(data: Bytes, start: int, end: int) -> np.uint64:
    value = _FNV_OFFSET
    for position in range(start, end):
        byte = data[position]
        if 65 <= byte <= 90:
            byte += 32
        value = (value ^ np.uint64(byte)) * _FNV_PRIME
    return value


@numba.njit(cache=True, nogil=True)
def _ending_in(offsets: Longs, data: Bytes, kinds: Bytes, wanted_kinds: Bools, hashes: np.ndarray) -> Ints:
    found = np.empty(16, np.int32)
    count = 0
    for number in range(min(len(offsets) - 1, len(kinds))):
        if not wanted_kinds[kinds[number]]:
            continue
        start, end = offsets[number], offsets[number + 1]
        place = end
        while place > start:
            byte = data[place - 1]
            if byte in (46, 47):  # . /
                break
            # %2F, %3A or %23 before this place
            if place - 3 >= start and data[place - 3] == 37:
                first, second = data[place - 2], data[place - 1]
                if (first == 50 and second in (70, 51)) or (first == 51 and second == 65):
                    break
            place -= 1
        value = _hash_of_word(data, place, end)
        low = np.searchsorted(hashes, value)
        if low < len(hashes) and hashes[low] == value:
            if count == len(found):
                found = np.concatenate((found, np.empty(len(found), np.int32)))
            found[count] = number
            count += 1
    return found[:count].copy()
