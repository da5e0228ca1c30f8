"""Warnings about details of an event: what was left out or read differently, so that the rest of the event counts."""

from __future__ import annotations

from typing import Final, NamedTuple

from mlgraph.domain.errors import shortened_pointer

MAX_COLLECTED: Final = 10_000
"""Warnings of one event at most: an event of 16 MiB may have millions of unreadable details."""


class DetailWarning(NamedTuple):
    """A detail of an event that was left out or read differently: its JSON pointer (RFC 6901), and what happened to it."""

    pointer: str
    message: str

    def under(self, prefix: str) -> DetailWarning:
        """Return the same warning, located below `prefix` (a JSON pointer such as `/data`)."""
        return DetailWarning(shortened_pointer(prefix + self.pointer), self.message)


class WarningCollector:
    """The warnings of one event in the order of their discovery, each once."""

    def __init__(self) -> None:
        """Create an empty collector."""
        self._found: dict[DetailWarning, None] = {}
        self._further = 0

    def add(self, pointer: str, message: str) -> None:
        """Add a warning, unless it is known. Above `MAX_COLLECTED`, warnings are only counted."""
        if len(self._found) < MAX_COLLECTED:
            self._found[DetailWarning(shortened_pointer(pointer), message)] = None
        else:
            self._further += 1

    def __len__(self) -> int:
        """Return the number of warnings so far."""
        return len(self._found) + self._further

    def all(self) -> list[DetailWarning]:
        """Return the warnings; where some were only counted, the last one has their number."""
        found = list(self._found)
        if self._further:
            found.append(DetailWarning("", f"{self._further:,} further details could not be read and are left out"))
        return found
