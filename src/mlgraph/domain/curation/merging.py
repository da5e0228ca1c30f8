"""The rule that merges what people write (origin `curation`) with what sources report (docs/spec.md#13-curation).

A curated state has the members of every state (docs/spec.md#facts): `description`, `owners`, `tags` (those that people added),
and in `properties`: `links` (added ones), `deprecated`, `successor`, and `removed_tags` and `removed_links`, which are hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

REMOVED: Final = {"tags": "removed_tags", "links": "removed_links"}
"""For each united field, the property of a curated state that lists what people removed."""
MERGED_FIELDS: Final = tuple(REMOVED)
"""Fields in which the values of people and sources are united."""
REPLACED: Final = ("description", "owners", "deprecated", "successor")
"""Fields in which the value of people replaces that of sources."""
FIELDS: Final = ("description", "owners", "tags", "links", "deprecated", "successor")
"""The fields that people can write, in the order of answers."""
_PROPERTIES: Final = frozenset({"links", "deprecated", "successor"})
_NOT_DEPRECATED: Final = frozenset({"", "false", "no", "0"})


class CuratedPart(NamedTuple):
    """What people added to a united field, and what they removed from it."""

    added: list[str]
    removed: list[str]


def field_value(state: Mapping[str, Any], field: str) -> Any:  # noqa: ANN401 - the type depends on the field
    """Return the value of one of `FIELDS` in a state; None where the state has none."""
    if field == "links":
        return _links(state) or None
    if field not in _PROPERTIES:
        return state.get(field)
    return _properties(state).get(field)


def curated_part(curated: Mapping[str, Any], field: str) -> CuratedPart:
    """Return what a curated state adds to and removes from one of the `MERGED_FIELDS` fields, each sorted."""
    removed = set(_texts(_properties(curated).get(REMOVED[field])))
    return CuratedPart(sorted(set(_texts(field_value(curated, field))) - removed), sorted(removed))


def curate(reported: Mapping[str, Any], curated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state that sources report, with what people wrote on top.

    Description, owners, deprecated and successor replace the reported values; tags and links are united with the reported ones,
    without those that people removed. Members of other names, which an import may have, replace too.
    """
    properties = {**_properties(reported), **_properties(curated)}
    merged = {**reported, **curated}
    for field in MERGED_FIELDS:
        part = curated_part(curated, field)
        target, source = (properties, _properties(reported)) if field in _PROPERTIES else (merged, reported)
        properties.pop(REMOVED[field], None)
        if part.added or part.removed:
            target[field] = sorted({*_texts(field_value(reported, field)), *part.added} - {*part.removed})
        elif field in source:
            target[field] = source[field]
        else:
            target.pop(field, None)
    if properties or "properties" in reported:
        merged["properties"] = properties
    else:
        merged.pop("properties", None)
    return merged


def effective_owners(state: Mapping[str, Any], curated: Mapping[str, Any], owned_by: Iterable[str]) -> list[str]:
    """Return the owners of an asset, sorted: those that people wrote, else those of its state and of its edges `owned_by`.

    `state`: the merged state; `curated`: what people wrote, empty if nothing.
    """
    return sorted(set(state.get("owners", ())) if "owners" in curated else {*state.get("owners", ()), *owned_by})


def is_deprecated(state: Mapping[str, Any]) -> bool:
    """Return whether a merged state says that the asset is deprecated: by `deprecated`, else by the state of its life cycle."""
    properties = _properties(state)
    value = properties.get("deprecated")
    if value is None:
        life_cycle = properties.get("state")
        return isinstance(life_cycle, str) and life_cycle.lower() == "deprecated"
    return value.strip().lower() not in _NOT_DEPRECATED if isinstance(value, str) else bool(value)


def successor_of(state: Mapping[str, Any]) -> str | None:
    """Return the URI of the asset to use in the place of this one, by a merged state; None if it names none."""
    value = _properties(state).get("successor")
    return value if isinstance(value, str) and value else None


def links_of(state: Mapping[str, Any]) -> list[str]:
    """Return the addresses (http or https) of pages about the asset, by a merged state."""
    return _links(state)


def _links(state: Mapping[str, Any]) -> list[str]:
    listed = _properties(state).get("links")
    addresses = (each.get("url") if isinstance(each, dict) else each for each in listed) if isinstance(listed, list) else ()
    found = (each for each in addresses if isinstance(each, str) and each.startswith(("http://", "https://")))
    return list(dict.fromkeys(found))


def _properties(state: Mapping[str, Any]) -> Mapping[str, Any]:
    found = state.get("properties")
    return found if isinstance(found, Mapping) else {}


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []
