"""Bad input: rejected with its position and a reason; the valid rest is stored."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.producing import Producer, at, facet
from tests.contract.serving import Api, Json, Names, asset, edge

REPLACEMENT = "\ufffd"


def problem(response: httpx.Response, status: int) -> Json:
    """The body of a response, which must be a problem (RFC 9457)."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: Json = response.json()
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert body["status"] == status
    assert body["detail"]
    return body


def post(api: Api, call: str, content: bytes | str | Json, media: str = "application/json") -> httpx.Response:
    body = json.dumps(content) if isinstance(content, dict) else content
    return api.http.post(f"/api/v1/{call}", content=body, headers={"Content-Type": media})


GOOD = {"asset": {"uri": "mlg://dataset/bad/good"}}
A, B = "mlg://dataset/bad/a", "mlg://dataset/bad/b"
WRONG_LINES: list[tuple[bytes | str | Json, str]] = [
    ("not json", ""),
    (b"\xff\xfe", ""),
    ("[]", ""),
    ("3", ""),
    ('"asset"', ""),
    ("null", ""),
    ("{}", ""),
    ('{"asset": ', ""),
    ('{"asset": 1e999}', "/asset"),
    ('{"asset": {"uri": "mlg://dataset/bad/a", "properties": {"k": [1e999]}}}', "/asset/properties/k/0"),
    ('{"asset": NaN}', ""),
    ('{"asset": ' + "[" * 100_000, ""),
    ('{"asset": {"uri": "mlg://dataset/bad/a", "x": 1, "x": 2}}', "/asset/x"),
    ({"asset": []}, "/asset"),
    ({"asset": "x"}, "/asset"),
    ({"asset": {}}, "/asset/uri"),
    ({"thing": {}}, "/thing"),
    ({**GOOD, "edge": {}}, ""),
    ({"asset": {"uri": 3}}, "/asset/uri"),
    ({"asset": {"uri": A, "valid_from": 5}}, "/asset/valid_from"),
    (asset(A, name=5), "/asset/name"),
    (asset(A, owners="x"), "/asset/owners"),
    (asset(A, owners=[3]), "/asset/owners/0"),
    (asset(A, owners=[A]), "/asset/owners/0"),
    (asset(A, tags=["x", {}]), "/asset/tags/1"),
    (asset(A, properties=[]), "/asset/properties"),
    (asset(A, colour=1), "/asset/colour"),
    (asset("mlg://run/bad/r", properties={"ended_at": "now"}), "/asset/properties/ended_at"),
    (asset("mlg://run/bad/r", properties={"state": 1}), "/asset/properties/state"),
    (asset("mlg://dataset/s3://lake/a"), "/asset/uri"),
    (asset("mlg://dataset//a"), "/asset/uri"),
    (asset("mlg://dataset/a"), "/asset/uri"),
    (asset("mlg://Dataset/a/b"), "/asset/uri"),
    (asset("mlg://tabel/a/b"), "/asset/uri"),
    (asset("mlg://dataset/a/b%2f"), "/asset/uri"),
    (asset("mlg://dataset/a/b%41"), "/asset/uri"),
    (asset("dataset/a/b"), "/asset/uri"),
    (asset("mlg://dataset/a%00/b"), "/asset/uri"),
    (asset("mlg://dataset/a/b%ED%A0%80"), "/asset/uri"),
    (asset("mlg://dataset/a/\0"), "/asset/uri"),
    (asset("mlg://dataset/a/\ud800"), "/asset/uri"),
    (asset(A, "2026-01-01T00:00:00"), "/asset/valid_from"),
    (asset(A, "2026-01-01"), "/asset/valid_from"),
    (asset(A, "2026-02-30T00:00:00Z"), "/asset/valid_from"),
    (asset(A, "yesterday"), "/asset/valid_from"),
    (asset(A, origin=""), "/asset/origin"),
    (asset(A, origin="*"), "/asset/origin"),
    (asset(A, origin="rule:x"), "/asset/origin"),
    (asset(A, origin="a\0"), "/asset/origin"),
    ({"edge": {"relation": "derives", "target": B}}, "/edge/source"),
    (edge(A, "derive", B), "/edge/relation"),
    (edge(A, "serves", B), "/edge/relation"),
    (edge(A, "tested_in", B), "/edge/relation"),
    (edge(A, 7, B), "/edge/relation"),  # type: ignore[arg-type]
    (edge(A, "derives", "mlg://nothing/a/b"), "/edge/target"),
    (edge(A, "derives", B, properties=3), "/edge/properties"),
    (edge(A, "derives", B, at(2), valid_to=at(1)), "/edge/valid_to"),
    (edge(A, "derives", B, at(2), valid_to=at(2)), "/edge/valid_to"),
    (edge(A, "input_to", "mlg://run/bad/r", properties={"role": "spare"}), "/edge/properties/role"),
    (edge("mlg://run/bad/r", "outputs", B, properties={"from": ["x"]}), "/edge/properties/from/0"),
    ({"retract": {}}, "/retract/source"),
    ({"retract": {"uri": A, "target": B}}, "/retract/target"),
    ({"retract": {"uri": A, "valid_to": "x"}}, "/retract/valid_to"),
    ({"retract": {"uri": A, "origin": 1}}, "/retract/origin"),
]


