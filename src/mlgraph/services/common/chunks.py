"""Splitting long lists into chunks, so that the size of a query is bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

CHUNK: Final = 500
_T = TypeVar("_T", int, tuple[int, int, int])


def chunks(numbers: Iterable[_T], size: int = CHUNK) -> Iterator[list[_T]]:
    """Yield `numbers` in ascending order, `size` at a time."""
    in_order = sorted(numbers)
    for position in range(0, len(in_order), size):
        yield in_order[position : position + size]
