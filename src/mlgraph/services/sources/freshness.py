"""Which of two answers of a source is the newer one (docs/hydration.md, Freshness of answers)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.uri import AssetUri

_KEPT_S: Final = 900.0
"""Few answers are on their way for longer. Of those nobody can say whether they were overtaken: they are taken for older."""
_LOOK_EVERY: Final = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """When a source was asked: by the order of asking and recording, a steady clock in seconds, and the wall clock."""

    number: int
    at_s: float
    wall_us: int


class Freshness:
    """Remembers for a while when something was recorded of an asset, to judge answers that were asked for before or soon after.

    An answer that was asked for `settles_s` seconds after a state was recorded is at least as new as that state, wherever in
    the source it came from: so long its replicas and caches may lag. For several threads.
    """

    def __init__(self, settles_s: float, steady: Callable[[], float] = time.monotonic) -> None:
        """Begin as if everything that is held had been recorded just now."""
        self._settles_s, self._steady = settles_s, steady
        self._lock = threading.Lock()
        self._number = 0
        self._begun = steady()
        self._recorded: dict[AssetUri, tuple[int, float]] = {}
        self._forgotten = 0
        """The greatest number of what is not in `_recorded` any longer."""

    def ask(self) -> Asked:
        """Note that the source is asked now."""
        with self._lock:
            self._number += 1
            return Asked(self._number, self._steady(), clock.wall_us())

    def recorded(self, assets: Iterable[AssetUri], new: Iterable[bool]) -> None:
        """Note that answers about `assets` were recorded now; `new` says of each whether it told anything new."""
        now = self._steady()
        with self._lock:
            self._number += 1
            for uri, told_new in zip(assets, new, strict=True):
                before = self._recorded.get(uri)
                self._recorded[uri] = (self._number, now if told_new or before is None else before[1])
            if len(self._recorded) > _LOOK_EVERY:
                old = [uri for uri, kept in self._recorded.items() if kept[1] <= now - _KEPT_S]
                self._forgotten = max([self._forgotten, *(self._recorded.pop(uri)[0] for uri in old)])

    def overtaken(self, uri: AssetUri, asked: Asked) -> bool:
        """Say whether another answer about the asset was recorded since this one was asked for, or may have been."""
        with self._lock:
            kept = self._recorded.get(uri)
            return (kept[0] if kept is not None else self._forgotten) > asked.number

    def settled_in_s(self, uri: AssetUri, asked: Asked) -> float:
        """Return how much later one must ask to be answered nothing older than what is held (0: the answer is not older)."""
        with self._lock:
            kept = self._recorded.get(uri)
        return max(0.0, (kept[1] if kept is not None else self._begun) + self._settles_s - asked.at_s)
