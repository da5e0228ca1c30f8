"""Request ids, request metrics and the access log."""

import logging

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from mlgraph.api.http import request_metrics
from mlgraph.services.common import metrics
from tests.api.double_answers import LAKE, TOKEN, Body
from tests.api.services_double import Double, app_over


def counted() -> dict[tuple[str, str, str], float]:
    """Return the number of requests so far by method, route and status."""
    found = {}
    for family in text_string_to_metric_families(generate_latest(metrics.PROCESS).decode()):
        for sample in family.samples:
            if sample.name == "mlgraph_http_request_seconds_count":
                found[sample.labels["method"], sample.labels["route"], sample.labels["status"]] = sample.value
    return found


def since(before: dict[tuple[str, str, str], float]) -> dict[tuple[str, str, str], float]:
    return {key: value - before.get(key, 0) for key, value in counted().items() if value != before.get(key, 0)}


def test_every_answer_has_an_id(http: TestClient, double: Double) -> None:
    ids = {http.get("/healthz").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3
    assert http.get("/nothing").headers["x-request-id"]
    double.failure = ZeroDivisionError("planted")
    assert http.get("/api/v1/live").headers["x-request-id"]


def test_the_callers_id_is_used_if_a_log_can_contain_it(http: TestClient) -> None:
    def echoed(given: str) -> str:
        return str(http.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"])

    assert echoed("0af7651916cd43dd-00f067aa/1:2+3=") == "0af7651916cd43dd-00f067aa/1:2+3="
    for bad in ('"', "a b", "x" * 129, "", "{}"):
        assert echoed(bad) != bad


def test_requests_are_counted_by_route_not_by_uri(http: TestClient, double: Double) -> None:
    before = counted()
    http.get("/api/v1/asset", params={"uri": LAKE})
    http.get("/api/v1/assets/" + LAKE.replace("%", "%25").replace("/", "%2F"))
    http.get("/api/v1/asset", params={"uri": "mlg://dataset/a/b"})
    http.get("/nothing/at/all")
    http.request("BREW", "/healthz")
    http.get("/api/v1/export")
    double.failure = ZeroDivisionError("planted")
    http.get("/api/v1/live")
    assert since(before) == {
        ("GET", "/api/v1/asset", "2xx"): 1,
        ("GET", "/api/v1/assets/{uri}", "2xx"): 1,
        ("GET", "/api/v1/asset", "4xx"): 1,
        ("GET", "unmatched", "4xx"): 1,
        ("other", "/healthz", "4xx"): 1,
        ("GET", "/api/v1/export", "2xx"): 1,
        ("GET", "/api/v1/live", "5xx"): 1,
    }


def test_an_answer_that_breaks_is_counted_as_broken(double: Double) -> None:
    double.export_lines, double.break_export_at = 30_000, 20_000
    before = counted()
    with TestClient(app_over(double, loopback=True), base_url="http://localhost") as http, pytest.raises(RuntimeError):
        http.get("/api/v1/export")
    assert since(before) == {("GET", "/api/v1/export", "broken"): 1}


def test_failed_and_slow_requests_are_logged_and_all_of_them_at_debug(
    http: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO, "mlgraph.access")
    http.get("/healthz")
    assert not caplog.records
    http.get("/api/v1/asset", params={"uri": "mlg://dataset/secret/name"}, headers={"authorization": f"Bearer {TOKEN}"})
    [line] = caplog.records
    assert line.levelno == logging.INFO
    assert line.getMessage().startswith("GET /api/v1/asset 404 in ")
    context = line.__dict__["context"]
    assert context["duration_ms"] > 0
    assert {key: context[key] for key in ("method", "route", "status", "actor", "complete")} == {
        "method": "GET",
        "route": "/api/v1/asset",
        "status": 404,
        "actor": "ci",
        "complete": True,
    }
    assert "secret" not in str(line.__dict__)
    assert TOKEN not in str(line.__dict__)
    caplog.clear()
    monkeypatch.setattr(request_metrics, "SLOW_S", 0.0)
    http.get("/healthz")
    assert [each.levelno for each in caplog.records] == [logging.INFO]
    caplog.clear()
    monkeypatch.undo()
    caplog.set_level(logging.DEBUG, "mlgraph.access")
    http.get("/healthz")
    assert [(each.levelno, each.__dict__["context"]["actor"]) for each in caplog.records] == [(logging.DEBUG, None)]


def test_the_request_id_is_available_to_the_log_during_the_request(
    http: TestClient, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []

    def live(_double: Double, _service: str | None, *, as_of: str | None, team: str | None) -> Body:
        seen.append(request_metrics.request_id.get())
        return {"as_of": as_of, "team": team}

    monkeypatch.setattr(Double, "live", live)
    assert http.get("/api/v1/live", headers={"x-request-id": "mine"}).status_code == 200
    assert seen == ["mine"]
    assert double.calls == []
    assert request_metrics.request_id.get() is None
