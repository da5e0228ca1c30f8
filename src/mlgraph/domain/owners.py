"""Owners: URIs of people and teams, from the many spellings of identifiers that tools use."""

from __future__ import annotations

import re
from typing import Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import Contact
from mlgraph.domain.uri import SCHEME, AssetUri, person_uri

_URN: Final = "urn:li:"
_PERSONS: Final = frozenset({"user", "person", "mailto", "email", "corpuser"})
_TEAMS: Final = frozenset({"team", "group", "corpgroup", "org", "department", "application", "app", "service"})
_NAMED_MAIL: Final = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<mail>[^<>\s]+@[^<>\s]+)>")


def owner_of(identifier: str) -> tuple[AssetUri, Contact | None]:
    """Return the URI of the owner with an identifier such as `team:data`, `user:u1842`, `owner@example.com` or `u1842`.

    The asset URI of a person or team is returned as it is. Otherwise a person also gets a `Contact`. The recommended form is
    TYPE:NAME (OpenLineage OwnershipDatasetFacet). A bare word may be the name of a person, so it is treated as one: the URI
    is opaque, and only the contact has the word.
    """
    text = identifier.strip()
    if known := _known(text):
        return known, None
    kind, colon, rest = text.removeprefix(_URN).partition(":")
    if colon and rest.strip() and kind.lower() in _TEAMS:
        return AssetUri("team", "org", rest.strip()), None
    who = rest.strip() if colon and rest.strip() and kind.lower() in _PERSONS else text
    if named := _NAMED_MAIL.fullmatch(who):
        uri = person_uri(named["mail"])
        return uri, Contact(uri, named["name"] or None, named["mail"])
    uri = person_uri(who)
    return uri, Contact(uri, None, who) if "@" in who else Contact(uri, who, None)


def _known(text: str) -> AssetUri | None:
    try:
        uri = AssetUri.parse(text) if text.startswith(SCHEME) else None
    except InvalidInput:
        return None
    return uri if uri and uri.kind in ("person", "team") else None
