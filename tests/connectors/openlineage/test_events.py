"""The kind of an event, the states of runs, and the facts of each kind of event other than those of datasets."""

from typing import Any

import pytest

from mlgraph.connectors.openlineage import normalise
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, Declaration, EdgeFact, Mode
from mlgraph.domain.uri import AssetUri
from tests.connectors.openlineage.events import (
    AT,
    MOMENT,
    RUN,
    WORKFLOW,
    Json,
    dataset,
    dataset_event,
    ds,
    edges,
    job_event,
    run_event,
    states,
    triples,
)

SPEC_URL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"


@pytest.mark.parametrize(
    ("event", "uris"),
    [
        (run_event(), {RUN, WORKFLOW}),
        (job_event(), {WORKFLOW}),
        (dataset_event("a"), {ds("a")}),
        # The fragment takes precedence over all members.
        ({**run_event(), "dataset": dataset("a"), "schemaURL": SPEC_URL + "DatasetEvent"}, {ds("a")}),
        ({**run_event(), "schemaURL": SPEC_URL + "JobEvent"}, {WORKFLOW}),
        ({**job_event(), "dataset": dataset("a"), "schemaURL": SPEC_URL + "DatasetEvent"}, {ds("a")}),
        ({**run_event(), "schemaURL": "https://x/OpenLineage.json#/definitions/RunEvent"}, {RUN, WORKFLOW}),
        # Without a known fragment, the members decide: run, job, dataset.
        ({**run_event(), "schemaURL": SPEC_URL + "BaseEvent"}, {RUN, WORKFLOW}),
        ({**run_event(), "schemaURL": "https://openlineage.io/spec/0-0-1/OpenLineage.json"}, {RUN, WORKFLOW}),
        ({**job_event(), "dataset": dataset("a")}, {WORKFLOW}),
        ({**job_event(), "run": None}, {WORKFLOW}),
        # A RunEvent without a run and without a state is read by its shape.
        ({**job_event(), "schemaURL": SPEC_URL + "RunEvent"}, {WORKFLOW}),
        ({**dataset_event("a"), "run": None, "schemaURL": SPEC_URL + "RunEvent"}, {ds("a")}),
    ],
)
def test_the_kind_of_event(event: Json, uris: set[AssetUri]) -> None:
    assert set(states(event)) == uris


def without(event: Json, *path: str) -> Json:
    if len(path) == 1:
        return {key: value for key, value in event.items() if key != path[0]}
    return {**event, path[0]: without(event[path[0]], *path[1:])}


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        ([], ""),
        ("text", ""),
        ({}, ""),
        ({"eventType": "START"}, "/run"),
        (without(run_event(), "run"), "/run"),
        ({**job_event(), "eventType": "START", "schemaURL": SPEC_URL + "JobEvent"}, "/run"),
        (without(run_event(), "run", "runId"), "/run/runId"),
        ({**run_event(), "run": {"runId": 7}}, "/run/runId"),
        ({**run_event(), "run": {"runId": ""}}, "/run/runId"),
        ({**run_event(), "run": {"runId": "a\0"}}, "/run/runId"),
        ({**run_event(), "run": {"runId": "\ud800"}}, "/run/runId"),
        (without(run_event(), "job"), "/job"),
        (without(run_event(), "job", "namespace"), "/job/namespace"),
        (without(run_event(), "job", "name"), "/job/name"),
        (without(run_event(), "eventTime"), "/eventTime"),
        (without(job_event(), "eventTime"), "/eventTime"),
        (without(dataset_event("a"), "eventTime"), "/eventTime"),
        ({**run_event(), "eventTime": "yesterday"}, "/eventTime"),
        ({**run_event(), "eventTime": "2026-01-02"}, "/eventTime"),
        ({**run_event(), "eventTime": "2026-01-02T25:04:05Z"}, "/eventTime"),
        ({**run_event(), "eventTime": 1767323045}, "/eventTime"),
        ({**run_event(), "run": {"runId": " "}}, "/run/runId"),
        ({**run_event(), "run": []}, "/run"),
        ({**run_event(), "job": {"namespace": "n", "name": "\t"}}, "/job/name"),
        ({**run_event(), "job": {"namespace": "", "name": "j"}}, "/job/namespace"),
        ({**run_event(), "job": "j"}, "/job"),
        ({**job_event(), "run": {}}, "/run/runId"),
        ({**job_event(), "schemaURL": SPEC_URL + "DatasetEvent"}, "/dataset"),
        ({"eventTime": AT, "dataset": {"namespace": "d"}}, "/dataset/name"),
        ({"eventTime": AT, "dataset": {"name": "a"}}, "/dataset/namespace"),
    ],
)
def test_an_invalid_event_is_refused_with_a_pointer(event: Any, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        normalise(event)
    assert refusal.value.pointer == pointer


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("START", {"state": "START", "started_at": AT}),
        ("RUNNING", {"state": "RUNNING"}),
        ("OTHER", {"state": "OTHER"}),
        (None, {"state": "OTHER"}),
        ("COMPLETE", {"state": "COMPLETE", "ended_at": AT}),
        ("FAIL", {"state": "FAIL", "ended_at": AT}),
        ("ABORT", {"state": "ABORT", "ended_at": AT}),
    ],
)
def test_run_states(word: str | None, expected: Json) -> None:
    assert states(run_event(word))[RUN] == {"properties": {**expected, "sides": {}}}
    assert triples(run_event(word)) == {(RUN, "run_of", WORKFLOW)}


