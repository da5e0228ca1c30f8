"""Details of an event that cannot be read: they are left out with a warning, and the rest of the event counts."""

import hashlib
from typing import Any

import pytest

from mlgraph.connectors.openlineage import normalise
from mlgraph.domain.facts import AssetFact, Declaration, EdgeFact
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri
from tests.connectors.openlineage.events import (
    AT,
    MOMENT,
    RUN,
    WORKFLOW,
    Json,
    col,
    dataset,
    dataset_event,
    ds,
    edges,
    job_event,
    run_event,
    states,
    triples,
)

GOOD = {(ds("a"), "input_to", RUN), (RUN, "outputs", ds("b")), (RUN, "run_of", WORKFLOW)}
"""The edges of an event that reads a and writes b."""


def warnings(event: Any) -> dict[str, str]:
    return {each.pointer: each.message for each in normalise(event) if isinstance(each, DetailWarning)}


def with_details(*, run: Json | None = None, job: Json | None = None, a: Json | None = None, b: Json | None = None) -> Json:
    """Return an event that reads a and writes b, with facets for the run, the job and both datasets."""
    return run_event(run_facets=run, job_facets=job, inputs=[dataset("a", **(a or {}))], outputs=[dataset("b", **(b or {}))])


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        (with_details(run={"parent": []}), "/run/facets/parent"),
        (with_details(run={"parent": {"run": {"runId": "p"}}}), "/run/facets/parent/job"),
        (with_details(run={"parent": {"run": {"runId": "p"}, "job": 1}}), "/run/facets/parent/job"),
        (with_details(run={"nominalTime": "today"}), "/run/facets/nominalTime"),
        (with_details(run={"nominalTime": {"nominalStartTime": "soon"}}), "/run/facets/nominalTime/nominalStartTime"),
        (with_details(run={"nominalTime": {"nominalEndTime": 7}}), "/run/facets/nominalTime/nominalEndTime"),
        (with_details(run={"errorMessage": {"message": ["x"]}}), "/run/facets/errorMessage/message"),
        (with_details(run={"x/y": {"n": float("inf")}}), "/run/facets/x~1y/n"),
        (with_details(run={"tags": {"tags": [{"value": "x"}]}}), "/run/facets/tags/tags/0/key"),
        (with_details(job={"documentation": {"description": {}}}), "/job/facets/documentation/description"),
        (with_details(job={"ownership": {"owners": [{"name": " "}]}}), "/job/facets/ownership/owners/0/name"),
        (with_details(job={"ownership": {"owners": {"name": "x"}}}), "/job/facets/ownership/owners"),
        (with_details(job={"jobType": {"integration": 3}}), "/job/facets/jobType/integration"),
        (with_details(job={"sourceCodeLocation": {"version": 3}}), "/job/facets/sourceCodeLocation/version"),
        (with_details(a={"schema": {"fields": {}}}), "/inputs/0/facets/schema/fields"),
        (with_details(a={"schema": {"fields": ["x"]}}), "/inputs/0/facets/schema/fields/0"),
        (with_details(a={"schema": {"fields": [{"name": 1}]}}), "/inputs/0/facets/schema/fields/0/name"),
        (with_details(a={"schema": {"fields": [{"name": "x", "type": {}}]}}), "/inputs/0/facets/schema/fields/0/type"),
        (
            with_details(a={"symlinks": {"identifiers": [{"namespace": "d", "name": ""}]}}),
            "/inputs/0/facets/symlinks/identifiers/0/name",
        ),
        (with_details(a={"version": {"datasetVersion": 5}}), "/inputs/0/facets/version/datasetVersion"),
        (with_details(a={"version": {"datasetVersion": " "}}), "/inputs/0/facets/version/datasetVersion"),
        (
            with_details(b={"lifecycleStateChange": {"lifecycleStateChange": True}}),
            "/outputs/0/facets/lifecycleStateChange/lifecycleStateChange",
        ),
        (with_details(b={"dataQualityMetrics": {"columnMetrics": []}}), "/outputs/0/facets/dataQualityMetrics/columnMetrics"),
        (with_details(b={"dataQualityMetrics": {"lastUpdated": "never"}}), "/outputs/0/facets/dataQualityMetrics/lastUpdated"),
        (
            with_details(b={"dataQualityAssertions": {"assertions": [{"success": "yes"}]}}),
            "/outputs/0/facets/dataQualityAssertions/assertions/0/success",
        ),
        (with_details(b={"columnLineage": {"fields": []}}), "/outputs/0/facets/columnLineage/fields"),
        (with_details(b={"columnLineage": {"fields": {"": {"inputFields": []}}}}), "/outputs/0/facets/columnLineage/fields/"),
        (
            with_details(b={"columnLineage": {"fields": {"x": {"inputFields": 3}}}}),
            "/outputs/0/facets/columnLineage/fields/x/inputFields",
        ),
        (
            with_details(b={"columnLineage": {"fields": {"x": {"inputFields": [dataset("a")]}}}}),
            "/outputs/0/facets/columnLineage/fields/x/inputFields/0/field",
        ),
        (
            with_details(b={"lineage": {"inputs": [{"namespace": "d", "name": "a", "type": 3}]}}),
            "/outputs/0/facets/lineage/inputs/0/type",
        ),
        ({**with_details(), "schemaURL": 3}, "/schemaURL"),
        ({**with_details(), "inputs": [dataset("a"), "x"]}, "/inputs/1"),
        ({**with_details(), "inputs": [dataset("a"), None]}, "/inputs/1"),
        ({**with_details(), "inputs": [dataset("a"), {"namespace": "d"}]}, "/inputs/1/name"),
        ({**with_details(), "inputs": [dataset("a"), dataset("")]}, "/inputs/1/name"),
        ({**with_details(), "inputs": [dataset("a"), dataset(" ")]}, "/inputs/1/name"),
        ({**with_details(), "outputs": [dataset("b"), {"name": "c"}]}, "/outputs/1/namespace"),
        ({**with_details(), "outputs": [dataset("b"), {"namespace": 1, "name": "c"}]}, "/outputs/1/namespace"),
        ({**with_details(), "outputs": [dataset("b"), dataset("c\0")]}, "/outputs/1/name"),
        ({**with_details(), "outputs": [dataset("b"), dataset("\ud800")]}, "/outputs/1/name"),
        ({**with_details(), "outputs": [{**dataset("b"), "facets": []}]}, "/outputs/0/facets"),
        ({**with_details(), "outputs": [{**dataset("b"), "outputFacets": 1}]}, "/outputs/0/outputFacets"),
    ],
)
def test_a_detail_that_cannot_be_read_is_left_out_and_listed(event: Json, pointer: str) -> None:
    assert set(warnings(event)) == {pointer}
    assert warnings(event)[pointer].startswith("left out: ")
    assert triples(event) == GOOD
    assert states(event)[RUN]["properties"]["state"] == "COMPLETE"
    assert warnings(event) == warnings(event), "a repetition has the same warnings"


