"""Transactions that the writer of this process handed over, until the graph includes them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from mlgraph.ports.store import Changes, HandedOver, Records

MOST_FACTS: Final = 20_000
"""Facts that wait at most: a follower that is further behind reads the store."""
MOST_AT_ONCE: Final = 4_000
"""A transaction with more facts is a load's, which is read from the store with what belongs together."""


class Heard:
    """Keeps a short stretch of the log without gaps. Safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[HandedOver] = deque()
        self._facts = 0

    def put(self, handed: HandedOver) -> None:
        """Take a transaction that follows all that were handed over before."""
        with self._guard:
            follows = not self._waiting or self._waiting[-1].tx + 1 == handed.tx
            if not follows or handed.facts > MOST_AT_ONCE or self._facts + handed.facts > MOST_FACTS:
                self._waiting.clear()
                self._facts = 0
            if handed.facts <= MOST_AT_ONCE:
                self._waiting.append(handed)
                self._facts += handed.facts

    def after(self, watermark: int) -> tuple[Changes, int] | None:
        """Return what followed transaction `watermark`, with the last moment given in it; None where that is not known."""
        with self._guard:
            while self._waiting and self._waiting[0].tx <= watermark:
                self._facts -= self._waiting.popleft().facts
            if not self._waiting or self._waiting[0].tx != watermark + 1:
                return None
            handed = list(self._waiting)
        whole = Records()
        for each in handed:
            records = each.records()
            whole.assets += records.assets
            whole.edges += records.edges
            whole.states += records.states
            whole.people |= records.people
        return Changes.of(handed[-1].tx, whole), max(each.last_at for each in handed)
