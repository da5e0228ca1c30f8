"""The tags that Feast writes on an active run are inputs of it (docs/connectors/mlflow.md, Features)."""

from __future__ import annotations

from typing import Any

import pytest

from mlgraph.connectors.mlflow import normalise
from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.naming.naming_context import NamingContext

Json = dict[str, Any]
REFS = "customer_stats:lifetime_value,customer_stats@v2:orders_30d,basket_share:share"
VIEWS = "basket_share,customer_stats"
SERVICE = "mlg://feature_service/feast/shop%2Franker_v1"
BOTH_VIEWS = {f"mlg://feature_view/feast/shop%2F{view}" for view in ("basket_share", "customer_stats")}
FEATURES = {
    "mlg://feature/feast/shop%2Fcustomer_stats%3Alifetime_value",
    "mlg://feature/feast/shop%2Fcustomer_stats%3Aorders_30d",
    "mlg://feature/feast/shop%2Fbasket_share%3Ashare",
}


def tagged(**tags: str) -> Json:
    listed = [{"key": f"feast.{key}", "value": value} for key, value in tags.items()]
    info = {"run_id": "r", "status": "FINISHED", "start_time": 1_767_225_600_000, "end_time": 1_767_225_601_000}
    return {"info": info, "data": {"tags": listed}}


def inputs(scope: str | None = None, **tags: str) -> dict[str, str]:
    """The inputs of a run with these tags, and the role of each."""
    payload = {"type": "mlflow.run", "instance": "prod", "data": {"run": tagged(**tags)}}
    facts = (
        fact for fact in normalise(payload, NamingContext(scope)) if isinstance(fact, EdgeFact) and fact.relation == "input_to"
    )
    return {str(fact.source): fact.properties["role"] for fact in facts}


def feeding(**tags: str) -> set[str]:
    """What feeds a version that a run with these tags made."""
    version = {"name": "ranker", "version": "4", "run_id": "r", "creation_timestamp": 1_767_225_602_000}
    data = {"model_version": version, "runs": {"r": tagged(**tags)}}
    facts = normalise({"type": "mlflow.model_version", "instance": "prod", "data": data})
    (made,) = [fact for fact in facts if isinstance(fact, EdgeFact) and fact.relation == "outputs"]
    return set(made.properties.get("from", ()))


def test_the_features_that_a_run_took_are_inputs_and_the_service_that_was_looked_up_is_none() -> None:
    tags = {"project": "shop", "feature_refs": REFS, "feature_views": VIEWS, "feature_service": "ranker_v1"}
    assert inputs(**tags) == dict.fromkeys(BOTH_VIEWS | FEATURES, "training")
    assert feeding(**tags) == BOTH_VIEWS | FEATURES | {SERVICE}


def test_of_features_that_were_cut_the_complete_ones_count() -> None:
    cut = "customer_stats:lifetime_value,customer_stats:ord..."
    found = inputs(project="shop", feature_refs=cut, feature_views=VIEWS, feature_service="ranker_v1")
    assert found.keys() == BOTH_VIEWS | {"mlg://feature/feast/shop%2Fcustomer_stats%3Alifetime_value"}
    assert inputs(project="shop", feature_refs="customer_st...", feature_service="ranker_v1") == {}
    assert feeding(project="shop", feature_refs="customer_st...", feature_service="ranker_v1") == {SERVICE}


@pytest.mark.parametrize(
    ("tags", "read"),
    [
        ({"feature_service": "ranker_v1"}, {SERVICE}),
        ({"feature_service": "ranker_v1", "feature_views": VIEWS}, {SERVICE}),
        ({"feature_views": VIEWS}, BOTH_VIEWS),
        ({"feature_refs": "nonsense, ,", "feature_service": " "}, set()),
        ({"operation": "apply", "feature_services_changed": "ranker_v1"}, set()),
    ],
)
def test_without_features_the_service_counts_and_else_the_views(tags: dict[str, str], read: set[str]) -> None:
    assert inputs(project="shop", **tags).keys() == read
    assert feeding(project="shop", **tags) == read
    assert inputs(**tags) == {}


def test_the_instance_of_feast_is_the_scope_of_the_source() -> None:
    found = inputs("acme", project="shop", feature_service="ranker_v1", retrieval_type="online")
    assert found == {"mlg://feature_service/feast%3Aacme/shop%2Franker_v1": "online"}
