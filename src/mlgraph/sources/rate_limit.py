"""How hard a source is asked: so many requests a second, so many at once (docs/hydration.md, Requests to a tool)."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_BURST: Final = 1 / 20
_REFILL: Final = 0.9
"""With a twentieth of a second's worth at once and nine tenths of the rate, no second sees more than 95 % of the rate leave; the
rest is for requests that wait on their way and arrive close together."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock that waits are measured by (seconds), what waits, and what draws numbers in [0, 1) for jitter."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


REAL: Final = Timing()


class TokenBucket:
    """Lets fewer than `rate_per_s` callers pass in any second (one, where the rate is below two); others wait their turn."""

    def __init__(self, rate_per_s: float, timing: Timing = REAL) -> None:
        """Start full."""
        self._refill, self._clock, self._sleep = rate_per_s * _REFILL, timing.clock, timing.sleep
        self._burst = max(1.0, rate_per_s * _BURST)
        self._tokens, self._at = self._burst, timing.clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Return when it is this caller's turn."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._refill) - 1
            self._at = now
            wait = max(0.0, -self._tokens / self._refill)
        if wait:
            self._sleep(wait)  # the debt is booked already: whoever comes next waits longer

    def pause_for(self, wait_s: float) -> None:
        """Let nobody who comes from now on pass for `wait_s` seconds: the source asked for that."""
        with self._lock:
            self._tokens = min(self._tokens, -wait_s * self._refill)
            self._at = self._clock()


class RateLimit:
    """The rate of one source, and how many requests may be under way."""

    def __init__(self, rate_per_s: float, concurrency: int, timing: Timing = REAL) -> None:
        """Nothing is under way."""
        self._places = threading.BoundedSemaphore(concurrency)
        self._bucket = TokenBucket(rate_per_s, timing)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a place and for this caller's turn; the place is free again at the end of the context."""
        with self._places:
            self._bucket.take()
            yield

    def pause_for(self, wait_s: float) -> None:
        """Begin no request for `wait_s` seconds, those that wait for their turn already aside."""
        self._bucket.pause_for(wait_s)
