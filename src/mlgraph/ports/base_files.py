"""Interface of base files: the base of the graph on disk, between starts and shared between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

Sections = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class StoredBase:
    """The arrays of a base file, memory-mapped and not read yet. `stamp` identifies the log up to `watermark`, their source."""

    sections: Sections
    watermark: int
    stamp: str


class BaseFiles(Protocol):
    """Stores the newest base file."""

    def newest(self) -> StoredBase | None:
        """Return the newest readable base; None if there is none. Each unreadable file is logged with the reason."""

    def newest_watermark(self) -> int:
        """Return the watermark of the newest base file without opening it (0: there is none)."""

    def save(self, sections: Sections, watermark: int, stamp: str) -> None:
        """Store a base atomically and delete older files. Raises `Unavailable` if the disk has no room for it."""

    def allocate(self, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:  # noqa: ANN401 - every type argument of numpy
        """Return an array of zeros; a large one is backed by an unnamed temporary file instead of memory."""
