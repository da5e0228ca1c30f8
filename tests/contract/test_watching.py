"""Metrics and logs of the real program: those that the documentation lists exist and change."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from tests.contract.corpora import events_to_send
from tests.contract.producing import at
from tests.contract.serving import PATIENCE_S, Api, Json, Names, Process, asset, edge, wait_until_ready
from tests.contract.test_faults import postmaster, run_up
from tests.sources.flaky_server import unused_url

Start = Callable[..., Process]

HANDBOOK: Final = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
_ROW: Final = re.compile(r"^\| `([a-z_]+)` \| (\w+) \|([^|]*)\|", re.MULTILINE)
_OF_HISTOGRAMS: Final = {"le"}


def documented() -> dict[str, tuple[str, frozenset[str]]]:
    """Type and labels of each metric in the table of the documentation."""
    rows = _ROW.findall(HANDBOOK.read_text(encoding="utf-8"))
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def exposed(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Type and labels of each metric that a server exposes."""
    found = {}
    for family in text_string_to_metric_families(text):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels} - _OF_HISTOGRAMS
        found[name] = (family.type, frozenset(labels))
    return found


def values(api: Api) -> dict[str, float]:
    """Every sample: name and labels as text, and value."""
    found = {}
    for family in text_string_to_metric_families(api.http.get("/metrics").text):
        for sample in family.samples:
            answer = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{answer}}}"] = sample.value
    return found


def test_the_documentation_lists_all_metrics(fresh: Api) -> None:
    names = Names("metrics")
    fresh.taken(asset(names.dataset("a"), at(1)))
    fresh.ask("asset", uri=names.dataset("a"))
    fresh.http.post("/api/v1/sources", json={"kind": "mlflow", "url": unused_url(), "name": "nobody"})  # has metrics of its own
    job, run = {"namespace": "metrics", "name": "j"}, {"runId": "r"}
    event = {"eventType": "UNKNOWN", "eventTime": at(1), "job": job, "run": run}
    assert fresh.http.post("/api/v1/lineage", json=event).json()["warnings"]  # warnings are counted from the first one on
    assert exposed(fresh.http.get("/metrics").text) == documented()


def test_metrics_follow_what_happens(fresh: Api) -> None:
    names = Names("moving")
    before = values(fresh)
    lines: list[Json] = [edge(names.dataset(f"d{n}"), "derives", names.dataset(f"d{n + 1}"), at(1)) for n in range(10)]
    fresh.taken(*lines)
    fresh.taken(*lines[:4])
    assert len(fresh.facts([{"asset": {}}, "nonsense"])["rejected"]) == 2
    events = events_to_send(names)[:6]
    fresh.events(events)
    fresh.event(events[0])
    assert fresh.http.post("/api/v1/lineage", content=b"{}").status_code == 422
    fresh.cloudevents({"specversion": "1.0", "id": "1", "source": "/s", "type": "io.mlgraph.fact", "data": lines[0]})
    for _ in range(3):
        fresh.ask("lineage", uri=names.dataset("d0"))
    after = values(fresh)

    def moved(name: str) -> float:
        return after[name] - before.get(name, 0)

    items = {key: moved(key) for key in after if key.startswith("mlgraph_intake_items_total")}
    assert {key.removeprefix("mlgraph_intake_items_total"): value for key, value in items.items() if value} == {
        "{format=facts,outcome=accepted}": 10,
        "{format=facts,outcome=duplicate}": 4,
        "{format=facts,outcome=rejected}": 2,
        "{format=openlineage,outcome=accepted}": 6,
        "{format=openlineage,outcome=duplicate}": 1,
        "{format=openlineage,outcome=rejected}": 1,
        "{format=cloudevents,outcome=accepted}": 1,
    }
    sent = sum(len(json.dumps(line)) for line in [*lines, *lines[:4], {"asset": {}}]) + len("nonsense")
    assert moved("mlgraph_intake_bytes_total{format=facts}") == sent
    assert moved("mlgraph_append_seconds_count{}") >= 5
    assert moved("mlgraph_http_request_seconds_count{method=GET,route=/api/v1/lineage,status=2xx}") == 3
    assert moved("mlgraph_http_request_seconds_count{method=POST,route=/api/v1/lineage,status=4xx}") == 1
    assert after["mlgraph_store_transactions{}"] == after["mlgraph_projection_watermark{projection=graph}"] == fresh.written
    assert after["mlgraph_projection_lag_transactions{projection=graph}"] == 0
    assert after["mlgraph_projection_lag_seconds{projection=graph}"] == 0
    assert after["mlgraph_assets{}"] >= 11
    assert after["mlgraph_store_up{}"] == 1
    assert after["mlgraph_database_pool_size{}"] >= after["mlgraph_database_pool_idle{}"] >= 0
    assert (after["mlgraph_dead_letters{}"], after["mlgraph_append_batches_waiting{}"]) == (0, 0)
    assert after["mlgraph_http_requests_under_way{}"] == 1  # this one
    assert after["process_resident_memory_bytes{}"] > 10_000_000


