"""The clock for answers and default times: the machine's clock, but never earlier than a time that a fact already has.

Clocks are set back, and two servers on one store have two clocks. Facts without a time get distinct, increasing times from the
store (docs/spec.md#1-state), which may be later than this machine's clock. An answer for "now" must include
them all the same. Readers of facts therefore report the latest time that they read, and "now" is never earlier than that.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """A wall clock in microseconds since 1970, and the latest time that the store assigned to a fact."""

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._wall_ns = wall_ns
        self._reached_us = 0

    def wall_us(self) -> int:
        """Return the time of the machine's clock, which may be set back."""
        return self._wall_ns() // 1000

    def now_us(self) -> int:
        """Return the time for which answers without `as_of` are computed."""
        return max(self.wall_us(), self._reached_us)

    def reach(self, moment_us: int) -> None:
        """Record that the store assigned this time to a fact that had none of its own."""
        self._reached_us = max(self._reached_us, moment_us)


clock = Clock()
"""The clock of this process, which has one store."""


def wall_us() -> int:
    """Return the time of the machine's clock."""
    return clock.wall_us()


def now_us() -> int:
    """Return the time for which answers without `as_of` are computed."""
    return clock.now_us()


def reach(moment_us: int) -> None:
    """Record that the store assigned this time to a fact."""
    clock.reach(moment_us)
