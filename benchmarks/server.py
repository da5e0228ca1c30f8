"""Control of a `mlgraph up` process: start, readiness, memory, stop."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from mlgraph.stores.embedded.postgres_process import program_directory

PROGRAM: Final = Path(sys.executable).parent / "mlgraph"
START_TIMEOUT_S: Final = 4 * 3600.0
"""A large store without a snapshot needs hours."""
_READY: Final = "mlgraph is ready at "
_STOP_S: Final = 120.0


class Memory(NamedTuple):
    """Resident memory of one process in MB (10^6 bytes), from /proc (proc(5))."""

    rss_mb: float
    pss_mb: float
    anonymous_mb: float
    file_mapped_mb: float
    private_mb: float


class Server:
    """`mlgraph up` on a data directory, ready when the constructor returns. `ready_s` is the time until then."""

    def __init__(self, data: Path, *options: str) -> None:
        self._log = data.with_suffix(".log").open("ab")
        clean = {key: value for key, value in os.environ.items() if not key.startswith("MLGRAPH_")}
        started_at = time.monotonic()
        # A session of its own: Ctrl-C must reach the benchmark only, which then stops the server cleanly.
        self._child = subprocess.Popen(
            [str(PROGRAM), "up", "--data", str(data), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=clean,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self.url = self._ready()
        except BaseException:
            self.stop()
            raise
        self.ready_s = time.monotonic() - started_at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _read(self) -> None:
        for line in self._child.stdout or ():
            self._lines.put(line)
        self._lines.put("")

    def _ready(self) -> str:
        line = self._lines.get(timeout=START_TIMEOUT_S)
        if not line.startswith(_READY):
            raise RuntimeError(f"the server did not start; {self._log.name} has the reason")
        return line.removeprefix(_READY).strip()

    def stop(self) -> None:
        """Stop the server with SIGTERM; kill it if it does not end in time."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self._reader.join(timeout=10)
        if self._child.stdout is not None:
            self._child.stdout.close()
        self._log.close()

    def memory(self) -> list[Memory]:
        """Return the memory of the server process and its workers, without PostgreSQL; empty on systems without /proc."""
        return [found for pid in self._processes() if (found := memory_of(pid)) is not None]

    def _processes(self) -> Iterator[int]:
        yield self._child.pid
        postgres = program_directory()
        for pid in _descendants(self._child.pid):
            if not _program(pid).startswith(str(postgres)):
                yield pid


def memory_of(pid: int) -> Memory | None:
    """Return the memory of a process, or None if /proc does not provide it."""
    try:
        rollup = _kilobytes(Path(f"/proc/{pid}/smaps_rollup"))
        status = _kilobytes(Path(f"/proc/{pid}/status"))
    except OSError:
        return None
    if "Rss" not in rollup:
        return None  # ended, and not waited for yet
    private = rollup["Private_Clean"] + rollup["Private_Dirty"]
    message = rollup["Rss"], rollup["Pss"], status["RssAnon"], status["RssFile"], private
    return Memory(*(kilobytes * 1024 / 1e6 for kilobytes in message))


def _kilobytes(file: Path) -> dict[str, int]:
    """Return the lines `Name: 123 kB` of a file."""
    found = {}
    for line in file.read_text().splitlines():
        name, _, value = line.partition(":")
        if value.endswith(" kB"):
            found[name] = int(value.split()[0])
    return found


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(word) for word in task.read_text().split()]
        except OSError:  # the thread has just ended
            continue
        for child in children:
            yield child
            yield from _descendants(child)


def _program(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return ""
