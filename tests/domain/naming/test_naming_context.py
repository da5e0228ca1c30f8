"""Names that the settings of a source decide: tables without a place, relative paths, two names in one document."""

from __future__ import annotations

import pytest

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import NamingContext, check_place, check_registry, check_scope
from mlgraph.domain.naming.relative_places import in_project, resolved
from mlgraph.domain.naming.same_document import named_together, private_name
from mlgraph.domain.uri import AssetUri


@pytest.mark.parametrize(
    ("place", "name", "expected"),
    [
        ("snowflake://ACME-EU.snowflakecomputing.com", "shop.marts.orders", ("snowflake://acme-eu", "SHOP.MARTS.ORDERS")),
        ("bigquery", "proj.shop.orders", ("bigquery", "proj.shop.orders")),
        ("postgres://db/shop", "public.orders", ("postgres://db:5432", "shop.public.orders")),
        ("duckdb:///srv/shop.duckdb", "shop.main.orders", ("lab:duckdb:///srv/shop.duckdb", "shop.main.orders")),
    ],
)
def test_a_table_without_a_place_is_in_the_place_of_its_source(place: str, name: str, expected: tuple[str, str]) -> None:
    assert NamingContext("lab", place).table(name) == AssetUri("dataset", *expected)
    assert NamingContext("lab").table(name) is None, "equal names alone prove nothing"
    assert NamingContext("lab", place).table("\0") is None


@pytest.mark.parametrize(
    ("location", "base", "expected"),
    [
        ("shop.duckdb", "/srv/shop", "/srv/shop/shop.duckdb"),
        ("../data/a.parquet", "/srv/shop/", "/srv/data/a.parquet"),
        ("duckdb://shop.duckdb", "/srv/shop", "duckdb:///srv/shop/shop.duckdb"),
        ("duckdb:shop.duckdb", "/srv/shop", "duckdb:///srv/shop/shop.duckdb"),
        ("sqlite:///srv/a.db", "/srv/shop", "sqlite:///srv/a.db"),
        ("duckdb://:memory:", "/srv/shop", "duckdb://:memory:"),
        ("file:data/a.csv", "/srv", "file:///srv/data/a.csv"),
        ("/data/a.csv", "/srv", "/data/a.csv"),
        ("s3://lake/a", "/srv", "s3://lake/a"),
        ("s3://lake/a", None, "s3://lake/a"),
        ("data/a.csv", None, None),
        ("duckdb://shop.duckdb", None, None),
        ("data/a.csv", "relative", None),
        ("", "/srv", None),
    ],
)
def test_a_relative_path_starts_from_the_directory_of_the_tool(location: str, base: str | None, expected: str | None) -> None:
    assert resolved(location, base) == expected
    assert expected is None or resolved(expected, "/other") == expected


def test_relative_places_of_two_projects_are_two() -> None:
    assert in_project("duckdb://shop.duckdb", "dbt", "one") != in_project("duckdb://shop.duckdb", "dbt", "two")
    context = NamingContext("lab")
    assert context.dataset_at("data/a.csv", "/srv") == AssetUri("dataset", "lab:file", "/srv/data/a.csv")
    assert context.dataset_at("data/a.csv") is None


def test_names_in_one_document_are_aliases_of_the_first() -> None:
    table, file = AssetUri("dataset", "lab:file", "/a"), AssetUri("dataset", "snowflake://a", "A.B.C")
    found = named_together(table, [file, None, table, file, AssetUri("column", "n", "c")], "dbt", 5)
    assert [(each.source, each.relation, each.target, each.valid_from) for each in found] == [(file, "alias_of", table, 5)]
    assert private_name("dataset", "1a") != private_name("dataset", "2b")


@pytest.mark.parametrize("text", ["snowflake://ORG-ACCT", "postgres://db:5432", "bigquery", "arn:aws:glue:eu-west-1:12", "file"])
def test_places(text: str) -> None:
    assert check_place(text) == text


@pytest.mark.parametrize(
    "text", ["", " ", "the warehouse", "postgres://u:hunter2@db:5432", "s3://b/?token=hunter2", "x://", "a\nb", "x:" + "y" * 600]
)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_place(text)
    assert "hunter2" not in caught.value.detail


def test_registries_and_scopes_are_checked() -> None:
    assert check_registry("mlflow:prod:5000", ["mlflow"]) == "mlflow:prod:5000"
    for text in ("prod", "mlflow:", "airflow:prod", "mlflow: ", "mlflow:a\nb"):
        with pytest.raises(InvalidInput, match="mlflow:INSTANCE"):
            check_registry(text, ["mlflow"])
    assert check_scope("prod") == "prod"
    for text in ("", " ", "a\nb", "x" * 501):
        with pytest.raises(InvalidInput):
            check_scope(text)
