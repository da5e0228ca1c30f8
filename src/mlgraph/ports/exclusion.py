"""Interface of mutual exclusion between all processes of one store."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Exclusion(Protocol):
    """A lock of the store: whoever reads a state and writes a new one in its place holds it meanwhile."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the lock until the end of the context. Raises `Unavailable` if it is not free in time, or without the store."""
