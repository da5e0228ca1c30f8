"""What is wrong with a document, by line and column."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

MAX_FAULTS: Final = 100
"""Faults that one report lists; further ones are counted."""
_MAX_QUOTED_CHARS: Final = 60


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Line and column in a text, both from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Faults:
    """All faults of one document, so that they are reported together."""

    found: list[tuple[Position, str]] = field(default_factory=list)

    def add(self, position: Position, message: str) -> None:
        """Record what is wrong at a position, and what to do about it."""
        self.found.append((position, message))

    def report(self, file: str) -> str:
        """Return `FILE:LINE:COLUMN: message` for each fault, in the order of the text, below a line with their number."""
        listed = sorted(set(self.found))
        lines = [f"{file} has {len(listed)} faults"] if len(listed) > 1 else []
        lines += [f"{file}:{position.line}:{position.column}: {message}" for position, message in listed[:MAX_FAULTS]]
        if len(listed) > MAX_FAULTS:
            lines.append(f"{file}: and {len(listed) - MAX_FAULTS} more")
        return "\n".join(lines)


def quoted(text: str) -> str:
    """Return a text of a document as a message may repeat it: in quotes, short, without control characters."""
    clean = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return repr(clean if len(clean) <= _MAX_QUOTED_CHARS else clean[:_MAX_QUOTED_CHARS] + "...")


def suggestion(word: str, known: Collection[str], otherwise: str = "known") -> str:
    """Return the word of `known` that `word` may be a misspelling of; without one, all of them behind `otherwise`."""
    close = get_close_matches(word.lower(), known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"{otherwise}: {', '.join(known)}"
