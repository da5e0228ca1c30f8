"""The commit feed: transactions of this process's writer, buffered until the graph includes them."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from mlgraph.ports.store import AppendedRecords, Changes, CommittedTransaction

MOST_FACTS: Final = 20_000
"""Facts in the feed at most; a follower that is further behind reads the store."""
MOST_AT_ONCE: Final = 4_000
"""Facts of a transaction in the feed at most; larger ones belong to bulk loads, which are read from the store in groups."""


class CommitFeed:
    """A short section of the log without gaps. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[CommittedTransaction] = deque()
        self._facts = 0

    def push(self, committed: CommittedTransaction) -> None:
        """Add the next transaction, unless it is too large. A gap in the numbers, or too many facts, empties the feed first."""
        with self._lock:
            follows = not self._waiting or self._waiting[-1].tx + 1 == committed.tx
            if not follows or committed.facts > MOST_AT_ONCE or self._facts + committed.facts > MOST_FACTS:
                self._waiting.clear()
                self._facts = 0
            if committed.facts <= MOST_AT_ONCE:
                self._waiting.append(committed)
                self._facts += committed.facts

    def since(self, watermark: int) -> tuple[Changes, int] | None:
        """Return the changes after transaction `watermark` and their latest default time in microseconds; None without them."""
        with self._lock:
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
