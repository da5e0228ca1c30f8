"""The embedded PostgreSQL: start, stop and supervision of a server below the data directory.

It does not listen on the network. It trusts every process that can open its socket, which is safe only because the socket is
in a directory with mode 0700 that belongs to the user of the server: file permissions replace the password.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg import sql

from mlgraph.stores.embedded import postgres_cluster, postgres_process, postgres_sockets
from mlgraph.stores.embedded.directory_lock import LOCK_NAME, DataDirectoryInUse, DirectoryLock, EmbeddedPostgresError
from mlgraph.stores.embedded.postgres_account import Account, server_account
from mlgraph.stores.embedded.postgres_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["DataDirectoryInUse", "EmbeddedPostgres", "EmbeddedPostgresError"]

_log = logging.getLogger(__name__)

DATABASE = "mlgraph"
SUPERUSER = "mlgraph"
QUERY_CONNECTIONS = 45
"""The share of `max_connections` for queries; the others are for ingest, the log follower, and administrators."""
_SETTINGS = {
    "port": str(postgres_sockets.PORT),
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",  # the data is on flash or in memory
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    # Pages of indexes of digests become a tenth smaller by compression, which took two thirds of PostgreSQL's time of an append.
    "wal_compression": "off",
    "wal_buffers": "16MB",  # a chunk of a load exceeds the default of 4 MB (1/32 of shared_buffers)
    "max_wal_size": "1GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "logging_collector": "off",
}
RESERVE_BYTES = 64 * 1024 * 1024
"""Reserved disk space: PostgreSQL stops if it cannot write its log, which consists of files of 16 MiB."""
_LOG_LIMIT_BYTES = 8 * 1024 * 1024
_READY_TIMEOUT_S = 300.0
"""Recovery after a crash replays up to `max_wal_size`; on a slow disk that takes minutes."""
_POLL_S = 0.01
_FIRST_BACK_OFF_S = 0.2
_LONGEST_BACK_OFF_S = 30.0
_STABLE_AFTER_S = 60.0
"""After this time of operation a failure has a new cause: the back-off restarts from its minimum."""


class EmbeddedPostgres:
    """A PostgreSQL server on `data_dir`. The first start creates the cluster.

    The directory contains `postgres/` (the cluster), `postgres.log` and `mlgraph.lock`. As a context manager, it starts and
    stops the server. All methods are thread-safe.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.absolute()
        self._cluster = self._data_dir / "postgres"
        self._log_file = self._data_dir / "postgres.log"
        self._guard = threading.RLock()
        self._stopping = threading.Event()
        self._lock: DirectoryLock | None = None
        self._account = Account()
        self._sockets: Path | None = None
        self._process: ServerProcess | None = None
        self._supervisor: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> str:
        """Start the server, recovering from an earlier crash, and return its connection URL.

        Raises DataDirectoryInUse if another process serves the directory, EmbeddedPostgresError if the server cannot run
        (another major version, no permission, no space).
        """
        with self._guard:
            lock = self._locked()
            self._lock = lock
            self._stopping.clear()
            try:
                self._prepare(lock)
                self._launch()
            except (OSError, subprocess.SubprocessError) as error:
                self._release()
                raise EmbeddedPostgresError(f"PostgreSQL on {self._data_dir} cannot run: {error}.") from error
            except BaseException:
                self._release()
                raise
            return self.url

    @property
    def url(self) -> str:
        """Connection URL of the database; it does not change while the server is started."""
        if self._sockets is None:
            raise EmbeddedPostgresError(f"PostgreSQL on {self._data_dir} is not started: call start() first.")
        return postgres_sockets.connection_url(self._sockets, SUPERUSER, DATABASE)

    @property
    def log_file(self) -> Path:
        """The log file of PostgreSQL."""
        return self._log_file

    @property
    def pid(self) -> int | None:
        """Process id of the running server; None while it does not run."""
        process = self._process
        return process.pid if process is not None and not process.exited.is_set() else None

    def alive(self) -> bool:
        """Whether the server's process runs now."""
        return self.pid is not None

    def disk_problem(self) -> str | None:
        """Return a description of the problem if the data's disk is full or unreadable, else None."""
        try:
            free_bytes = shutil.disk_usage(self._cluster).free
        except OSError as error:
            return f"the disk of {self._data_dir} cannot be read ({error.strerror})"
        if free_bytes >= RESERVE_BYTES:
            return None
        free, reserved = free_bytes >> 20, RESERVE_BYTES >> 20
        return f"the disk of {self._data_dir} is full: {free} MiB are free, {reserved} MiB are reserved"

    def stop(self) -> None:
        """Shut down cleanly and release the directory; without effect if the server is not started."""
        self._stopping.set()  # before the guard: cancels a start or restart in progress
        with self._guard:
            if self._lock is not None:
                self._release()
            supervisor, self._supervisor = self._supervisor, None
        if supervisor is not None and supervisor is not threading.current_thread():
            supervisor.join()

    def supervise(self, on_restart: Callable[[], None] | None = None) -> None:
        """Restart the server whenever it dies, with back-off, until `stop`. The URL does not change.

        The supervising thread calls `on_restart` after each restart: earlier connections are closed.
        """
        with self._guard:
            if self._process is None:
                raise EmbeddedPostgresError(f"PostgreSQL on {self._data_dir} is not started: call start() first.")
            if self._supervisor is None:
                self._supervisor = threading.Thread(
                    target=self._watch, args=(on_restart,), name="postgres-supervisor", daemon=True
                )
                self._supervisor.start()

    def _locked(self) -> DirectoryLock:
        try:
            # As root: others may enter (not list), so that the server's user needs no additional capability.
            self._data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"The data directory {self._data_dir} cannot be created: {error}. Name another one with --data.",
            ) from error
        return DirectoryLock.acquire(self._data_dir)

    def _prepare(self, lock: DirectoryLock) -> None:
        """Perform the steps before a launch that a restart does not repeat."""
        programs = postgres_process.program_directory()
        self._account = server_account(self._data_dir, self._cluster, programs)
        if self._cluster.exists():
            for pid in postgres_process.end_leftovers(postgres_process.server_name(self._cluster)):
                _log.warning("ended process %d of an earlier PostgreSQL on %s", pid, self._data_dir)
        postgres_sockets.remove(lock.previous.get("socket_directory"), self._account)
        if not postgres_cluster.exists(self._cluster):
            postgres_cluster.create(self._cluster, programs, self._account, SUPERUSER)
        postgres_cluster.check_version(self._cluster, programs)
        if self._cluster.stat().st_uid == 0:
            self._account.own(self._cluster)  # restored by root from a copy
        if self._log_file.exists() and self._log_file.stat().st_size > _LOG_LIMIT_BYTES:
            self._log_file.replace(self._log_file.with_suffix(".log.1"))
        self._log_file.touch(mode=0o600)  # its error messages quote data
        for ours in (self._log_file, self._data_dir / LOCK_NAME):
            self._account.own(ours)  # after a start by root, the owner must be able to start again
        self._sockets = postgres_sockets.create(self._account)
        lock.record(socket_directory=str(self._sockets))

    def _launch(self) -> None:
        """Start the postmaster after `_prepare` and wait until it answers."""
        programs = postgres_process.program_directory()
        postgres_process.end_leftovers(postgres_process.server_name(self._cluster))
        foreign = postgres_process.running_postmaster(self._cluster)
        if foreign is not None:
            raise DataDirectoryInUse(
                f"A PostgreSQL that mlgraph did not start runs on {self._cluster} (pid {foreign}): stop it "
                f"(kill -INT {foreign}) and start again.",
            )
        # The id in a stale file may belong to another process by now, and PostgreSQL would refuse to start.
        (self._cluster / "postmaster.pid").unlink(missing_ok=True)
        sockets = self._sockets
        if sockets is None:
            raise EmbeddedPostgresError(f"PostgreSQL on {self._data_dir} is being stopped.")
        postgres_sockets.make_empty(sockets, self._account)
        log_start = self._log_file.stat().st_size
        settings = {**_SETTINGS, "unix_socket_directories": str(sockets)}
        command = postgres_process.server_command(programs, self._cluster, settings)
        self._process = process = ServerProcess(postgres_process.command_line(self._account, command), self._log_file)
        try:
            self._wait_ready(process, log_start)
            _ensure_database(postgres_sockets.connection_url(sockets, SUPERUSER, "postgres"))
        except psycopg.Error as error:
            process.stop()
            raise EmbeddedPostgresError(
                f"PostgreSQL on {self._data_dir} does not answer: {error}. See {self._log_file}.",
            ) from error
        except BaseException:
            process.stop()
            raise

    def _wait_ready(self, process: ServerProcess, log_start: int) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while not self._reports_ready(process.pid):
            if process.exited.wait(_POLL_S):
                raise EmbeddedPostgresError(
                    f"PostgreSQL on {self._data_dir} ended while starting (status {process.returncode}). "
                    f"Its log {self._log_file}: {_text_from(self._log_file, log_start)}",
                )
            if self._stopping.is_set():
                raise EmbeddedPostgresError(f"PostgreSQL on {self._data_dir} was stopped while starting.")
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL on {self._data_dir} was not ready after {_READY_TIMEOUT_S:.0f} s: see {self._log_file}.",
                )

    def _reports_ready(self, pid: int) -> bool:
        """Whether the postmaster accepts connections, by its status in `postmaster.pid` (line 8)."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(pid)] and len(lines) > 7 and lines[7].strip() == "ready"

    def _release(self) -> None:
        """Release all resources, the lock last: the next owner must not find a partly released directory."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        sockets, self._sockets = self._sockets, None
        if sockets is not None:
            postgres_sockets.remove(str(sockets), self._account)
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def _watch(self, on_restart: Callable[[], None] | None) -> None:
        back_off_s = 0.0
        while True:
            process, started_at = self._process, time.monotonic()
            if process is not None:
                process.exited.wait()
            if time.monotonic() - started_at > _STABLE_AFTER_S:
                back_off_s = 0.0
            if self._stopping.wait(back_off_s):
                return
            back_off_s = min(max(_FIRST_BACK_OFF_S, 2 * back_off_s), _LONGEST_BACK_OFF_S)
            with self._guard:
                if self._stopping.is_set():
                    return
                _log.error("PostgreSQL on %s died and is restarted", self._data_dir)
                try:
                    self._launch()
                except (EmbeddedPostgresError, OSError) as error:
                    _log.error("PostgreSQL did not start: %s; the next attempt follows in %.1f s", error, back_off_s)
                    continue
            _log.warning("PostgreSQL on %s was restarted", self._data_dir)
            if on_restart is not None:
                try:
                    on_restart()
                except Exception:  # noqa: BLE001 - supervision continues after every error
                    _log.exception("the callback after a restart of PostgreSQL failed")


def _ensure_database(maintenance_url: str) -> None:
    with psycopg.connect(maintenance_url, autocommit=True, connect_timeout=30) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _text_from(path: Path, start: int) -> str:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(4096).decode(errors="replace").strip()
