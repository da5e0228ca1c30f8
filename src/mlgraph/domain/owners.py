"""Who an owner is: identifiers of people and teams, in the many spellings that tools use."""

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
    """Return who an identifier such as `team:data`, `user:u1842`, `owner@example.com` or `u1842` stands for.

    A person's or team's own asset URI stands for itself. The facet recommends TYPE:NAME (OpenLineage
    OwnershipDatasetFacet). A bare word may be a person's name, so it is treated as one: an opaque URI, the word itself
    kept apart.
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
