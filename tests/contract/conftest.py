"""Fixtures: one real server for the session, and new servers for tests that need a store of their own."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.contract.serving import Api, Names, Process
from tests.services.parts import schema_url

_numbers = count(1)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process("--data", str(tmp_path_factory.mktemp("shared") / "data"))
    yield process
    assert process.stop() == 0


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """URL for `--store`: an empty schema on a running PostgreSQL."""
    return schema_url(postgres_url)


@pytest.fixture
def api(shared_server: Process) -> Iterator[Api]:
    client = Api(shared_server.url)
    yield client
    client.close()


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Names:
    """Names that no other test uses."""
    return Names(f"{re.sub(r'[^a-z0-9]+', '-', request.node.name.lower())[:40]}-{next(_numbers)}")


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Return a function that starts servers; servers still running at the end of the test are stopped."""
    running: list[Process] = []

    def start_process(*arguments: str, **options: object) -> Process:
        running.append(Process(*arguments, **options))  # type: ignore[arg-type]
        return running[-1]

    yield start_process
    for process in running:
        if process.child.poll() is None:
            process.stop()


@pytest.fixture
def fresh(start: Callable[..., Process], tmp_path: Path) -> Iterator[Api]:
    """A server with an empty store."""
    client = Api(start("--data", str(tmp_path / "fresh")).url)
    yield client
    client.close()
