"""A cache of look-ups, so that a backfill requests an object that a thousand runs share only once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class TtlCache:
    """Caches up to `size` values for `ttl_s` seconds each; the least recently used value is evicted first."""

    def __init__(
        self,
        *,
        size: int = 20_000,
        ttl_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        hit: Callable[[], None] = lambda: None,
    ) -> None:
        """Create an empty cache; `hit` is called for each value that comes from the cache."""
        self._size, self._ttl_s, self._clock, self._hit = size, ttl_s, clock, hit
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def get(self, key: Hashable, fetch: Callable[[], Any]) -> Any:  # noqa: ANN401 - the type of the values that `fetch` returns
        """Return the cached value of `key`, or fetch and cache it. Exceptions of `fetch` are not cached."""
        now = self._clock()
        entry = self._entries.get(key)
        if entry is not None and now - entry[0] < self._ttl_s:
            self._entries.move_to_end(key)
            self._hit()
            return entry[1]
        value = fetch()
        self.put(key, value)
        return value

    def put(self, key: Hashable, value: Any) -> None:  # noqa: ANN401 - the same
        """Cache a value that was part of another answer."""
        self._entries[key] = (self._clock(), value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Remove all values."""
        self._entries.clear()
