"""Faults of a document, by line and column, and their report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

MAX_FAULTS: Final = 100
"""Faults that one report lists; further faults are counted."""
_MAX_QUOTED_CHARS: Final = 60


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column in a text, both from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Faults:
    """The faults of one document, which are reported together."""

    found: list[tuple[Position, str]] = field(default_factory=list)

    def add(self, position: Position, message: str) -> None:
        """Record a fault at a position; `message` says what is wrong and what to do about it."""
        self.found.append((position, message))

    def report(self, file: str) -> str:
        """Return `FILE:LINE:COLUMN: message` for each fault, in the order of the text, after a line with their number."""
        listed = sorted(set(self.found))
        lines = [f"{file} has {len(listed)} faults"] if len(listed) > 1 else []
        lines += [f"{file}:{position.line}:{position.column}: {message}" for position, message in listed[:MAX_FAULTS]]
        if len(listed) > MAX_FAULTS:
            lines.append(f"{file}: and {len(listed) - MAX_FAULTS} more")
        return "\n".join(lines)


def quoted(text: str) -> str:
    """Return a text of a document for a message: in quotes, shortened, without control characters."""
    clean = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return repr(clean if len(clean) <= _MAX_QUOTED_CHARS else clean[:_MAX_QUOTED_CHARS] + "...")
