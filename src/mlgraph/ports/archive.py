"""Protocol of what takes a whole store out as one file, and puts it back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """What a restore put back.

    `schema` is the store's schema after it, `from_schema` the backup's; `rows` counts them by table; `watermark` is the last
    transaction. `instance` is the id of the store as it is now, `from_instance` that of the store the backup was made of.
    """

    schema: int
    from_schema: int
    made_at: str
    instance: str
    from_instance: str | None
    watermark: int
    rows: Mapping[str, int]


class Archive(Protocol):
    """A store that can be taken out and put back whole."""

    def backup(self) -> Iterator[bytes]:
        """Yield the store as of one moment, in pieces of a file, while others read and write."""

    def restore(self, pieces: Iterable[bytes]) -> RestoreResult:
        """Put a backup into this store, which must be empty: whole, or not at all.

        Raises `Conflict` where something is stored already or the backup is of a newer version, `DamagedBackup` where it is not
        complete, and whatever `pieces` raises.
        """
