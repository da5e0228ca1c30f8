"""Order of the answers of a source by the time of their requests (docs/hydration.md, Freshness of answers)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from mlgraph.domain import clock
from mlgraph.domain.uri import AssetUri

_RETAINED_S: Final = 900.0
"""Minimum retention of recording times, in seconds. An answer that takes longer counts as possibly superseded."""
_PRUNE_ABOVE: Final = 10_000


@dataclass(frozen=True, slots=True)
class RequestTime:
    """Start of a request: number in the order of requests and recordings, monotonic clock (s), wall clock (microseconds)."""

    number: int
    at_s: float
    wall_us: int


class Freshness:
    """Cache of recent recording times by asset, to decide whether an answer may be older than the stored state. Thread-safe.

    An answer requested `settles_s` seconds after a state was recorded is at least as new as that state, whichever replica or
    cache of the source sent it: `settles_s` is the assumed maximum replica lag.
    """

    def __init__(self, settles_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Treat every stored state as recorded now."""
        self._settles_s, self._monotonic = settles_s, monotonic
        self._lock = threading.Lock()
        self._number = 0
        self._started_at = monotonic()
        self._recorded: dict[AssetUri, tuple[int, float]] = {}
        self._greatest_pruned = 0
        """The greatest number that was pruned from `_recorded`."""

    def begin_request(self) -> RequestTime:
        """Return the time of a request that starts now."""
        with self._lock:
            self._number += 1
            return RequestTime(self._number, self._monotonic(), clock.wall_us())

    def recorded(self, assets: Iterable[AssetUri], new: Iterable[bool]) -> None:
        """Note that answers about `assets` were recorded now; `new`, one flag per asset: whether the answer changed its state."""
        now = self._monotonic()
        with self._lock:
            self._number += 1
            for uri, is_new in zip(assets, new, strict=True):
                before = self._recorded.get(uri)
                self._recorded[uri] = (self._number, now if is_new or before is None else before[1])
            if len(self._recorded) > _PRUNE_ABOVE:
                old = [uri for uri, recorded_at in self._recorded.items() if recorded_at[1] <= now - _RETAINED_S]
                self._greatest_pruned = max([self._greatest_pruned, *(self._recorded.pop(uri)[0] for uri in old)])

    def may_be_superseded(self, uri: AssetUri, requested: RequestTime) -> bool:
        """Return whether another answer about the asset was recorded, or may have been, since this one was requested."""
        with self._lock:
            recorded_at = self._recorded.get(uri)
            return (recorded_at[0] if recorded_at is not None else self._greatest_pruned) > requested.number

    def wait_s_until_consistent(self, uri: AssetUri, requested: RequestTime) -> float:
        """Return how many seconds later a request must start for an answer that cannot be older than the stored state."""
        with self._lock:
            recorded_at = self._recorded.get(uri)
        return max(0.0, (recorded_at[1] if recorded_at is not None else self._started_at) + self._settles_s - requested.at_s)
