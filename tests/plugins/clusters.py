"""One `initdb` per test session: every test that needs its own PostgreSQL starts on a copy of one cluster.

Tests of the creation of a cluster start on an empty directory instead (tests/stores/embedded/test_server.py).
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlgraph.stores.embedded.server import EmbeddedPostgres

_OWNER_ONLY = 0o700
_ENTER = 0o711
"""The mode of the data directory that the product creates as root: PostgreSQL runs as another user and must enter it."""


class Template:
    """A cluster with an empty database, created by the first process of the session that needs it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._made = folder / "made"

    def copy_to(self, data_dir: Path) -> None:
        """Copy the cluster into `data_dir`, which is created if it does not exist."""
        self._make()
        data_dir.mkdir(mode=_ENTER if os.geteuid() == 0 else _OWNER_ONLY, parents=True, exist_ok=True)
        shutil.copytree(self._data / "postgres", data_dir / "postgres")

    def _make(self) -> None:
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._made.exists():
                shutil.rmtree(self._data, ignore_errors=True)  # left by a worker that was killed
                with EmbeddedPostgres(self._data):
                    pass
                self._made.touch()


_of_session: list[Template] = []


def prepare(data_dir: Path) -> None:
    """Copy a cluster into a data directory without one; outside a test session the program runs `initdb` itself."""
    if _of_session and not (data_dir / "postgres").exists():
        _of_session[0].copy_to(data_dir)


@pytest.fixture(scope="session", autouse=True)
def _template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # a worker's folder is below the session's
    _of_session.append(Template(shared / "cluster"))
    yield
    _of_session.clear()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a PostgreSQL that all tests share; each test uses its own schema."""
    data = tmp_path_factory.mktemp("postgres") / "data"
    prepare(data)
    with EmbeddedPostgres(data) as server:
        yield server.url


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a cluster, as after a first start."""
    data = tmp_path / "data"
    prepare(data)
    return data
