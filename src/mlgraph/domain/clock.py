"""What time it is for answers and for facts that name none: the machine's clock, but never before what is known already.

Clocks are set back, and two servers on one store have two. Facts without a time get distinct, increasing moments from the
store (docs/spec.md#1-state), which may then lie ahead of this machine's clock; an answer of "now" must include them all the
same. So whoever reads facts says how far their moments reach, and now is never before that.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """A wall clock in microseconds since 1970, and the latest moment that was given to a fact."""

    def __init__(self, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._wall_ns = wall_ns
        self._reached_us = 0

    def wall_us(self) -> int:
        """Return what the machine's clock says; it may go back."""
        return self._wall_ns() // 1000

    def now_us(self) -> int:
        """Return the moment that answers of now are for."""
        return max(self.wall_us(), self._reached_us)

    def reach(self, moment_us: int) -> None:
        """Say that a fact that was read has got this moment, because it had none of its own."""
        self._reached_us = max(self._reached_us, moment_us)


clock = Clock()
"""The clock of this process: it has one store."""


def wall_us() -> int:
    """Return what the machine's clock says."""
    return clock.wall_us()


def now_us() -> int:
    """Return the moment that answers of now are for."""
    return clock.now_us()


def reach(moment_us: int) -> None:
    """Say that a fact that was read has got this moment."""
    clock.reach(moment_us)
