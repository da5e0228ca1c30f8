"""What this writer stored lately, so that a load need not ask the store whether each of its facts is known already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_LOG_BITS: Final = 27
"""16 MB, touched only as far as it is used."""
_MOST: Final = 8_000_000
"""With that many, half a percent of new facts look known (three hashes; Bloom 1970): of them the store is asked."""

Digests = Sequence[bytes] | npt.NDArray[np.uint64]
"""Digests one by one, or as an array of two words each."""


class RecentDigests:
    """A Bloom filter over the facts that were stored since some transaction, about assets that were new since then.

    An asset numbered after `base` was first heard of after that transaction. As long as nobody else appended (the store's
    last transaction is the one that this writer made), every fact about such an asset is in the filter; what is not in
    it is surely new. Facts of transactions that failed may be in it too: then the store is asked once more than needed.
    """

    def __init__(self) -> None:
        """Begin by knowing nothing."""
        self.tx = -1
        self.base = 0
        self._count = 0
        self._bits: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)

    def follows(self, last_tx: int) -> bool:
        """Say whether all that was appended since `base` is known, given the store's last transaction."""
        return last_tx == self.tx and self._count < _MOST

    def restart(self, last_tx: int, greatest_asset: int) -> None:
        """Begin anew behind `last_tx`, when the greatest number of an asset was `greatest_asset`."""
        self.tx, self.base, self._count = last_tx, greatest_asset, 0
        self._bits = np.zeros(1 << (_LOG_BITS - 3), np.uint8)

    def add(self, digests: Digests) -> None:
        """Note facts that are being stored."""
        self._count += len(digests)
        for place, bit in _places(digests):
            np.bitwise_or.at(self._bits, place, bit)

    def may_hold(self, digests: Digests) -> npt.NDArray[np.bool_]:
        """Say of each fact about a new asset whether it may be stored already."""
        held = np.ones(len(digests), bool)
        for place, bit in _places(digests):
            held &= (self._bits[place] & bit) != 0
        return held


def _places(digests: Digests) -> list[tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]]:
    joined = digests.tobytes() if isinstance(digests, np.ndarray) else b"".join(digests)
    words = np.frombuffer(joined, np.uint32).reshape(-1, 4)[:, 1:] >> np.uint32(32 - _LOG_BITS)
    return [(word >> np.uint32(3), (1 << (word & np.uint32(7))).astype(np.uint8)) for word in words.T]
