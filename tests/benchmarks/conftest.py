from pathlib import Path

import pytest

from benchmarks.bulk_storing import store
from benchmarks.company import Company, generate_company
from benchmarks.sizes import SIZES
from mlgraph.stores.embedded.server import EmbeddedPostgres
from tests.plugins import clusters


@pytest.fixture(scope="session")
def company() -> Company:
    return generate_company(SIZES["XS"])


@pytest.fixture(scope="session")
def stored(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose store contains the company, loaded by COPY; its server is stopped."""
    data = tmp_path_factory.mktemp("benchmarks") / "data"
    clusters.prepare(data)
    with EmbeddedPostgres(data) as server:
        store(company, server.url)
    return data