@pytest.mark.parametrize(
    ("event_fields", "sides"),
    [
        ({"inputs": []}, {"inputs": True}),
        ({"outputs": []}, {"outputs": True}),
        ({"inputs": None, "outputs": [dataset("a")]}, {"outputs": True}),
        ({"inputs": [dataset("a")], "outputs": []}, {"inputs": True, "outputs": True}),
    ],
)
def test_sides_are_the_keys_reported(event_fields: Json, sides: Json) -> None:
    assert states(run_event(**event_fields))[RUN]["properties"]["sides"] == sides


def test_all_facts_are_patches_from_the_time_of_the_event() -> None:
    statements = normalise(run_event(inputs=[dataset("a")], outputs=[dataset("b")]))
    assert {(fact.valid_from, fact.origin) for fact in statements if isinstance(fact, AssetFact | EdgeFact)} == {
        (MOMENT, "openlineage")
    }
    assert {fact.mode for fact in statements if isinstance(fact, AssetFact | EdgeFact)} == {Mode.PATCH}


def test_what_runs_report_of_themselves() -> None:
    facets = {
        "nominalTime": {"nominalStartTime": AT},
        "errorMessage": {"message": "boom", "programmingLanguage": "JAVA", "stackTrace": "at x"},
        "tags": {"tags": [{"key": "a", "value": "b"}]},
        "own": {"_producer": "p", "_schemaURL": "s", "x": 1},
        "odd": 7,
    }
    code = {"sourceCodeLocation": {"type": "git", "url": "https://x", "version": "abc"}}
    state = states(run_event("FAIL", run_facets=facets, job_facets=code))
    assert state[RUN] == {
        "tags": ["a:b"],
        "properties": {
            "state": "FAIL",
            "ended_at": AT,
            "code_version": "abc",
            "sides": {},
            "nominal_time": {"start": AT},
            "error": {"message": "boom", "language": "JAVA", "stack_trace": "at x"},
            "facets": {"own": {"x": 1}, "odd": 7},
        },
    }
    assert state[WORKFLOW] == {"properties": {"source_code_location": {"type": "git", "url": "https://x", "version": "abc"}}}


@pytest.mark.parametrize("name", ["parent", "parentRun"])
def test_parts_of_a_parent(name: str) -> None:
    parent = {"run": {"runId": "p"}, "job": {"namespace": "m", "name": "dag"}, "root": {"run": {"runId": "q"}}}
    assert triples(run_event(run_facets={name: parent})) == {
        (RUN, "run_of", WORKFLOW),
        (RUN, "part_of", AssetUri("run", "m", "p")),
        (WORKFLOW, "part_of", AssetUri("workflow", "m", "dag")),
    }


def test_nothing_is_its_own_parent() -> None:
    itself = {"run": {"runId": "r"}, "job": {"namespace": "n", "name": "j"}}
    assert triples(run_event(run_facets={"parent": itself})) == {(RUN, "run_of", WORKFLOW)}


def test_a_job_event_declares() -> None:
    statements = normalise(job_event(inputs=[dataset("a")], outputs=[]))
    assert [fact for fact in statements if isinstance(fact, EdgeFact)] == [
        EdgeFact(ds("a"), "input_to", WORKFLOW, "openlineage", MOMENT, mode=Mode.DECLARED)
    ]
    assert statements[-1] == Declaration(WORKFLOW, "openlineage", MOMENT, ("inputs", "outputs"))
    assert normalise(job_event(outputs=[]))[-1] == Declaration(WORKFLOW, "openlineage", MOMENT, ("outputs",))
    assert not [fact for fact in normalise(job_event()) if isinstance(fact, Declaration)]


def test_a_dataset_event_reports_columns_but_never_datasets_from_datasets() -> None:
    sources = {"fields": {"x": {"inputFields": [{"namespace": "d", "name": "a", "field": "y"}]}}}
    for name in ("columnLineage", "lineage"):
        facet = sources if name == "columnLineage" else {"fields": {"x": {"inputs": sources["fields"]["x"]["inputFields"]}}}
        derived = (AssetUri("column", "d", "a#y"), "derives", AssetUri("column", "d", "b#x"))
        assert edges(dataset_event("b", **{name: facet})) == {derived: {}}
