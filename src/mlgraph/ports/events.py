"""Thin events that wait until the truth of what they name has been fetched: kept, so that a restart loses none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol

SubjectKey = tuple[str, str]
"""The source's word for a kind of things, and the id of one."""


@dataclass(frozen=True, slots=True)
class ThinEvent:
    """The latest event that named a thing; `at` is when it happened (microseconds since the epoch).

    `number` is greater than that of any event before, `attempts` how often its truth could not be had.
    """

    kind: str
    id: str
    event: dict[str, Any]
    at: int
    number: int = 0
    attempts: int = 0

    @property
    def subject_key(self) -> SubjectKey:
        """What is to be fetched."""
        return self.kind, self.id


class EventStore(Protocol):
    """Keeps thin events, one for each thing."""

    def add(self, source: str, event: ThinEvent) -> ThinEvent:
        """Keep an event, durably, in the place of an earlier one about the thing; return what waits now."""

    def waiting(self, source: str) -> list[ThinEvent]:
        """Return all events that wait."""

    def failed(self, source: str, event: ThinEvent) -> None:
        """Keep how many attempts it has had."""

    def done(self, source: str, events: Collection[ThinEvent]) -> None:
        """Forget these events, unless a later one about the same thing has come."""
