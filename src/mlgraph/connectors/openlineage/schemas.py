"""The schema facet: the fields of a dataset, nested ones included."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.facets import Facets
from mlgraph.domain.memoization import Memo
from mlgraph.domain.payload import MAX_DEPTH, Located
from mlgraph.domain.sanitizing import sanitize, sanitize_text

_schemas: Final = Memo(8 * 1024 * 1024)


def read_schema(facets: Facets) -> dict[str, Any]:
    """Return `schema`: the fields as {name, type?, description?, ordinal_position?, fields?}, nameless ones omitted.

    An empty list, which producers send if they do not know the fields, has no effect.
    """
    schema = facets.take("schema")
    if schema is None:
        return {"schema": None} if facets.deleted("schema") else {}
    fields: list[dict[str, Any]] = _schemas.of(schema.value, lambda: _fields(schema, 0))
    return {"schema": fields} if fields else {}


def _fields(parent: Located, depth: int) -> list[dict[str, Any]]:
    if depth > MAX_DEPTH:
        parent.fail(f"fields nested deeper than {MAX_DEPTH} levels")
    fields = parent.get("fields")
    return [read for field in fields.items() if (read := _field(field, depth))] if fields else []


def _field(field: Located, depth: int) -> dict[str, Any] | None:
    name = field.get("name")
    if name is None:
        return None
    read: dict[str, Any] = {"name": name.text()}
    for key in ("type", "description"):
        if value := field.get(key):
            read[key] = sanitize_text(value)
    if position := field.get("ordinal_position"):
        read["ordinal_position"] = sanitize(position)
    if nested := _fields(field, depth + 1):
        read["fields"] = nested
    return read
