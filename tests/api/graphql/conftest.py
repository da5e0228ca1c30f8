"""The application over real services and a real store, for GraphQL queries."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from mlgraph.api.app import create_app
from mlgraph.services.common.identity import Tokens
from mlgraph.services.server.bundle import ServerServices
from tests.services.parts import Serving, Store, schema_url


@pytest.fixture
def real(postgres_url: str) -> Iterator[Serving]:
    store = Store(schema_url(postgres_url))
    yield Serving(store)
    store.close()


@pytest.fixture
def real_http(real: Serving) -> TestClient:
    services: Any = SimpleNamespace(queries=real.queries, tokens=Tokens({}))
    app = create_app(cast("ServerServices", services), loopback=True)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