def test_an_unreachable_store_is_reported_and_its_restart_counted(start: Start, tmp_path: Path) -> None:
    data = tmp_path / "data"
    process = start("--data", str(data), "--log-format", "json")
    api = Api(process.url)
    os.kill(postmaster(data), signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while values(api)["mlgraph_postgres_restarts_total{}"] != 1:
        assert time.monotonic() < until
        time.sleep(0.1)
    wait_until_ready(api)
    assert values(api)["mlgraph_store_up{}"] == 1
    api.close()
    assert process.stop() == 0
    answer = records(process)
    assert any(each["logger"] == "mlgraph.stores.embedded.server" and "died" in each["message"] for each in answer)
    assert any(each["logger"] == "postgres" and "ready to accept connections" in each["message"] for each in answer)


def records(process: Process) -> list[dict[str, Any]]:
    """The log of a server that has ended; every line must be an object with time, level, logger and message."""
    answer = [json.loads(line) for line in "".join(process.output).splitlines()]
    for each in answer:
        assert {"time", "level", "logger", "message"} <= each.keys()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", each["time"])
    return answer


def test_every_line_of_the_log_is_an_object_and_requests_can_be_found(start: Start, tmp_path: Path) -> None:
    names = Names("private-name")
    process = start("--data", str(tmp_path / "data"), "--log-format", "json", "--log-level", "debug")
    api = Api(process.url)
    api.taken(asset(names.dataset("a"), at(1)))
    response = api.http.get("/api/v1/asset", params={"uri": names.dataset("gone")}, headers={"x-request-id": "find-me"})
    assert (response.status_code, response.headers["x-request-id"]) == (404, "find-me")
    connect = {"kind": "mlflow", "url": "http://127.0.0.1:9", "name": "x"}
    assert api.http.post("/api/v1/sources", json=connect, headers={"x-request-id": "connecting"}).status_code == 202
    api.close()
    assert process.stop() == 0
    answer = records(process)
    [found] = [each for each in answer if each.get("request_id") == "find-me" and each["logger"] == "mlgraph.access"]
    assert (found["level"], found["route"], found["status"], found["actor"]) == ("info", "/api/v1/asset", 404, "local")
    assert 0 < found["duration_ms"] < 60_000
    assert {"mlgraph.access", "mlgraph.services.sources.source_manager"} <= {
        each["logger"] for each in answer if each.get("request_id") == "connecting"
    }
    assert {"uvicorn.error", "mlgraph.bootstrap.serving"} <= {each["logger"] for each in answer}
    assert {each["level"] for each in answer if each.get("route") == "/api/v1/facts"} == {"debug"}
    assert "private-name" not in "".join(process.output)


def test_the_text_format_and_a_higher_log_level(start: Start, tmp_path: Path) -> None:
    process = start("--data", str(tmp_path / "data"), "--log-format", "text", "--log-level", "warning")
    assert process.stop() == 0
    assert "".join(process.output) == ""


def test_a_start_error_is_reported_in_the_configured_log_format(tmp_path: Path) -> None:
    status, answer = run_up("--data", str(tmp_path), "--store", "mysql://ann:s3cret@x", "--log-format", "json")
    assert status == 1
    reported = json.loads(answer)
    assert (reported["level"], "postgresql://" in reported["message"]) == ("critical", True)
    status, answer = run_up("--data", str(tmp_path), "--store", "postgresql://ann:s3cret@127.0.0.1:9/x", "--log-format", "text")
    assert status == 1
    assert answer.splitlines()[-1].startswith("Error: ")
    assert "s3cret" not in answer


def test_the_table_of_the_documentation_is_parsed() -> None:
    assert documented()["mlgraph_intake_items_total"] == ("counter", frozenset({"format", "outcome"}))
    assert exposed('# TYPE a_total counter\na_total{x="1"} 1\n') == {"a_total": ("counter", frozenset({"x"}))}
