"""The copy of artifacts that is stored: only what is read. A manifest is mostly SQL and macros."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from mlgraph.connectors.dbt.manifest import SECTIONS
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize

_SECTIONS: Final = (*SECTIONS, "semantic_models", "saved_queries", "unit_tests", "functions", "disabled")
_READ: Final = frozenset(
    {
        "access",
        "alias",
        "attached_node",
        "column_name",
        "columns",
        "config",
        "database",
        "depends_on",
        "deprecation_date",
        "description",
        "freshness",
        "group",
        "identifier",
        "label",
        "latest_version",
        "loaded_at_field",
        "loader",
        "maturity",
        "meta",
        "name",
        "original_file_path",
        "owner",
        "resource_type",
        "schema",
        "source_name",
        "tags",
        "test_metadata",
        "type",
        "url",
        "version",
    }
)
_CONFIG: Final = frozenset({"contract", "location", "materialized", "meta", "severity"})
_RESULT: Final = frozenset({"adapter_response", "failures", "message", "status", "timing", "unique_id"})
_METADATA: Final = frozenset(
    {
        "adapter_type",
        "dbt_schema_version",
        "dbt_version",
        "generated_at",
        "invocation_id",
        "invocation_started_at",
        "project_name",
    }
)
_ARGUMENTS: Final = frozenset({"which"})


def sanitized(payload: Located) -> object:
    """Return a copy of a payload with what is read of it, without secrets and personal data."""
    return sanitize(Located(trimmed(payload.value)) if isinstance(payload.value, dict) else payload)


def trimmed(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an artifact, or of several, that are read."""
    return {key: _trimmed(key, value) for key, value in payload.items() if key not in _UNREAD}


_UNREAD: Final = frozenset({"macros", "docs", "selectors", "parent_map", "child_map", "group_map"})


def _trimmed(key: str, value: object) -> object:
    if key in ("manifest", "catalog", "run_results") and isinstance(value, dict):
        return trimmed(value)
    if key == "metadata":
        return _only(value, _METADATA)
    if key == "args":
        return _only(value, _ARGUMENTS)
    if key == "results" and isinstance(value, list):
        return [_only(each, _RESULT) for each in value]
    if key in _SECTIONS and isinstance(value, dict):
        return {name: _node(each) for name, each in value.items()}
    return value


def _node(value: object) -> object:
    if not isinstance(value, dict) or "metadata" in value:  # a table of a catalog
        return value
    found = {key: item for key, item in value.items() if key in _READ}
    return {**found, "config": _only(found["config"], _CONFIG)} if "config" in found else found


def _only(value: object, keys: Collection[str]) -> object:
    return {key: item for key, item in value.items() if key in keys} if isinstance(value, dict) else value
