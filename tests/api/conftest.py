import pytest
from starlette.testclient import TestClient

from tests.api.services_double import Double, app_over


@pytest.fixture
def double() -> Double:
    return Double()


@pytest.fixture
def http(double: Double) -> TestClient:
    return TestClient(app_over(double, loopback=True), base_url="http://localhost", raise_server_exceptions=False)
