"""A cache, bounded in bytes, for pure functions of JSON values: many events have the same facets."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any, Final

_EXACT: Final = 2
"""The format of `marshal` with deterministic bytes that differ for values that JSON distinguishes (1, 1.0, true)."""


class Memo:
    """Caches the results for values, as bytes: each caller gets a copy of its own.

    The cache is emptied when it exceeds `max_bytes`. Exceptions of `compute` are not cached.
    """

    def __init__(self, max_bytes: int) -> None:
        """Create an empty cache. `max_bytes` bounds values and results in the format of `marshal`."""
        self._max_bytes = max_bytes
        self._bytes = 0
        self._known: dict[bytes, bytes] = {}

    def of(self, value: Any, compute: Callable[[], Any], when: Callable[[], bool] = lambda: True) -> Any:
        """Return the result of `compute`, a JSON value; it is cached if `when()` says that it depends on `value` alone."""
        try:
            key = marshal.dumps(value, _EXACT)
            known = self._known.get(key)
            if known is not None:
                return marshal.loads(known)  # noqa: S302 - bytes written by this object
            found = compute()
            if when():
                self._store(key, marshal.dumps(found, _EXACT))
        except ValueError:  # nested deeper than marshal allows
            return compute()
        return found

    def _store(self, key: bytes, found: bytes) -> None:
        size = len(key) + len(found)
        if self._bytes + size > self._max_bytes:
            self._known.clear()
            self._bytes = 0
        if size <= self._max_bytes:
            self._known[key] = found
            self._bytes += size
