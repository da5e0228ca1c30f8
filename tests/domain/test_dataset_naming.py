"""The names of locations, as tools write them, equal the names by OpenLineage's own naming helpers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlineage.client.naming import dataset as rules

from mlgraph.domain.naming.dataset_naming import dataset_uri_from_location
from mlgraph.domain.uri import AssetUri

SAME_AS_OPENLINEAGE: list[tuple[str, rules.DatasetNaming]] = [
    ("s3://lake/ratings/daily", rules.S3("lake", "ratings/daily")),
    ("s3a://lake/ratings/daily/", rules.S3("lake", "ratings/daily")),
    ("gs://lake/ratings/daily", rules.GCS("lake", "ratings/daily")),
    ("abfss://raw@acme.dfs.core.windows.net/a/b", rules.ABFSS("raw", "acme", "a/b")),
    ("hdfs://namenode:8020/data/a", rules.HDFS("namenode", "8020", "/data/a")),
    ("/data/a.parquet", rules.LocalFileSystem("/data/a.parquet")),
    ("file:///data/a.parquet", rules.LocalFileSystem("/data/a.parquet")),
    ("file:/data/a.parquet", rules.LocalFileSystem("/data/a.parquet")),
    ("file://nas/data/a.parquet", rules.RemoteFileSystem("nas", "/data/a.parquet")),
    ("postgresql://u:pw@db:5433/shop/public/orders", rules.Postgres("db", "5433", "shop", "public", "orders")),
    ("postgres://db/shop.public.orders?sslmode=require", rules.Postgres("db", "5432", "shop", "public", "orders")),
    ("jdbc:postgresql://db/shop.public.orders", rules.Postgres("db", "5432", "shop", "public", "orders")),
    ("postgresql+psycopg2://db/shop/public/orders", rules.Postgres("db", "5432", "shop", "public", "orders")),
    ("mysql://u@db/shop.orders", rules.MySQL("db", "3306", "shop", "orders")),
    ("snowflake://org-acct/DB/PUBLIC/ORDERS", rules.Snowflake("org", "acct", "DB", "PUBLIC", "ORDERS")),
    ("bigquery://proj/sales/orders", rules.BigQuery("proj", "sales", "orders")),
    ("bigquery:proj.sales.orders", rules.BigQuery("proj", "sales", "orders")),
    (
        "redshift://cl.abc123.us-west-2.redshift.amazonaws.com:5439/dev/public/orders",
        rules.Redshift("cl", "us-west-2", "5439", "dev", "public", "orders"),
    ),
    ("kafka://broker:9092/clicks", rules.Kafka("broker", "9092", "clicks")),
    ("kafka://broker/clicks", rules.Kafka("broker", "9092", "clicks")),
]


@pytest.mark.parametrize(("location", "rule"), SAME_AS_OPENLINEAGE)
def test_names_are_those_of_openlineage(location: str, rule: rules.DatasetNaming) -> None:
    assert dataset_uri_from_location(location) == AssetUri("dataset", rule.get_namespace(), rule.get_name())


@pytest.mark.parametrize(
    ("location", "namespace", "name"),
    [
        ("s3://lake", "s3://lake", "/"),
        ("s3://lake/what?is#this", "s3://lake", "what?is#this"),
        ("wasbs://c@acct.blob.core.windows.net/a", "wasbs://c@acct.blob.core.windows.net", "a"),
        ("file:///data/with%20space", "file", "/data/with space"),
        ("https://u:pw@Example.com/data.csv?v=2#top", "https://example.com", "data.csv?v=2"),
        ("https://example.com/d?sig=abc", "https://example.com", "d?sig=[redacted]"),
        ("https://example.com", "https://example.com", "/"),
    ],
)
def test_locations_without_a_helper_of_openlineage(location: str, namespace: str, name: str) -> None:
    assert dataset_uri_from_location(location) == AssetUri("dataset", namespace, name)


@pytest.mark.parametrize(
    "location",
    [
        "",
        "data/relative.csv",
        "C:\\data\\a.csv",
        "s3://",
        "s3:///key",
        "postgresql://db:5432/shop",
        "postgresql:///shop.public.orders",
        "bigquery://proj/sales",
        "redshift://cl/dev",
        "kafka://broker:9092",
        "hdfs:///no/namenode",
        "file:relative",
        "https:///path",
        "runs:/0123/model",
        "s3://lake/\0",
        "s3://lake/\ud800",
        "s3://lake/" + "x" * 9000,
    ],
)
def test_locations_that_identify_no_dataset(location: str) -> None:
    assert dataset_uri_from_location(location) is None


@given(st.text() | st.tuples(st.sampled_from(["s3://", "file://", "postgres://", "http://", "/"]), st.text()).map("".join))
def test_any_text_gives_a_uri_that_can_be_read_back_or_none(location: str) -> None:
    uri = dataset_uri_from_location(location)
    assert uri is None or AssetUri.parse(str(uri)) == uri
