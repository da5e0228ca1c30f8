import pytest
from starlette.testclient import TestClient

from mlgraph.api.app import create_app
from tests.api.services_double import Double


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def http(double: Double) -> TestClient:
    return TestClient(create_app(double, loopback=True), base_url="http://localhost", raise_server_exceptions=False)
