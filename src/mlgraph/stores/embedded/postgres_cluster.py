"""The files of a PostgreSQL cluster: atomic creation by `initdb`, and the check of their major version."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mlgraph.stores.embedded import postgres_process
from mlgraph.stores.embedded.directory_lock import EmbeddedPostgresError
from mlgraph.stores.embedded.postgres_account import initialising_account

if TYPE_CHECKING:
    from mlgraph.stores.embedded.postgres_account import Account


_DYING_S = 3.0
"""The time that a killed `initdb` may still write files."""


def exists(cluster: Path) -> bool:
    """Whether there is a cluster. Raises EmbeddedPostgresError if the directory contains other files."""
    if (cluster / "PG_VERSION").exists():
        return True
    if cluster.exists() and any(cluster.iterdir()):
        raise EmbeddedPostgresError(
            f"{cluster} contains files but no PostgreSQL cluster: move them away, or name another directory with --data.",
        )
    return False


def create(cluster: Path, programs: Path, server: Account, superuser: str) -> None:
    """Create the cluster under a temporary name and rename it: an interrupted creation starts from scratch.

    It belongs to `server` afterwards. Raises EmbeddedPostgresError with the output of a failed `initdb`.
    """
    prefix = f"{cluster.name}.new-"
    for interrupted in cluster.parent.glob(f"{prefix}*"):
        _remove(interrupted)
    # A unique name: the directory of a killed start may still exist after `_DYING_S`.
    unfinished = Path(tempfile.mkdtemp(prefix=prefix, dir=cluster.parent))
    account = initialising_account(server, cluster.parent, programs)
    account.own(unfinished)
    command: list[str | Path] = [
        programs / "initdb",
        "--pgdata",
        unfinished,
        "--username",
        superuser,
        "--no-instructions",
        "--data-checksums",
        "--encoding=UTF8",
        "--auth-local=trust",
        "--auth-host=reject",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",  # text orders bytewise
    ]
    done = subprocess.run(  # noqa: S603 - the wheel's own program
        postgres_process.command_line(account, command),
        capture_output=True,
        text=True,
        check=False,
        env=postgres_process.environment(),
    )
    if done.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise EmbeddedPostgresError(f"PostgreSQL could not create {cluster}: {done.stderr.strip()}")
    server.own(unfinished)
    unfinished.rename(cluster)
    _sync_directory(cluster.parent)


def check_version(cluster: Path, programs: Path) -> None:
    """Raise EmbeddedPostgresError if `cluster` was written by another major version than that of `programs`."""
    stored = int((cluster / "PG_VERSION").read_text())
    ours = postgres_process.program_major(programs)
    if stored == ours:
        return
    explanation = f"{cluster} was written by PostgreSQL {stored}, and this is PostgreSQL {ours}"
    if stored < ours:
        raise EmbeddedPostgresError(
            f"{explanation}, which cannot read it. With the mlgraph that wrote it: mlgraph backup FILE --data {cluster.parent}; "
            "then with this one: mlgraph restore FILE --data NEW, and mlgraph up --data NEW. Nothing was changed.",
        )
    raise EmbeddedPostgresError(
        f"{explanation}: start the newer mlgraph that wrote it, or name another directory with --data. Nothing was changed.",
    )


def _remove(interrupted: Path) -> None:
    """Remove the directory of a killed start. Its `initdb` may still write for a moment, so removal is retried."""
    deadline = time.monotonic() + _DYING_S
    shutil.rmtree(interrupted, ignore_errors=True)
    while interrupted.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
        shutil.rmtree(interrupted, ignore_errors=True)


def _sync_directory(path: Path) -> None:
    """Make a rename inside `path` survive a power cut (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
