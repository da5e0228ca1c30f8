"""The project: what its manifest has, so that the next one shows what was removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mlgraph.connectors.dbt.manifest import Manifest
from mlgraph.connectors.dbt.statements import ORIGIN, asset, clean_members
from mlgraph.domain.facts import AssetFact, AssetRetraction, Statement
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri

_ENDING: Final = ("dataset", "metric", "service", "workflow")
"""The kinds of assets that end once a manifest no longer has them."""


def project_statements(manifest: Manifest, defined: Iterable[Statement], former: Located | None) -> list[Statement]:
    """Return the state of the project, and the end of what the manifest before had and this one has not.

    `former`: the URIs of what the manifest before had, {assets: [URI]}.
    """
    metadata = manifest.document.need("metadata")
    present = {str(each.uri) for each in defined if isinstance(each, AssetFact) and each.uri.kind in _ENDING}
    project = manifest.names.invocation(metadata)
    properties = clean_members(metadata, ("project_name", "adapter_type", "dbt_version")) | {"assets": sorted(present)}
    found: list[Statement] = [asset(project, manifest.at, {"properties": {"dbt": properties}})]
    for known in former.need("assets").items() if former is not None else ():
        uri = known.attempt(Located.uri)
        if uri is not None and str(uri) not in present:
            found.append(_ended(uri, known, manifest.at))
    return found


def _ended(uri: AssetUri, known: Located, at: int) -> AssetRetraction:
    if uri.kind not in _ENDING:
        known.fail(f"a manifest has no {uri.kind}")
    return AssetRetraction(uri, ORIGIN, at)
