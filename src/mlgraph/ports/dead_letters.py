"""Interface of dead letters: input that was accepted and could not be processed, stored until it is replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class DeadLetterEntry:
    """An event that could not be processed, with its sender and the error (`pointer`: JSON pointer of the fault).

    `scope`: that of its sender, where it is not its source.
    """

    format: str
    actor: str
    source: str | None
    environment: str | None
    body: str
    error: str
    pointer: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterCounts:
    """The number of dead letters that wait for a replay, and of all that were ever stored."""

    waiting: int
    total: int


class DeadLetterStore(Protocol):
    """Stores dead letters durably."""

    def add(self, letter: DeadLetterEntry) -> int:
        """Store a dead letter and return its id. A repeated letter of the same source counts as another attempt."""

    def get(self, letter_id: int) -> DeadLetterEntry:
        """Return a waiting letter. Raises `NotFound`."""

    def failed_again(self, letter_id: int, error: str) -> None:
        """Record one more failed attempt."""

    def replayed(self, letter_id: int, tx: int) -> None:
        """Record that the replay succeeded in transaction `tx`."""

    def waiting_of_sources(self) -> Mapping[str, int]:
        """Return the number of waiting letters by connected source, for the sources that have any."""

    def listing(self, limit: int, cursor: str | None) -> dict[str, Any]:
        """Return a page of the waiting letters, oldest first. Raises `InvalidInput` for an invalid cursor."""
