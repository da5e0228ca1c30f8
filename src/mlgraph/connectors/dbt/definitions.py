"""Models, seeds, snapshots and sources: the tables, and the workflows that make them."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.dbt.manifest import MADE, Manifest
from mlgraph.connectors.dbt.statements import ORIGIN, aliases, asset, clean_members, declared, edge, owners, text_state
from mlgraph.domain.facts import Declaration, Statement
from mlgraph.domain.naming.dataset_naming import canonical_column
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri, column_uri

_OF_NODE: Final = ("original_file_path", "access", "group", "version", "latest_version", "deprecation_date")
_OF_SOURCE: Final = ("original_file_path", "source_name", "loader", "freshness", "loaded_at_field")
_OF_CONFIG: Final = ("materialized", "contract")
SIDES: Final = ("inputs", "outputs")


def table_statements(manifest: Manifest) -> list[Statement]:
    """Return the statements about all tables of a manifest, and about the workflows that make them."""
    found: list[Statement] = []
    for unique_id, node in manifest.section("nodes"):
        kind = node.need("resource_type").text()
        if kind in MADE and unique_id in manifest.tables:
            found += _table(manifest, unique_id, node, kind, _OF_NODE)
        if kind in MADE and unique_id in manifest.tables:
            found += _workflow(manifest, unique_id, node, kind)
    for unique_id, source in manifest.section("sources"):
        found += _table(manifest, unique_id, source, "source", _OF_SOURCE)
    return found


def _table(manifest: Manifest, unique_id: str, node: Located, kind: str, keys: tuple[str, ...]) -> list[Statement]:
    table, *others = manifest.tables[unique_id]
    config = node.typed("config", dict)
    location = config.typed("location", str) if config is not None else None
    at_location = manifest.names.located(location.text()) if location is not None else None
    properties: dict[str, Any] = {"unique_id": unique_id, "resource_type": kind, **clean_members(node, keys)}
    properties |= clean_members(config, _OF_CONFIG) if config is not None else {}
    owned_by, contacts = _owners(node, config)
    state = text_state(node) | {"owners": owned_by, "properties": {"dbt": properties}}
    found: list[Statement] = [asset(table, manifest.at, state), *aliases(table, [*others, at_location], manifest.at), *contacts]
    for name, column in node.object_members("columns"):
        found += _column(manifest, table, name, column)
    return found


def _owners(node: Located, config: Located | None) -> tuple[list[str], list[Statement]]:
    """Return the owners by `meta.owner`, else the group."""
    for described in (node, config):
        meta = described.typed("meta", dict) if described is not None else None
        owner = meta.get("owner") if meta is not None else None
        if owner is not None and owner.value:
            return owners(*(owner.items() if isinstance(owner.value, list) else (owner,)))
    group = node.typed("group", str)
    return ([str(group_team(group))], []) if group is not None and group.value.strip() else ([], [])


def group_team(name: Located) -> AssetUri:
    """Return the team of a group."""
    return AssetUri("team", "org", name.text())


def _column(manifest: Manifest, table: AssetUri, name: str, column: Located) -> list[Statement]:
    state = text_state(column)
    state = {key: value for key, value in state.items() if value}
    if data_type := clean_members(column, ("data_type",)):
        state["properties"] = {"type": data_type["data_type"]}
    written = column.typed("name", str)
    if not state or written is None:
        return []
    uri = written.attempt(lambda text: column_uri(table, canonical_column(table.namespace, text.name())))
    if uri is None or len(str(uri)) > MAX_URI_CHARS or not name:
        return []
    return [asset(uri, manifest.at, state)]


def _workflow(manifest: Manifest, unique_id: str, node: Located, kind: str) -> list[Statement]:
    workflow = manifest.names.workflow(unique_id, node)
    properties = {"unique_id": unique_id, "resource_type": kind, **clean_members(node, ("original_file_path",))}
    inputs = manifest.inputs(node)
    found: list[Statement] = [
        asset(workflow, manifest.at, {"properties": {"dbt": properties}}),
        edge(workflow, "part_of", manifest.names.invocation(node), manifest.at),
        declared(workflow, "outputs", manifest.tables[unique_id][0], manifest.at, inputs),
        *(declared(table, "input_to", workflow, manifest.at) for table in inputs),
    ]
    return [*found, Declaration(workflow, ORIGIN, manifest.at, SIDES)]
