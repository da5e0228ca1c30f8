"""A real server for the whole session, and a fresh one where a test needs a store of its own."""

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
    """An empty store on a PostgreSQL that runs already, as `--store` takes it."""
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
    """Starts servers, and ends those that a test leaves running."""
    running: list[Process] = []

    def starting(*arguments: str, **how: object) -> Process:
        running.append(Process(*arguments, **how))  # type: ignore[arg-type]
        return running[-1]

    yield starting
    for process in running:
        if process.child.poll() is None:
            process.stop()


@pytest.fixture
def fresh(start: Callable[..., Process], tmp_path: Path) -> Iterator[Api]:
    """A server with an empty store."""
    client = Api(start("--data", str(tmp_path / "fresh")).url)
    yield client
    client.close()
