"""Dead letters: what was accepted and could not be understood, kept until it is replayed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class DeadLetterEntry:
    """An event that failed, with who sent it and why it failed."""

    format: str
    actor: str
    source: str | None
    environment: str | None
    body: str
    error: str
    pointer: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterCounts:
    """Letters that wait to be replayed, and all there ever were."""

    waiting: int
    total: int


class DeadLetterStore(Protocol):
    """Keeps dead letters."""

    def add(self, letter: DeadLetterEntry) -> int:
        """Keep a letter, durably, and return its id."""

    def get(self, letter_id: int) -> DeadLetterEntry:
        """Return a letter that waits. Raises `NotFound`."""

    def failed_again(self, letter_id: int, error: str) -> None:
        """Note one more attempt that failed."""

    def replayed(self, letter_id: int, tx: int) -> None:
        """Note that the letter was taken in, by transaction `tx`."""

    def waiting_of_sources(self) -> Mapping[str, int]:
        """Return how many letters wait of each connected source that has any."""

    def listing(self, limit: int, cursor: str | None) -> dict[str, Any]:
        """Return the letters that wait, oldest first."""
