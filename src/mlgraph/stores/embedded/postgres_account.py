"""The user id of PostgreSQL, which refuses to run as root.

- Started by an ordinary user, it runs as that user.
- Started by root, it runs as the owner of an existing cluster, else as the owner of the data directory. If root owns both, it
  runs as an unused user id: no other service shares it, and no account is created.
- Where that user id may not enter a directory above the data or the programs (a data directory below `/root`), the server
  retains one capability of root: to enter and read directories (`CAP_DAC_READ_SEARCH`, or `CAP_DAC_OVERRIDE` in a container
  that has only that). The permissions of parent directories are never changed.
"""

from __future__ import annotations

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from mlgraph.stores.embedded.directory_lock import EmbeddedPostgresError
from mlgraph.stores.embedded.postgres_launch import STAY

_OWN_IDS = range(64_700, 64_800)
"""Below 65,536, the limit of many containers, and outside the ranges of users and services."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group id to run as; `STAY`: those of the caller."""

    uid: int = STAY
    gid: int = STAY
    enters_closed_directories: bool = False

    @property
    def switches(self) -> bool:
        """Whether it differs from the user of the caller."""
        return self.uid != STAY

    def own(self, path: Path) -> None:
        """Change the owner of `path` and everything below it to this account; symbolic links are not followed."""
        if not self.switches:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)


def server_account(data_dir: Path, cluster: Path, programs: Path) -> Account:
    """Return the account that serves `cluster` (it may not exist yet) with the PostgreSQL at `programs`.

    Raises EmbeddedPostgresError where the cluster belongs to another user or cannot be reached by the account.
    """
    exists = cluster.exists()
    owner = (cluster if exists else data_dir).stat()
    caller = os.geteuid()
    if caller != 0:
        if exists and owner.st_uid != caller:
            raise EmbeddedPostgresError(
                f"{cluster} belongs to user id {owner.st_uid}, not to {caller}: start as that user, or name "
                "another directory with --data.",
            )
        return Account()
    uid, gid = (owner.st_uid, owner.st_gid) if owner.st_uid != 0 else _unused_id()
    return _with_access(uid, gid, data_dir, programs)


def initialising_account(account: Account, data_dir: Path, programs: Path) -> Account:
    """Return the account for `initdb`, which requires a user id with a name.

    For an `account` without a name this is another user, only during the creation, before the server runs.
    """
    if not account.switches or _has_name(account.uid):
        return account
    named = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not named:
        raise EmbeddedPostgresError(
            "PostgreSQL cannot be initialised by root on a machine without any other user: add one "
            "(useradd mlgraph) or run mlgraph as an ordinary user.",
        )
    entry = next((entry for entry in named if entry.pw_name == "nobody"), named[0])
    return _with_access(entry.pw_uid, entry.pw_gid, data_dir, programs)


def closed_directory(path: Path, uid: int) -> Path | None:
    """Return the outermost of `path` and its parents that `uid` (without groups) may not enter; None: it may enter all."""
    for folder in (*reversed(path.parents), path):
        found = folder.stat()
        needed = stat.S_IXUSR if found.st_uid == uid else stat.S_IXOTH
        if not found.st_mode & needed:
            return folder
    return None


def _with_access(uid: int, gid: int, data_dir: Path, programs: Path) -> Account:
    closed = closed_directory(data_dir, uid) or closed_directory(programs, uid)
    if closed is not None and sys.platform != "linux":
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and user id {uid} may not enter {closed}: run mlgraph as an "
            f"ordinary user, open the directory (chmod o+x {closed}) or choose a data directory elsewhere "
            "with --data.",
        )
    return Account(uid, gid, enters_closed_directories=closed is not None)


def _unused_id() -> tuple[int, int]:
    uid = next((uid for uid in _OWN_IDS if not _has_name(uid)), _OWN_IDS[0])
    return uid, uid


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
