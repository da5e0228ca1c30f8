"""A hash table from digests to numbers with 24 bytes per slot; Python objects would take several times the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_FIRST_SLOTS: Final = 1 << 12
_FULL: Final = 0.6
"""The load factor above which linear probing becomes slow (Knuth, The Art of Computer Programming, 6.4)."""

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


class NumberTable:
    """Open addressing with linear probing over digests (16 uniformly distributed bytes), vectorised over arrays of digests.

    Instead of growing beyond `max_slots`, a power of two, it clears itself: it is a cache, and the store has all numbers.
    """

    def __init__(self, max_slots: int) -> None:
        """Create an empty table that grows on demand."""
        self.is_complete = False
        """Whether a digest that is missing here is not in the store either. A caller that sets it adds every later number."""
        self._max_slots = max_slots
        self._clear(min(_FIRST_SLOTS, max_slots))

    def __len__(self) -> int:
        """Return how many numbers the table contains."""
        return self._used

    @property
    def nbytes(self) -> int:
        """The size of its arrays in bytes."""
        return self._keys.nbytes + self._numbers.nbytes

    def get(self, digests: Sequence[bytes]) -> list[int]:
        """Return the number of each digest (0: unknown)."""
        numbers: list[int] = self.find(as_words(digests)).tolist()
        return numbers

    def find(self, keys: Words) -> Numbers:
        """Return the number of each digest (0: unknown); `keys` has two words per digest."""
        found = np.zeros(len(keys), np.int64)
        left = np.arange(len(keys))
        slots = self._home(keys)
        while left.size:
            numbers = self._numbers[slots]
            taken = numbers != 0
            same = taken & (self._keys[slots] == keys[left]).all(axis=1)
            found[left[same]] = numbers[same]
            collided = taken & ~same
            left, slots = left[collided], (slots[collided] + 1) & self._mask
        return found

    def put(self, digests: Sequence[bytes], numbers: Sequence[int]) -> None:
        """Add the number (not 0) of each digest."""
        keys, given = as_words(digests), np.array(numbers, np.int64)
        if self._used + len(keys) > _FULL * self._max_slots:
            self._clear(min(_FIRST_SLOTS, self._max_slots))
            most = int(_FULL * self._max_slots)
            keys, given = keys[:most], given[:most]
        while self._used + len(keys) > _FULL * (self._mask + 1):
            self._grow()
        self._insert(keys, given)

    def _clear(self, slots: int) -> None:
        self.is_complete = False
        self._keys: Words = np.zeros((slots, 2), np.uint64)
        self._numbers: Numbers = np.zeros(slots, np.int64)
        self._mask = slots - 1
        self._used = 0

    def _grow(self) -> None:
        filled, complete = self._numbers != 0, self.is_complete
        keys, numbers = self._keys[filled], self._numbers[filled]
        self._clear(2 * (self._mask + 1))
        self._insert(keys, numbers)
        self.is_complete = complete

    def _home(self, keys: Words) -> npt.NDArray[np.int64]:
        return (keys[:, 0] & np.uint64(self._mask)).astype(np.int64)

    def _insert(self, keys: Words, numbers: Numbers) -> None:
        left = np.arange(len(keys))
        slots = self._home(keys)
        while left.size:
            free = self._numbers[slots] == 0
            _, first = np.unique(slots[free], return_index=True)  # one key per free slot
            winners = np.flatnonzero(free)[first]
            self._keys[slots[winners]] = keys[left[winners]]
            self._numbers[slots[winners]] = numbers[left[winners]]
            self._used += len(winners)
            # The other keys retry at the same slot first: it may contain an equal key now.
            same = (self._keys[slots] == keys[left]).all(axis=1)
            left, slots = left[~same], (slots[~same] + 1) & self._mask


def as_words(digests: Sequence[bytes]) -> Words:
    """Return digests of 16 bytes as an array of two words each."""
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