@pytest.mark.parametrize(
    "event",
    [
        with_details(),
        {**with_details(), "run": {"runId": "r", "facets": None}},
        with_details(run={"parent": None, "nominalTime": None}),
        with_details(run={"tags": {"tags": None}, "nominalTime": {"nominalStartTime": None}}),
        with_details(job={"documentation": {"description": None}, "ownership": {"owners": None}}),
        with_details(a={"schema": {"fields": None}, "symlinks": {"identifiers": None}, "unknown": 3}),
        with_details(b={"columnLineage": {"fields": {"x": {"inputFields": None}, "y": None}}}),
        {**with_details(), "unknown": {"key": [None]}, "producer": 3},
    ],
)
def test_null_is_absent_and_unknown_members_are_no_fault(event: Json) -> None:
    assert warnings(event) == {}
    assert triples(event) == GOOD


def test_null_sides_are_absent() -> None:
    event = run_event(inputs=None, outputs=[dataset("b")])
    assert warnings(event) == {}
    assert states(event)[RUN]["properties"]["sides"] == {"outputs": True}


@pytest.mark.parametrize("side", ["inputs", "outputs"])
@pytest.mark.parametrize("value", [{}, "a", 3, False, [3], [{"namespace": "d"}], [{}, None]])
def test_a_side_without_a_readable_item_is_not_reported(side: str, value: object) -> None:
    event = {**run_event(), side: value}
    assert all(pointer.startswith(f"/{side}") for pointer in warnings(event))
    assert warnings(event)
    assert states(event)[RUN]["properties"]["sides"] == {}
    assert states({**run_event(), side: []})[RUN]["properties"]["sides"] == {side: True}


