"""The connector with payloads of a real Airflow: names, ids and edges, in one graph with the events of the same runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.connectors import airflow, openlineage
from mlgraph.connectors.airflow import normalise, subject
from mlgraph.connectors.airflow.airflow_instance import namespace_of
from mlgraph.connectors.airflow.payloads import REFUSED, members_of
from mlgraph.connectors.airflow.run_ids import dag_run_id, task_run_id
from mlgraph.connectors.airflow.tool import AirflowTool
from mlgraph.domain.errors import InvalidInput, Unauthorized
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Statement
from mlgraph.domain.history import AssetRecord, asset_intervals
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.sources.airflow.factory import AirflowSources
from tests.connectors import suite

HERE = Path(__file__).parent
FOLDER = HERE / "payloads"
PAGE = HERE.parents[2] / "docs" / "connectors" / "airflow.md"
SECRETS = ("hunter2", "sk-12345", "tok-999", "bob@example.org", "s3cr3t")
S3 = AssetUri("dataset", "s3://lake", "raw/orders")
FILE = AssetUri("dataset", "file", "/srv/shop/features.parquet")


def recorded(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["payload"]
    return payload


def secretive() -> dict[str, Any]:
    payload = recorded("dag_lake")
    dag = payload["data"]["dag"]
    dag["owners"] = ["ana@example.org"]
    dag["owner_links"] = {"ana@example.org": "https://wiki.example.org/?token=tok-999"}
    dag["doc_md"] = dag["description"] = "see https://ci:hunter2@git.example.org/x.git, or ask bob@example.org"
    payload["data"]["import_error"] = "OperationalError: postgresql://dags:s3cr3t@db/airflow api_key=sk-12345"
    return payload


def test_contract_suite() -> None:
    recordings = suite.load_recordings(FOLDER)
    suite.check_all(suite.Subject(airflow.connector(AirflowSources()), normalise, recordings, PAGE, secretive(), SECRETS))


def everything() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((HERE / "recorded" / "payloads.json").read_text("utf-8"))["payloads"]
    return found


def events() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((HERE / "recorded" / "events.json").read_text("utf-8"))["events"]
    return found


def assets(statements: list[Statement], kind: str) -> set[AssetUri]:
    return {each.uri for each in statements if isinstance(each, AssetFact) and each.uri.kind == kind}


def edges(statements: list[Statement], relation: str) -> set[tuple[AssetUri, AssetUri]]:
    return {(each.source, each.target) for each in statements if isinstance(each, EdgeFact) and each.relation == relation}


def state(statements: list[Statement]) -> AssetFact:
    return next(each for each in statements if isinstance(each, AssetFact))


def of_rest(context: NamingContext = NO_CONTEXT, instance: str = "airflow-prod") -> list[Statement]:
    names = {"instance": instance, "namespace": namespace_of(instance, context)}
    return [each for payload in everything() for each in normalise({**payload, **names}, context)]


def of_events(context: NamingContext = NO_CONTEXT) -> list[Statement]:
    return [each for event in events() for each in openlineage.CONNECTOR.normalise(event, context)]


def test_runs_workflows_and_their_parts_are_those_of_the_events() -> None:
    rest, sent = of_rest(), of_events()
    assert assets(rest, "run") == assets(sent, "run")
    assert len(assets(rest, "run")) > 10
    assert edges(rest, "run_of") == edges(sent, "run_of")
    assert edges(rest, "part_of") >= edges(sent, "part_of")
    never_ran = AssetUri("workflow", "airflow-prod", "never_ran")
    assert assets(rest, "workflow") - assets(sent, "workflow") == {
        never_ran,
        AssetUri("workflow", "airflow-prod", "never_ran.nothing"),
    }


def test_the_final_state_of_each_run_is_that_of_its_events() -> None:
    def final(statements: list[Statement]) -> dict[AssetUri, Any]:
        facts = [each for each in statements if isinstance(each, AssetFact) and each.uri.kind == "run"]
        found: dict[AssetUri, Any] = {}
        for each in sorted(facts, key=lambda fact: fact.valid_from or 0):
            if run_state := each.state.get("properties", {}).get("state"):
                found[each.uri] = run_state
        return found

    assert final(of_rest()) == final(of_events())


def test_a_scope_prefixes_an_ambiguous_namespace_as_that_of_events_and_the_ids_stay() -> None:
    context = NamingContext("lab")
    scoped = of_rest(context, "default")
    assert {uri.namespace for uri in assets(scoped, "workflow")} == {"lab:default"}
    one = task_run_id("default", "lake", "load", 1, parse_time("2026-11-29T03:00:00Z"), -1)
    assert AssetUri("run", "lab:default", one) in assets(scoped, "run")
    assert namespace_of("airflow-prod", context) == "airflow-prod"


@pytest.mark.parametrize(
    ("found", "expected"),
    [  # made by build_dag_run_id and build_task_instance_run_id of the provider 2.20.3
        (dag_run_id("airflow-prod", "lake", parse_time("2026-11-30T03:00:00Z")), "01a22a65-1f80-7d2e-a7fa-68772d091acb"),
        (dag_run_id("airflow-prod", "lake", parse_time("2026-11-30T03:00:00Z"), 1), "01a22a65-1f80-76c5-8fe4-8ef09d47919f"),
        (
            task_run_id("airflow-prod", "lake", "load", 2, parse_time("2026-11-30T03:00:00Z"), -1),
            "01a22a65-1f80-7df2-8369-34f38cd07d29",
        ),
    ],
)
def test_the_ids_of_runs_are_those_of_the_provider(found: str, expected: str) -> None:
    assert found == expected


def test_declared_assets_are_inputs_and_outputs_of_workflows_at_their_location() -> None:
    rest = of_rest()
    task = {
        name: AssetUri("workflow", "airflow-prod", name) for name in ("lake.load", "lake.features", "training", "training.fit")
    }
    declared = {pair for pair in edges(rest, "input_to") if pair[1].kind == "workflow"}
    assert declared == {(S3, task["lake.features"]), (FILE, task["training"]), (FILE, task["training.fit"])}
    report = AssetUri("dataset", "airflow:airflow-prod", "ranker report")
    outputs = {pair for pair in edges(rest, "outputs") if pair[0].kind == "workflow"}
    assert outputs == {(task["lake.load"], S3), (task["lake.features"], FILE), (task["training.fit"], report)}
    assert edges(rest, "alias_of") == {
        (AssetUri("dataset", "airflow:airflow-prod", "raw orders"), S3),
        (AssetUri("dataset", "airflow:airflow-prod", "features"), FILE),
    }


def test_the_s3_asset_that_events_lack_is_the_output_of_the_attempt_that_succeeded() -> None:
    assert S3 not in assets(of_events(), "dataset")
    writers = {source for source, target in edges(of_rest(), "outputs") if target == S3 and source.kind == "run"}
    for logical in {
        each["data"]["run"]["logical_date"] for each in everything() if each["data"].get("run", {}).get("dag_id") == "lake"
    }:
        assert AssetUri("run", "airflow-prod", task_run_id("airflow-prod", "lake", "load", 2, parse_time(logical), -1)) in writers
        assert (
            AssetUri("run", "airflow-prod", task_run_id("airflow-prod", "lake", "load", 1, parse_time(logical), -1))
            not in writers
        )


def test_an_update_of_an_asset_is_the_input_of_the_runs_that_it_started() -> None:
    payload = recorded("asset_event_that_triggers")
    (run,) = payload["data"]["triggered"]
    date = parse_time(run["run_after"])
    assert "logical_date" not in run  # a run that an asset started has none
    expected = AssetUri("run", "airflow-prod", dag_run_id("airflow-prod", "training", date))
    assert edges(normalise(payload), "input_to") == {(FILE, expected)}


def test_names_of_assets_are_those_of_one_installation_only() -> None:
    payload = recorded("asset_without_location")
    one, two = (normalise({**payload, "instance": name, "namespace": name}) for name in ("a", "b"))
    assert state(one).uri != state(two).uri
    located = recorded("asset_with_location")
    a, b = (normalise({**located, "instance": name, "namespace": name}) for name in ("a", "b"))
    assert state(a).uri == state(b).uri
    assert edges(a, "alias_of") != edges(b, "alias_of")


def test_a_dag_reports_what_events_do_not() -> None:
    lake, idle = (state(normalise(recorded(f"dag_{name}"))).state for name in ("lake", "never_ran"))
    assert (lake["properties"]["paused"], idle["properties"]["paused"]) == (False, True)
    assert lake["properties"]["next_run"].endswith("T03:00:00Z")
    assert lake["properties"]["owner_links"] == ["https://people.example.org/ana"]
    assert lake["properties"]["schedule"] == "0 3 * * *"
    assert lake["tags"] == ["daily", "team:data"]
    payload = recorded("dag_lake")
    payload["data"]["dag"]["is_stale"] = True
    payload["data"]["import_error"] = "ModuleNotFoundError: No module named 'x'"
    broken = state(normalise(payload)).state["properties"]
    assert (broken["stale"], broken["import_error"]) == (True, "ModuleNotFoundError: No module named 'x'")


def with_known_state(payload: dict[str, Any]) -> dict[str, Any]:
    known = state(normalise(payload))
    assert known.valid_from is not None
    return {**payload, "held": {"since": format_time(known.valid_from), "state": dict(known.state)}}


def test_a_changed_dag_counts_from_its_recording_and_an_unchanged_one_stays() -> None:
    payload = with_known_state(recorded("dag_lake"))
    assert state(normalise(payload)) == state(normalise(recorded("dag_lake")))
    payload["data"]["dag"]["is_paused"] = True
    assert state(normalise({**payload, "at": "2027-01-01T00:00:00Z"})).valid_from == parse_time("2027-01-01T00:00:00Z")
    again = {**payload, "held": {**payload["held"], "ended": True}}
    assert state(normalise(again)).valid_from == parse_time(payload["data"]["dag"]["latest_dag_version"]["created_at"])


def test_what_was_never_tried_is_no_run_and_a_cleared_run_belongs_to_no_known_dag_run() -> None:
    payload = recorded("attempt_1_failed")
    assert {each for each, _ in edges(normalise(payload), "part_of")} == {*assets(normalise(payload), "run")} | {
        AssetUri("workflow", "airflow-prod", f"{payload['data']['attempt']['dag_id']}.{payload['data']['attempt']['task_id']}")
    }
    payload["data"]["attempt"]["cleared"] = True
    assert {each.kind for each, _ in edges(normalise(payload), "part_of")} == {"workflow"}
    del payload["data"]["attempt"]["start_date"]
    assert normalise(payload) == []


def test_workflows_depart_and_runs_and_datasets_stay() -> None:
    tool = AirflowTool()
    dag, task, run = AssetUri("workflow", "a", "d"), AssetUri("workflow", "a", "d.t"), AssetUri("run", "a", "1")
    assert [each.uri for each in tool.departures("a", {dag: {}, task: {}, run: {}}, {dag}, {}, 0)] == [task]
    assert (tool.source_key(task), tool.source_key(run)) == (("workflow", "d.t"), None)
    assert normalise(tool.deleted(dag, 5)) == [AssetRetraction(dag, "airflow", 5)]
    with pytest.raises(Unauthorized, match="no webhooks"):
        tool.verify({}, b"{}", "secret", 0.0)


def test_a_workflow_whose_assets_are_unknown_has_no_subject_so_that_none_of_its_edges_end() -> None:
    payload = recorded("task_lake_features")
    assert subject(payload) == AssetUri("workflow", "airflow-prod", "lake.features")
    del payload["data"]["reads"], payload["data"]["writes"]
    assert subject(payload) is None
    refused = {"type": REFUSED, "data": {"what": "the assets", "why": "HTTP 403"}}
    with pytest.raises(InvalidInput, match=r"the assets of Airflow could not be read: HTTP 403"):
        subject(refused)
    with pytest.raises(InvalidInput, match="unknown type"):
        normalise(refused)


def test_parameters_hosts_and_users_are_not_in_payloads() -> None:
    instance = {"dag_id": "d", "hostname": "h", "unixname": "root", "rendered_fields": {"password": "x"}, "note": "n", "conf": {}}
    assert members_of("attempt", instance) == {"dag_id": "d"}


def graph_of(payloads: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return the state and the edges of each asset after these payloads, as the history of a store has them."""
    parts: dict[tuple[str, str], list[AssetRecord]] = {}
    origins = {"airflow": 1, "openlineage": 2}
    found: set[tuple[str, str, str]] = set()
    for kind, payload in payloads:
        read = normalise if kind == "answer" else openlineage.CONNECTOR.normalise
        for each in read(payload, NO_CONTEXT):
            if isinstance(each, EdgeFact):
                found.add((str(each.source), each.relation, str(each.target)))
            elif isinstance(each, AssetFact):
                assert each.valid_from is not None
                record = AssetRecord(0, origins[each.origin], each.valid_from, each.mode, each.state)
                parts.setdefault((str(each.uri), each.origin), []).append(record)
    states = {key: [(each.start, each.end, each.state) for each in asset_intervals(records)] for key, records in parts.items()}
    return {"edges": found, **{" ".join(key): value for key, value in states.items()}}


CORPUS = [*(("answer", payload) for payload in everything()), *(("event", event) for event in events())]
GRAPH = graph_of(CORPUS)


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(len(CORPUS))), st.integers(0, 20))
def test_any_order_and_repetition_of_answers_and_events_gives_the_same_graph(order: list[int], repeated: int) -> None:
    assert graph_of([CORPUS[place] for place in [*order, *order[:repeated]]]) == GRAPH
