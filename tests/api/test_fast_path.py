"""Calls that pass FastAPI by are answered, and refused, as it would."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from mlgraph.api.fast_path import FastPathMiddleware
from mlgraph.domain.errors import UnknownAsset
from tests.api.services_double import LAKE, TOKEN, Double, app_over

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


def client(double: Double, *, direct: bool) -> TestClient:
    app = app_over(double, loopback=True)
    if not direct:
        app.user_middleware = [each for each in app.user_middleware if getattr(each.cls, "__name__", "") != FastPathMiddleware.__name__]
    return TestClient(app)


def observed(found: TestClient, double: Double, path: str, headers: dict[str, str]) -> tuple[Any, ...]:
    double.calls.clear()
    answer = found.get(path, headers=headers)
    retained = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, answer.content, retained, list(double.calls)


@pytest.fixture(scope="module")
def both() -> tuple[Double, TestClient, TestClient]:
    double = Double(watermark=42)
    return double, client(double, direct=True), client(double, direct=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["lineage", "impact"]), st.lists(_pairs, max_size=4), st.booleans(), st.booleans(), _headers, st.booleans()
)
def test_the_same_is_answered_and_asked(
    both: tuple[Double, TestClient, TestClient],
    call: str,
    pairs: list[tuple[str, str]],
    with_uri: bool,
    known: bool,
    headers: dict[str, str],
    brief: bool,
) -> None:
    double, direct, plain = both
    double.brief, double.failure = brief, None if known else UnknownAsset("never heard of")
    query = urlencode([("uri", LAKE)] * with_uri + pairs)
    path = f"/api/v1/{call}?{query}"
    assert observed(direct, double, path, headers) == observed(plain, double, path, headers)


def test_what_is_as_it_should_be_does_not_reach_fastapi() -> None:
    reached: list[str] = []
    app = app_over(Double(), loopback=True)
    asking = TestClient(app)
    inner = app.router.app

    async def noticing(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["path"])
        await inner(scope, receive, send)

    app.router.middleware_stack = noticing
    assert asking.get("/api/v1/lineage", params={"uri": LAKE, "kind": ["dataset", "model"], "limit": 5}).status_code == 200
    assert asking.get("/api/v1/impact", params={"uri": LAKE, "change": "schema", "at_least": 3}).status_code == 200
    assert reached == []
    assert asking.get("/api/v1/lineage", params={"uri": LAKE, "limit": 0}).status_code == 422
    assert asking.post("/api/v1/lineage", content=b"{}").status_code in {201, 422}
    assert reached == ["/api/v1/lineage", "/api/v1/lineage"]
