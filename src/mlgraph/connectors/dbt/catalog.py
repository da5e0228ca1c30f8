"""The catalog: the columns that a database has, with their types and order."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.dbt.project_names import ProjectNames
from mlgraph.connectors.dbt.statements import asset
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Statement
from mlgraph.domain.naming.dataset_naming import canonical_columns
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize_text
from mlgraph.domain.uri import AssetUri


def catalog_statements(catalog: Located, names: ProjectNames) -> list[Statement]:
    """Return the statements about the tables in a catalog: `schema`, the columns in order."""
    at = catalog.need("metadata").need("generated_at").reported_time()
    found: list[Statement] = []
    for section in ("nodes", "sources"):
        for unique_id, table in sorted(catalog.need(section).members()):
            uri = _table(unique_id, table, names)
            columns = sorted(_columns(table), key=lambda column: (column["ordinal_position"], column["name"]))
            if columns:
                schema = canonical_columns(uri.namespace, columns)
                found.append(asset(uri, at, {"properties": {"schema": schema}}))
    return found


def _table(unique_id: str, table: Located, names: ProjectNames) -> AssetUri:
    metadata = table.need("metadata")
    metadata.need("name").name()
    parts = [part.text() for key in ("database", "schema", "name") if (part := metadata.get(key)) is not None]
    placed = names.tables(".".join(part for part in parts if part))
    if placed:
        return placed[0]
    try:
        Located(unique_id).name()
    except InvalidInput as error:
        table.fail(f"its unique id {error.detail}")
    return names.own("dataset", unique_id, table)


def _columns(table: Located) -> list[dict[str, Any]]:
    found = []
    for _, column in table.object_members("columns"):
        name, data_type, index = column.typed("name", str), column.typed("type", str), column.typed("index", int)
        if name is None or index is None or not name.value.strip():
            continue
        read: dict[str, Any] = {"name": name.text(), "ordinal_position": index.value}
        if data_type is not None:
            read["type"] = data_type.text()
        comment = column.typed("comment", str)
        if comment is not None and comment.value.strip():
            read["description"] = sanitize_text(comment)
        found.append(read)
    return found
