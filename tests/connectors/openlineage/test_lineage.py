"""The inputs that feed each output, and the edges between columns (docs/spec.md#4-pairs)."""

import pytest

from tests.connectors.openlineage.events import (
    RUN,
    WORKFLOW,
    Json,
    col,
    dataset,
    ds,
    edges,
    job_event,
    run_event,
)

BY = {"by": str(RUN)}


def source(name: str, field: str | None = None, **more: object) -> Json:
    return {"namespace": "d", "name": name, **({"field": field} if field else {}), **more}


def columns(dataset_wide: list[Json] | None = None, **fields: list[Json]) -> Json:
    facet: Json = {"fields": {name: {"inputFields": listed} for name, listed in fields.items()}}
    return {**facet, "dataset": dataset_wide} if dataset_wide is not None else facet


def feeds(event: Json) -> list[str] | None:
    return next(iter(edges(event, "outputs").values())).get("from")


def test_without_lineage_no_pairs_are_reported() -> None:
    assert feeds(run_event(inputs=[dataset("a")], outputs=[dataset("b")])) is None


def test_column_lineage_names_the_inputs_that_feed() -> None:
    facet = columns([source("c", "k")], x=[source("a", "p"), source("a", "q")], y=[source("b", "r")])
    event = run_event(inputs=[dataset(name) for name in "abce"], outputs=[dataset("o", columnLineage=facet)])
    assert feeds(event) == [str(ds("a")), str(ds("b")), str(ds("c"))]
    assert edges(event, "derives") == {
        (col("a", "p"), "derives", col("o", "x")): BY,
        (col("a", "q"), "derives", col("o", "x")): BY,
        (col("b", "r"), "derives", col("o", "y")): BY,
        (col("c", "k"), "derives", col("o", "x")): BY,
        (col("c", "k"), "derives", col("o", "y")): BY,
    }


@pytest.mark.parametrize("fields", [{}, None])
def test_dataset_level_sources_lead_to_all_fields_of_the_schema_where_no_field_is_listed(fields: Json | None) -> None:
    facet: Json = {"fields": fields, "dataset": [source("a", "k")]}
    schema = {"fields": [{"name": "x"}, {"name": "y", "fields": [{"name": "z"}]}]}
    event = run_event(outputs=[dataset("o", columnLineage=facet, schema=schema)])
    assert set(edges(event, "derives")) == {(col("a", "k"), "derives", col("o", name)) for name in "xy"}


def test_column_lineage_that_names_nothing_decides_nothing() -> None:
    silent: list[Json] = [{}, {"fields": {}}, columns(x=[]), columns([], x=[{"name": "no namespace"}])]
    for facet in silent:
        assert feeds(run_event(inputs=[dataset("a")], outputs=[dataset("o", columnLineage=facet)])) is None


@pytest.mark.parametrize(
    ("facet", "expected"),
    [
        (columns(x=[source("a", "p", transformations=[{"type": "DIRECT"}])]), [{"type": "DIRECT"}]),
        (
            {
                "fields": {
                    "x": {
                        "inputFields": [source("a", "p")],
                        "transformationType": "MASKED",
                        "transformationDescription": "hash",
                    }
                }
            },
            [{"type": "MASKED", "description": "hash"}],
        ),
        (
            columns(
                [source("a", "p", transformations=[{"type": "INDIRECT", "subtype": "SORT"}])],
                x=[source("a", "p", transformations=[{"type": "DIRECT", "masking": True}])],
            ),
            [{"type": "DIRECT", "masking": True}, {"type": "INDIRECT", "subtype": "SORT"}],
        ),
        ({"fields": {"x": {"inputFields": [source("a", "p")], "transformationType": ""}}}, None),
    ],
)
def test_transformations(facet: Json, expected: list[Json] | None) -> None:
    (properties,) = edges(run_event(outputs=[dataset("o", columnLineage=facet)]), "derives").values()
    assert sorted(properties.get("transformation", []), key=str) == sorted(expected or [], key=str)


def test_hashes_in_names_of_columns_are_hidden() -> None:
    event = run_event(outputs=[dataset("o#1", columnLineage=columns(**{"x#y": [source("a", "p")]}))])
    assert (col("a", "p"), "derives", col("o%231", "x%23y")) in edges(event)


