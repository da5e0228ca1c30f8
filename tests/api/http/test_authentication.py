"""Authentication on loopback: local callers need no token, but web pages of other sites do."""

import pytest
from starlette.testclient import TestClient

from tests.api.double_answers import TOKEN
from tests.api.services_double import Double


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:8765", True),
        ("localhost.:8765", True),
        ("127.0.0.1:8765", True),
        ("127.8.9.1", True),
        ("[::1]:8765", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evil.example:127.0.0.1", False),
        ("localhost@evil.example", False),
        ("[::1", False),
        ("0.0.0.0", False),  # noqa: S104 - a name, not an address to bind
        ("192.168.0.1", False),
    ],
)
def test_only_host_names_of_this_machine_are_answered(host: str, allowed: bool, http: TestClient) -> None:
    assert http.get("/api/v1/live", headers={"host": host}).status_code == (200 if allowed else 403)


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"origin": "http://localhost"}, True),
        ({"origin": "http://localhost:3000"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
    ],
)
def test_only_pages_of_the_same_origin_may_write(
    headers: dict[str, str], allowed: bool, http: TestClient, double: Double
) -> None:
    assert http.post("/api/v1/facts", content=b"", headers=headers).status_code == (200 if allowed else 403)
    assert bool(double.calls) is allowed


def test_a_page_may_be_linked_from_anywhere(http: TestClient) -> None:
    assert http.get("/api/v1/live", headers={"origin": "http://evil.example"}).status_code == 200


def test_with_a_token_the_name_of_the_host_does_not_matter(http: TestClient) -> None:
    headers = {"host": "mlgraph.example", "origin": "http://portal.example", "authorization": f"bearer {TOKEN}"}
    assert http.post("/api/v1/facts", content=b"", headers=headers).status_code == 200
    headers["authorization"] = "Bearer guessed"
    assert http.post("/api/v1/facts", content=b"", headers=headers).status_code == 401


def test_health_is_answered_under_any_name(http: TestClient) -> None:
    assert http.get("/healthz", headers={"host": "pod-17.cluster"}).status_code == 200
