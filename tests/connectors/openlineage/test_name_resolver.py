"""All mentions of a dataset, a job or a run have the same URI: canonical, with a scope for ambiguous namespaces."""

from __future__ import annotations

import pytest

from mlgraph.connectors.openlineage import normalise
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.uri import AssetUri
from tests.connectors.openlineage.events import AT, Json, job_event

LOWER = {"namespace": "snowflake://ACME-prod.snowflakecomputing.com", "name": "db.s.orders"}
UPPER = {"namespace": "snowflake://acme-prod", "name": "DB.S.ORDERS"}
ORDERS = AssetUri("dataset", "snowflake://acme-prod", "DB.S.ORDERS")
OUT = {"namespace": "s3a://lake/", "name": "/out/"}
LAKE_OUT = AssetUri("dataset", "s3://lake", "out")


def event(*, namespace: str = "default", run_facets: Json | None = None, **statements: object) -> Json:
    job = {"namespace": namespace, "name": "j"}
    return {"eventTime": AT, "eventType": "COMPLETE", "run": {"runId": "r", "facets": run_facets or {}}, "job": job, **statements}


def triples(event_document: Json, scope: str | None = None) -> set[tuple[str, str, str]]:
    return {
        (str(f.source), f.relation, str(f.target))
        for f in normalise(event_document, NamingContext(scope))
        if isinstance(f, EdgeFact)
    }


def column(dataset: AssetUri, field: str) -> str:
    return str(AssetUri("column", dataset.namespace, f"{dataset.name}#{field}"))


@pytest.mark.parametrize("spelled", [LOWER, UPPER])
def test_inputs_columns_and_pairs_get_the_canonical_name(spelled: Json) -> None:
    fields = {"total": {"inputFields": [{**spelled, "field": "amount"}]}}
    statements = normalise(event(inputs=[spelled], outputs=[{**OUT, "facets": {"columnLineage": {"fields": fields}}}]))
    edges = {(f.source, f.relation, f.target): f for f in statements if isinstance(f, EdgeFact)}
    run = AssetUri("run", "default", "r")
    assert (ORDERS, "input_to", run) in edges
    assert edges[run, "outputs", LAKE_OUT].properties["from"] == [str(ORDERS)]
    assert (column(ORDERS, "AMOUNT"), "derives", column(LAKE_OUT, "total")) in {(str(s), r, str(t)) for s, r, t in edges}


@pytest.mark.parametrize("spelled", [LOWER, UPPER])
def test_the_lineage_facet_names_alike(spelled: Json) -> None:
    entry = {
        **spelled,
        "type": "DATASET",
        "inputs": [{**OUT, "type": "DATASET"}],
        "fields": {"a": {"inputs": [{**OUT, "field": "b"}]}},
    }
    statements = triples(event(outputs=[spelled], run_facets={"lineage": {"entries": [entry]}}))
    assert (column(LAKE_OUT, "b"), "derives", column(ORDERS, "A")) in statements


def test_columns_of_a_schema_are_named_as_column_lineage_names_them() -> None:
    schema = {"fields": [{"name": "amount", "type": "int"}, {"name": "Mixed"}]}
    (fact,) = normalise({"eventTime": AT, "dataset": {**LOWER, "facets": {"schema": schema}}})
    assert isinstance(fact, AssetFact)
    assert [field["name"] for field in fact.state["properties"]["schema"]] == ["AMOUNT", "Mixed"]


def test_renames_and_symlinks_name_alike() -> None:
    renamed = {"lifecycleStateChange": "RENAME", "previousIdentifier": LOWER}
    statements = normalise({"eventTime": AT, "dataset": {**OUT, "facets": {"lifecycleStateChange": renamed}}})
    assert AssetRetraction(ORDERS, "openlineage", statements[0].valid_to) == statements[0]  # type: ignore[union-attr]
    links = {"identifiers": [LOWER, UPPER, OUT]}
    assert triples({"eventTime": AT, "dataset": {**OUT, "facets": {"symlinks": links}}}) == {
        (str(ORDERS), "alias_of", str(LAKE_OUT))
    }
    same = {"lifecycleStateChange": "RENAME", "previousIdentifier": LOWER}
    assert len(normalise({"eventTime": AT, "dataset": {**UPPER, "facets": {"lifecycleStateChange": same}}})) == 1


def test_the_default_namespaces_of_two_schedulers_differ() -> None:
    parent = {"parent": {"run": {"runId": "p"}, "job": {"namespace": "default", "name": "dag"}}}
    local = {"namespace": "postgresql://127.0.0.1", "name": "d.s.t"}
    event_document = event(run_facets=parent, inputs=[local, LOWER], outputs=[{"namespace": "file", "name": "/x"}])
    run, job = "mlg://run/a%3Adefault/r", "mlg://workflow/a%3Adefault/j"
    assert triples(event_document, "a") == {
        (run, "run_of", job),
        (run, "part_of", "mlg://run/a%3Adefault/p"),
        (job, "part_of", "mlg://workflow/a%3Adefault/dag"),
        ("mlg://dataset/a%3Apostgres%3A%2F%2Flocalhost%3A5432/d.s.t", "input_to", run),
        (str(ORDERS), "input_to", run),
        (run, "outputs", "mlg://dataset/a%3Afile/%2Fx"),
    }
    of_a, of_b = ({uri for source, _, target in triples(event_document, scope) for uri in (source, target)} for scope in "ab")
    assert of_a & of_b == {str(ORDERS)}


def test_unambiguous_names_get_no_scope() -> None:
    event_document = event(namespace="airflow-prod", inputs=[LOWER], outputs=[OUT])
    assert triples(event_document, "a") == triples(event_document) == triples(event_document, "b")


def test_without_a_scope_names_are_unchanged() -> None:
    assert (str(AssetUri("run", "default", "r")), "run_of", "mlg://workflow/default/j") in triples(event())
    assert normalise(job_event(inputs=[]), NamingContext("a"))[0].uri == AssetUri("workflow", "n", "j")  # type: ignore[union-attr]