def test_each_wrong_line_is_rejected_by_itself(api: Api) -> None:
    lines: list[Any] = []
    for line, _ in WRONG_LINES:
        lines += ["", line]
    answer = api.facts([*lines, GOOD, "   "])
    found = {each["index"]: each for each in answer["rejected"]}
    for position, (line, pointer) in enumerate(WRONG_LINES):
        assert found[2 * position + 1]["pointer"] == pointer, (line, found[2 * position + 1])
        assert found[2 * position + 1]["message"]
    assert len(found) == len(WRONG_LINES)
    assert answer["accepted"] + answer["duplicates"] == 1
    # nothing of a rejected line is stored
    assert api.get("asset", uri=A).status_code == 404


def test_all_lines_rejected_is_200(api: Api) -> None:
    answer = api.facts(["x"])
    assert (answer["accepted"], answer["duplicates"], len(answer["rejected"])) == (0, 0, 1)
    assert api.facts([])["rejected"] == []


def event(**changes: Any) -> Json:
    complete = {"eventType": "COMPLETE", "eventTime": at(1), "run": {"runId": "r"}, "job": {"namespace": "bad", "name": "j"}}
    return {key: value for key, value in {**complete, **changes}.items() if value is not ...}


WRONG_EVENTS: list[tuple[Any, int, str]] = [
    (b"{", 400, ""),
    (b"", 400, ""),
    (b"\xff", 400, ""),
    (b"[]", 422, ""),
    (b'"x"', 422, ""),
    (b"{}", 422, ""),
    (event(run=...), 422, "/run"),
    (event(run={}), 422, "/run/runId"),
    (event(run="r"), 422, "/run"),
    (event(run=None), 422, "/run"),
    (event(run={"runId": ""}), 422, "/run/runId"),
    (event(run={"runId": 5}), 422, "/run/runId"),
    (event(job=...), 422, "/job"),
    (event(job={"name": "j"}), 422, "/job/namespace"),
    (event(job={"namespace": "n"}), 422, "/job/name"),
    (event(eventTime=...), 422, "/eventTime"),
    (event(eventTime=7), 422, "/eventTime"),
]


@pytest.mark.parametrize(("content", "status", "pointer"), WRONG_EVENTS)
def test_wrong_openlineage_events(api: Api, content: Any, status: int, pointer: str) -> None:
    body = problem(post(api, "lineage", content), status)
    assert body.get("pointer", "") == pointer


