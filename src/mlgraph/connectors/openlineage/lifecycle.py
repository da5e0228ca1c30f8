"""Facets that say a dataset came, changed, went, or goes by another name."""

from __future__ import annotations

from typing import Any

from mlgraph.connectors.openlineage.facets import Facets
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.payload import Located
from mlgraph.domain.uri import AssetUri


def read_lifecycle(dataset: AssetUri, facets: Facets, draft: StatementBuilder) -> dict[str, Any]:
    """Return the properties that a lifecycleStateChange facet gives `dataset`; tell of drops and renames."""
    facet = facets.take("lifecycleStateChange")
    change = facet.get("lifecycleStateChange") if facet else None
    if facet is None or change is None:
        return {}
    word = change.text().upper()
    previous = facet.get("previousIdentifier")
    before = draft.names.referenced_dataset(previous) if previous else None
    if word == "DROP":
        draft.gone(dataset)
    if word != "RENAME" or before is None or before == dataset:
        return {"lifecycle": word}
    draft.renamed(before, dataset)
    return {"lifecycle": word, "renamed_from": str(before)}


def read_feast_location(dataset: AssetUri, facets: Facets, draft: StatementBuilder) -> None:
    """Tell where a data source of Feast lives, which Feast names by itself: what it calls the dataset is an alias.

    Only Feast's events say with the dataSource facet where the dataset itself is; others mean the store that it is in.
    """
    source = facets.see("dataSource") if facets.see("feast_dataSource") else None
    location = source.get("uri") if source else None
    place = draft.names.dataset_at(location.text()) if location else None
    if place and place != dataset and place.name != "/":
        draft.edge(dataset, "alias_of", place)


def read_symlinks(dataset: AssetUri, facets: Facets, draft: StatementBuilder) -> None:
    """Tell of the other names of `dataset` (symlinks facet): each is an alias of it."""
    facet = facets.take("symlinks")
    identifiers: Located | None = facet.get("identifiers") if facet else None
    for identifier in identifiers.items() if identifiers else ():
        other = draft.names.referenced_dataset(identifier)
        if other and other != dataset:
            draft.edge(other, "alias_of", dataset)
