"""A cache of numbers by digest that costs 24 bytes a slot: as Python objects the same would take several times the memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

KEY_BYTES: Final = 16
_FIRST_SLOTS: Final = 1 << 12
_FULL: Final = 0.6
"""Share of the slots in use at which linear probing begins to be slow (Knuth, The Art of Computer Programming, 6.4)."""

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int64]


class NumberTable:
    """Open addressing with linear probing over digests (16 uniformly distributed bytes), in whole arrays at a time.

    It forgets everything rather than grow past `max_slots`, a power of two: whoever uses it can ask the store.
    """

    def __init__(self, max_slots: int) -> None:
        """Begin empty and small."""
        self.is_complete = False
        """Whether what is not known here is not in the store either; whoever says so puts in all that is stored from then on."""
        self._max_slots = max_slots
        self._clear(min(_FIRST_SLOTS, max_slots))

    def __len__(self) -> int:
        """Return how many numbers are known."""
        return self._used

    @property
    def nbytes(self) -> int:
        """The memory that it takes now."""
        return self._keys.nbytes + self._numbers.nbytes

    def get(self, digests: Sequence[bytes]) -> list[int]:
        """Return the number of each digest, 0 where it is not known."""
        numbers: list[int] = self.find(as_words(digests)).tolist()
        return numbers

    def find(self, keys: Words) -> Numbers:
        """Return the number of each digest, given as two words, 0 where it is not known."""
        found = np.zeros(len(keys), np.int64)
        left = np.arange(len(keys))
        slots = self._home(keys)
        while left.size:
            numbers = self._numbers[slots]
            taken = numbers != 0
            same = taken & (self._keys[slots] == keys[left]).all(axis=1)
            found[left[same]] = numbers[same]
            on = taken & ~same
            left, slots = left[on], (slots[on] + 1) & self._mask
        return found

    def put(self, digests: Sequence[bytes], numbers: Sequence[int]) -> None:
        """Remember the number (not 0) of each digest."""
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
            _, first = np.unique(slots[free], return_index=True)  # of several that want one free slot, one gets it
            winners = np.flatnonzero(free)[first]
            self._keys[slots[winners]] = keys[left[winners]]
            self._numbers[slots[winners]] = numbers[left[winners]]
            self._used += len(winners)
            # The others go on from where they are: what stands there now may be their own key.
            same = (self._keys[slots] == keys[left]).all(axis=1)
            left, slots = left[~same], (slots[~same] + 1) & self._mask


def as_words(digests: Sequence[bytes]) -> Words:
    """Return digests as two words each."""
    return np.frombuffer(b"".join(digests), np.uint64).reshape(-1, 2)
