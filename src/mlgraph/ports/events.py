"""Interface of the thin-event queue: events wait durably until the state of the object that they name is fetched."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

SubjectKey = tuple[str, str]
"""The source's word for a type of object, and the id of one."""


@dataclass(frozen=True, slots=True)
class ThinEvent:
    """The latest event that named an object; it occurred `at` (microseconds since the epoch).

    `number` is greater than that of every earlier event; `attempts` is the number of fetches that failed.
    """

    kind: str
    id: str
    event: dict[str, Any]
    at: int
    number: int = 0
    attempts: int = 0

    @property
    def subject_key(self) -> SubjectKey:
        """Type and id of the object to fetch."""
        return self.kind, self.id


class EventStore(Protocol):
    """Stores thin events durably, one for each object of a source."""

    def add(self, source: str, event: ThinEvent) -> ThinEvent:
        """Store an event in place of an earlier one about the same object; return the event that waits now."""

    def waiting(self, source: str) -> list[ThinEvent]:
        """Return all waiting events of a source."""

    def failed(self, source: str, event: ThinEvent) -> None:
        """Store the number of attempts of an event."""

    def done(self, source: str, events: Collection[ThinEvent]) -> None:
        """Delete these events, unless a later one about the same object has arrived."""
