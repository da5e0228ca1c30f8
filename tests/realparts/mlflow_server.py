"""Start of a real MLflow server for tests, in the environment that `make setup` builds for it."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

ROOT: Final = Path(__file__).resolve().parents[2]
MLFLOW_BIN: Final = ROOT / ".tools" / "mlflow" / "bin"
START_LIMIT_S: Final = 300.0

QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its job runners take 2 GB and do not concern the registry
    "GIT_PYTHON_REFRESH": "quiet",
    "PYTHONWARNINGS": "ignore",
}
WEBHOOKS: Final = {
    "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
    "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": base64.urlsafe_b64encode(b"mlgraph tests: not a real secret"[:32]).decode(),
}


@dataclass(frozen=True)
class MlflowServer:
    """A running server: URL, data folder, and the time until it answered (seconds)."""

    url: str
    folder: Path
    started_in_s: float
    process: subprocess.Popen[bytes]

    def client_environment(self, tracking_uri: str) -> dict[str, str]:
        """Return the environment of a program that uses MLflow's client at `tracking_uri`."""
        return {**_environment(), "MLFLOW_TRACKING_URI": tracking_uri}

    def stop(self) -> None:
        """Stop the server before the end of its context."""
        _stop(self.process)

    def run(self, script: Path, *arguments: str, timeout_s: float = 240) -> str:
        """Run a script with MLflow's own Python and client against this server; return its standard output."""
        done = subprocess.run(  # noqa: PLW1510 - a failure is reported below with the output
            [str(MLFLOW_BIN / "python"), str(script), *arguments],
            env=self.client_environment(self.url),
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        if done.returncode:
            raise AssertionError(f"{script.name} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout


def free_port() -> int:
    """Return a port of the loopback interface that is free at the time of the call."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def mlflow_server(folder: Path, extra_env: Mapping[str, str] | None = None) -> Iterator[MlflowServer]:
    """Start `mlflow server` on a free port, with SQLite and files in `folder`; stop it and its workers at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        str(MLFLOW_BIN / "mlflow"),
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "--backend-store-uri",
        f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination",
        str(folder / "artifacts"),
        "--serve-artifacts",
    ]
    started_at = time.monotonic()
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env={**_environment(), **WEBHOOKS, **(extra_env or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its workers are stopped with it, as one group
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(url, process, folder / "server.log")
        yield MlflowServer(url, folder, time.monotonic() - started_at, process)
    finally:
        _stop(process)


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "_MLFLOW_", "PYTHON"))}
    return {**inherited, **QUIET, "PATH": f"{MLFLOW_BIN}{os.pathsep}{inherited.get('PATH', '')}"}


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=2).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise AssertionError(f"MLflow did not become healthy at {url}:\n{log.read_text(errors='replace')[-4000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
