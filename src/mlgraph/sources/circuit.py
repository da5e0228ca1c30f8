"""A circuit breaker: a source that fails again and again is left alone for a while (Nygard, Release It!, Stability Patterns)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from mlgraph.domain.errors import SourceAway
from mlgraph.ports.source_adapter import CircuitState
from mlgraph.sources.rate_limit import REAL, Timing

FAILURES: Final = 8
"""Requests that fail one after the other until nothing more is asked."""
FIRST_OPEN_S: Final = 5.0
LONGEST_OPEN_S: Final = 120.0
_TRIAL_S: Final = 1.0
"""How long others wait before they look again while one request tries."""


class Circuit:
    """Closed: requests pass. Open: none do, for a time that doubles (full jitter in its upper half). Half-open: one tries.

    For several threads. Whoever was let in says `succeeded` or `failed`; those that entered before it opened may say so late.
    """

    def __init__(self, what: str, on_change: Callable[[bool], None], timing: Timing = REAL) -> None:
        """Start closed. `what` names the source in errors; `on_change` is told whether the circuit is open."""
        self._what, self._on_change = what, on_change
        self._clock, self._chance = timing.clock, timing.chance
        self._lock = threading.Lock()
        self._failures = 0
        self._open_s = 0.0
        self._open_until: float | None = None
        self._trying = False

    def state(self) -> CircuitState:
        """Return how it stands now, and in how many seconds a source that is left alone is tried again."""
        with self._lock:
            if self._open_until is None:
                return CircuitState("closed")
            left = self._open_until - self._clock()
            return CircuitState("open", left) if left > 0 else CircuitState("half-open")

    def enter(self) -> bool:
        """Let a request pass, and say whether it is the one that tries; or raise `SourceAway`."""
        with self._lock:
            if self._open_until is None:
                return False
            left = self._open_until - self._clock()
            if left <= 0 and not self._trying:
                self._trying = True
                return True
            wait = max(left, _TRIAL_S)
        raise SourceAway(f"{self._what} failed {FAILURES} times on end: it is asked again in {wait:.0f} s", retry_in_s=wait)

    def succeeded(self) -> None:
        """Note an answer: whatever it says, the source is there."""
        with self._lock:
            was_open = self._open_until is not None
            self._failures, self._open_s, self._open_until, self._trying = 0, 0.0, None, False
        if was_open:
            self._on_change(False)  # noqa: FBT003 - it is not

    def failed(self, *, tried: bool) -> None:
        """Note a request that came to nothing; `tried` is what `enter` said of it."""
        with self._lock:
            self._failures += 1
            if not (tried or (self._open_until is None and self._failures >= FAILURES)):
                return
            self._trying = False
            self._open_s = min(self._open_s * 2 or FIRST_OPEN_S, LONGEST_OPEN_S)
            self._open_until = self._clock() + self._open_s * (0.5 + self._chance() / 2)
        self._on_change(True)  # noqa: FBT003 - it is open
