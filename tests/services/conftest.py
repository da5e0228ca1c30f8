"""A store in a schema of its own, and the services over it."""

from collections.abc import Iterator

import pytest

from tests.services.parts import Serving, Store, schema_url


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    opened = Store(schema_url(postgres_url))
    yield opened
    opened.close()


@pytest.fixture
def serving(store: Store) -> Serving:
    return Serving(store)
