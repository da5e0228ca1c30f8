"""One `initdb` for a session: every test that needs a PostgreSQL of its own starts on a copy of one cluster.

What is about the creation of a cluster starts on an empty directory instead (tests/stores/embedded/test_embedded.py).
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
"""As the product makes its data directory for root: PostgreSQL, which runs as another user, has to get through."""


class Template:
    """A cluster with an empty database in it, made by whichever process of the session needs it first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._made = folder / "made"

    def copy_to(self, data_dir: Path) -> None:
        """Put a copy below `data_dir`, which is created where it does not exist."""
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
    """Put a cluster below a data directory that has none; outside a test session `initdb` is left to the program."""
    if _of_session and not (data_dir / "postgres").exists():
        _of_session[0].copy_to(data_dir)


@pytest.fixture(scope="session", autouse=True)
def _template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # each worker's base lies in that of the session
    _of_session.append(Template(shared / "cluster"))
    yield
    _of_session.clear()


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL that tests share: each takes a schema of its own there."""
    data = tmp_path_factory.mktemp("postgres") / "data"
    prepare(data)
    with EmbeddedPostgres(data) as server:
        yield server.url


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a cluster in it, as a first start leaves it."""
    data = tmp_path / "data"
    prepare(data)
    return data
