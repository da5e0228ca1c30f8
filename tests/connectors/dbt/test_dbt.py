import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.connectors.dbt import connector, normalise
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.uri import AssetUri
from tests.connectors import suite

FOLDER = Path(__file__).parent / "payloads"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "dbt.md"
SECRETS = ("hunter2", "sk-12345", "tok-999", "s3cr3t", "ana@shop.example")
MODEL = "model.shop.customers"
FILE_MODEL = "model.shop.customer_features_file"


def recorded(name: str = "target") -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["payload"]
    return payload


def secretive() -> dict[str, Any]:
    payload = recorded()
    nodes = payload["manifest"]["nodes"]
    nodes[MODEL]["description"] = "see https://ci:hunter2@git.example.org/x.git"
    nodes[MODEL]["meta"] = {"owner": "team:growth", "api_key": "sk-12345"}
    nodes[FILE_MODEL]["config"]["location"] = "https://files.example.org/a.parquet?token=tok-999"
    payload["manifest"]["exposures"]["exposure.shop.ranker"]["url"] = "https://models.example.org/?token=tok-999"
    payload["run_results"]["args"] |= {"vars": {"password": "s3cr3t"}, "invocation_command": "dbt build --vars 'k: s3cr3t'"}
    return payload


def facts(statements: list[Statement]) -> list[Statement]:
    return suite.without_warnings(statements)  # type: ignore[return-value]


def edges(statements: list[Statement], relation: str) -> set[tuple[str, str]]:
    return {
        (each.source.name, each.target.name) for each in statements if isinstance(each, EdgeFact) and each.relation == relation
    }


def state(statements: list[Statement], name: str, kind: str = "dataset") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in statements:
        if isinstance(each, AssetFact) and each.uri.kind == kind and each.uri.name == name:
            found = {**found, **each.state, "properties": {**found.get("properties", {}), **each.state.get("properties", {})}}
    return found


def test_contract_suite() -> None:
    subject = suite.Subject(connector(), normalise, suite.load_recordings(FOLDER), PAGE, secretive(), SECRETS)
    suite.check_recordings(subject)
    suite.check_documented(subject)
    for recording in subject.recordings:
        suite.check_payload(subject, recording.payload)
    for name in ("run_results", "target_without_place"):
        suite.check_every_mutation(subject, small(recorded(name)))
    suite.check_random_mutations(subject)


