"""All errors have one shape, RFC 9457 problems."""

import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2 as httpx
import pytest
from starlette.testclient import TestClient

from mlgraph.domain.errors import Forbidden, InvalidInput, NotFound, SourceError, TooLarge, Unavailable
from tests.api.double_answers import LAKE, TOKEN
from tests.api.services_double import Double, app_over

MEMBERS = {"type", "title", "status", "detail", "pointer", "instance"}
BIG = 17 * 1024 * 1024


def chunks(size: int) -> Iterator[bytes]:
    yield from (b" " * 65536 for _ in range(size // 65536))


Call = Callable[[TestClient], httpx.Response]
CASES: dict[str, tuple[int, Call]] = {
    "no such path": (404, lambda c: c.get("/api/v1/lineag")),
    "no such page": (404, lambda c: c.get("/nothing")),
    "wrong method": (405, lambda c: c.delete("/api/v1/lineage")),
    "slash at the end": (404, lambda c: c.get("/api/v1/live/")),
    "parameter missing": (422, lambda c: c.get("/api/v1/lineage")),
    "parameter unknown": (422, lambda c: c.get("/api/v1/lineage", params={"uri": LAKE, "dept": 1})),
    "parameter twice": (422, lambda c: c.get("/api/v1/lineage", params=[("uri", LAKE), ("limit", 1), ("limit", 2)])),
    "parameter of a call without": (422, lambda c: c.get("/healthz?x=1")),
    "limit 0": (422, lambda c: c.get("/api/v1/lineage", params={"uri": LAKE, "limit": 0})),
    "limit huge": (422, lambda c: c.get("/api/v1/lineage", params={"uri": LAKE, "limit": 10**30})),
    "depth negative": (422, lambda c: c.get("/api/v1/lineage", params={"uri": LAKE, "depth": -1})),
    "depth no number": (422, lambda c: c.get("/api/v1/lineage", params={"uri": LAKE, "depth": "deep"})),
    "direction unknown": (422, lambda c: c.get("/api/v1/lineage", params={"uri": LAKE, "direction": "up"})),
    "kind unknown": (422, lambda c: c.get("/api/v1/lineage", params={"uri": LAKE, "kind": "datset"})),
    "at_least negative": (422, lambda c: c.get("/api/v1/live", params={"at_least": -1})),
    "URI with raw slashes": (422, lambda c: c.get("/api/v1/asset", params={"uri": "mlg://dataset/s3://lake/x"})),
    "no URI": (422, lambda c: c.get("/api/v1/asset", params={"uri": "ratings"})),
    "unknown asset": (404, lambda c: c.get("/api/v1/asset", params={"uri": "mlg://dataset/a/b"})),
    "URI in the path, not encoded": (422, lambda c: c.get("/api/v1/assets/mlg://dataset/a/b")),
    "not JSON": (400, lambda c: c.post("/api/v1/lineage", content=b"{")),
    "not UTF-8": (400, lambda c: c.post("/api/v1/lineage", content=b"\xff")),
    "empty body": (400, lambda c: c.post("/api/v1/lineage", content=b"")),
    "key missing": (422, lambda c: c.post("/api/v1/lineage", json={"run": {}})),
    "declared too large": (413, lambda c: c.post("/api/v1/lineage", content=b" " * BIG)),
    "streamed too large": (413, lambda c: c.post("/api/v1/events", content=chunks(BIG))),
    "inflated too large": (
        413,
        lambda c: c.post("/api/v1/lineage", content=gzip.compress(b" " * BIG), headers={"content-encoding": "gzip"}),
    ),
    "no gzip": (422, lambda c: c.post("/api/v1/facts", content=b"{}", headers={"content-encoding": "gzip"})),
    "cut gzip": (
        422,
        lambda c: c.post("/api/v1/facts", content=gzip.compress(b"{}")[:-4], headers={"content-encoding": "gzip"}),
    ),
    "other coding": (415, lambda c: c.post("/api/v1/facts", content=b"{}", headers={"content-encoding": "br"})),
    "source key unknown": (422, lambda c: c.post("/api/v1/sources", json={"kind": "mlflow", "uri": "http://x"})),
    "source kind unknown": (422, lambda c: c.post("/api/v1/sources", json={"kind": "excel", "url": "http://x"})),
    "letter no number": (422, lambda c: c.post("/api/v1/dead-letters/x/replay")),
    "foreign host": (403, lambda c: c.get("/api/v1/live", headers={"host": "evil.example"})),
    "foreign page": (403, lambda c: c.post("/api/v1/facts", headers={"origin": "http://evil.example"})),
    "unknown token": (401, lambda c: c.get("/api/v1/live", headers={"authorization": "Bearer x"})),
    "no bearer": (401, lambda c: c.get("/api/v1/live", headers={"authorization": "Basic eDp5"})),
}


def check_shape(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) <= MEMBERS
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert re.fullmatch(r"urn:mlgraph:problem:[a-z0-9-]+", body["type"])
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in body["detail"]
    return body


@pytest.mark.parametrize("case", CASES)
def test_every_failure_is_a_problem(case: str, http: TestClient) -> None:
    status, call = CASES[case]
    check_shape(call(http), status)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("no such edge"), 404),
        (Forbidden("not yours"), 403),
        (TooLarge("too much"), 413),
        (Unavailable("catching up", retry_after_s=3), 503),
        (SourceError("it answered 500"), 502),
        (ZeroDivisionError("secret internals"), 500),
    ],
)
def test_every_error_of_a_service_is_a_problem(error: Exception, status: int, http: TestClient, double: Double) -> None:
    double.failure = error
    answer = http.get("/api/v1/lineage", params={"uri": LAKE})
    body = check_shape(answer, status)
    assert answer.headers.get("retry-after") == ("3" if status == 503 else None)
    assert "secret" not in answer.text
    assert ("instance" in body) is (status == 500)


