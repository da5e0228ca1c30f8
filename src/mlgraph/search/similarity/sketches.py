"""MinHash of sets of numbers, and bands of it under which similar sets are found (Broder 1997)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

ROWS: Final = 2
"""Hashes in a band: two sets of Jaccard similarity `s` share a band with probability s^2."""
BANDS: Final = 6
"""Bands of a sketch: at s = 0.5 four in five pairs share one, at s = 0.1 one in seventeen."""

_MIX: Final = 0x9E3779B97F4A7C15
_SEEDS: Final = (np.arange(1, ROWS * BANDS + 1, dtype=np.uint64) * np.uint64(0xD1B54A32D192ED03)) | np.uint64(1)


def mixed(numbers: NDArray[np.integer] | list[int], seed: int = 0) -> Hashes:
    """Return a 64-bit hash of each number (the finaliser of SplitMix64)."""
    values = np.asarray(numbers).astype(np.uint64) + np.uint64(_MIX * (seed + 1) % 2**64)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def bands(numbers: NDArray[np.integer] | list[int]) -> list[int]:
    """Return the keys of the bands of a set of numbers, 63 bits each; none for the empty set."""
    if not len(numbers):
        return []
    found: list[int] = bands_of_rows(np.asarray(numbers, np.int32)[None, :])[0].tolist()
    return found


def bands_of_rows(rows: NDArray[np.int32]) -> Hashes:
    """Return the keys of the bands of each row (int32[n, k], filled with -1): uint64[n, BANDS]."""
    hashes = np.where(rows >= 0, mixed(rows), np.uint64(2**64 - 1))
    least = np.empty((len(rows), ROWS * BANDS), np.uint64)
    for place, seed in enumerate(_SEEDS):
        permuted = np.where(rows >= 0, mixed(hashes ^ seed), np.uint64(2**64 - 1))
        least[:, place] = permuted.min(axis=1) if rows.shape[1] else np.uint64(2**64 - 1)
    pairs = least.reshape(len(rows), BANDS, ROWS)
    keys: Hashes = mixed(pairs[:, :, 0] ^ mixed(pairs[:, :, 1], 1)) ^ np.arange(BANDS, dtype=np.uint64)
    return keys >> np.uint64(1)
