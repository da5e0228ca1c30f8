"""Interface of backup and restore: the complete store as one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RestoreResult:
    """The outcome of a restore.

    `schema` is the schema number of the store after the restore, `from_schema` that of the backup. `rows` is the number of rows
    by table, `watermark` the last transaction. `instance` is the id of the restored store, `from_instance` the id of the store
    from which the backup was made (None: its schema had no id yet).
    """

    schema: int
    from_schema: int
    made_at: str
    instance: str
    from_instance: str | None
    watermark: int
    rows: Mapping[str, int]


class Archive(Protocol):
    """A store that can be backed up and restored."""

    def backup(self) -> Iterator[bytes]:
        """Yield the bytes of a backup file: a consistent snapshot of the store. Reads and writes continue meanwhile."""

    def restore(self, pieces: Iterable[bytes]) -> RestoreResult:
        """Restore a backup into this store, which must be empty, in one transaction.

        Raises `Conflict` where the store is not empty or the backup is of a newer version, `DamagedBackup` where the backup is
        incomplete or damaged, and every error that `pieces` raises.
        """