def test_an_unexpected_failure_is_logged_under_the_instance_that_the_caller_sees(
    http: TestClient, double: Double, caplog: pytest.LogCaptureFixture
) -> None:
    double.failure = ZeroDivisionError("secret internals")
    instance = http.post("/api/v1/lineage", content=b"{}").json()["instance"]
    [record] = [each for each in caplog.records if instance in each.getMessage()]
    assert record.exc_info is not None
    assert "secret internals" in str(record.exc_info[1])


def test_messages_name_the_next_step(http: TestClient) -> None:
    def detail(case: str) -> str:
        return str(CASES[case][1](http).json()["detail"])

    assert "did you mean /api/v1/lineage?" in detail("no such path")
    assert "use GET" in detail("wrong method") or "use POST" in detail("wrong method")
    assert "did you mean 'depth'?" in detail("parameter unknown")
    assert "'upstream', 'downstream' or 'both'" in detail("direction unknown")
    assert "did you mean 'dataset'?" in detail("kind unknown")
    assert "--data-urlencode" in detail("URI with raw slashes")
    assert "'uri' is missing" in detail("parameter missing")


def test_a_body_at_fault_has_a_pointer(http: TestClient) -> None:
    assert http.post("/api/v1/lineage", json={}).json()["pointer"] == "/eventTime"
    assert http.post("/api/v1/sources", json={"kind": "mlflow", "url": 7}).json()["pointer"] == "/url"


def test_a_parameter_at_fault_is_named_and_has_no_pointer(http: TestClient, double: Double) -> None:
    double.failure = InvalidInput("looks downstream alone", pointer="direction")
    body = check_shape(http.get("/api/v1/impact", params={"uri": LAKE}), 422)
    assert body["detail"] == "parameter 'direction': looks downstream alone"
    assert "pointer" not in body


def test_lone_surrogates_and_nul_in_a_message_do_not_break_the_problem(http: TestClient) -> None:
    answer = http.post("/api/v1/sources", content=b'{"\\ud800\\u0000": 1}')
    assert "�" in check_shape(answer, 422)["pointer"]


def test_authentication_comes_before_everything_else(double: Double) -> None:
    far = TestClient(app_over(double, loopback=False), base_url="http://localhost")
    for answer in (far.get("/api/v1/lineage?nonsense=1"), far.post("/api/v1/facts"), far.get("/metrics")):
        check_shape(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
    assert double.calls == []
    assert far.get("/healthz").status_code == 200
    assert far.get("/readyz").status_code == 200
    assert far.get("/api/v1/live", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
