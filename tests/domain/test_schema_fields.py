"""Paths of the fields of a schema (docs/spec.md#9-fields)."""

from __future__ import annotations

from typing import Any

import pytest

from mlgraph.domain.payloads.schema_fields import field_at, field_paths, is_flat

NESTED: list[dict[str, Any]] = [
    {"name": "ts"},
    {"name": "user", "fields": [{"name": "id", "type": "long"}, {"name": "geo", "fields": [{"name": "city"}]}]},
    {"name": "tags", "fields": [{"name": "_element"}]},
    {"name": "a.b"},
]


def test_paths_name_each_level_in_the_order_of_the_schema() -> None:
    assert field_paths(NESTED) == {
        "ts": None,
        "user": None,
        "user.id": "user",
        "user.geo": "user",
        "user.geo.city": "user.geo",
        "tags": None,
        "tags._element": "tags",
        "a.b": None,
    }
    assert list(field_paths(NESTED))[:3] == ["ts", "user", "user.id"]


def test_without_nested_fields_names_are_paths_to_the_nearest_listed_field() -> None:
    flat = [{"name": name} for name in ("user.geo.city", "user", "a.b", "user.id", "user_name", ".x", "user.")]
    assert {path: parent for path, parent in field_paths(flat).items() if parent} == {
        "user.geo.city": "user",
        "user.id": "user",
        "user.": "user",
    }


@pytest.mark.parametrize(
    "schema",
    [None, "text", {}, [], [None, 1, "x", [], {}, {"name": ""}, {"name": 3}, {"fields": [{"name": "lost"}]}]],
)
def test_what_is_no_field_is_passed_over(schema: object) -> None:
    assert field_paths(schema) == {}
    assert field_at(schema, "x") is None


def test_a_field_is_found_by_its_path() -> None:
    assert field_at(NESTED, "user.id") == {"name": "id", "type": "long"}
    assert field_at(NESTED, "user.name") is None


def test_any_depth_is_read() -> None:
    field: dict[str, Any] = {"name": "x"}
    for _ in range(3000):
        field = {"name": "x", "fields": [field]}
    assert len(field_paths([field])) == 3001


def test_flat_schemas_are_those_whose_fields_cannot_be_parts() -> None:
    assert is_flat([{"name": "a"}, {"name": "b"}])
    assert is_flat(None)
    assert not is_flat([{"name": "a"}, {"name": "a.b"}])
    assert not is_flat(NESTED)
