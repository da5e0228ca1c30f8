"""The answer of the server to one call."""

from __future__ import annotations

import json
from typing import Generic, TypeVar, cast

T = TypeVar("T")


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