WRONG_DETAILS: list[tuple[Json, str]] = [
    (event(eventTime="2026-01-01T00:00:00"), "/eventTime"),
    (event(eventType="DONE"), "/eventType"),
    (event(eventType=1), "/eventType"),
    (event(inputs={}), "/inputs"),
    (event(inputs=["x"]), "/inputs/0"),
    (event(inputs=[{"namespace": "n"}]), "/inputs/0/name"),
    (event(outputs=[{"name": "n"}]), "/outputs/0/namespace"),
    (event(inputs=[{"namespace": "", "name": "x"}]), "/inputs/0/namespace"),
    (event(inputs=[{"namespace": "a\0", "name": "x"}]), "/inputs/0/namespace"),
    (event(inputs=[{"namespace": "n", "name": "\ud800"}]), "/inputs/0/name"),
    (event(run={"runId": "r", "facets": []}), "/run/facets"),
    (event(outputs=[{"namespace": "n", "name": "x", "facets": {"schema": {"fields": "a"}}}]), "/outputs/0/facets/schema/fields"),
    (
        event(outputs=[{"namespace": "n", "name": "x", "facets": {"columnLineage": {"fields": {"f": {"inputFields": [3]}}}}}]),
        "/outputs/0/facets/columnLineage/fields/f/inputFields/0",
    ),
]


@pytest.mark.parametrize(("content", "pointer"), WRONG_DETAILS)
def test_wrong_details_of_openlineage_events_are_listed(api: Api, content: Json, pointer: str) -> None:
    answer = post(api, "lineage", content)
    assert answer.status_code == 201
    assert pointer in [warning["pointer"] for warning in answer.json()["warnings"]]