LINEAGE_A = {"inputs": [source("a", type="DATASET")]}
COLUMNS_B = columns(x=[source("b", "q")])


def entries(*listed: Json, key: str = "entries") -> Json:
    return {"lineage": {key: list(listed)}}


@pytest.mark.parametrize(
    "event",
    [
        run_event(inputs=[dataset("a"), dataset("b")], outputs=[dataset("o", lineage=LINEAGE_A, columnLineage=COLUMNS_B)]),
        run_event(
            inputs=[dataset("a"), dataset("b")],
            outputs=[dataset("o", columnLineage=COLUMNS_B)],
            job_facets=entries({**source("o", type="DATASET"), **LINEAGE_A}),
        ),
        run_event(
            inputs=[dataset("a"), dataset("b")],
            outputs=[dataset("o", columnLineage=COLUMNS_B)],
            run_facets=entries({**source("o", type="DATASET"), **LINEAGE_A}, key="lineage"),
        ),
        run_event(outputs=[dataset("o", lineage=LINEAGE_A, columnLineage=COLUMNS_B)]),
    ],
)
def test_the_lineage_facet_takes_precedence_over_column_lineage(event: Json) -> None:
    assert feeds(event) == [str(ds("a"))]
    assert (col("b", "q"), "derives", col("o", "x")) in edges(event)


@pytest.mark.parametrize(
    "facet",
    [
        {"inputs": []},
        {"inputs": [{"type": "JOB"}]},
        {"fields": {"x": {"inputs": []}}},
    ],
)
def test_a_lineage_facet_that_names_nothing_leaves_it_to_column_lineage(facet: Json) -> None:
    event = run_event(inputs=[dataset("a"), dataset("b")], outputs=[dataset("o", lineage=facet, columnLineage=COLUMNS_B)])
    assert feeds(event) == [str(ds("b"))]


def test_names_that_are_no_input_are_reported_as_named() -> None:
    facet = {"inputs": [source("elsewhere", type="DATASET")]}
    event = run_event(inputs=[dataset("a"), dataset("b")], outputs=[dataset("o", lineage=facet, columnLineage=COLUMNS_B)])
    assert feeds(event) == [str(ds("elsewhere"))]


def test_an_output_reported_with_drop_is_marked() -> None:
    dropped = dataset("o", lifecycleStateChange={"lifecycleStateChange": "DROP"})
    assert list(edges(run_event(outputs=[dropped]), "outputs").values()) == [{"drop": True}]
    truncated = dataset("o", lifecycleStateChange={"lifecycleStateChange": "TRUNCATE"})
    assert list(edges(run_event(outputs=[truncated]), "outputs").values()) == [{}]


def test_the_edge_to_the_workflow_has_the_state_of_its_event() -> None:
    for state in ("START", "COMPLETE"):
        assert edges(run_event(state), "run_of") == {(RUN, "run_of", WORKFLOW): {"state": state}}


def test_the_lineage_facet_reports_columns_too() -> None:
    facet = {
        "inputs": [source("a", "k", type="DATASET")],
        "fields": {"x": {"inputs": [source("a", "p", type="DATASET")]}},
    }
    event = run_event(outputs=[dataset("o", lineage=facet)])
    assert set(edges(event, "derives")) == {(col("a", name), "derives", col("o", "x")) for name in "kp"}


def test_entries_for_other_targets_and_jobs_are_passed_over() -> None:
    facets = entries({"type": "JOB", **LINEAGE_A}, {**source("other", type="DATASET"), **LINEAGE_A})
    assert feeds(run_event(inputs=[dataset("a")], outputs=[dataset("o")], job_facets=facets)) is None


def test_a_declaration_has_pairs_and_columns_without_a_run() -> None:
    event = job_event(inputs=[dataset("b")], outputs=[dataset("o", columnLineage=COLUMNS_B)])
    assert edges(event) == {
        (ds("b"), "input_to", WORKFLOW): {},
        (WORKFLOW, "outputs", ds("o")): {"from": [str(ds("b"))]},
        (col("b", "q"), "derives", col("o", "x")): {"by": str(WORKFLOW)},
    }


def test_column_lineage_on_an_input_is_retained_and_makes_no_edge() -> None:
    assert edges(run_event(inputs=[dataset("a", columnLineage=COLUMNS_B)]), "derives") == {}
