"""The embedded PostgreSQL: each test starts the real server from the wheel on a separate directory."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from mlgraph.stores.embedded import postgres_cluster, postgres_process
from mlgraph.stores.embedded.directory_lock import LOCK_NAME
from mlgraph.stores.embedded.postgres_process import ServerProcess
from mlgraph.stores.embedded.server import DataDirectoryInUse, EmbeddedPostgres, EmbeddedPostgresError
from tests.stores.embedded_servers import PATIENCE_S, SERVING, account_of, first_line, notes, serving, write

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every user may enter; pytest's own are closed to others."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_a_first_start_answers_queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A user's settings for another PostgreSQL must not reach this one.
    for name, value in {"PGPORT": "6000", "PGDATA": "/nowhere", "PGUSER": "x", "LC_ALL": "no_SUCH"}.items():
        monkeypatch.setenv(name, value)

    with EmbeddedPostgres(tmp_path / "data") as server, psycopg.connect(server.url) as connection:
        row = connection.execute(
            "SELECT current_database(), current_setting('listen_addresses'), current_setting('fsync'),"
            " current_setting('synchronous_commit'), current_setting('data_checksums'),"
            " current_setting('TimeZone'), current_setting('server_encoding')",
        ).fetchone()
        assert row == ("mlgraph", "", "on", "on", "on", "UTC", "UTF8")
        ordered = connection.execute("SELECT t FROM unnest(ARRAY['é', 'a', 'B', 'z', '_']) t ORDER BY t")
        assert [text for (text,) in ordered] == ["B", "_", "a", "z", "é"]
        for extension in ("pg_trgm", "vector"):
            connection.execute(f"CREATE EXTENSION {extension}".encode())
        found = connection.execute("SELECT current_setting('unix_socket_directories')").fetchone()
        assert found is not None
        sockets = Path(found[0])
        assert sockets.stat().st_mode & 0o777 == 0o700

    assert not server.alive()
    assert not sockets.exists()
    assert (tmp_path / "data" / "postgres.log").stat().st_mode & 0o777 == 0o600


def test_stop_and_start_finds_the_data(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    write(server.start(), "kept")
    server.stop()
    server.stop()

    assert notes(server.start()) == ["kept"]
    server.stop()
    assert "was not properly shut down" not in (tmp_path / "postgres.log").read_text()


def test_a_copied_cluster_is_served_without_initdb(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests start on a copy, which saves the time of `initdb`."""
    monkeypatch.setattr(postgres_cluster, "create", lambda *_: pytest.fail("a cluster was created"))
    with EmbeddedPostgres(data_dir) as server:
        write(server.url, "copied")
        assert notes(server.url) == ["copied"]


def test_a_second_start_in_the_same_process_is_refused(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        for other in (server, EmbeddedPostgres(data_dir)):
            with pytest.raises(DataDirectoryInUse, match="already in use by this process") as refusal:
                other.start()
            assert str(data_dir) in refusal.value.detail
        assert server.alive()


def test_a_second_start_from_another_process_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, "first") as child:
        first_line(child)
        with pytest.raises(DataDirectoryInUse) as refusal:
            EmbeddedPostgres(tmp_path).start()
        for message in (str(tmp_path), f"pid {child.pid}", f"kill -INT {child.pid}", "--data"):
            assert message in refusal.value.detail
        child.communicate("")
        assert child.returncode == 0
    with EmbeddedPostgres(tmp_path) as server:
        assert notes(server.url) == ["from first"]


