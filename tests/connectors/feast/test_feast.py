import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.connectors import feast
from mlgraph.connectors.feast import normalise, subject
from mlgraph.connectors.feast.data_sources import dataset_of
from mlgraph.connectors.feast.feast_instance import FeastInstance
from mlgraph.connectors.feast.payloads import REFUSED, without_code
from mlgraph.connectors.feast.source_naming import digest_of, named_source
from mlgraph.connectors.feast.tool import FeastTool, refused_listing
from mlgraph.domain.errors import InvalidInput, Unauthorized
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Statement
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.ports.setup_lines import NAME
from mlgraph.sources.feast.factory import FeastSources
from tests.connectors import suite

FOLDER = Path(__file__).parent / "payloads"
PAGE = Path(__file__).parents[3] / "docs" / "connectors" / "feast.md"
SECRETS = ("hunter2", "sk-12345", "tok-999", "s3cr3t", "ZGFuZ2Vy")


def recorded(name: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["payload"]
    return payload


def secretive() -> dict[str, Any]:
    payload = recorded("view_on_demand")
    spec = payload["data"]["view"]["spec"]
    spec["tags"] = {"api_key": "sk-12345", "link": "https://example.org/?token=tok-999"}
    spec["description"] = "see https://ci:hunter2@git.example.org/x.git"
    spec["batchSource"] = {
        "type": "BATCH_SNOWFLAKE",
        "name": "q",
        "snowflakeOptions": {"query": "SELECT * FROM T WHERE PASSWORD = 's3cr3t'"},
    }
    options = base64.b64encode(b'{"query": "SELECT s3cr3t", "password": "hunter2"}').decode()
    spec["streamSource"] = {"type": "CUSTOM_SOURCE", "name": "c", "customOptions": {"configuration": options}}
    spec["featureTransformation"]["userDefinedFunction"] = {"name": "f", "body": "ZGFuZ2Vy", "bodyText": "KEY = 'sk-12345'"}
    return payload


def test_the_options_of_custom_sources_are_not_stored() -> None:
    stored = json.dumps(feast.connector(FeastSources()).sanitize(Located(secretive())))
    options = secretive()["data"]["view"]["spec"]["streamSource"]["customOptions"]["configuration"]
    assert options not in stored
    assert "query" in stored


def test_contract_suite() -> None:
    recordings = suite.load_recordings(FOLDER)
    suite.check_all(suite.Subject(feast.connector(FeastSources()), normalise, recordings, PAGE, secretive(), SECRETS))


def edges(statements: list[Statement], relation: str = "feeds") -> list[tuple[str, str]]:
    return [
        (each.source.name, each.target.name) for each in statements if isinstance(each, EdgeFact) and each.relation == relation
    ]


def state(statements: list[Statement]) -> AssetFact:
    return next(each for each in statements if isinstance(each, AssetFact))


def test_a_service_is_fed_by_its_features_and_no_others() -> None:
    found = edges(normalise(recorded("feature_service")))
    assert {source for source, _ in found} == {
        "shop/customer_stats",
        "shop/basket_share",
        "shop/customer_stats:lifetime_value",
        "shop/customer_stats:orders_30d",
        "shop/basket_share:basket_share",
    }


def test_a_push_source_is_the_batch_source_behind_it_and_a_request_source_is_nothing() -> None:
    assert edges(normalise(recorded("view_with_push_source"))) == [("/srv/feast/shop-data/clicks.parquet", "shop/visitor_clicks")]
    assert edges(normalise(recorded("view_on_demand"))) == [("shop/customer_stats", "shop/basket_share")]
    assert state(normalise(recorded("view_on_demand"))).state["properties"]["request"] == ["amount"]
    for kind in ("PUSH_SOURCE", "REQUEST_SOURCE"):  # the dataset of a push source is described by its batch source
        assert dataset_of(FeastInstance("fs", "shop"), Located({"type": kind, "name": "basket"})) is None


def test_a_stream_view_has_both_sources_and_no_columns_because_it_transforms_them() -> None:
    payload = recorded("view_of_a_stream")
    assert [source for source, _ in edges(normalise(payload))] == ["events", "clicks"]
    feature = {"name": "clicks", "valueType": "INT64"}
    found = normalise({**payload, "type": "feast.feature", "data": {**payload["data"], "feature": feature}})
    assert {each.source.kind for each in found if isinstance(each, EdgeFact) and each.relation == "feeds"} == {"dataset"}


def test_a_mapped_column_feeds_the_feature() -> None:
    payload = recorded("feature")
    payload["data"]["view"]["spec"]["batchSource"]["fieldMapping"] = {"LTV": "lifetime_value"}
    assert "/srv/feast/shop-data/customer_features.parquet#LTV" in {source for source, _ in edges(normalise(payload))}


SOURCES: list[tuple[dict[str, Any], str | None, str]] = [
    ({"fileOptions": {"uri": "s3a://lake/x"}}, None, "s3://lake x"),
    ({"fileOptions": {"uri": "data/x.parquet"}}, None, "feast:fs shop/file:data/x.parquet"),
    ({"fileOptions": {"uri": "data/x.parquet"}}, "file:///repo", "file /repo/data/x.parquet"),
    ({"fileOptions": {"uri": "../x.parquet"}}, "snowflake://o-a", "feast:fs shop/file:../x.parquet"),
    ({"snowflakeOptions": {"database": "D", "schema": "S", "table": "T"}}, None, "feast:fs shop/snowflake:D.S.T"),
    ({"snowflakeOptions": {"database": "D", "schema": "S", "table": "T"}}, "snowflake://ORG-ACCT", "snowflake://org-acct D.S.T"),
    (
        {"snowflakeOptions": {"database": "D", "schema": "S", "table": "T"}},
        "redshift://c.eu:5439",
        "feast:fs shop/snowflake:D.S.T",
    ),
    ({"redshiftOptions": {"database": "d", "schema": "s", "table": "t"}}, "redshift://c.eu", "redshift://c.eu:5439 d.s.t"),
    ({"bigqueryOptions": {"table": "p.d.t"}}, None, "bigquery p.d.t"),
    ({"bigqueryOptions": {"table": "d.t"}}, None, "feast:fs shop/bigquery:d.t"),
    ({"kafkaOptions": {"kafkaBootstrapServers": "b1:9092,b2:9092", "topic": "t"}}, None, "kafka://b1:9092 t"),
    ({"kinesisOptions": {"region": "eu", "streamName": "t"}}, None, "feast:fs shop/kinesis:eu/t"),
    ({"sparkOptions": {"table": "db.t"}}, "hive://h:9083", "hive://h:9083 db.t"),
    (
        {
            "customOptions": {"configuration": base64.b64encode(b'{"table": "billing.t", "query": ""}').decode()},
            "dataSourceClassType": "feast.x.postgres_source.PostgreSQLSource",
        },
        "postgres://db/shop",
        "postgres://db:5432 shop.billing.t",
    ),
    ({"customOptions": {"configuration": "AAAA"}}, None, "feast:fs shop/source:src"),
    ({"snowflakeOptions": {"query": "SELECT 1"}}, "snowflake://o-a", f"feast:fs shop/query:{digest_of('SELECT  1')}"),
    ({}, None, "feast:fs shop/source:src"),
]


@pytest.mark.parametrize(("options", "place", "expected"), SOURCES)
def test_the_dataset_of_a_source(options: dict[str, Any], place: str | None, expected: str) -> None:
    source = Located({"type": "BATCH", "name": "src", **options})
    found = named_source(FeastInstance("fs", "shop", NamingContext(place=place)), source)
    assert found is not None
    assert f"{found.uri.namespace} {found.uri.name}" == expected


def test_files_of_a_source_with_a_scope_are_scoped() -> None:
    source = Located({"type": "BATCH_FILE", "name": "src", "fileOptions": {"uri": "/data/x.parquet"}})
    found = named_source(FeastInstance("fs", "shop", NamingContext("lab")), source)
    assert found is not None
    assert found.uri.namespace == "lab:file"


def test_two_registries_with_one_project_share_no_object_and_claim_the_name_without_an_instance() -> None:
    payload = recorded("view")
    one, two = (normalise({**payload, "instance": name}) for name in ("a", "b"))
    assert state(one).uri != state(two).uri
    assert [each.source for each in one if isinstance(each, EdgeFact) and each.relation == "alias_of"] == [
        AssetUri("feature_view", "feast", "shop/customer_stats")
    ]
    scoped = normalise({**payload, "instance": "lab"}, NamingContext("lab"))
    assert edges(scoped, "alias_of") == []  # its events and its tags have this name already


def with_known_state(payload: dict[str, Any], **changes: Any) -> dict[str, Any]:
    known = state(normalise(payload))
    assert known.valid_from is not None
    return {**payload, "held": {"since": format_time(known.valid_from), "state": dict(known.state), **changes}}


def test_the_first_definition_counts_from_creation_and_a_later_one_from_its_change() -> None:
    payload = recorded("view")
    meta = payload["data"]["view"]["meta"]
    assert state(normalise(payload)).valid_from == parse_time(meta["createdTimestamp"])
    again = state(normalise(with_known_state(payload)))
    assert again == state(normalise(payload))  # an unchanged state stays valid since then: nothing is recorded
    known = with_known_state(payload)
    payload["data"]["view"]["spec"]["description"] = "new"
    meta["lastUpdatedTimestamp"] = "2026-12-01T00:00:00Z"
    changed = normalise({**payload, "held": known["held"]})
    assert {each.valid_from for each in changed if isinstance(each, AssetFact | EdgeFact)} == {parse_time("2026-12-01T00:00:00Z")}
    meta["lastUpdatedTimestamp"] = meta["createdTimestamp"]
    assert state(normalise({**payload, "held": known["held"]})).valid_from is None  # when it was found


def test_a_view_that_was_created_again_is_a_new_one() -> None:
    payload = recorded("view")
    known = with_known_state(payload)["held"]
    payload["data"]["view"]["meta"] = {"createdTimestamp": "2027-01-01T00:00:00Z", "lastUpdatedTimestamp": "2027-01-02T00:00:00Z"}
    retraction, fact, *_ = normalise({**payload, "held": known})
    assert isinstance(retraction, AssetRetraction)
    assert retraction.valid_to == parse_time("2027-01-01T00:00:00Z") - 1
    assert isinstance(fact, AssetFact)
    assert fact.valid_from == parse_time("2027-01-01T00:00:00Z")


def test_only_the_latest_materialisations_are_shown_and_the_others_are_counted() -> None:
    payload = recorded("view")
    payload["data"]["view"]["meta"]["materializationIntervals"] = [
        {"startTime": f"2026-11-{day:02}T00:00:00Z", "endTime": f"2026-11-{day:02}T12:00:00Z"} for day in range(1, 31)
    ]
    properties = state(normalise(payload)).state["properties"]
    assert len(properties["materialized"]) == 10
    assert properties["materialized_left_out"] == 20
    assert properties["materialized_until"] == "2026-11-30T12:00:00Z"


def test_code_and_queries_become_digests_once() -> None:
    item = {"userDefinedFunction": {"name": "f", "body": "pickle", "bodyText": "text"}, "snowflakeOptions": {"query": "SELECT 1"}}
    once = without_code(item)
    assert once == {
        "userDefinedFunction": {"name": "f", "digest": digest_of("text")},
        "snowflakeOptions": {"query": digest_of("SELECT 1")},
    }
    assert without_code(once) == once


@given(st.permutations(sorted(path.stem for path in FOLDER.glob("*.json"))), st.integers(0, 3))
def test_order_and_repetition_of_payloads_change_no_fact(names: list[str], repeated: int) -> None:
    expected = {name: normalise(recorded(name)) for name in sorted(names)}
    assert {name: normalise(recorded(name)) for name in [*names, *names[:repeated]]} == expected
    for name in names[:repeated]:
        if subject(recorded(name)):
            again = [each for each in normalise(with_known_state(recorded(name))) if isinstance(each, AssetFact)]
            assert again == [each for each in expected[name] if isinstance(each, AssetFact)]


def test_departures_spare_listings_that_were_refused() -> None:
    tool = FeastTool()
    view = AssetUri("feature_view", "feast:prod", "shop/gone")
    service = AssetUri("feature_service", "feast:prod", "shop/unknown")
    foreign = AssetUri("dataset", "s3://lake", "x")
    other = AssetUri("feature_view", "feast:other", "shop/gone")
    existing = {refused_listing("prod", "feature_service", "shop")}
    known: dict[AssetUri, dict[str, Any]] = {view: {}, service: {}, foreign: {}, other: {}}
    assert [each.uri for each in tool.departures("prod", known, existing, {}, 0)] == [view]
    assert tool.source_key(view) == ("feature_view", "shop/gone")
    assert tool.source_key(*existing) is None
    (ended,) = normalise(tool.deleted(view, 5))
    assert ended == AssetRetraction(view, "feast", 5)


def test_a_refused_listing_is_reported_and_stores_nothing() -> None:
    payload = {
        "type": REFUSED,
        "instance": "prod",
        "project": "shop",
        "data": {"what": "the feature services", "why": "HTTP 403"},
    }
    with pytest.raises(InvalidInput, match=r"the feature services of the registry could not be read: HTTP 403"):
        subject(payload)
    with pytest.raises(InvalidInput, match="unknown type"):
        normalise(payload)


def test_webhooks_are_refused() -> None:
    with pytest.raises(Unauthorized, match="no webhooks"):
        FeastTool().verify({}, b"{}", "secret", 0.0)


def test_the_lines_for_feature_store_yaml_are_yaml_that_feast_reads() -> None:
    (setup,) = feast.connector(FeastSources()).setup
    for needs_token in (False, True):
        found = yaml.safe_load("\n".join(setup.of_server("http://mlgraph:8765", needs_token=needs_token)))
        assert found["openlineage"]["transport_url"] == "http://mlgraph:8765"
        assert found["openlineage"]["namespace"] == NAME
        assert ("api_key" in found["openlineage"]) is needs_token
        assert found["mlflow"]["enabled"] is True
