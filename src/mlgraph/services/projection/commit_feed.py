"""Transactions that the writer of this process handed over, until the graph includes them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from mlgraph.ports.store import AppendedRecords, Changes, CommittedTransaction

MOST_FACTS: Final = 20_000
"""Facts that wait at most: a follower that is further behind reads the store."""
MOST_AT_ONCE: Final = 4_000
"""A transaction with more facts is a load's, which is read from the store with what belongs together."""


class CommitFeed:
    """Keeps a short stretch of the log without gaps. Safe to share between threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[CommittedTransaction] = deque()
        self._facts = 0

    def push(self, committed: CommittedTransaction) -> None:
        """Take a transaction that follows all that were handed over before."""
        with self._guard:
            follows = not self._waiting or self._waiting[-1].tx + 1 == committed.tx
            if not follows or committed.facts > MOST_AT_ONCE or self._facts + committed.facts > MOST_FACTS:
                self._waiting.clear()
                self._facts = 0
            if committed.facts <= MOST_AT_ONCE:
                self._waiting.append(committed)
                self._facts += committed.facts

    def since(self, watermark: int) -> tuple[Changes, int] | None:
        """Return what followed transaction `watermark`, with the last moment given in it; None where that is not known."""
        with self._guard:
            while self._waiting and self._waiting[0].tx <= watermark:
                self._facts -= self._waiting.popleft().facts
            if not self._waiting or self._waiting[0].tx != watermark + 1:
                return None
            transactions = list(self._waiting)
        combined = AppendedRecords()
        for each in transactions:
            records = each.records()
            combined.assets += records.assets
            combined.edges += records.edges
            combined.states += records.states
            combined.people |= records.people
        return Changes.of(transactions[-1].tx, combined), max(each.last_at for each in transactions)