def test_a_declaration_of_which_nothing_can_be_read_closes_nothing() -> None:
    declared = [each for each in normalise(job_event(inputs="a", outputs=[])) if isinstance(each, Declaration)]
    assert [each.sides for each in declared] == [("outputs",)]


@pytest.mark.parametrize("word", ["DONE", "complete", "", "\0", 3, ["START"], {}])
def test_an_unknown_event_type_is_other(word: object) -> None:
    event = {**with_details(), "eventType": word}
    assert states(event)[RUN]["properties"]["state"] == "OTHER"
    assert list(warnings(event)) == ["/eventType"]
    assert "OTHER" in warnings(event)["/eventType"]


@pytest.mark.parametrize(
    ("text", "moment", "warned"),
    [
        ("2026-01-02T03:04:05Z", 0, False),
        ("2026-01-02T03:04:05.123456789Z", 123_456, False),
        ("2026-01-02T04:04:05+01:00[Europe/Paris]", 0, False),
        ("2026-01-02T03:04:05Z[Europe/London]", 0, False),
        ("2026-01-02T03:04:05.5Z[UTC]", 500_000, False),
        ("2026-01-02T04:04:05+0100", 0, False),
        ("2026-01-02T02:04:05-01", 0, False),
        ("2026-01-02 03:04:05+00", 0, False),
        ("2026-01-02T03:04Z", -5_000_000, False),
        ("2026-01-02T04:04+01:00[Europe/Paris]", -5_000_000, False),
        ("2026-01-02T03:04:05", 0, True),
        ("2026-01-02T03:04:05.25", 250_000, True),
        ("2026-01-02T03:04", -5_000_000, True),
        ("2026-01-02T03:04:05[Europe/London]", 0, True),
    ],
)
def test_times_as_libraries_print_them(text: str, moment: int, warned: bool) -> None:
    event = with_details(run={"nominalTime": {"nominalStartTime": text}})
    normalised = normalise({**event, "eventTime": text})
    assert {each.valid_from for each in normalised if isinstance(each, AssetFact | EdgeFact)} == {MOMENT + moment}
    pointers = [each.pointer for each in normalised if isinstance(each, DetailWarning)]
    assert pointers == (["/eventTime", "/run/facets/nominalTime/nominalStartTime"] if warned else [])
    times = states({**event, "eventTime": text})[RUN]["properties"]
    assert times["nominal_time"]["start"] == times["ended_at"]


def test_an_output_without_a_name_is_the_root_of_its_namespace() -> None:
    event = run_event(
        inputs=[{"namespace": "s3://lake", "name": ""}, dataset("a")],
        outputs=[{"namespace": "s3://results", "name": ""}, dataset("b")],
    )
    assert triples(event) == {*GOOD, (RUN, "outputs", AssetUri("dataset", "s3://results", "/"))}
    assert set(warnings(event)) == {"/inputs/0/name"}
    assert AssetUri("dataset", "s3://results", "/") in states(
        {"eventTime": AT, "dataset": {"namespace": "s3://results", "name": ""}}
    )


def test_the_columns_of_the_root_of_a_namespace() -> None:
    lineage = {"fields": {"x": {"inputFields": [{**dataset("a"), "field": "y"}, {**dataset(""), "field": "y"}]}}}
    event = run_event(inputs=[dataset("a")], outputs=[{"namespace": "d", "name": "", "facets": {"columnLineage": lineage}}])
    assert (col("a", "y"), "derives", col("/", "x")) in triples(event)
    assert list(warnings(event)) == ["/outputs/0/facets/columnLineage/fields/x/inputFields/1/name"]


