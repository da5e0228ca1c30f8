"""Child processes of the demo: the MLflow server and the workshop modules (jobs and trainings of the company)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import httpx

from mlgraph.demo.demo_paths import DemoPaths, mlflow_bin
from mlgraph.domain.errors import StartError

_PACKAGE: Final = Path(__file__).resolve().parent
_GUARD: Final = _PACKAGE / "workshop" / "guard.py"
_MLFLOW_LIMIT_S: Final = 120.0
_STOP_LIMIT_S: Final = 15.0
_QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its job runners take 2 GB, and the registry does not need them
    "GIT_PYTHON_REFRESH": "quiet",
    "PYTHONWARNINGS": "ignore",
}


Progress = Callable[[int, int], None]


class Children:
    """Child processes, each in a process group of its own; all end when the demo ends, even if it is killed."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()
        self.stopping = False

    def start(self, command: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[str]:
        """Start a process. Its standard output is appended to `log`; its standard error is a pipe for the caller.

        Raises `StartError` after `stop`.
        """
        with self._lock, log.open("a", encoding="utf-8") as out:
            if self.stopping:
                raise StartError("the demo is stopping")
            process = subprocess.Popen(
                [sys.executable, str(_GUARD), *command],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self._running.append(process)
        return process

    def run(self, module: str, arguments: list[str], places: DemoPaths, on_progress: Progress, **environment: str) -> None:
        """Run a module of the workshop in MLflow's environment and wait until it ends.

        `on_progress` is called with the number of completed steps and the total. Raises `StartError` with the end of the
        log if the module fails.
        """
        log = places.work / f"{module}.log"
        command = [str(mlflow_bin() / "python"), "-m", f"workshop.{module}", *arguments]
        process = self.start(command, {**_environment(), "PYTHONPATH": str(_PACKAGE), **environment}, log)
        _copy(process, log, on_progress)
        process.wait()
        if self.stopping:
            raise StartError("the demo was stopped while it was being built")
        if process.returncode:
            raise StartError(f"{module} failed; the end of {log}:\n{_end_of(log)}")

    def stop(self) -> None:
        """End all processes with their own children."""
        with self._lock:
            self.stopping = True
            running = list(self._running)
        for process in running:
            _end(process)


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "_MLFLOW_", "PYTHON"))}
    return {**inherited, **_QUIET, "PATH": f"{mlflow_bin()}{os.pathsep}{inherited.get('PATH', '')}"}


def _copy(process: subprocess.Popen[str], log: Path, on_progress: Progress | None = None) -> None:
    """Copy standard error to the log; lines `progress DONE TOTAL` call `on_progress` instead."""
    with log.open("a", encoding="utf-8") as out:
        for line in process.stderr or ():
            if on_progress and line.startswith("progress "):
                _, done, total = line.split()
                on_progress(int(done), int(total))
                continue
            out.write(line)
            out.flush()


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-12:])


def _end(process: subprocess.Popen[str]) -> None:
    """End a process group: SIGTERM, then SIGKILL after _STOP_LIMIT_S."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=_STOP_LIMIT_S)


class MlflowServer:
    """The company's MLflow: a real server on SQLite and files. Its port is chosen at the first start and then reused."""

    def __init__(self, places: DemoPaths, children: Children) -> None:
        self._folder = places.mlflow
        self._note = places.mlflow / "server.json"
        self._children = children
        self._process: subprocess.Popen[str] | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Return its base URL."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the server in the background."""
        self._folder.mkdir(parents=True, exist_ok=True)
        note: dict[str, int] = json.loads(self._note.read_text("utf-8")) if self._note.exists() else {}
        self._port = note.get("port") or _free_port()
        self._note.write_text(json.dumps({"port": self._port}), "utf-8")
        command = [
            str(mlflow_bin() / "mlflow"),
            "server",
            "--host",
            "127.0.0.1",
            "--port",
            str(self._port),
            "--workers",
            "1",
            "--backend-store-uri",
            f"sqlite:///{self._folder / 'mlflow.db'}",
            "--artifacts-destination",
            str(self._folder / "artifacts"),
            "--serve-artifacts",
        ]
        log = self._folder / "server.log"
        self._process = self._children.start(command, _environment(), log)
        threading.Thread(target=_copy, args=(self._process, log), daemon=True).start()

    def wait(self) -> None:
        """Wait until the server answers. Raises `StartError` if it ends or does not answer within _MLFLOW_LIMIT_S."""
        limit = time.monotonic() + _MLFLOW_LIMIT_S
        while not self.healthy():
            ended = self._process is not None and self._process.poll() is not None
            if ended or self._children.stopping or time.monotonic() > limit:
                log = self._folder / "server.log"
                raise StartError(f"MLflow does not answer at {self.url}; the end of {log}:\n{_end_of(log)}")
            time.sleep(0.2)

    def healthy(self) -> bool:
        """Return whether the server answers its health check."""
        try:
            return httpx.get(f"{self.url}/health", timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
