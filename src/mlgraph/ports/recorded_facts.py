"""Interface for facts by the time of their recording: what a range of transactions recorded, and what was known before it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from mlgraph.domain.history import AssetRecord, EdgeRecord


class RunReport(NamedTuple):
    """A moment of which transaction `tx` recorded something about a run, or about the inputs and outputs of a workflow."""

    asset: int
    moment: int
    tx: int


@dataclass(frozen=True, slots=True)
class RecordedRange:
    """What the transactions after `after`, up to some transaction, recorded."""

    after: int
    states: list[AssetRecord] = field(default_factory=list)
    """Facts about assets other than runs, without declarations."""
    edges: list[EdgeRecord] = field(default_factory=list)
    """Facts about edges that no run is an end of, without column edges that a run or workflow reported."""
    reports: list[RunReport] = field(default_factory=list)


class FactCount(NamedTuple):
    """A number of facts; `is_all`: all facts that may count were looked at."""

    facts: int
    is_all: bool


class RecordedFacts(Protocol):
    """Reads facts by the time of recording."""

    def count(self, after: int, upto: int, until: int, most: int) -> FactCount:
        """Return how many facts of the transactions after `after`, up to `upto`, are about moments up to `until`.

        Of each table, the first `most` facts of these transactions are looked at.
        """

    def last_tx_at(self, moment: int) -> int:
        """Return the last transaction that was recorded until `moment` (microseconds since the epoch; 0: none)."""

    def recorded(self, after: int, upto: int, most: int, around: Collection[int] | None = None) -> RecordedRange:
        """Return what the transactions after `after`, up to `upto`, recorded: of the latest ones, about `most` facts of a table.

        The range that is returned has complete transactions, at least one. `around`: only facts about these assets and their
        edges, and reports of runs of the workflows among them.
        """

    def runs_from(self, workflow: int, moment: int, tx: int, most: int) -> list[RunReport]:
        """Return the last report, up to transaction `tx`, of each of the first `most` runs reported from `moment` on."""

    def known(self, assets: Collection[int], tx: int, moment: int) -> list[AssetRecord]:
        """Return the facts of these assets up to transaction `tx` that decide their states from `moment` on.

        Of equal facts of one origin about times up to `moment`, the latest stands for all.
        """
