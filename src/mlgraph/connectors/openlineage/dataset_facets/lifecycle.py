"""Facets about the life cycle of a dataset (changes, drops, renames) and about its other names."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.openlineage.facets import Facets, nonblank
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.uri import AssetUri


def read_lifecycle(dataset: AssetUri, facets: Facets, draft: StatementBuilder) -> dict[str, Any]:
    """Return the properties of `dataset` in a lifecycleStateChange facet; add drops and renames to `draft`."""
    facet = facets.take("lifecycleStateChange")
    change = nonblank(facet, "lifecycleStateChange") if facet else None
    if facet is None or change is None:
        return {}
    state = change.text().upper()
    previous = facet.typed("previousIdentifier", dict)
    before = previous.attempt(draft.names.dataset) if previous else None
    if state == "DROP":
        draft.drop(dataset)
    if state != "RENAME" or before is None or before == dataset:
        return {"lifecycle": state}
    draft.rename(before, dataset)
    return {"lifecycle": state, "renamed_from": str(before)}


def read_symlinks(dataset: AssetUri, facets: Facets, draft: StatementBuilder) -> None:
    """Add an alias for each other name of `dataset` (symlinks facet)."""
    facet = facets.take("symlinks")
    for identifier in (facet.objects("identifiers") if facet else None) or ():
        other = identifier.attempt(draft.names.dataset)
        if other and other != dataset:
            draft.edge(other, "alias_of", dataset)
