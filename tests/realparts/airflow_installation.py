"""A real Airflow for recordings and proofs, in the environment `.tools/airflow`: API server, scheduler and DAG processor.

`airflow standalone` is not used: it opens ports on all interfaces, and starts 40 processes.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.realparts.mlflow_server import ROOT, free_port

AIRFLOW_BIN: Final = ROOT / ".tools" / "airflow" / "bin"
DAGS: Final = ROOT / "tests" / "connectors" / "airflow" / "dags"
NAMESPACE: Final = "airflow-prod"
USER: Final = "admin"
PASSWORD: Final = "password-of-the-test"  # noqa: S105 - of an installation that ends with the test
START_LIMIT_S: Final = 240.0
_PROCESSES: Final = (("scheduler", "--skip-serve-logs"), ("dag-processor",))


@dataclass(frozen=True)
class AirflowInstallation:
    """A running installation: the URL of its API server, and its folder."""

    url: str
    folder: Path
    token: str

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request to the API; return the decoded answer."""
        headers = {"authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/v2/{path}", json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def trigger(self, dag: str) -> None:
        """Unpause a DAG once it is parsed, and start a run of it."""
        self.wait_until(lambda: any(each["dag_id"] == dag for each in self.request("GET", "dags")["dags"]))
        self.request("PATCH", f"dags/{dag}", {"is_paused": False})
        self.request("POST", f"dags/{dag}/dagRuns", {"logical_date": "2026-11-29T03:00:00Z"})

    def wait_for_runs(self, dags: set[str]) -> None:
        """Wait until each of these DAGs has run, and nothing runs any more."""

        def is_idle() -> bool:
            runs = self.request("GET", "dags/~/dagRuns")["dag_runs"]
            ended = all(run["state"] in ("success", "failed") for run in runs)
            return ended and dags <= {run["dag_id"] for run in runs}

        self.wait_until(is_idle)

    def wait_until(self, condition: Any) -> None:
        """Wait until a condition holds. Raises `AssertionError` after the limit."""
        until = time.monotonic() + START_LIMIT_S
        while not condition():
            assert time.monotonic() < until, f"Airflow took longer than {START_LIMIT_S:g} s; see the logs in {self.folder}"
            time.sleep(1)

    def events(self) -> list[Any]:
        """Return the OpenLineage events so far."""
        return [json.loads(line) for line in (self.folder / "events.ndjson").read_text("utf-8").splitlines()]


def version() -> str:
    """Return the version of the installed Airflow."""
    asked = [str(AIRFLOW_BIN / "python"), "-c", "import importlib.metadata as m; print(m.version('apache-airflow'))"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def airflow_installation(folder: Path, dags: Path, *, events_to: str | None = None) -> Iterator[AirflowInstallation]:
    """Run an Airflow with the DAGs of a folder; its events go to a server of mlgraph, or to a file."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = _environment(folder, dags, port, events_to)
    (folder / "passwords.json").write_text(json.dumps({USER: PASSWORD}))
    _run(environment, folder, "db", "migrate").wait(START_LIMIT_S)
    commands = (("api-server", "--host", "127.0.0.1", "--port", str(port)), *_PROCESSES)
    processes = [_run(environment, folder, *command) for command in commands]
    try:
        url = f"http://127.0.0.1:{port}"
        yield AirflowInstallation(url, folder, _token(url, processes, folder))
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _token(url: str, processes: list[subprocess.Popen[bytes]], folder: Path) -> str:
    until = time.monotonic() + START_LIMIT_S
    while time.monotonic() < until:
        assert all(process.poll() is None for process in processes), f"a process of Airflow ended; see the logs in {folder}"
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.post(f"{url}/auth/token", json={"username": USER, "password": PASSWORD}, timeout=10)
            if answer.is_success:
                return str(answer.json()["access_token"])
        time.sleep(1)
    raise AssertionError(f"Airflow did not start within {START_LIMIT_S:g} s; see the logs in {folder}")


def _run(environment: dict[str, str], folder: Path, *command: str) -> subprocess.Popen[bytes]:
    with (folder / f"{command[0]}.log").open("wb") as log:
        return subprocess.Popen(
            [str(AIRFLOW_BIN / "airflow"), *command], env=environment, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )


def _environment(folder: Path, dags: Path, port: int, events_to: str | None) -> dict[str, str]:
    transport = {"type": "file", "log_file_path": str(folder / "events.ndjson"), "append": True}
    if events_to:
        transport = {"type": "http", "url": events_to, "endpoint": "api/v1/lineage"}
    settings = {
        "CORE__DAGS_FOLDER": str(dags),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__PARALLELISM": "4",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_hex(64),
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "OPENLINEAGE__NAMESPACE": NAMESPACE,
        "OPENLINEAGE__TRANSPORT": json.dumps(transport),
    }
    path = f"{AIRFLOW_BIN}{os.pathsep}{os.environ['PATH']}"
    return {
        "PATH": path,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AIRFLOW_HOME": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }
