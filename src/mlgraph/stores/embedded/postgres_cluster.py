"""The files of a PostgreSQL cluster: made whole or not at all, served by the version that wrote them."""

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


def exists(cluster: Path) -> bool:
    """Whether there is a cluster. Raises EmbeddedPostgresError where files of another kind take its place."""
    if (cluster / "PG_VERSION").exists():
        return True
    if cluster.exists() and any(cluster.iterdir()):
        raise EmbeddedPostgresError(
            f"{cluster} holds files but no PostgreSQL cluster: move them away, or name another directory with --data.",
        )
    return False


def create(cluster: Path, programs: Path, server: Account, superuser: str) -> None:
    """Create the cluster beside its place and move it there whole: an interrupted one is redone.

    It belongs to `server` afterwards. Raises EmbeddedPostgresError where `initdb` fails, with its words.
    """
    prefix = f"{cluster.name}.new-"
    for interrupted in cluster.parent.glob(f"{prefix}*"):
        _remove(interrupted)
    # Never the same name again: what is left of a killed start may outlast our patience.
    half = Path(tempfile.mkdtemp(prefix=prefix, dir=cluster.parent))
    account = initialising_account(server, cluster.parent, programs)
    account.own(half)
    command: list[str | Path] = [
        programs / "initdb",
        "--pgdata",
        half,
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
        shutil.rmtree(half, ignore_errors=True)
        raise EmbeddedPostgresError(f"PostgreSQL could not create {cluster}: {done.stderr.strip()}")
    server.own(half)
    half.rename(cluster)
    _sync_directory(cluster.parent)


def check_version(cluster: Path, programs: Path) -> None:
    """Raise EmbeddedPostgresError unless `cluster` was written by the major version of `programs`."""
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
    """Remove what a killed start left: its initdb may still write for a moment, and so keep a directory from being empty."""
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
