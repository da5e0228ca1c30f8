"""Postings: the numbers under each key, in sorted arrays with a small overlay; 12 bytes a posting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.search.similarity.sketches import Hashes

_MERGE_AT: Final = 8_192
"""Postings in the overlay from which on it is merged, if it is also an eighth of the arrays."""


class Postings:
    """Numbers by 63-bit key. Postings are only added: whoever finds a number checks it against what it stands for."""

    def __init__(self) -> None:
        self._merged: tuple[Hashes, NDArray[np.int32]] = (np.zeros(0, np.uint64), np.zeros(0, np.int32))
        self._fresh: dict[int, list[int]] = {}
        self._fresh_size = 0

    def __len__(self) -> int:
        return len(self._merged[0]) + self._fresh_size

    def add(self, keys: Iterable[int], number: int) -> None:
        """Add `number` under each of `keys`."""
        for key in keys:
            listed = self._fresh.setdefault(key, [])
            if not listed or listed[-1] != number:
                listed.append(number)
                self._fresh_size += 1
        if self._fresh_size > max(_MERGE_AT, len(self._merged[0]) // 8):
            self._merge()

    def find(self, key: int, most: int) -> list[int]:
        """Return at most `most` numbers under `key`, the newest first."""
        found = self._fresh.get(key, [])[: -most - 1 : -1]
        if len(found) < most:
            keys, numbers = self._merged
            low, high = np.searchsorted(keys, np.array([key, key + 1], np.uint64))
            found = [*found, *numbers[max(low, high - (most - len(found))) : high][::-1].tolist()]
        return found

    def _merge(self) -> None:
        fresh, (old_keys, old_numbers) = self._fresh, self._merged
        counts = np.fromiter(map(len, fresh.values()), np.int64, len(fresh))
        keys = np.concatenate([old_keys, np.repeat(np.fromiter(fresh, np.uint64, len(fresh)), counts)])
        numbers = np.concatenate([old_numbers, np.fromiter((each for listed in fresh.values() for each in listed), np.int32)])
        order = np.argsort(keys, kind="stable")
        self._merged = keys[order], numbers[order]  # at once: a reader in another thread sees either pair
        self._fresh, self._fresh_size = {}, 0
