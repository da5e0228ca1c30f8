"""As whom PostgreSQL runs. It refuses to run as root, so for root it gets a user id of its own.

- Started by an ordinary user, it runs as that user.
- Started by root, it runs as the owner of an existing cluster, else as the owner of the data directory, else
  (root owns it) as a user id that nobody on this machine has: no other service shares it, and no account is
  created.
- Where directories above the data or the programs are closed to that user id (a data directory below
  `/root`), the server keeps one right from root: to enter and read directories (the Linux capability
  `CAP_DAC_READ_SEARCH`, or `CAP_DAC_OVERRIDE` where a container holds only that). No permission of a
  directory above ours is ever changed.
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
"""Below 65,536, which is all that many containers map, and away from the ids that people and services get."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user and group id to run as; `STAY` for the caller's own."""

    uid: int = STAY
    gid: int = STAY
    enters_closed_directories: bool = False

    @property
    def switches(self) -> bool:
        """Whether it is another user than the caller."""
        return self.uid != STAY

    def own(self, path: Path) -> None:
        """Give `path` and everything below it to this account; links are not followed."""
        if not self.switches:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)


def server_account(data_dir: Path, cluster: Path, programs: Path) -> Account:
    """Return the account that serves `cluster` (it may not exist yet) with the PostgreSQL at `programs`.

    Raises EmbeddedPostgresError where the cluster is another user's, or closed off with no way in.
    """
    exists = cluster.exists()
    owner = (cluster if exists else data_dir).stat()
    me = os.geteuid()
    if me != 0:
        if exists and owner.st_uid != me:
            raise EmbeddedPostgresError(
                f"{cluster} belongs to user id {owner.st_uid}, not to {me}: start as that user, or name "
                "another directory with --data.",
            )
        return Account()
    uid, gid = (owner.st_uid, owner.st_gid) if owner.st_uid != 0 else _unused_id()
    return _with_way_in(uid, gid, data_dir, programs)


def initialising_account(account: Account, data_dir: Path, programs: Path) -> Account:
    """Return the account to run `initdb` as, which insists on a user id that has a name.

    A server id without a name borrows one for the moment of creation, before anything listens.
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
    return _with_way_in(entry.pw_uid, entry.pw_gid, data_dir, programs)


def closed_directory(path: Path, uid: int) -> Path | None:
    """Return the outermost directory on the way into `path` that `uid`, in no group, may not enter."""
    for folder in (*reversed(path.parents), path):
        found = folder.stat()
        needed = stat.S_IXUSR if found.st_uid == uid else stat.S_IXOTH
        if not found.st_mode & needed:
            return folder
    return None


def _with_way_in(uid: int, gid: int, data_dir: Path, programs: Path) -> Account:
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