def _changed(value: Any, key: Any, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def with_wrong(wrong: Any) -> Any:
        child = change(wrong)
        if isinstance(value, dict):
            return {**value, key: child}
        return [child if position == key else item for position, item in enumerate(value)]

    return with_wrong


def mutations(value: Any, path: str = "") -> list[tuple[str, Callable[[Any], Any]]]:
    """Paths to all values of a document."""
    places: list[tuple[str, Callable[[Any], Any]]] = [(path, lambda wrong: wrong)]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        for place, change in mutations(child, f"{path}/{key}"):
            places.append((place, _changed(value, key, change)))
    return places


def test_wrong_types_at_every_depth_never_fail(api: Api, names: Names) -> None:
    p = Producer(names)
    facets = {
        "x": {
            "columnLineage": p.columns(f="a.f"),
            "schema": facet(fields=[{"name": "f", "type": "int"}]),
            "ownership": facet(owners=[{"name": "team:ranking", "type": "MAINTAINER"}]),
            "documentation": facet(description="d"),
            "version": facet(datasetVersion="1"),
            "lifecycleStateChange": facet(lifecycleStateChange="ALTER"),
            "symlinks": facet(identifiers=[{"namespace": "n", "name": "x", "type": "TABLE"}]),
            "tags": facet(tags=[{"key": "k"}]),
            "dataQualityAssertions": facet(assertions=[{"assertion": "not_null", "success": True, "column": "f"}]),
        }
    }
    good = p.run("r", 1, "COMPLETE", "a", "x", code="1", facets=facets)
    good["run"]["facets"] = {
        "parent": facet(run={"runId": "p"}, job={"namespace": "n", "name": "p"}),
        "nominalTime": facet(nominalStartTime=at(0)),
        "errorMessage": facet(message="m", programmingLanguage="py"),
    }
    api.event(good)
    line = {"edge": {"source": A, "relation": "derives", "target": B, "valid_from": at(1), "properties": {"role": "training"}}}
    for document, call in ((good, "lineage"), (line, "facts")):
        for place, change in mutations(document):
            for wrong in (None, True, 7, "wrong", [], {}, [7], {"wrong": 7}):
                response = post(api, call, json.dumps(change(wrong)))
                assert response.status_code in (200, 201, 422), (place, wrong, response.text)
                if response.status_code == 422:
                    pointer = response.json().get("pointer", "")
                    assert not place or pointer.startswith(place[:5]), (place, wrong, pointer)
    assert api.ask("dead-letters")["total"] == 0


def test_a_two_megabyte_facet_and_ten_thousand_inputs(api: Api, names: Names) -> None:
    p = Producer(names)
    large = p.run("r", 1, "COMPLETE", "a", "x", facets={"a": {"blob": facet(text="x" * 2_000_000)}})
    api.event(large)
    stored = api.ask("asset", uri=names.dataset("a"))["properties"]["facets"]["blob"]["text"]
    assert len(stored) == 2_000_000
    wide = p.run("wide", 2, job="wide", outputs="y")
    wide["inputs"] = [{"namespace": names.store, "name": f"part={n}"} for n in range(10_000)]
    api.event(wide)
    answer = api.lineage(names.dataset("y"), direction="upstream")
    assert (answer["total"], answer["partial"], len(answer["nodes"])) == (10_002, True, 10_000)
    assert api.lineage(names.dataset("y"), direction="upstream", limit=20_000)["partial"] is False


def test_times_at_the_ends_of_the_calendar(api: Api, names: Names) -> None:
    early, late, both = (names.dataset(name) for name in ("early", "late", "both"))
    api.taken(edge(early, "derives", both, "0001-01-01T00:00:00Z"), edge(late, "derives", both, "2999-12-31T23:59:59.999999Z"))
    assert api.reached(both, direction="upstream").keys() == {both, early}
    assert api.reached(both, "2999-12-31T23:59:59.999999Z", direction="upstream").keys() == {both, early, late}
    assert api.reached(both, "0001-01-01T00:00:00Z", direction="upstream").keys() == {both, early}
    for wrong in ("0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00"):
        assert api.facts([edge(early, "derives", late, wrong)])["rejected"][0]["pointer"] == "/edge/valid_from"
        problem(api.get("lineage", uri=both, as_of=wrong), 422)
    problem(api.get("lineage", uri=both, as_of="2026-01-01T00:00:00"), 422)
    api.event({**Producer(names).run("r", 1, inputs="a"), "eventTime": "2999-01-01T00:00:00+02:00"})
    assert api.reached(names.dataset("a")).keys() == {names.dataset("a")}
    assert api.ask("asset", uri=names.dataset("a"))["uri"]


def test_unfit_characters_become_replacement_characters_in_text(api: Api, names: Names) -> None:
    a = names.dataset("a")
    api.taken(asset(a, at(1), name="n\0", description="x\ud800y", tags=["\0t"], properties={"k\0": ["\udfff", "\U0001f600"]}))
    card = api.ask("asset", uri=a)
    assert (card["name"], card["description"]) == (f"n{REPLACEMENT}", f"x{REPLACEMENT}y")
    assert card["tags"] == [f"{REPLACEMENT}t"]
    assert card["properties"] == {f"k{REPLACEMENT}": [REPLACEMENT, "\U0001f600"]}
    reported = Producer(names).run("r", 2, inputs="b", facets={"b": {"documentation": facet(description="a\0b")}})
    api.event(reported)
    assert api.ask("asset", uri=names.dataset("b"))["description"] == f"a{REPLACEMENT}b"


@pytest.mark.parametrize("valid_from", [at(1), None])
def test_the_same_line_a_thousand_times(api: Api, names: Names, valid_from: str | None) -> None:
    line = edge(names.dataset("a"), "derives", names.dataset("b"), valid_from)
    answer = api.facts([line] * 1000)
    assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (1, 999, [])
    again = api.facts([line] * 1000)
    assert (again["accepted"], again["duplicates"]) == (0, 1000)
    reported = api.facts([asset(names.dataset("a"), valid_from, name="a")] * 1000)
    assert (reported["accepted"], reported["duplicates"]) == (1, 999)
    event_answer = api.events([Producer(names).run("r", 1, inputs="a")] * 1000)
    assert (event_answer["accepted"], event_answer["duplicates"]) == (1, 999)


def test_a_line_over_sixteen_megabytes_is_rejected_by_itself(api: Api, names: Names) -> None:
    fits = asset(names.dataset("fits"), at(1), description="x" * (15 * 1024 * 1024))
    over = asset(names.dataset("over"), at(1), description="x" * (17 * 1024 * 1024))
    answer = api.facts([fits, over, asset(names.dataset("after"), at(1))])
    assert (answer["accepted"], [each["index"] for each in answer["rejected"]]) == (2, [1])
    complete = Producer(names).run("r", 1, inputs="a", facets={"a": {"blob": facet(text="x" * (17 * 1024 * 1024))}})
    problem(post(api, "lineage", complete), 413)


CLOUDEVENT = {"specversion": "1.0", "id": "1", "source": "/bad", "type": "io.mlgraph.fact", "data": GOOD}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"id": ""}, "/id"),
        ({"id": ...}, "/id"),
        ({"source": 3}, "/source"),
        ({"type": "org.unknown"}, "/type"),
        ({"time": "now"}, "/time"),
        ({"data": {"asset": {"uri": "x"}}}, "/data/asset/uri"),
        ({"data": ...}, "/data"),
        ({"data": ..., "data_base64": "%"}, "/data_base64"),
        ({"data": ..., "data_base64": "eA=="}, "/data_base64"),
        ({"type": "io.mlgraph.facts", "data": [GOOD, {"edge": 1}]}, "/data/1/edge"),
        ({"type": "io.openlineage.RunEvent", "data": {"eventType": "START"}}, "/data/run"),
    ],
)
def test_wrong_cloudevents(api: Api, changes: Json, pointer: str) -> None:
    wrong = {key: value for key, value in {**CLOUDEVENT, **changes}.items() if value is not ...}
    response = api.cloudevents(wrong)
    assert response.status_code == 202
    answer = response.json()
    assert [(each["index"], each["pointer"]) for each in answer["rejected"]] == [(0, pointer)]
    batch = api.cloudevents([wrong, CLOUDEVENT], "application/cloudevents-batch+json").json()
    assert len(batch["rejected"]) == 1
    assert batch["accepted"] + batch["duplicates"] == 1
    problem(api.cloudevents(b"{"), 400)


