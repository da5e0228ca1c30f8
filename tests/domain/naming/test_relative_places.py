"""Relative paths in places are recognised, resolved against a directory, and otherwise private to a project."""

import pytest

from mlgraph.domain.naming.relative_places import in_project, is_relative, resolved


@pytest.mark.parametrize(
    ("place", "absolute"),
    [
        ("duckdb://shop.duckdb", "duckdb:///srv/shop/shop.duckdb"),
        ("duckdb:shop.duckdb", "duckdb:///srv/shop/shop.duckdb"),
        ("duckdb://data/../shop.duckdb", "duckdb:///srv/shop/shop.duckdb"),
        ("duckdb://mdata.duckdb", "duckdb:///srv/shop/mdata.duckdb"),
        ("sqlite://shop.db", "sqlite:///srv/shop/shop.db"),
    ],
)
def test_a_relative_path_is_below_a_directory(place: str, absolute: str) -> None:
    assert is_relative(place)
    assert resolved(place, "/srv/shop") == absolute
    assert resolved(place, "shop") is resolved(place, None) is None


@pytest.mark.parametrize(
    "place",
    [
        "duckdb:///srv/shop.duckdb",
        "duckdb://md:shop",
        "duckdb://s3://lake/shop.duckdb",
        "duckdb://",
        "postgres://db:5432",
        "/srv",
    ],
)
def test_other_places_are_absolute(place: str) -> None:
    assert not is_relative(place)
    assert resolved(place, "/srv/shop") == place


def test_memory_is_private_and_has_no_directory() -> None:
    assert is_relative("duckdb://:memory:")
    assert resolved("duckdb://:memory:", "/srv/shop") == "duckdb://:memory:"


def test_a_place_within_a_project_has_the_scope_of_the_sender() -> None:
    assert in_project("duckdb://shop.duckdb", "dbt", "shop") == "dbt:shop:duckdb://shop.duckdb"
    assert in_project("duckdb://shop.duckdb", "dbt", "shop", "acme") == "acme:dbt:shop:duckdb://shop.duckdb"
