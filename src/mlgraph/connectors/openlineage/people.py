"""Owners in the ownership facet, in the many spellings of people and teams."""

from __future__ import annotations

from collections.abc import Iterator

from mlgraph.domain.facts import Contact
from mlgraph.domain.owners import owner_of
from mlgraph.domain.payload import Located
from mlgraph.domain.uri import AssetUri


def read_owners(facet: Located) -> Iterator[tuple[AssetUri, Contact | None]]:
    """Yield the URI of each owner in an ownership facet, with the contact of a person."""
    owners = facet.get("owners")
    for owner in owners.items() if owners else ():
        name = owner.get("name")
        if name and name.text().strip():
            yield owner_of(name.name())
