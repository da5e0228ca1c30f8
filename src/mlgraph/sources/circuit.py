"""A circuit breaker, which stops requests to a failing source for a while (Nygard, Release It!, Stability Patterns)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from mlgraph.domain.errors import SourceAway
from mlgraph.ports.source_adapter import CircuitState
from mlgraph.sources.rate_limit import REAL, Timing

FAILURES: Final = 8
"""Consecutive failures that open the circuit."""
FIRST_OPEN_S: Final = 5.0
LONGEST_OPEN_S: Final = 120.0
_TRIAL_S: Final = 1.0
"""How long other requests wait while one request tests the source."""


class Circuit:
    """Closed: requests pass. Open: none pass, for a time that doubles (with jitter in its upper half). Half-open: one passes.

    Thread-safe. A caller reports `succeeded` or `failed` after `enter`, perhaps when the circuit has opened meanwhile.
    """

    def __init__(self, what: str, on_change: Callable[[bool], None], timing: Timing = REAL) -> None:
        """Start closed. `what` names the source in errors; `on_change` is called with whether the circuit is open."""
        self._what, self._on_change = what, on_change
        self._clock, self._chance = timing.clock, timing.chance
        self._lock = threading.Lock()
        self._failures = 0
        self._open_s = 0.0
        self._open_until: float | None = None
        self._trying = False

    def state(self) -> CircuitState:
        """Return the present state; for an open circuit with the seconds until the next test."""
        with self._lock:
            if self._open_until is None:
                return CircuitState("closed")
            left = self._open_until - self._clock()
            return CircuitState("open", left) if left > 0 else CircuitState("half-open")

    def enter(self) -> bool:
        """Let a request pass; return whether it is the test of an open circuit. Raises `SourceAway` while the circuit is open."""
        with self._lock:
            if self._open_until is None:
                return False
            left = self._open_until - self._clock()
            if left <= 0 and not self._trying:
                self._trying = True
                return True
            wait = max(left, _TRIAL_S)
        raise SourceAway(f"{self._what} failed {FAILURES} times in a row: the next attempt is in {wait:.0f} s", retry_in_s=wait)

    def succeeded(self) -> None:
        """Record an answer of any content: the source is reachable."""
        with self._lock:
            was_open = self._open_until is not None
            self._failures, self._open_s, self._open_until, self._trying = 0, 0.0, None, False
        if was_open:
            self._on_change(False)  # noqa: FBT003 - is_open=False

    def failed(self, *, tried: bool) -> None:
        """Record a failed request; `tried` is the result of `enter`."""
        with self._lock:
            self._failures += 1
            if not (tried or (self._open_until is None and self._failures >= FAILURES)):
                return
            self._trying = False
            self._open_s = min(self._open_s * 2 or FIRST_OPEN_S, LONGEST_OPEN_S)
            self._open_until = self._clock() + self._open_s * (0.5 + self._chance() / 2)
        self._on_change(True)  # noqa: FBT003 - is_open=True
