"""Limits of the requests to a source: rate and concurrency (docs/hydration.md, Requests to a tool)."""

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
"""With a burst of 1/20 s and a refill of 9/10 of the rate, at most 95 % of the rate is sent in any second. The rest is a margin
for requests that are delayed on their way and arrive close together."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The clock of waits (seconds), the function that waits, and the random numbers in [0, 1) for jitter."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


REAL: Final = Timing()


class TokenBucket:
    """Lets fewer than `rate_per_s` callers pass in any second (one, for a rate below two); others wait in turn."""

    def __init__(self, rate_per_s: float, timing: Timing = REAL) -> None:
        """Start with a full bucket."""
        self._refill, self._clock, self._sleep = rate_per_s * _REFILL, timing.clock, timing.sleep
        self._burst = max(1.0, rate_per_s * _BURST)
        self._tokens, self._at = self._burst, timing.clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for this caller's turn."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._refill) - 1
            self._at = now
            wait = max(0.0, -self._tokens / self._refill)
        if wait:
            self._sleep(wait)  # the token is already taken, so the next caller waits longer

    def pause_for(self, wait_s: float) -> None:
        """Let no further caller pass for `wait_s` seconds, as the source requested."""
        with self._lock:
            self._tokens = min(self._tokens, -wait_s * self._refill)
            self._at = self._clock()


class RateLimit:
    """The rate limit and the concurrency limit of one source."""

    def __init__(self, rate_per_s: float, concurrency: int, timing: Timing = REAL) -> None:
        """Start without requests."""
        self._slots = threading.BoundedSemaphore(concurrency)
        self._bucket = TokenBucket(rate_per_s, timing)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a free slot and for this caller's turn; the slot is released at the end of the context."""
        with self._slots:
            self._bucket.take()
            yield

    def pause_for(self, wait_s: float) -> None:
        """Start no request for `wait_s` seconds, except those that already wait for their turn."""
        self._bucket.pause_for(wait_s)
