"""Datasets in events: facets, drops, and other names."""

import pytest

from mlgraph.connectors.openlineage import normalise
from mlgraph.domain.facts import AssetRetraction, Contact, EdgeFact, EdgeRetraction
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.uri import AssetUri, person_uri
from tests.connectors.openlineage.events import (
    MOMENT,
    RUN,
    Json,
    dataset,
    dataset_event,
    ds,
    edges,
    run_event,
    states,
    triples,
)


@pytest.mark.parametrize(
    ("facets", "state"),
    [
        ({}, {}),
        ({"schema": {"fields": []}}, {}),
        (
            {"schema": {"fields": [{"name": "a", "type": "int", "fields": [{"name": "b", "ordinal_position": 1}]}, {}]}},
            {"properties": {"schema": [{"name": "a", "type": "int", "fields": [{"name": "b", "ordinal_position": 1}]}]}},
        ),
        ({"documentation": {"description": "text"}}, {"description": "text"}),
        ({"documentation": {}}, {}),
        ({"tags": {"tags": [{"key": "k", "value": "v"}, {"key": "t", "value": "True"}]}}, {"tags": ["k:v", "t"]}),
        (
            {"tags": {"tags": [{"key": "pii", "value": "", "field": "x"}]}},
            {"tags": [], "properties": {"facets": {"tags": {"tags": [{"key": "pii", "value": "", "field": "x"}]}}}},
        ),
        ({"version": {"datasetVersion": "3"}}, {"properties": {"version": "3"}}),
        ({"lifecycleStateChange": {"lifecycleStateChange": "TRUNCATE"}}, {"properties": {"lifecycle": "TRUNCATE"}}),
        (
            {"dataQualityAssertions": {"assertions": [{"assertion": "a", "success": True}]}},
            {"properties": {"quality": {"assertions": [{"assertion": "a", "success": True}]}}},
        ),
        (
            {"storage": {"_producer": "p", "fileFormat": "csv"}},
            {"properties": {"facets": {"storage": {"fileFormat": "csv"}}}},
        ),
        ({"gone": {"_deleted": True}}, {"properties": {"facets": {"gone": None}}}),
        ({"documentation": {"_deleted": True}, "tags": {"_deleted": True}}, {"description": "", "tags": []}),
        (
            {"schema": {"_deleted": True}, "ownership": {"_deleted": True}},
            {"owners": [], "properties": {"schema": None}},
        ),
        ({"symlinks": {"_deleted": True}}, {"properties": {"facets": {"symlinks": None}}}),
        ({"nothing": None}, {}),
    ],
)
def test_facets(facets: Json, state: Json) -> None:
    assert states(dataset_event("a", **facets)) == {ds("a"): state}


def test_input_and_output_facets_are_retained_on_the_dataset() -> None:
    measured = {"dataQualityMetrics": {"rowCount": 3, "columnMetrics": {"x": {"nullCount": 0}}}}
    event = run_event(
        inputs=[{**dataset("a", version={"datasetVersion": "3"}), "inputFacets": measured}],
        outputs=[{**dataset("b"), "outputFacets": {"outputStatistics": {"rowCount": 1}}}],
    )
    found = states(event)
    assert found[ds("a")]["properties"] == {"quality": {"metrics": {"rowCount": 3, "columnMetrics": {"x": {"nullCount": 0}}}}}
    assert found[ds("b")]["properties"] == {"facets": {"outputStatistics": {"rowCount": 1}}}
    assert edges(event)[ds("a"), "input_to", RUN] == {"version": "3"}


def test_the_time_of_metrics_is_utc() -> None:
    metrics = {"dataQualityMetrics": {"rowCount": 3, "lastUpdated": "2026-01-02T03:04:05+0100"}}
    found = states(run_event(inputs=[{**dataset("a"), "inputFacets": metrics}]))
    assert found[ds("a")]["properties"]["quality"]["metrics"] == {"rowCount": 3, "lastUpdated": "2026-01-02T02:04:05Z"}


