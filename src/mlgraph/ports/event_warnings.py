"""Interface of the counts of warnings: how many details of events were left out, by format and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mlgraph.domain.payloads.detail_warnings import DetailWarning


@dataclass(frozen=True, slots=True)
class WarningCount:
    """The warnings about events of one format and source (None: a token without a source); `last` at `last_at` (microseconds).

    `events` is the number of events with warnings. An event that is sent again counts again, as its answer has its warnings.
    """

    format: str
    source: str | None
    events: int
    warnings: int
    last_at: int
    last: DetailWarning


class EventWarningStore(Protocol):
    """Counts warnings for all processes of a store."""

    def add(self, count: WarningCount) -> None:
        """Add to the counts of a format and source."""

    def counts(self) -> list[WarningCount]:
        """Return all counts, by format and source."""
