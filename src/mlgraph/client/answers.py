"""The answer of the server to one call."""

from __future__ import annotations

import json
from typing import Final, Generic, TypeVar, cast

from mlgraph.domain.text.escaping import terminal_text

T = TypeVar("T")
_SHOWN_CHARS: Final = 2_000
"""Characters of an answer that its representation has; a notebook should not be filled by an export."""


class Answer(Generic[T]):
    """An answer of the server: `body` has its exact bytes, `data` its JSON value."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        """Create an answer; `body` is parsed by each access of `data`."""
        self.status = status
        self.body = body

    @property
    def data(self) -> T:
        """The JSON value of the body."""
        return cast("T", json.loads(self.body))

    def __repr__(self) -> str:
        """Return the status and the beginning of the answer, on several lines, as notebooks and consoles show it."""
        try:
            text = json.dumps(self.data, ensure_ascii=False, indent=2)
        except ValueError:
            text = self.body.decode(errors="replace")
        text = terminal_text(text)
        left_out = len(text) - _SHOWN_CHARS
        end = f"\n... {left_out:,} more characters: see .data" if left_out > 0 else ""
        return f"<{type(self).__name__} {self.status}>\n{text[:_SHOWN_CHARS]}{end}"
