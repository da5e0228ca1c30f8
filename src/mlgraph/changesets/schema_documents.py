"""Schemas in JSON: Avro (.avsc) and JSON Schema, with nested fields named by dots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from mlgraph.changesets.definitions import ColumnDefinition, Definition, Target, UnreadableError

MAX_JSON_CHARS: Final = 2 * 1024 * 1024
_MAX_DEPTH: Final = 30
Json = Mapping[str, Any]


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON as it was decoded can be anything
    """Return the value of a JSON text. Raises `UnreadableError` with the line."""
    if len(text) > MAX_JSON_CHARS:
        raise UnreadableError(f"JSON of {len(text):,} characters is over the limit of {MAX_JSON_CHARS:,}")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"this is not JSON: {error.msg}", error.lineno) from None
    except (RecursionError, ValueError):
        raise UnreadableError("the JSON is nested too deeply, or has a number that is too long") from None


def is_avro(data: object) -> bool:
    """Return whether a JSON value is a record of Avro."""
    return isinstance(data, dict) and data.get("type") == "record" and isinstance(data.get("fields"), list)


def is_json_schema(data: object) -> bool:
    """Return whether a JSON value is a JSON Schema of objects."""
    return (
        isinstance(data, dict)
        and isinstance(data.get("properties"), dict)
        and ("$schema" in data or data.get("type") == "object")
    )


def read_avro(path: str, record: Json) -> Definition:
    """Return the dataset whose records have an Avro schema: named by the record, or by the file."""
    name, namespace = str(record.get("name") or ""), str(record.get("namespace") or "")
    if "." in name:
        namespace, _, name = name.rpartition(".")
    columns = {column.name.lower(): column for column in _avro_fields(record, "", 0)}
    return Definition(_target(path, name, namespace), columns, form="avro")


def _avro_fields(record: Json, prefix: str, depth: int) -> Iterator[ColumnDefinition]:
    if depth > _MAX_DEPTH:
        raise UnreadableError(f"records are nested more than {_MAX_DEPTH} levels deep")
    for item in record.get("fields") or ():
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise UnreadableError("a field of the Avro record has no name")
        name = f"{prefix}{item['name']}"
        former = tuple(f"{prefix}{alias}" for alias in item.get("aliases") or () if isinstance(alias, str))
        inner = _avro_record(item.get("type"))
        yield ColumnDefinition(name, _avro_type(item.get("type")), former=former)
        if inner is not None:
            yield from _avro_fields(inner, f"{name}.", depth + 1)


def _avro_record(kind: object) -> Json | None:
    """Return the record of a field's type, also within a union with null."""
    if isinstance(kind, list):
        records = [each for each in kind if is_avro(each)]
        return records[0] if len(records) == 1 else None
    return kind if isinstance(kind, dict) and is_avro(kind) else None


def _avro_type(kind: object) -> str:
    if isinstance(kind, list):
        return " or ".join(_avro_type(each) for each in kind)
    if isinstance(kind, dict):
        if is_avro(kind):
            return "record"
        inner = kind.get("items", kind.get("values"))
        name = str(kind.get("logicalType") or kind.get("type"))
        return f"{name} of {_avro_type(inner)}" if inner is not None else name
    return str(kind)


def read_json_schema(path: str, schema: Json) -> Definition:
    """Return the dataset whose objects have a JSON Schema: named by its title, its identifier, or the file."""
    title = schema.get("title") if isinstance(schema.get("title"), str) else ""
    identifier = str(schema.get("$id") or "").rstrip("/").rpartition("/")[2].partition(".")[0]
    columns = {column.name.lower(): column for column in _properties(schema, "", 0)}
    return Definition(_target(path, title or identifier, "", identifier), columns, form="json schema")


def _properties(schema: Json, prefix: str, depth: int) -> Iterator[ColumnDefinition]:
    if depth > _MAX_DEPTH:
        raise UnreadableError(f"objects are nested more than {_MAX_DEPTH} levels deep")
    properties = schema.get("properties")
    for key, value in properties.items() if isinstance(properties, dict) else ():
        kind = value.get("type", value.get("$ref")) if isinstance(value, dict) else None
        shown = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind) if kind is not None else None
        yield ColumnDefinition(f"{prefix}{key}", shown)
        if isinstance(value, dict):
            yield from _properties(value, f"{prefix}{key}.", depth + 1)


def _target(path: str, name: str, namespace: str, *further: str) -> Target:
    stem = PurePosixPath(path).name.partition(".")[0]
    names = list(dict.fromkeys(each for each in (name, *further, stem) if each))
    return Target("dataset", names[0], namespace, tuple(names[1:]))
