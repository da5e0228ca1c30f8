"""Routes for queries: parameters reach the services unchanged."""

from dataclasses import fields
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from mlgraph.domain.errors import Unavailable
from mlgraph.domain.options.walk_options import WalkOptions
from tests.api.double_answers import ASSET, LAKE
from tests.api.services_double import Double


def test_lineage_passes_on_every_parameter(http: TestClient, double: Double) -> None:
    query = {
        "uri": LAKE,
        "direction": "both",
        "depth": "3",
        "kind": ["service", "model_version"],
        "level": "run",
        "as_of": "2026-11-01T00:00:00Z",
        "certain": "true",
        "fold": "false",
        "limit": "7",
        "cursor": "c",
    }
    assert http.get("/api/v1/lineage", params=query).status_code == 200
    options = WalkOptions(
        direction="both",
        depth=3,
        kinds=("service", "model_version"),
        level="run",
        as_of="2026-11-01T00:00:00Z",
        certain=True,
        fold=False,
        limit=7,
        cursor="c",
    )
    assert double.calls == [("lineage", {"uri": LAKE, "options": options})]
    assert all(getattr(options, field.name) != field.default for field in fields(WalkOptions)), "each is passed on"


def test_lineage_has_the_defaults_of_the_contract(http: TestClient, double: Double) -> None:
    http.get("/api/v1/lineage", params={"uri": LAKE})
    [(_, body)] = double.calls
    assert body["options"] == WalkOptions(
        direction="downstream", depth=None, kinds=(), level=None, as_of=None, certain=False, fold=True, limit=10_000, cursor=None
    )


@pytest.mark.parametrize("change", ["schema", "values", "withdraw", "retire"])
def test_impact_takes_a_change(change: str, http: TestClient, double: Double) -> None:
    assert http.get("/api/v1/impact", params={"uri": LAKE, "change": change}).status_code == 200
    assert double.calls[0][1]["change"] == change


@pytest.mark.parametrize("call", ["lineage", "impact"])
def test_the_address_of_a_picture_is_an_address_of_its_answer(call: str, http: TestClient, double: Double) -> None:
    scene_parameters = {"by": "kind", "open": ["f1", "f2:3"], "select": LAKE, "marks": "150"}
    assert http.get(f"/api/v1/{call}", params={"uri": LAKE, **scene_parameters}).status_code == 200
    http.get(f"/api/v1/{call}", params={"uri": LAKE})
    assert double.calls[0] == double.calls[1]
    assert http.get("/api/v1/live", params=scene_parameters).status_code == 422


def test_an_asset_is_found_by_query_and_by_path(http: TestClient, double: Double) -> None:
    by_query = http.get("/api/v1/asset", params={"uri": LAKE})
    by_path = http.get(f"/api/v1/assets/{quote(LAKE, safe='')}")
    assert by_query.status_code == by_path.status_code == 200
    assert by_query.content == by_path.content
    assert [body["uri"] for _, body in double.calls] == [LAKE, LAKE]
    # A number beyond 64 bits is unchanged.
    assert by_query.json() == ASSET


def test_the_plus_of_an_offset_survives_a_query_string_that_was_not_encoded(http: TestClient, double: Double) -> None:
    http.get(f"/api/v1/live?as_of=2026-11-01T00:00:00+02:00&service={quote('mlg://service/a/b', safe='')}")
    assert double.calls == [("live", {"service": "mlg://service/a/b", "team": None, "as_of": "2026-11-01T00:00:00+02:00"})]


def test_path_why_and_diff(http: TestClient, double: Double) -> None:
    other = "mlg://workflow/etl/clean"
    assert http.get("/api/v1/paths", params={"source": LAKE, "target": other}).status_code == 200
    query = {"source": LAKE, "relation": "input_to", "target": other}
    assert http.get("/api/v1/why", params=query).status_code == 200
    query = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"}
    assert http.get("/api/v1/diff", params=query).json()["from"] == query["from"]
    assert double.calls[-1][1] == {"from_": query["from"], "to": query["to"], "uri": None, "limit": 10_000}


GETS = ("lineage", "impact", "propagation", "paths", "asset", "why", "diff", "live", "export", "dead-letters", "sources")


@pytest.mark.parametrize("path", GETS)
def test_every_get_waits_for_a_watermark(path: str, http: TestClient, double: Double) -> None:
    double.failure = Unavailable("write 9 is not read yet; ask again", retry_after_s=2)
    query = {
        "lineage": {"uri": LAKE},
        "impact": {"uri": LAKE},
        "propagation": {"uri": LAKE, "since": "2026-11-01T00:00:00Z"},
        "asset": {"uri": LAKE},
        "paths": {"source": LAKE, "target": LAKE},
        "why": {"source": LAKE, "relation": "derives", "target": LAKE},
        "diff": {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z"},
    }.get(path, {})
    answer = http.get(f"/api/v1/{path}", params={**query, "at_least": "9"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert double.calls == [("wait_for", {"watermark": 9})]


def test_export_is_streamed_completely(http: TestClient, double: Double) -> None:
    double.export_lines = 50_000
    answer = http.get("/api/v1/export")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.content.count(b"\n") == 50_000


def test_an_empty_export_is_empty(http: TestClient, double: Double) -> None:
    double.export_lines = 0
    assert http.get("/api/v1/export").content == b""


def test_metrics_and_health(http: TestClient) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    assert http.get("/readyz").json() == {"status": "ready"}
    metrics_lines = http.get("/metrics").text.splitlines()
    assert "mlgraph_watermark 42" in metrics_lines
    assert 'mlgraph_limit_inside{sort="health"} 0.0' in metrics_lines


def test_not_ready_has_a_time_to_retry(http: TestClient, double: Double) -> None:
    double.failure = Unavailable("the graph is 40 s behind", retry_after_s=5)
    answer = http.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
