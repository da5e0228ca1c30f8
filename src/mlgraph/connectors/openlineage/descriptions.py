"""Facets that datasets, jobs and runs share: documentation, ownership, tags."""

from __future__ import annotations

from typing import Any, Final

from mlgraph.connectors.openlineage.facets import Facets, bare, checked, clean_text_of
from mlgraph.connectors.openlineage.people import read_owners
from mlgraph.connectors.openlineage.statement_builder import StatementBuilder
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact
from mlgraph.domain.redaction.sanitizing import sanitize, sanitize_text

_PLAIN_TAG: Final = frozenset({"", "true"})
"""Values of a tag without information beyond its key, as is one that is the key again (Airflow)."""


def describe(facets: Facets, draft: StatementBuilder) -> dict[str, Any]:
    """Return the reported description, owners and tags; a deleted facet sets its member to an empty value."""
    state: dict[str, Any] = {}
    if documentation := facets.take("documentation"):
        if (description := clean_text_of(documentation, "description")) is not None:
            state["description"] = description
    elif facets.deleted("documentation"):
        state["description"] = ""
    if ownership := facets.take("ownership"):
        if (owners := read_owners(ownership)) is not None:
            for contact in (contact for _, contact in owners if contact):
                draft.contact(contact)
            state["owners"] = sorted({str(uri) for uri, _ in owners})
    elif facets.deleted("ownership"):
        state["owners"] = []
    if tags := facets.take("tags"):
        state |= _tags(tags)
    elif facets.deleted("tags"):
        state["tags"] = []
    return state


def _tags(facet: Located) -> dict[str, Any]:
    """Return the tags of the complete asset as `tags`, those of its fields as a facet; nothing where no list can be read."""
    entries = facet.readable("tags", _tag)
    if entries is None:
        return {}
    state: dict[str, Any] = {"tags": sorted({tag for _, (tag, of_field) in entries if not of_field})}
    if of_fields := [bare(checked(entry, ("value",))) for entry, (_, of_field) in entries if of_field]:
        state["properties"] = {"facets": {"tags": {"tags": of_fields}}}
    return state


def _tag(entry: Located) -> tuple[str, bool]:
    """Return a tag as `key`, or as `key:value` if the value has information, and whether it is the tag of a field."""
    key, value = entry.need("key"), entry.typed("value", str)
    of_field = entry.typed("field", str) is not None
    name = key.text()
    if not name.strip():
        key.fail("must not be blank")
    tag_value = value.text() if value else ""
    if tag_value.lower() in _PLAIN_TAG or tag_value == name:
        return sanitize_text(key), of_field
    (cleaned,) = Located(sanitize(Located(redact({name: tag_value})))).mapping().values()  # `owner` names a person
    return f"{sanitize_text(key)}:{cleaned}", of_field
