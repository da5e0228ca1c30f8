"""dbt's and Feast's own names, in events that the tools sent (`recorded/`), and in small variations of them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mlgraph.connectors.openlineage import normalise
from mlgraph.domain.facts import AssetFact, EdgeFact
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.uri import AssetUri

Json = dict[str, Any]
CONNECTORS = Path(__file__).parents[1]
DBT = CONNECTORS / "dbt" / "recorded" / "events"
FEAST = CONNECTORS / "openlineage" / "recorded" / "feast.ndjson"
RELATIVE = "dbt:shop:duckdb://shop.duckdb"
PARQUET = "/srv/shop/lake/customer_features.parquet"


def recorded(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def assets(events: list[Json], *kinds: str, scope: str | None = None) -> set[tuple[str, str, str]]:
    """The assets with a state, of these kinds."""
    facts = (fact for event in events for fact in normalise(event, NamingContext(scope)) if isinstance(fact, AssetFact))
    return {(fact.uri.kind, fact.uri.namespace, fact.uri.name) for fact in facts if fact.uri.kind in kinds}


def edges(events: list[Json], relation: str, scope: str | None = None) -> list[EdgeFact]:
    facts = (fact for event in events for fact in normalise(event, NamingContext(scope)) if isinstance(fact, EdgeFact))
    return [fact for fact in facts if fact.relation == relation]


def feast_event(index: int = 0) -> Json:
    return recorded(FEAST)[index]


@pytest.mark.parametrize("command", ["run", "run_in_airflow", "build", "build_structured_logs"])
def test_a_model_of_dbt_is_one_workflow_whatever_runs_it(command: str) -> None:
    found = assets(recorded(DBT / f"{command}.ndjson"), "workflow")
    models = {("workflow", "dbt", f"model.shop.{name}") for name in ("customers", "customer_features_file")}
    assert {each for each in found if each[2].startswith("model.") and not each[2].endswith(".test")} == models
    assert ("workflow", "dbt:shop", "dbt-run-shop") in found
    assert not [each for each in found if ".sql." in each[2] or each[2].startswith("shop.main.")]


def test_the_names_that_a_command_of_dbt_gives_are_aliases() -> None:
    events = recorded(DBT / "run_in_airflow.ndjson") + recorded(DBT / "build.ndjson")
    names = {
        (fact.source.namespace, fact.source.name): fact.target.name
        for fact in edges(events, "alias_of")
        if fact.source.kind == "workflow"
    }
    assert names == {
        ("airflow-prod", "dbt-run-shop"): "dbt-run-shop",
        ("dbt", "dbt-run-shop"): "dbt-run-shop",
        ("dbt", "shop.main.shop.customers"): "model.shop.customers",
        ("dbt", "shop.main.shop.customers.build.run"): "model.shop.customers",
        ("dbt", "shop.main.shop.customers.build.test"): "model.shop.customers.test",
        ("dbt", "shop.main.shop.customer_features_file"): "model.shop.customer_features_file",
        ("dbt", "shop.main.shop.customer_features_file.build.run"): "model.shop.customer_features_file",
        ("dbt", "shop.main.shop.customer_features_file.build.test"): "model.shop.customer_features_file.test",
    }


def test_the_names_that_files_of_dbt_give_to_runs_and_tables_are_aliases() -> None:
    events = recorded(DBT / "build.ndjson")
    invocation = events[0]["run"]["facets"]["dbt_run"]["invocation_id"]
    found = [fact for fact in edges(events, "alias_of") if fact.source.kind != "workflow"]
    assert {fact.source.name: fact.target.name for fact in found if fact.source.kind == "dataset"} == {
        "model.shop.customers": "shop.main.customers",
        "model.shop.customer_features_file": "shop.main.customer_features_file",
    }
    assert {fact.source.namespace for fact in found if fact.source.kind == "dataset"} == {"dbt:shop"}
    assert {fact.source.name for fact in found if fact.source.kind == "run"} == {
        invocation,
        f"{invocation}/model.shop.customers",
        f"{invocation}/model.shop.customer_features_file",
    }


def test_a_seed_that_the_events_of_dbt_do_not_list_is_an_input_by_the_lineage_of_columns() -> None:
    inputs = {(fact.source.name, fact.relation) for fact in edges(recorded(DBT / "build.ndjson"), "input_to")}
    assert ("shop.main.orders", "input_to") in inputs
    assert "range" not in {name for name, _ in inputs}


def test_the_run_of_a_model_is_a_part_of_the_invocation_wherever_its_parent_is() -> None:
    events = recorded(DBT / "run_in_airflow.ndjson")
    parts = {(fact.source.name, str(fact.target)) for fact in edges(events, "part_of") if fact.source.kind == "workflow"}
    assert ("model.shop.customers", "mlg://workflow/dbt%3Ashop/dbt-run-shop") in parts
    assert ("dbt-run-shop", "mlg://workflow/airflow-prod/nightly.dbt") in parts
    invocation = {fact.source for fact in edges(events, "run_of") if fact.target.name == "dbt-run-shop"}
    assert {fact.target for fact in edges(events, "part_of") if fact.source.kind == "run"} == {
        *invocation,
        AssetUri("run", "airflow-prod", "0193a200-1111-7abc-8def-000000000003"),
    }


def test_tests_of_dbt_report_quality_and_make_nothing() -> None:
    for command in ("build", "build_structured_logs"):
        events = recorded(DBT / f"{command}.ndjson")
        checks = {fact.source for fact in edges(events, "run_of") if "test" in fact.target.name}
        assert checks
        ends = {
            end for relation in ("input_to", "outputs") for each in edges(events, relation) for end in (each.source, each.target)
        }
        assert not ends & checks
        assert not [each for each in assets(events, "dataset") if "dbt_test__audit" in each[2]]
        asserted = [
            fact.state["properties"]["quality"]["assertions"]
            for event in events
            for fact in normalise(event)
            if isinstance(fact, AssetFact) and "quality" in fact.state.get("properties", {})
        ]
        assert {check["assertion"] for each in asserted for check in each} >= {"not_null", "unique"}


def test_a_relative_file_belongs_to_the_project_and_to_the_scope() -> None:
    events = recorded(DBT / "run.ndjson")
    assert {each[1] for each in assets(events, "dataset")} == {RELATIVE}
    assert {each[1] for each in assets(events, "dataset", scope="a")} == {f"a:{RELATIVE}"}
    other = [json.loads(json.dumps(event).replace('"project_name": "shop"', '"project_name": "bank"')) for event in events]
    assert {each[1] for each in assets(other, "dataset")} == {RELATIVE.replace("shop", "bank", 1)}
    assert {each[1] for each in assets(recorded(DBT / "run_absolute.ndjson"), "dataset")} == {"duckdb:///srv/shop/shop.duckdb"}


def test_a_function_in_column_lineage_is_no_dataset() -> None:
    columns = edges(recorded(DBT / "build.ndjson"), "derives")
    assert {fact.source.name.partition("#")[0] for fact in columns} == {"shop.main.orders", "shop.main.customers"}
    outputs = edges(recorded(DBT / "build.ndjson"), "outputs")
    assert {source.rpartition("/")[2] for fact in outputs for source in fact.properties.get("from", ())} == {
        "shop.main.orders",
        "shop.main.customers",
    }


def test_a_project_that_is_no_name_makes_no_namespace() -> None:
    event = recorded(DBT / "run.ndjson")[0]
    for project in ("", " ", "\0", 7, None, ["shop"]):
        event["run"]["facets"]["dbt_run"]["project_name"] = project
        assert assets([event], "workflow") == {("workflow", "dbt", "dbt-run-shop")}


def test_feast_names_views_services_and_sources_by_their_facets() -> None:
    found = assets(recorded(FEAST), "dataset", "feature_view", "feature_service", "workflow")
    views = {
        ("feature_view", "feast", f"shop/{view}") for view in ("customer_stats", "order_totals", "visitor_clicks", "basket_share")
    }
    services = {("feature_service", "feast", f"shop/{service}") for service in ("ranker_v1", "churn_v1")}
    stored = ("clicks", "order_events", "customer_stats", "online_store_customer_stats", "online_store_visitor_clicks")
    datasets = {("dataset", "feast", f"shop/{name}") for name in stored}
    assert found == {*views, *services, *datasets, ("workflow", "feast", "shop/materialize_shop")}


def test_definitions_of_feast_make_no_edges_but_names() -> None:
    definitions = [event for event in recorded(FEAST) if event["job"]["name"] != "materialize_shop"]
    assert len(definitions) == 3
    facts = [fact for event in definitions for fact in normalise(event)]
    assert {fact.relation for fact in facts if isinstance(fact, EdgeFact)} == {"alias_of"}
    assert ("dataset", "file", PARQUET) in {
        (fact.target.kind, fact.target.namespace, fact.target.name) for fact in edges(definitions, "alias_of")
    }
    assert not [fact for fact in facts if isinstance(fact, DetailWarning)]


def test_a_view_feeds_its_table_of_the_online_store_and_no_other() -> None:
    made = {fact.target.name: fact.properties["from"] for fact in edges(recorded(FEAST), "outputs")}
    assert made == {
        f"shop/online_store_{view}": [f"mlg://feature_view/feast/shop%2F{view}"] for view in ("customer_stats", "visitor_clicks")
    }


def test_fields_of_a_view_are_features() -> None:
    (view,) = [
        fact
        for fact in normalise(feast_event())
        if isinstance(fact, AssetFact) and fact.uri == AssetUri("feature_view", "feast", "shop/customer_stats")
    ]
    properties = view.state["properties"]
    assert [each["name"] for each in properties["features"]] == ["lifetime_value", "orders_30d", "segment"]
    assert "schema" not in properties


@pytest.mark.parametrize(
    ("namespace", "scope", "expected"),
    [
        ("shop", None, "feast"),
        ("shop", "acme", "feast:acme"),
        ("prod/shop", None, "feast:prod"),
        ("feast:prod/shop", "acme", "feast:prod"),
        ("default/shop", "acme", "feast:acme:default"),
    ],
)
def test_the_instance_of_feast_is_its_configured_namespace_or_else_the_scope(
    namespace: str, scope: str | None, expected: str
) -> None:
    event = json.loads(json.dumps(feast_event()).replace('"namespace": "shop"', f'"namespace": "{namespace}"'))
    assert {each[1] for each in assets([event], "feature_view", scope=scope)} == {expected}


def test_a_custom_producer_of_feast_is_recognised_by_its_facets() -> None:
    event = {**feast_event(3), "producer": "https://shop.example"}
    assert assets([event], "workflow") == {("workflow", "feast", "shop/materialize_shop")}


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3a://lake/trips/", AssetUri("dataset", "s3://lake", "trips")),
        ("s3://lake", None),
        ("table://CUSTOMER_FEATURES", None),
        ("query://-5418", None),
        ("data/trips.parquet", None),
    ],
)
def test_a_source_of_feast_is_an_alias_of_where_it_lives(uri: str, place: AssetUri | None) -> None:
    event = copy.deepcopy(feast_event())
    event["inputs"] = [next(each for each in event["inputs"] if each["name"] == "clicks")]
    event["inputs"][0]["facets"]["dataSource"]["uri"] = uri
    assert [fact.target for fact in edges([event], "alias_of")] == ([place] if place else [])


def test_the_hash_of_a_query_is_no_state() -> None:
    event = copy.deepcopy(feast_event())
    source = next(each for each in event["inputs"] if each["name"] == "clicks")
    states = []
    for number in ("1", "2"):
        source["facets"]["dataSource"]["uri"] = f"query://{number}"
        states.append([fact.state for fact in normalise(event) if isinstance(fact, AssetFact)])
    assert states[0] == states[1]


def test_a_saved_dataset_of_feast_is_where_it_is_stored() -> None:
    links = {"identifiers": [{"namespace": "shop", "name": "s3://lake/saved.parquet", "type": "TABLE"}]}
    dataset = {"namespace": "shop", "name": "clicks", "facets": {"symlinks": links}}
    event = {"eventTime": "2026-11-30T09:00:00Z", "producer": "feast", "dataset": dataset}
    assert assets([event], "dataset") == {("dataset", "feast", "shop/saved_dataset_clicks")}
    assert [fact.target for fact in edges([event], "alias_of")] == [AssetUri("dataset", "s3://lake", "saved.parquet")]


def test_a_parent_of_another_tool_keeps_its_name() -> None:
    event = copy.deepcopy(feast_event(3))
    job = {"namespace": "airflow-prod", "name": "nightly"}
    event["run"]["facets"]["parent"] = {"job": job, "run": {"runId": "r"}}
    assert AssetUri("workflow", "airflow-prod", "nightly") in {fact.target for fact in edges([event], "part_of")}


def test_tags_of_airflow_are_their_keys() -> None:
    events = recorded(CONNECTORS / "openlineage" / "recorded" / "airflow.ndjson")
    tags = [
        fact.state["tags"]
        for event in events
        for fact in normalise(event)
        if isinstance(fact, AssetFact) and fact.uri.kind == "workflow" and "tags" in fact.state
    ]
    assert tags
    assert all(each == ["daily"] for each in tags)
