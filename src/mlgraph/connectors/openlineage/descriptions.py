"""Facets that datasets, jobs and runs share: documentation, ownership, tags."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.facets import Facets, bare
from mlgraph.connectors.openlineage.people import read_owners
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.payload import Located
from mlgraph.domain.redaction import redact
from mlgraph.domain.sanitizing import sanitize, sanitize_text

_PLAIN_TAG: Final = frozenset({"", "true"})
"""Values of a tag without information beyond its key."""


def describe(facets: Facets, draft: StatementBuilder) -> dict[str, Any]:
    """Return the reported description, owners and tags; a deleted facet sets its member to an empty value."""
    state: dict[str, Any] = {}
    if documentation := facets.take("documentation"):
        if description := documentation.get("description"):
            state["description"] = sanitize_text(description)
    elif facets.deleted("documentation"):
        state["description"] = ""
    if ownership := facets.take("ownership"):
        owners = list(read_owners(ownership))
        for contact in (contact for _, contact in owners if contact):
            draft.contact(contact)
        state["owners"] = sorted({str(uri) for uri, _ in owners})
    elif facets.deleted("ownership"):
        state["owners"] = []
    if tags := facets.take("tags"):
        tag_entries = [(_tag(entry), entry) for entry in _entries(tags)]
        state["tags"] = sorted({tag for tag, entry in tag_entries if tag and not entry.get("field")})
        if of_fields := [bare(entry) for tag, entry in tag_entries if tag and entry.get("field")]:
            state["properties"] = {"facets": {"tags": {"tags": of_fields}}}
    elif facets.deleted("tags"):
        state["tags"] = []
    return state


def _entries(tags: Located) -> list[Located]:
    listed = tags.get("tags")
    return list(listed.items()) if listed else []


def _tag(entry: Located) -> str | None:
    """Return a tag as `key`, or as `key:value` if the value has information; None without a key."""
    key, value = entry.get("key"), entry.get("value")
    if field := entry.get("field"):
        field.text()
    if key is None or not key.text():
        return None
    tag_value = value.text() if value else ""
    if tag_value.lower() in _PLAIN_TAG:
        return sanitize_text(key)
    name = key.text()
    return f"{sanitize_text(key)}:{sanitize(Located(redact({name: tag_value})[name]))}"