@pytest.mark.parametrize("char", ["q", "\u00e9", "\u2211", "\U0001f600"])
def test_a_long_name_is_cut_after_a_character_and_ends_in_its_digest(char: str) -> None:
    name = "SELECT " + char * 3_000
    event = run_event(inputs=[{"namespace": "vertica://vt:5433", "name": name}, dataset("a")], outputs=[dataset("b")])
    (cut,) = (source.name for source, relation, _ in edges(event) if relation == "input_to" and source != ds("a"))
    assert 1_990 < len(cut.encode()) <= 2_000
    assert cut.endswith(f"~{hashlib.sha256(name.encode()).hexdigest()[:32]}")
    assert name.startswith(cut.rpartition("~")[0])
    assert triples(event) >= GOOD
    assert list(warnings(event)) == ["/inputs/0/name"]
    other = run_event(inputs=[{"namespace": "vertica://vt:5433", "name": name + "."}])
    assert not {source for source, relation, _ in edges(other) if relation == "input_to"} & set(states(event))


def test_a_name_of_the_limit_is_not_cut() -> None:
    assert warnings(run_event(inputs=[dataset("q" * 2_000)])) == {}
    assert ds("q" * 2_000) in states(run_event(inputs=[dataset("q" * 2_000)]))


def test_every_name_is_cut() -> None:
    long = "\u2211" * 3_000
    event = {
        **run_event(inputs=[{"namespace": long, "name": long}], outputs=[dataset("b", schema={"fields": [{"name": long}]})]),
        "run": {"runId": long, "facets": {"parent": {"run": {"runId": long}, "job": {"namespace": long, "name": long}}}},
        "job": {"namespace": long, "name": long, "facets": {"ownership": {"owners": [{"name": f"team:{long}"}]}}},
    }
    found = states(event)
    assert {uri.kind for uri in found} == {"run", "workflow", "dataset"}
    assert all(len(str(uri)) <= MAX_URI_CHARS for uri in found)
    assert {"/run/runId", "/job/namespace", "/job/name", "/inputs/0/namespace", "/inputs/0/name"} < set(warnings(event))


def test_a_column_whose_uri_would_be_too_long_is_left_out() -> None:
    long = "\u2211" * 3_000
    lineage = {
        "fields": {
            long: {"inputFields": [{**dataset(long), "field": "y"}]},
            "x": {"inputFields": [{**dataset("a"), "field": "y"}]},
        }
    }
    event = run_event(outputs=[dataset("b", columnLineage=lineage), dataset(long, columnLineage=lineage)])
    assert (col("a", "y"), "derives", col("b", "x")) in triples(event)
    assert any("URI of the column" in message for message in warnings(event).values())


def test_a_broken_schema_is_read_again_for_each_event() -> None:
    broken = {"fields": [{"name": "x"}, {"name": ""}]}
    for _ in range(3):
        event = dataset_event("a", schema=broken)
        assert list(warnings(event)) == ["/dataset/facets/schema/fields/1/name"]
        assert states(event)[ds("a")]["properties"]["schema"] == [{"name": "x"}]


def test_wrong_members_of_a_stored_facet_are_left_out_alone() -> None:
    checks = [{"assertion": "unique", "column": 3, "success": True}, 7, {"assertion": "not_null", "success": False}]
    found = states(dataset_event("a", dataQualityAssertions={"assertions": checks}))[ds("a")]["properties"]["quality"]
    assert found == {"assertions": [{"assertion": "unique", "success": True}, {"assertion": "not_null", "success": False}]}
    how = [{"type": "DIRECT", "masking": "no"}, "x", {"type": 3, "subtype": "IDENTITY"}]
    lineage = {"fields": {"x": {"inputFields": [{**dataset("a"), "field": "y", "transformations": how}]}}}
    event = dataset_event("b", columnLineage=lineage)
    assert edges(event)[col("a", "y"), "derives", col("b", "x")] == {
        "transformation": [{"type": "DIRECT"}, {"subtype": "IDENTITY"}]
    }
    assert len(warnings(event)) == 3
