"""Cache of the lists whose pages are being read, so that writes between two pages change neither of them."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

LIFETIME_S: Final = 600.0
"""A list is forgotten when nobody has read a page of it for this many seconds: until then it keeps its graph in memory."""
MOST_LISTINGS: Final = 512
MOST_ENTRIES: Final = 4_000_000
"""Most entries of all lists together; an entry takes some tens of bytes."""


class ListingCache(Generic[T]):
    """Lists by key, the least recently used ones dropped beyond the limits. Thread-safe."""

    def __init__(
        self,
        *,
        most_listings: int = MOST_LISTINGS,
        most_entries: int = MOST_ENTRIES,
        lifetime_s: float = LIFETIME_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Limit the cache; `now` returns seconds of a clock that only advances."""
        self._most_listings, self._most_entries, self._lifetime_s, self._now = most_listings, most_entries, lifetime_s, now
        self._lock = threading.Lock()
        self._listings: OrderedDict[Hashable, tuple[T, int, float]] = OrderedDict()
        self._entries = 0

    def __len__(self) -> int:
        with self._lock:
            return len(self._listings)

    def put(self, key: Hashable, listing: T, entries: int) -> None:
        """Store a list of so many entries. The list that was stored last always stays."""
        with self._lock:
            self._drop(key)
            self._listings[key] = listing, entries, self._now()
            self._entries += entries
            self._evict()

    def get(self, key: Hashable) -> T | None:
        """Return a stored list, or None if it was dropped."""
        with self._lock:
            self._evict()
            found = self._listings.get(key)
            if found is None:
                return None
            listing, entries, _ = found
            self._listings[key] = listing, entries, self._now()
            self._listings.move_to_end(key)
            return listing

    def _evict(self) -> None:
        oldest_use = self._now() - self._lifetime_s
        while self._listings:
            key, (_, _, used) = next(iter(self._listings.items()))
            over = len(self._listings) > self._most_listings or (self._entries > self._most_entries and len(self._listings) > 1)
            if not over and used >= oldest_use:
                return
            self._drop(key)

    def _drop(self, key: Hashable) -> None:
        dropped = self._listings.pop(key, None)
        if dropped is not None:
            self._entries -= dropped[1]
