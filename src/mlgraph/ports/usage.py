"""Interface of the usage counts: how often runs read an asset, and how often mlgraph is asked about it, by day."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

RETAINED_DAYS: Final = 400
"""Counts of earlier days are deleted."""


class UsageKind(IntEnum):
    """What is counted. The numbers are stored: never renumber."""

    RUN = 1
    """Runs that read the asset, each once, on the day of its first report of it."""
    REQUEST = 2
    """Requests to mlgraph about the asset."""


class UsageCount(NamedTuple):
    """So many uses of an asset on one day (days since 1970-01-01, UTC)."""

    asset: int
    day: int
    kind: UsageKind
    uses: int


@dataclass(frozen=True, slots=True)
class AssetUsage:
    """The use of an asset in a period; `last_read_at`: when a run read it last (microseconds since the epoch)."""

    runs: int = 0
    requests: int = 0
    last_read_at: int | None = None


class UsageReader(Protocol):
    """Reads counts."""

    def usage(self, assets: Collection[int], after_day: int, upto_day: int) -> AssetUsage:
        """Return the use of all names of one asset on the days after `after_day`, up to and including `upto_day`.

        `last_read_at` is that of all retained days up to `upto_day`.
        """


def uncounted(asset: int) -> None:
    """Count no request about the asset."""
    del asset


class UncountedUsage:
    """The `UsageReader` of a server that counts nothing."""

    def usage(self, assets: Collection[int], after_day: int, upto_day: int) -> AssetUsage:
        """Return no use."""
        del assets, after_day, upto_day
        return AssetUsage()


class UsageStore(UsageReader, Protocol):
    """Adds counts. Several processes may add at the same time."""

    def add(self, counts: Sequence[UsageCount]) -> None:
        """Add to the stored counts. Raises `Unavailable` if the store cannot be reached; then nothing is added."""

    def count_runs(self, most: int) -> int:
        """Count the reads of at most `most` further transactions, each once; return the number of these transactions.

        Returns 0 if all are counted, or another process counts at this moment.
        """

    def delete_until(self, day: int) -> None:
        """Delete the counts of days up to and including `day`."""
