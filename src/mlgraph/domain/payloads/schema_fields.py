"""The fields of a dataset's schema by their paths, nested ones included (docs/spec.md#9-fields)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

SEPARATOR: Final = "."
"""Between the names of a nested field and of the field that contains it, in the name of its column."""


def field_paths(schema: object) -> dict[str, str | None]:
    """Return the paths of all fields of the property `schema`, each with the path of the field that it is a part of, or None.

    `schema` is a list of {name, fields?, ...}; whatever else is not a field. A producer that nests no fields may list those of a
    struct with paths for names: then a field is a part of the nearest listed one whose name and a dot its own begins with.
    """
    found = {path: parent for path, parent, _ in _fields(schema)}
    if not is_flat(schema) and all(parent is None for parent in found.values()):
        return {path: _nearest(path, found) for path in found}
    return found


def is_flat(schema: object) -> bool:
    """Return whether no field of the property `schema` can be a part of another."""
    if not isinstance(schema, list):
        return True
    return not any(isinstance(each, dict) and ("fields" in each or SEPARATOR in str(each.get("name"))) for each in schema)


def field_at(schema: object, path: str) -> Mapping[str, Any] | None:
    """Return the field of the property `schema` at `path`, or None."""
    return next((field for each, _, field in _fields(schema) if each == path), None)


def schema_fields(schema: object) -> dict[str, Mapping[str, Any]]:
    """Return the fields of the property `schema` by their paths, in order, nested ones after the field that contains them."""
    return {path: field for path, _, field in _fields(schema)}


def _fields(schema: object) -> Iterator[tuple[str, str | None, Mapping[str, Any]]]:
    """Yield path, path of the parent, and field of each field of a schema, which may be nested to any depth."""
    open_ = _children(schema, None)
    while open_:
        parent, field = open_.pop()
        name = field.get("name")
        if isinstance(name, str) and name:
            path = name if parent is None else f"{parent}{SEPARATOR}{name}"
            yield path, parent, field
            open_ += _children(field.get("fields"), path)


def _children(fields: object, parent: str | None) -> list[tuple[str | None, Mapping[str, Any]]]:
    """Return the fields in a list, the last first, each with the path of the field that contains them."""
    return [(parent, field) for field in reversed(fields) if isinstance(field, dict)] if isinstance(fields, list) else []


def _nearest(path: str, known: Mapping[str, object]) -> str | None:
    """Return the longest of the `known` paths that `path` continues by a dot, or None."""
    before = path.rpartition(SEPARATOR)[0]
    while before and before not in known:
        before = before.rpartition(SEPARATOR)[0]
    return before or None
