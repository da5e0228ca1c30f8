"""One process at a time owns a data directory; the lock dies with its owner, however that ends."""

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
    """The embedded PostgreSQL cannot run; the detail says why and what to change."""

    title = "Embedded PostgreSQL failed"


class DataDirectoryInUse(EmbeddedPostgresError):
    """Another process serves this data directory, or this one does already."""

    title = "Data directory in use"


class DirectoryLock:
    """An exclusive `flock` on `mlgraph.lock` in the data directory, with a note of who holds it.

    The kernel drops it when the holder dies, so a crash leaves no lock to remove by hand. The file itself
    stays: to unlink a locked file would let two processes lock two files of one name.
    """

    def __init__(self, descriptor: int, previous: dict[str, object]) -> None:
        self._descriptor = descriptor
        self.previous = previous
        """What the holder before us had recorded; empty after a clean stop."""

    @classmethod
    def acquire(cls, data_dir: Path) -> Self:
        """Lock `data_dir` (which exists) for this process.

        Raises DataDirectoryInUse where it is locked, EmbeddedPostgresError where the lock file cannot be
        opened.
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
        # The sockets stay on record until they are gone: a start that dies before its own record must not
        # lose them.
        lock.record(socket_directory=lock.previous.get("socket_directory"))
        return lock

    def record(self, **notes: object) -> None:
        """Write down our process id and `notes` for whoever finds us here, or comes after us."""
        text = json.dumps({"pid": os.getpid(), **notes}).encode()
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def release(self) -> None:
        """Forget the notes and let go; once only."""
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
    who = f"the process with pid {owner_pid}" if owner_pid else "another process that is just starting"
    stop = f" (kill -INT {owner_pid})" if owner_pid else ""
    return (
        f"The data directory {data_dir} is in use by {who}. Use the server that runs there, stop it{stop}, "
        "or start on another directory with --data DIR."
    )