def small(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload with what one table needs, because every value of it is mutated."""
    small_one = copy.deepcopy(payload)
    manifest = small_one.get("manifest")
    if manifest:
        manifest["nodes"] = {MODEL: manifest["nodes"][MODEL]}
        manifest["nodes"][MODEL]["depends_on"]["nodes"] = [MODEL]
        manifest["exposures"]["exposure.shop.ranker"]["depends_on"]["nodes"] = [MODEL]
        small_one["catalog"]["nodes"] = {MODEL: small_one["catalog"]["nodes"][MODEL]}
    return small_one


def test_a_table_is_made_by_the_workflow_of_its_unique_id_from_the_tables_on_which_it_depends() -> None:
    found = normalise(recorded())
    assert edges(found, "outputs") == {
        (MODEL, "shop.main.customers"),
        (FILE_MODEL, "shop.main.customer_features_file"),
        ("seed.shop.orders", "shop.main.orders"),
    }
    assert edges(found, "input_to") == {
        ("shop.main.orders", MODEL),
        ("shop.main.customers", FILE_MODEL),
        ("shop.main.customer_features_file", "exposure.shop.ranker"),
    }


def test_relation_file_and_unique_id_are_names_of_one_table() -> None:
    aliases = {
        str(each.source): each.target.name
        for each in normalise(recorded())
        if isinstance(each, EdgeFact) and each.relation == "alias_of" and each.target.name.endswith("features_file")
    }
    assert {AssetUri.parse(uri).namespace for uri in aliases} == {"dbt:shop", "dbt:shop:duckdb://shop.duckdb", "file"}
    assert "mlg://dataset/file/%2Fsrv%2Fshop%2Flake%2Fcustomer_features.parquet" in aliases


def test_columns_have_the_types_and_the_order_of_the_catalog_and_the_descriptions_of_the_manifest() -> None:
    found = normalise(recorded())
    schema = state(found, "shop.main.customers")["properties"]["schema"]
    assert [(column["name"], column["type"]) for column in schema] == [
        ("customer_id", "BIGINT"),
        ("orders", "BIGINT"),
        ("spent", "DOUBLE"),
    ]
    assert state(found, "shop.main.customers#customer_id", "column")["description"] == "Number of the customer."


def test_the_owner_of_a_model_counts_before_that_of_its_group() -> None:
    found = normalise(recorded())
    (owner,) = state(found, "shop.main.customers")["owners"]
    assert owner.startswith("mlg://person/org/u-")
    assert state(found, "shop.main.customer_features_file")["owners"] == ["mlg://team/org/growth"]


def test_tests_are_assertions_on_their_table() -> None:
    payload = recorded()
    result = next(each for each in payload["run_results"]["results"] if "unique_customers" in each["unique_id"])
    result |= {"status": "fail", "failures": 3}
    assertions = state(normalise(payload), "shop.main.customers")["properties"]["quality"]["assertions"]
    assert [(each["assertion"], each["column"], each["success"]) for each in assertions] == [
        ("not_null", "customer_id", True),
        ("unique", "customer_id", False),
    ]
    assert assertions[1]["actual"] == "3 failures"


@pytest.mark.parametrize(("status", "expected"), [("success", "COMPLETE"), ("error", "FAIL"), ("skipped", "ABORT")])
def test_results_of_nodes_are_runs(status: str, expected: str) -> None:
    payload = recorded("run_results")
    payload["results"][0]["status"] = status
    run = f"{payload['metadata']['invocation_id']}/{payload['results'][0]['unique_id']}"
    found = normalise(payload)
    assert state(found, run, "run")["properties"]["state"] == expected
    assert (run, payload["results"][0]["unique_id"]) in edges(found, "run_of")


def test_results_of_docs_generate_are_no_runs() -> None:
    payload = recorded()
    payload["run_results"]["args"]["which"] = "generate"
    found = normalise(payload)
    assert [each.pointer for each in found if isinstance(each, DetailWarning)] == ["/run_results/args/which"]
    assert not edges(found, "run_of")
    alone = recorded("run_results") | {"args": {"which": "generate"}}
    with pytest.raises(InvalidInput, match="no results of runs") as refused:
        normalise(alone)
    assert refused.value.pointer == "/args/which"


@pytest.mark.parametrize("section", ["nodes", "sources", "exposures", "metrics", "groups"])
def test_half_a_manifest_is_refused(section: str) -> None:
    payload = recorded("manifest")
    del payload[section]
    with pytest.raises(InvalidInput, match="missing") as refused:
        normalise(payload)
    assert refused.value.pointer == f"/{section}"


def test_a_manifest_without_a_node_on_which_another_depends_is_refused() -> None:
    payload = recorded("manifest")
    del payload["nodes"]["seed.shop.orders"]
    with pytest.raises(InvalidInput, match="not complete") as refused:
        normalise(payload)
    assert refused.value.pointer == f"/nodes/{MODEL}/depends_on/nodes/0"


@pytest.mark.parametrize(
    ("artifact", "schema"),
    [("manifest", "manifest/v11"), ("run_results", "run-results/v7"), ("catalog", "catalog/v2"), ("catalog", "manifest/v12")],
)
def test_other_versions_of_schemas_are_refused(artifact: str, schema: str) -> None:
    payload = recorded()
    payload[artifact]["metadata"]["dbt_schema_version"] = f"https://schemas.getdbt.com/dbt/{schema}.json"
    with pytest.raises(InvalidInput) as refused:
        normalise(payload)
    assert refused.value.pointer == f"/{artifact}/metadata/dbt_schema_version"


def test_an_ephemeral_model_is_no_table_and_its_inputs_are_those_of_its_readers() -> None:
    payload = recorded("manifest")
    payload["nodes"][MODEL]["config"]["materialized"] = "ephemeral"
    found = normalise(payload, NamingContext(place="duckdb:///srv/shop/shop.duckdb"))
    assert ("shop.main.orders", FILE_MODEL) in edges(found, "input_to")
    assert MODEL not in {source for source, _ in edges(found, "outputs")}


def test_sources_metrics_and_services() -> None:
    payload = recorded("manifest")
    payload["sources"]["source.shop.raw.clicks"] = {
        "database": "shop",
        "schema": "raw",
        "identifier": "clicks",
        "name": "clicks",
        "source_name": "raw",
        "loader": "fivetran",
        "description": "Clicks.",
        "tags": [],
        "columns": {},
    }
    payload["semantic_models"] = {"semantic_model.shop.people": {"depends_on": {"nodes": [MODEL]}}}
    payload["metrics"]["metric.shop.revenue"] = {"name": "revenue", "depends_on": {"nodes": ["semantic_model.shop.people"]}}
    exposure = payload["exposures"]["exposure.shop.ranker"]
    payload["exposures"]["exposure.shop.report"] = exposure | {
        "type": "dashboard",
        "depends_on": {"nodes": ["metric.shop.revenue"]},
    }
    found = normalise(payload, NamingContext(place="duckdb:///srv/shop/shop.duckdb"))
    assert state(found, "shop.raw.clicks")["properties"]["dbt"]["loader"] == "fivetran"
    assert edges(found, "about") == {("metric.shop.revenue", "shop.main.customers")}
    assert ("shop.main.customers", "exposure.shop.report") in edges(found, "input_to")
    assert state(found, "exposure.shop.report", "service")["properties"]["dbt"]["type"] == "dashboard"


def test_what_the_next_manifest_has_not_ends() -> None:
    payload = recorded()
    former = state(normalise(payload), "dbt-run-shop", "workflow")["properties"]["dbt"]["assets"]
    del payload["manifest"]["exposures"]["exposure.shop.ranker"]
    nodes = payload["manifest"]["nodes"]
    payload["manifest"]["nodes"] = {key: node for key, node in nodes.items() if "customer_features_file" not in key}
    payload["held"] = {"assets": former}
    ended = {(each.uri.kind, each.uri.name) for each in normalise(payload) if isinstance(each, AssetRetraction)}
    assert ended == {
        ("dataset", "shop.main.customer_features_file"),
        ("workflow", FILE_MODEL),
        ("workflow", "exposure.shop.ranker"),
    }
    assert not [each for each in normalise(recorded() | {"held": {"assets": former}}) if isinstance(each, AssetRetraction)]


def test_without_a_place_tables_are_those_of_the_project() -> None:
    found = normalise(recorded("target_without_place"))
    datasets = {str(each.uri) for each in found if isinstance(each, AssetFact) and each.uri.kind == "dataset"}
    assert datasets == {f"mlg://dataset/dbt%3Ashop/{name}" for name in (MODEL, FILE_MODEL, "seed.shop.orders")}


@settings(max_examples=30, deadline=None)
@given(st.permutations(["manifest", "catalog", "run_results"]))
def test_artifacts_one_by_one_say_what_they_say_together(order: list[str]) -> None:
    together = recorded()
    context = NamingContext(place="duckdb:///srv/shop/shop.duckdb")
    together |= {"place": context.place}
    del together["directory"]
    del together["run_results"]["results"][:]
    one_by_one = {repr(each) for name in order for each in normalise(together[name], context)}
    without_project = {each for each in map(repr, normalise(together, context)) if "run_of" in each}
    assert one_by_one == set(map(repr, normalise(together, context))) - without_project
    assert len(without_project) == 1
