"""Which of two answers of a source is the newer one (docs/hydration.md, Freshness of answers)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.uri import AssetUri

_RETAINED_S: Final = 900.0
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

    def __init__(self, settles_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin as if everything that is held had been recorded just now."""
        self._settles_s, self._monotonic = settles_s, monotonic
        self._lock = threading.Lock()
        self._number = 0
        self._started_at = monotonic()
        self._recorded: dict[AssetUri, tuple[int, float]] = {}
        self._greatest_dropped = 0
        """The greatest number of what is not in `_recorded` any longer."""

    def ask(self) -> Asked:
        """Note that the source is asked now."""
        with self._lock:
            self._number += 1
            return Asked(self._number, self._monotonic(), clock.wall_us())

    def recorded(self, assets: Iterable[AssetUri], new: Iterable[bool]) -> None:
        """Note that answers about `assets` were recorded now; `new` says of each whether it told anything new."""
        now = self._monotonic()
        with self._lock:
            self._number += 1
            for uri, is_new in zip(assets, new, strict=True):
                before = self._recorded.get(uri)
                self._recorded[uri] = (self._number, now if is_new or before is None else before[1])
            if len(self._recorded) > _LOOK_EVERY:
                old = [uri for uri, recorded_at in self._recorded.items() if recorded_at[1] <= now - _RETAINED_S]
                self._greatest_dropped = max([self._greatest_dropped, *(self._recorded.pop(uri)[0] for uri in old)])

    def may_be_superseded(self, uri: AssetUri, asked: Asked) -> bool:
        """Say whether another answer about the asset was recorded since this one was asked for, or may have been."""
        with self._lock:
            recorded_at = self._recorded.get(uri)
            return (recorded_at[0] if recorded_at is not None else self._greatest_dropped) > asked.number

    def wait_s_until_consistent(self, uri: AssetUri, asked: Asked) -> float:
        """Return how much later one must ask to be answered nothing older than what is held (0: the answer is not older)."""
        with self._lock:
            recorded_at = self._recorded.get(uri)
        return max(0.0, (recorded_at[1] if recorded_at is not None else self._started_at) + self._settles_s - asked.at_s)