def test_owners() -> None:
    names = [
        "team:data",
        "application:shop",
        "user:u1842",
        "Owner <owner@example.com>",
        "owner@example.com",
        "",
        None,
        "mlg://team/acme/ml",
    ]
    statements = normalise(dataset_event("a", ownership={"owners": [{"name": name} for name in names]}))
    by_mail, by_id = person_uri("owner@example.com"), person_uri("u1842")
    teams = [AssetUri("team", "org", "data"), AssetUri("team", "org", "shop"), AssetUri("team", "acme", "ml")]
    assert statements[0].state == {"owners": sorted(map(str, [by_mail, by_id, *teams]))}  # type: ignore[union-attr]
    assert statements[1:3] == [Contact(by_id, "u1842", None), Contact(by_mail, None, "owner@example.com")]
    assert [each.pointer for each in statements[3:] if isinstance(each, DetailWarning)] == [
        "/dataset/facets/ownership/owners/5/name",
        "/dataset/facets/ownership/owners/6/name",
    ]


def test_a_dropped_dataset_is_retracted() -> None:
    drop = {"lifecycleStateChange": "DROP"}
    event = dataset_event("a", lifecycleStateChange=drop, symlinks={"identifiers": [dataset("link")]})
    assert normalise(event) == [AssetRetraction(ds("a"), "openlineage", MOMENT)]
    by_run = run_event(outputs=[dataset("a", lifecycleStateChange=drop)])
    assert AssetRetraction(ds("a"), "openlineage", MOMENT) in normalise(by_run)
    assert ds("a") not in states(by_run)
    assert (RUN, "outputs", ds("a")) in triples(by_run)


def renamed(before: str, now: str) -> Json:
    change = {"lifecycleStateChange": "RENAME", "previousIdentifier": {"namespace": "d", "name": before}}
    return dataset_event(now, lifecycleStateChange=change)


def test_the_old_name_of_a_renamed_dataset_is_an_alias_of_the_new_one() -> None:
    statements = normalise(renamed("a", "b"))
    assert AssetRetraction(ds("a"), "openlineage", MOMENT) in statements
    assert EdgeRetraction(ds("b"), "alias_of", ds("a"), "openlineage", MOMENT) in statements
    (alias,) = [fact for fact in statements if isinstance(fact, EdgeFact)]
    # A retraction closes every edge of its asset that opened at or before its time.
    assert (alias.source, alias.relation, alias.target, alias.valid_from) == (ds("a"), "alias_of", ds("b"), MOMENT + 1)
    assert states(renamed("a", "b"))[ds("b")] == {"properties": {"lifecycle": "RENAME", "renamed_from": str(ds("a"))}}


def test_a_dataset_renamed_to_itself_stays() -> None:
    assert states(renamed("a", "a")) == {ds("a"): {"properties": {"lifecycle": "RENAME"}}}
    assert len(normalise(renamed("a", "a"))) == 1


def test_symlinks_are_other_names() -> None:
    links = {"identifiers": [{"namespace": "hive", "name": "t", "type": "TABLE"}, dataset("a"), {"type": "TABLE"}]}
    assert triples(dataset_event("a", symlinks=links)) == {(AssetUri("dataset", "hive", "t"), "alias_of", ds("a"))}


def test_a_dataset_listed_twice_is_reported_once() -> None:
    event = run_event(
        inputs=[dataset("a", x={"n": 1}), dataset("a", y={"n": 2}), dataset("a", version={"datasetVersion": "1"})],
        outputs=[dataset("a", x={"n": 3})],
    )
    statements = normalise(event)
    assert states(event)[ds("a")] == {"properties": {"facets": {"x": {"n": 3}, "y": {"n": 2}}}}
    assert [fact.properties for fact in statements if isinstance(fact, EdgeFact) and fact.relation == "input_to"] == [
        {},
        {"version": "1"},
    ]
