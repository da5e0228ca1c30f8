"""The lock of a data directory: one process at a time. The kernel releases it when the process ends."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Self

from mlgraph.domain.errors import StartError

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = "mlgraph.lock"


class EmbeddedPostgresError(StartError):
    """The embedded PostgreSQL cannot run; the detail has the reason and the remedy."""

    title = "Embedded PostgreSQL failed"


class DataDirectoryInUse(EmbeddedPostgresError):
    """Another process, or this process itself, serves the data directory already."""

    title = "Data directory in use"


class DirectoryLock:
    """An exclusive `flock` on `mlgraph.lock` in the data directory; the file records the pid of its owner.

    The kernel releases the lock when the owner ends, so a crash leaves no lock to remove by hand. The file itself is never
    deleted: after an unlink, two processes could lock two files of one name.
    """

    def __init__(self, descriptor: int, previous: dict[str, object]) -> None:
        self._descriptor = descriptor
        self.previous = previous
        """The record of the previous owner; empty after a clean stop."""

    @classmethod
    def acquire(cls, data_dir: Path) -> Self:
        """Lock `data_dir`, an existing directory, for this process.

        Raises DataDirectoryInUse if it is locked, EmbeddedPostgresError if the lock file cannot be opened.
        """
        path = data_dir / LOCK_NAME
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data directory {data_dir} cannot be used by user id {os.geteuid()}: {error}. Start as "
                f"the user who owns it (user id {data_dir.stat().st_uid}), or name another directory with "
                "--data.",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner_pid = _read(descriptor).get("pid")
            os.close(descriptor)
            raise DataDirectoryInUse(_in_use(data_dir, owner_pid)) from error
        lock = cls(descriptor, _read(descriptor))
        # The record of the socket directory is retained until the directory is removed, in case this start dies before that.
        lock.record(socket_directory=lock.previous.get("socket_directory"))
        return lock

    def record(self, **notes: object) -> None:
        """Record this process id and `notes` in the lock file, for other processes and for the next owner."""
        text = json.dumps({"pid": os.getpid(), **notes}).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Clear the record and release the lock. To be called once."""
        os.ftruncate(self._descriptor, 0)
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)  # a forked child may still have the descriptor open
        os.close(self._descriptor)


def _read(descriptor: int) -> dict[str, object]:
    try:
        notes = json.loads(os.pread(descriptor, 64 * 1024, 0))
    except ValueError:
        return {}  # empty after a clean stop, half written after a power cut
    return notes if isinstance(notes, dict) else {}


def _in_use(data_dir: Path, owner_pid: object) -> str:
    if owner_pid == os.getpid():
        return f"The data directory {data_dir} is already in use by this process (pid {owner_pid}): stop it first."
    owner = f"the process with pid {owner_pid}" if owner_pid else "another process that is just starting"
    stop = f" (kill -INT {owner_pid})" if owner_pid else ""
    return (
        f"The data directory {data_dir} is in use by {owner}. Use the server that runs there, stop it{stop}, "
        "or start on another directory with --data DIR."
    )
