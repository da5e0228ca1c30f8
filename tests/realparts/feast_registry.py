"""A real Feast for tests, in the environment that `make setup` builds for it: repositories, and the server of their registry."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from tests.realparts.mlflow_server import ROOT, free_port

FEAST_BIN: Final = ROOT / ".tools" / "feast" / "bin"
EXAMPLES: Final = ROOT / "tests" / "sources" / "feast"
START_LIMIT_S: Final = 240.0
STORE: Final = """\
project: {project}
registry: {registry}
provider: local
online_store:
  type: sqlite
  path: {folder}/online.db
offline_store:
  type: file
entity_key_serialization_version: 3
{openlineage}"""
OPENLINEAGE: Final = """\
openlineage:
  enabled: true
  transport_type: http
  transport_url: {url}
"""


@dataclass(frozen=True)
class FeastRepository:
    """A feature repository: a copy of one of the examples in a folder of its own, with its project and registry."""

    folder: Path
    project: str
    registry: Path
    data: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def definitions(self) -> Path:
        """The file with the definitions, to be edited by tests."""
        return self.folder / "features.py"

    def feast(self, *arguments: str, timeout_s: float = 300) -> str:
        """Run `feast ARGUMENTS` in the repository; return its standard output."""
        done = subprocess.run(  # noqa: PLW1510 - a failure is reported below with the output
            [str(FEAST_BIN / "feast"), *arguments],
            cwd=self.folder,
            env={**_environment(), "SHOP_DATA": str(self.data), **self.environment},
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        if done.returncode:
            raise AssertionError(f"feast {' '.join(arguments)} failed with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def apply(self) -> str:
        """Register the definitions. No data source is opened: those of the examples are partly declared only."""
        return self.feast("apply", "--skip-source-validation")

    def edit(self, old: str, new: str) -> None:
        """Replace a text of the definitions, which has to be there."""
        text = self.definitions.read_text()
        assert old in text, f"{old!r} is not in {self.definitions}"
        self.definitions.write_text(text.replace(old, new))


@dataclass
class FeastRegistry:
    """A running server of a registry: its URL, and its process."""

    url: str
    repository: FeastRepository
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Stop the server before the end of its context."""
        _stop(self.process)


def make_repository(
    folder: Path, example: str = "shop", *, project: str = "shop", registry: Path | None = None, events_to: str | None = None
) -> FeastRepository:
    """Copy an example into `folder`, with a registry of its own unless `registry` names one; nothing is applied yet."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(EXAMPLES / example, folder, ignore=shutil.ignore_patterns("__pycache__"))
    registry = registry or folder / "registry.db"
    openlineage = OPENLINEAGE.format(url=events_to) if events_to else ""
    text = STORE.format(project=project, registry=registry, folder=folder, openlineage=openlineage)
    (folder / "feature_store.yaml").write_text(text)
    data = folder.parent / f"{folder.name}-data"
    subprocess.run([str(FEAST_BIN / "python"), str(EXAMPLES / "data.py"), str(data)], env=_environment(), check=True)
    return FeastRepository(folder, project, registry, data)


@contextlib.contextmanager
def feast_registry(repository: FeastRepository, port: int | None = None) -> Iterator[FeastRegistry]:
    """Serve the registry of a repository over REST on the loopback interface; by default Feast listens on all of them."""
    port = port or free_port()
    command = [str(FEAST_BIN / "feast"), "serve_registry", "--no-grpc", "--rest-api", "--rest-port", str(port), "-h", "127.0.0.1"]
    with (repository.folder.parent / f"{repository.folder.name}-server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=repository.folder,
            env={**_environment(), "SHOP_DATA": str(repository.data)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, Path(log.name))
            yield FeastRegistry(url, repository, process)
        finally:
            _stop(process)


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("FEAST_", "OPENLINEAGE", "PYTHON"))}
    return {
        **inherited,
        "FEAST_USAGE": "False",
        "PYTHONWARNINGS": "ignore",
        "PATH": f"{FEAST_BIN}{os.pathsep}{inherited.get('PATH', '')}",
    }


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while time.monotonic() < limit and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/api/v1/version", timeout=5).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise AssertionError(f"the registry did not answer at {url}:\n{log.read_text(errors='replace')[-4000:]}")


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
