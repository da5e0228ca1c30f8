"""Results of pure functions of JSON values, remembered within a bound in bytes: the same facets come with every event."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any, Final

_EXACT: Final = 2
"""The format of `marshal` that writes a value the same way each time, and tells apart what JSON does (1, 1.0, true)."""


class Memo:
    """Remembers what was computed of a value, as bytes: each caller gets a copy of its own.

    When it has grown to `max_bytes` it begins anew. What `compute` raises is not remembered.
    """

    def __init__(self, max_bytes: int) -> None:
        """Begin empty. `max_bytes` bounds values and results as `marshal` writes them."""
        self._max_bytes = max_bytes
        self._bytes = 0
        self._known: dict[bytes, bytes] = {}

    def of(self, value: Any, compute: Callable[[], Any], when: Callable[[], bool] = lambda: True) -> Any:
        """Return what `compute` returns, a JSON value; it is remembered `when` it depends on `value` alone."""
        try:
            key = marshal.dumps(value, _EXACT)
            known = self._known.get(key)
            if known is not None:
                return marshal.loads(known)  # noqa: S302 - bytes that were written here
            found = compute()
            if when():
                self._store(key, marshal.dumps(found, _EXACT))
        except ValueError:  # nested deeper than marshal goes
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
