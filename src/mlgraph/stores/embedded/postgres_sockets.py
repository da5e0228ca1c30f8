"""The private directory of PostgreSQL's socket, with a short path for data directories of every length."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mlgraph.stores.embedded.directory_lock import EmbeddedPostgresError
from mlgraph.stores.embedded.postgres_account import closed_directory

if TYPE_CHECKING:
    from mlgraph.stores.embedded.postgres_account import Account

PORT = 5432
"""A part of the socket's name; no TCP port is opened."""

_PREFIX = "mlgraph-pg-"
_PATH_LIMIT_BYTES = 103
"""The lower of the limits of macOS (103) and Linux (107): `sockaddr_un`, unix(7)."""


def connection_url(sockets: Path, user: str, database: str) -> str:
    """Return the libpq URL of `database` by the socket in the directory `sockets`."""
    return f"postgresql://{user}@/{database}?host={quote(str(sockets), safe='')}&port={PORT}"


def create(account: Account) -> Path:
    """Create a directory with mode 0700, owned by `account`, in a temporary folder with a short path.

    Raises EmbeddedPostgresError where no temporary folder is suitable.
    """
    # A shared folder is safe: mkdtemp creates a private directory in it.
    for base in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):  # noqa: S108
        longest = base / f"{_PREFIX}12345678" / f".s.PGSQL.{PORT}"
        if len(os.fsencode(longest)) > _PATH_LIMIT_BYTES:
            continue
        if account.switches and closed_directory(base, account.uid) is not None:
            continue
        try:
            sockets = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        except OSError:
            continue
        account.own(sockets)
        return sockets
    raise EmbeddedPostgresError(
        "There is no temporary directory for PostgreSQL's socket: set TMPDIR to a writable directory with a path of less than "
        "70 bytes.",
    )


def make_empty(sockets: Path, account: Account) -> None:
    """Remove the files of a dead server from `sockets`; create the directory if it was deleted."""
    if not sockets.is_dir():
        sockets.mkdir(mode=0o700)
        account.own(sockets)
    for entry in sockets.iterdir():
        entry.unlink()


def remove(recorded: object, account: Account) -> None:
    """Remove a socket directory by its recorded path; a path that mlgraph did not create is not touched."""
    if not isinstance(recorded, str) or not Path(recorded).name.startswith(_PREFIX):
        return
    try:
        found = os.lstat(recorded)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode) and found.st_uid in {os.geteuid(), account.uid}:
        shutil.rmtree(recorded, ignore_errors=True)
