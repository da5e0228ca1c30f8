"""The schema facet: the fields of a dataset, nested ones included."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.facets import Facets, clean_text_of
from mlgraph.connectors.openlineage.name_resolver import short_name
from mlgraph.domain.memoization import Memo
from mlgraph.domain.payloads.payload import MAX_DEPTH, Located
from mlgraph.domain.redaction.sanitizing import sanitize

_schemas: Final = Memo(8 * 1024 * 1024)


def read_schema(facets: Facets) -> dict[str, Any]:
    """Return `schema`: the fields as {name, type?, description?, ordinal_position?, fields?}, nameless ones left out.

    An empty list, which producers send if they do not know the fields, has no effect.
    """
    schema = facets.take("schema")
    if schema is None:
        return {"schema": None} if facets.deleted("schema") else {}
    before = schema.warnings_so_far()  # a cached result has no warnings: one with warnings is computed for each event
    fields: list[dict[str, Any]] = _schemas.of(
        schema.value, lambda: _fields(schema, 0), lambda: schema.warnings_so_far() == before
    )
    return {"schema": fields} if fields else {}


def _fields(parent: Located, depth: int) -> list[dict[str, Any]]:
    if depth > MAX_DEPTH:
        parent.leave_out(f"fields nested deeper than {MAX_DEPTH} levels")
        return []
    named = [(field, field.attempt(_name)) for field in parent.objects("fields") or ()]
    return [_field(field, name, depth) for field, name in named if name is not None]


def _name(field: Located) -> str:
    name = field.need("name")
    text = name.text()
    if not text.strip():
        name.fail("must not be blank")
    return short_name(text, name)


def _field(field: Located, name: str, depth: int) -> dict[str, Any]:
    read: dict[str, Any] = {"name": name}
    for key in ("type", "description"):
        if (value := clean_text_of(field, key)) is not None:
            read[key] = value
    if position := field.get("ordinal_position"):
        read["ordinal_position"] = sanitize(position)
    if nested := _fields(field, depth + 1):
        read["fields"] = nested
    return read