def test_a_batch_of_too_many_cloudevents_is_refused_as_a_unit(api: Api, names: Names) -> None:
    events = [
        {**CLOUDEVENT, "id": f"{names.space}-{number}", "data": asset(names.dataset("a"), at(1))} for number in range(10_001)
    ]
    body = problem(api.cloudevents(events, "application/cloudevents-batch+json"), 413)
    assert "10,000" in body["detail"]
    assert api.get("asset", uri=names.dataset("a")).status_code == 404
    assert api.cloudevents(events[1:], "application/cloudevents-batch+json").json()["accepted"] == 10_000


def test_an_unsigned_webhook_is_refused(api: Api) -> None:
    body = json.dumps({"entity": "model_version", "action": "created", "timestamp": at(1), "data": {}}).encode()
    wrong = "v1," + hmac.new(b"wrong", body, hashlib.sha256).hexdigest()
    problem(api.http.post("/api/v1/webhooks/nowhere", content=body), 404)
    source = {"kind": "mlflow", "url": "http://127.0.0.1:9", "name": "unreachable"}
    assert api.http.post("/api/v1/sources", json=source).status_code == 202
    stamp = {"X-MLflow-Delivery-Id": "1", "X-MLflow-Timestamp": "1772323200"}
    tried: list[dict[str, str]] = [{}, stamp, {**stamp, "X-MLflow-Signature": wrong}, {"X-MLflow-Signature": "v1,\u00e9"}]
    for headers in tried:
        raw = {key.encode(): value.encode() for key, value in headers.items()}
        problem(api.http.post("/api/v1/webhooks/unreachable", content=body, headers=raw), 401)
