from collections.abc import Iterator

import pytest

from mlgraph.stores.embedded import EmbeddedPostgres
from tests.services.parts import Serving, Store, schema_url


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("services") / "data") as server:
        yield server.url


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    opened = Store(schema_url(postgres_url))
    yield opened
    opened.close()


@pytest.fixture
def serving(store: Store) -> Serving:
    return Serving(store)
