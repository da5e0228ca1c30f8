"""Where the graph's base is kept between starts, and shared between processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

Sections = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class StoredBase:
    """Arrays as they were kept, mapped and not read yet. `stamp` names the log that they were made from, up to `watermark`."""

    sections: Sections
    watermark: int
    stamp: str


class SnapshotFiles(Protocol):
    """Keeps the newest snapshot."""

    def newest(self) -> StoredBase | None:
        """Return the newest snapshot that can be read; None if there is none. What cannot be read is logged, and why."""

    def newest_watermark(self) -> int:
        """Return the watermark of the newest snapshot file, without opening it; 0: there is none."""

    def save(self, sections: Sections, watermark: int, stamp: str) -> None:
        """Keep a snapshot, whole or not at all, and drop older ones. Raises `Unavailable` if there is no room for it."""

    def allocate(self, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:  # noqa: ANN401 - what numpy takes for a type
        """Return an array of zeros in a file without a name: for what would be large in memory."""