def test_a_killed_postmaster_is_restarted(data_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    restarts: list[None] = []
    restarted = threading.Event()

    def on_restart() -> None:
        restarts.append(None)
        restarted.set()

    def run_long_query(url: str) -> None:
        # The backend does not check for the postmaster while it computes: it outlives it and still uses the shared memory.
        with contextlib.suppress(psycopg.Error), psycopg.connect(url) as connection:
            connection.execute("SELECT count(*) FROM generate_series(1, 10000000000)")

    with caplog.at_level(logging.WARNING), EmbeddedPostgres(data_dir) as server:
        server.supervise(on_restart)
        url = server.url
        write(url, "before")
        busy = threading.Thread(target=run_long_query, args=(url,))
        busy.start()
        with psycopg.connect(url, autocommit=True) as connection:
            running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%%generate_series%%'"
            while (connection.execute(running + " AND pid <> pg_backend_pid()").fetchone() or [0])[0] == 0:
                pass
        for _ in range(2):
            restarted.clear()
            pid = server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            assert restarted.wait(PATIENCE_S)
            assert server.pid not in {None, pid}
            assert server.url == url
            assert notes(url) == ["before"]
        busy.join(PATIENCE_S)
        assert not busy.is_alive()
    assert len(restarts) == 2
    assert "died and is restarted" in caplog.text


def test_a_failing_callback_does_not_end_supervision(data_dir: Path) -> None:
    calls = threading.Semaphore(0)

    def fail() -> None:
        calls.release()
        raise RuntimeError("planted")

    with EmbeddedPostgres(data_dir) as server:
        server.supervise(fail)
        for _ in range(2):
            os.kill(server.pid or 0, signal.SIGKILL)
            assert calls.acquire(timeout=PATIENCE_S)


def test_the_server_outlives_the_thread_that_started_it(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    starter = threading.Thread(target=server.start)
    starter.start()
    starter.join()
    pid = server.pid
    write(server.url, "kept")
    assert server.pid == pid
    server.stop()


def test_stop_ends_supervision_without_a_restart(data_dir: Path) -> None:
    before = set(threading.enumerate())  # another server may serve other tests of this session
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.supervise(lambda: pytest.fail("restarted after stop"))
    server.stop()
    assert not server.alive()
    assert not [thread for thread in threading.enumerate() if thread not in before and thread.name.startswith("postgres-")]


@pytest.mark.parametrize("also_the_server", [False, True])
def test_a_start_after_kill_9_recovers(data_dir: Path, also_the_server: bool) -> None:
    with serving(data_dir, "the killed one") as child:
        postmaster = first_line(child)
        if also_the_server:
            os.kill(postmaster, signal.SIGKILL)
        child.kill()
        child.wait()
        leftover = _recorded_sockets(data_dir)
        with EmbeddedPostgres(data_dir) as server:
            assert notes(server.url) == ["from the killed one"]
            assert server.pid != postmaster
        assert not leftover.exists()


def _recorded_sockets(data_dir: Path) -> Path:
    words = (data_dir / LOCK_NAME).read_text().split('"')
    return Path(words[words.index("socket_directory") + 2])


def wait_until_serving(server: ServerProcess, sockets: Path) -> None:
    while not (sockets / ".s.PGSQL.5432").exists():
        assert not server.exited.wait(0.01)


def test_a_server_that_outlived_its_owner_is_replaced(data_dir: Path, open_dir: Path) -> None:
    """A server runs although no process has the lock, as on systems without a parent-death signal."""
    with EmbeddedPostgres(data_dir) as server:
        write(server.url, "kept")
    account = account_of(data_dir)
    account.own(open_dir)
    settings = {"listen_addresses": "", "unix_socket_directories": str(open_dir)}
    programs = postgres_process.program_directory()
    command = postgres_process.server_command(programs, data_dir / "postgres", settings)
    orphan = ServerProcess(postgres_process.command_line(account, command), data_dir / "postgres.log")
    wait_until_serving(orphan, open_dir)  # one that still starts would ignore the signal that asks it to end
    with EmbeddedPostgres(data_dir) as server:
        assert orphan.exited.wait(PATIENCE_S)
        assert notes(server.url) == ["kept"]


def test_a_server_started_by_hand_is_not_touched(data_dir: Path, open_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        pass
    cluster = data_dir / "postgres"
    account = account_of(data_dir)
    account.own(open_dir)
    programs = postgres_process.program_directory()
    command: list[str | Path] = [programs / "postgres", "-D", cluster, "-h", "", "-k", open_dir]
    by_hand = ServerProcess(postgres_process.command_line(account, command), data_dir / "postgres.log")
    try:
        wait_until_serving(by_hand, open_dir)
        with pytest.raises(DataDirectoryInUse, match=f"kill -INT {by_hand.pid}"):
            EmbeddedPostgres(data_dir).start()
        assert not by_hand.exited.is_set()
    finally:
        by_hand.stop()


def test_a_stale_pid_file_that_names_a_living_stranger(data_dir: Path) -> None:
    """After a reboot, or in a container, the recorded id can belong to another process."""
    with EmbeddedPostgres(data_dir) as server:
        write(server.url, "kept")
        lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    command = postgres_process.command_line(account_of(data_dir), ["/bin/sleep", "60"])
    with subprocess.Popen(command) as stranger:
        pid_file = data_dir / "postgres" / "postmaster.pid"
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        account_of(data_dir).own(pid_file)
        with EmbeddedPostgres(data_dir) as server:
            assert notes(server.url) == ["kept"]
        assert stranger.poll() is None
        stranger.kill()


def test_an_interrupted_creation_is_redone(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SERVING, str(tmp_path), "nothing"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    while not list(tmp_path.glob("postgres.new-*/PG_VERSION")):
        assert child.poll() is None
    child.kill()
    child.wait()
    assert not (tmp_path / "postgres").exists()

    with EmbeddedPostgres(tmp_path) as server:
        write(server.url, "works")
    assert not list(tmp_path.glob("postgres.new-*"))


def test_a_cluster_without_its_database_gets_it(data_dir: Path) -> None:
    """The first start was killed between the creation of the cluster and that of the database."""
    with EmbeddedPostgres(data_dir) as server:
        maintenance = server.url.replace("/mlgraph?", "/postgres?")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute("DROP DATABASE mlgraph")
    with EmbeddedPostgres(data_dir) as server:
        write(server.url, "works")


def test_a_directory_with_other_files_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").write_text("precious")
    with pytest.raises(EmbeddedPostgresError, match="no PostgreSQL cluster"):
        EmbeddedPostgres(tmp_path).start()
    assert (tmp_path / "postgres" / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize(("written", "reason"), [("16", "mlgraph restore FILE --data NEW"), ("19", "start the newer mlgraph")])
def test_another_major_version_is_refused(data_dir: Path, written: str, reason: str) -> None:
    with EmbeddedPostgres(data_dir):
        pass
    version = data_dir / "postgres" / "PG_VERSION"
    original = version.read_text()
    version.write_text(f"{written}\n")
    server = EmbeddedPostgres(data_dir)
    with pytest.raises(EmbeddedPostgresError, match=rf"written by PostgreSQL {written}, .* this is PostgreSQL 18") as refused:
        server.start()
    assert reason in refused.value.detail
    assert not server.alive()
    version.write_text(original)
    server.start()  # the refusal has released the lock
    server.stop()


def test_a_server_that_cannot_start_reports_its_log(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir):
        pass
    with (data_dir / "postgres" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        EmbeddedPostgres(data_dir).start()


def test_a_data_directory_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be created.*--data"):
        EmbeddedPostgres(tmp_path / "file" / "data").start()


def test_a_deep_data_directory_with_odd_characters(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / "with space, 'quotes' and é" / ("e" * 60)
    with EmbeddedPostgres(deep) as server:
        write(server.url, "deep")
    assert len(str(deep)) > 107


def test_a_moved_cluster_starts_at_its_new_path(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "old") as server:
        write(server.url, "moved")
    (tmp_path / "old").rename(tmp_path / "new")
    with EmbeddedPostgres(tmp_path / "new") as server:
        assert notes(server.url) == ["moved"]


def test_a_long_log_is_rotated(data_dir: Path) -> None:
    (data_dir / "postgres.log").write_bytes(b"x" * (9 * 1024 * 1024))
    with EmbeddedPostgres(data_dir):
        assert (data_dir / "postgres.log").stat().st_size < 100_000
    assert (data_dir / "postgres.log.1").stat().st_size == 9 * 1024 * 1024
