"""Owners in the ownership facet, in the many spellings of people and teams."""

from __future__ import annotations

from mlgraph.connectors.openlineage.name_resolver import short_name, usable_name
from mlgraph.domain.facts import Contact
from mlgraph.domain.owners import owner_of
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.uri import AssetUri


def read_owners(facet: Located) -> list[tuple[AssetUri, Contact | None]] | None:
    """Return the URI of each owner in an ownership facet, with the contact of a person; None where no list can be read.

    Owners without a usable name are left out, with a warning.
    """
    owners = facet.readable("owners", _owner)
    return None if owners is None else [owner for _, owner in owners]


def _owner(entry: Located) -> tuple[AssetUri, Contact | None]:
    name = entry.need("name")
    return owner_of(short_name(usable_name(name), name))
