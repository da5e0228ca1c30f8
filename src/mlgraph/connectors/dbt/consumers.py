"""Exposures, metrics and groups: who uses the tables, what is measured on them, who answers for them."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.dbt.definitions import group_team
from mlgraph.connectors.dbt.manifest import Manifest
from mlgraph.connectors.dbt.statements import ORIGIN, asset, clean_members, declared, edge, owners, text_state
from mlgraph.domain.facts import Declaration, Statement
from mlgraph.domain.payloads.payload import Located

_PROCESS: Final = "ml"
"""The type of exposures that are workflows: they train or score. All other types are services, which answer people."""
_OF_EXPOSURE: Final = ("type", "maturity", "url", "label", "original_file_path")
_OF_METRIC: Final = ("type", "label", "original_file_path")


def consumer_statements(manifest: Manifest) -> list[Statement]:
    """Return the statements about all exposures, metrics and groups of a manifest."""
    found: list[Statement] = []
    for unique_id, exposure in manifest.section("exposures"):
        found += _exposure(manifest, unique_id, exposure)
    for unique_id, metric in manifest.section("metrics"):
        uri = manifest.names.own("metric", unique_id, metric)
        state = text_state(metric) | _properties(unique_id, metric, _OF_METRIC)
        found.append(asset(uri, manifest.at, state))
        found += [edge(uri, "about", table, manifest.at) for table in manifest.inputs(metric)]
    for unique_id, group in manifest.section("groups"):
        name = group.need("name")
        if not name.name().strip():
            name.fail("must not be blank")
        state = text_state(group) | _properties(unique_id, group, ("original_file_path",))
        found.append(asset(group_team(name), manifest.at, state))
    return found


def _exposure(manifest: Manifest, unique_id: str, exposure: Located) -> list[Statement]:
    kind = "workflow" if exposure.need("type").text() == _PROCESS else "service"
    uri = manifest.names.own(kind, unique_id, exposure)
    owner = exposure.typed("owner", dict)
    mail, name = (owner.typed("email", str), owner.typed("name", str)) if owner is not None else (None, None)
    owned_by, contacts = owners(mail if mail is not None and mail.value.strip() else name)
    state = text_state(exposure) | {"owners": owned_by} | _properties(unique_id, exposure, _OF_EXPOSURE)
    found: list[Statement] = [asset(uri, manifest.at, state), *contacts]
    found += [declared(table, "input_to", uri, manifest.at) for table in manifest.inputs(exposure)]
    return [*found, Declaration(uri, ORIGIN, manifest.at, ("inputs",))]


def _properties(unique_id: str, item: Located, keys: tuple[str, ...]) -> dict[str, Any]:
    return {"properties": {"dbt": {"unique_id": unique_id, **clean_members(item, keys)}}}
