"""The application over real services and a real store, for GraphQL queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from mlgraph.api.app import create_app
from mlgraph.services.common.identity import Tokens
from mlgraph.services.queries.asset_names import AssetNames
from mlgraph.services.search.projection import SearchProjection
from mlgraph.services.search.search_pages import SearchPages
from mlgraph.services.search.search_queries import SearchQueries
from mlgraph.services.server.bundle import ServerServices
from mlgraph.stores.search_index.search_files import SearchFiles
from tests.services.parts import Json, Serving, Store, schema_url


class Catalogue(Serving):
    """The services over a store, with search."""

    def __init__(self, store: Store, directory: Path) -> None:
        super().__init__(store)
        self.projection = SearchProjection(store.reader, self.follower, SearchFiles(directory))
        self.names = AssetNames(store.reader, self.follower)
        self.search_queries = SearchQueries(self.projection)
        self.search_pages = SearchPages(self.search_queries)

    def add(self, *facts: Json) -> None:
        """Append facts; graph and index include them afterwards."""
        self.store.append(*facts)
        self.follow()
        while self.projection.step():
            pass


@pytest.fixture
def real(postgres_url: str, tmp_path: Path) -> Iterator[Catalogue]:
    store = Store(schema_url(postgres_url))
    catalogue = Catalogue(store, tmp_path / "index")
    yield catalogue
    catalogue.projection.stop()
    store.close()


@pytest.fixture
def real_http(real: Catalogue) -> TestClient:
    services: Any = SimpleNamespace(
        queries=real.queries,
        names=real.names,
        search_queries=real.search_queries,
        search_pages=real.search_pages,
        tokens=Tokens({}),
    )
    app = create_app(cast("ServerServices", services), loopback=True)
    return TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
