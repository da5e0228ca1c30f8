"""Long lists in parts, so that no query grows without bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

CHUNK: Final = 500
_T = TypeVar("_T", int, tuple[int, int, int])


def chunks(numbers: Iterable[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    """Yield `numbers` in ascending order, `size` at a time."""
    listed = sorted(numbers)
    for position in range(0, len(listed), size):
        yield listed[position : position + size]
