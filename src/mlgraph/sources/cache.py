"""A small memory of look-ups, so that a backfill asks once for what a thousand runs share."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class TtlCache:
    """Keeps up to `size` values for `ttl_s` seconds each; the one unused for longest goes first."""

    def __init__(
        self,
        *,
        size: int = 20_000,
        ttl_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        hit: Callable[[], None] = lambda: None,
    ) -> None:
        """Start empty; `hit` is called for each value that need not be fetched."""
        self._size, self._ttl_s, self._clock, self._hit = size, ttl_s, clock, hit
        self._entries: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()

    def get(self, key: Hashable, fetch: Callable[[], Any]) -> Any:  # noqa: ANN401 - it keeps whatever `fetch` returns
        """Return what is kept under `key`, or fetch and keep it. What `fetch` raises is not kept."""
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
        """Keep a value that came along with something else."""
        self._entries[key] = (self._clock(), value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything: what is fetched next is fetched anew."""
        self._entries.clear()
