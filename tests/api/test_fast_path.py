"""The fast path answers and refuses requests exactly like FastAPI."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mlgraph.api.fast_path import FastPathMiddleware
from mlgraph.domain.errors import UnknownAsset
from tests.api.double_answers import LAKE, TOKEN
from tests.api.services_double import Double, app_over

_VALUES: dict[str, list[str]] = {
    "uri": [LAKE, "mlg://dataset/a", "", quote(LAKE)],
    "direction": ["upstream", "both", "down"],
    "depth": ["0", "3", "-1", "x", ""],
    "kind": ["dataset", "model", "nothing"],
    "level": ["run", "asset", "all"],
    "certain": ["true", "1", "no", "maybe"],
    "as_of": ["2026-11-01T00:00:00Z", "2026-11-01T00:00:00 02:00", ""],
    "limit": ["1", "0", "100000", "100001", "1e3", " 7"],
    "cursor": ["abc", ""],
    "change": ["schema", "all"],
    "at_least": ["41", "42", "43", "-1", "٣", "9" * 19, "9" * 18, "", "4_2"],
    "wrong": ["1"],
}
_pairs = st.sampled_from(sorted(_VALUES)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(_VALUES[name])))
_headers = st.sampled_from([{}, {"host": "evil.example"}, {"authorization": f"Bearer {TOKEN}"}, {"authorization": "Bearer no"}])


def client(double: Double, *, fast_path: bool) -> TestClient:
    app = app_over(double, loopback=True)
    if not fast_path:
        app.user_middleware = [
            each for each in app.user_middleware if getattr(each.cls, "__name__", "") != FastPathMiddleware.__name__
        ]
    return TestClient(app)


def observed(http: TestClient, double: Double, path: str, headers: dict[str, str]) -> tuple[Any, ...]:
    double.calls.clear()
    answer = http.get(path, headers=headers)
    retained = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, answer.content, retained, list(double.calls)


@pytest.fixture(scope="module")
def both() -> tuple[Double, TestClient, TestClient]:
    double = Double(watermark=42)
    return double, client(double, fast_path=True), client(double, fast_path=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["lineage", "impact"]), st.lists(_pairs, max_size=4), st.booleans(), st.booleans(), _headers, st.booleans()
)
def test_answers_and_calls_are_those_of_fastapi(
    both: tuple[Double, TestClient, TestClient],
    call: str,
    pairs: list[tuple[str, str]],
    with_uri: bool,
    known: bool,
    headers: dict[str, str],
    brief: bool,
) -> None:
    double, fast, plain = both
    double.brief, double.failure = brief, None if known else UnknownAsset("unknown")
    query = urlencode([("uri", LAKE)] * with_uri + pairs)
    path = f"/api/v1/{call}?{query}"
    assert observed(fast, double, path, headers) == observed(plain, double, path, headers)


def test_a_valid_request_does_not_reach_fastapi() -> None:
    reached: list[str] = []
    app = app_over(Double(), loopback=True)
    http = TestClient(app)
    inner = app.router.app

    async def record_path(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])
        await inner(scope, receive, send)

    app.router.middleware_stack = record_path
    assert http.get("/api/v1/lineage", params={"uri": LAKE, "kind": ["dataset", "model"], "limit": 5}).status_code == 200
    assert http.get("/api/v1/impact", params={"uri": LAKE, "change": "schema", "at_least": 3}).status_code == 200
    assert reached == []
    assert http.get("/api/v1/lineage", params={"uri": LAKE, "limit": 0}).status_code == 422
    assert http.post("/api/v1/lineage", content=b"{}").status_code in {201, 422}
    assert reached == ["/api/v1/lineage", "/api/v1/lineage"]
