"""Facts of the connector: their origin and modes, and the texts of a state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mlgraph.domain.facts import AssetFact, Contact, EdgeFact, Mode, Statement
from mlgraph.domain.naming.same_document import named_together
from mlgraph.domain.owners import owner_of
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.sanitizing import sanitize, sanitize_text
from mlgraph.domain.uri import AssetUri

ORIGIN: Final = "dbt"


def asset(uri: AssetUri, at: int, state: Mapping[str, Any] | None = None) -> AssetFact:
    """Return the fact that an asset is as `state` says, beside what other artifacts say of it."""
    return AssetFact(uri, ORIGIN, at, state or {}, Mode.PATCH)


def edge(source: AssetUri, relation: str, target: AssetUri, at: int, properties: Mapping[str, Any] | None = None) -> EdgeFact:
    """Return an edge."""
    return EdgeFact(source, relation, target, ORIGIN, at, None, properties or {}, Mode.PATCH)


def declared(source: AssetUri, relation: str, target: AssetUri, at: int, inputs: Iterable[AssetUri] = ()) -> EdgeFact:
    """Return an edge that ends once a later manifest omits it; `inputs` are what an output is made from."""
    feeding = sorted(map(str, inputs))
    return EdgeFact(source, relation, target, ORIGIN, at, None, {"from": feeding} if feeding else {}, Mode.DECLARED)


def aliases(uri: AssetUri, names: Iterable[AssetUri | None], at: int) -> list[EdgeFact]:
    """Return the edges that say that `names` are other names of `uri`."""
    return named_together(uri, names, ORIGIN, at)


def text_state(item: Located) -> dict[str, Any]:
    """Return description and tags; absent ones become empty, because a manifest has all of them."""
    description = item.typed("description", str)
    listed = item.typed("tags", list)
    tags = [tag.attempt(sanitize_text) for tag in listed.items()] if listed is not None else []
    state: dict[str, Any] = {"tags": sorted({tag for tag in tags if tag and tag.strip()})}
    if description is not None and description.value.strip():
        state["description"] = sanitize_text(description)
    return state


def clean_members(item: Located, keys: Iterable[str]) -> dict[str, Any]:
    """Return those of the members `keys` that say something, as facts may contain them."""
    found: dict[str, Any] = {}
    for key in keys:
        value = item.get(key)
        if value is None or value.value in ("", [], {}):
            continue
        cleaned = value.attempt(sanitize)
        if cleaned is not None:
            found[key] = cleaned
    return found


def owners(*named: Located | None) -> tuple[list[str], list[Statement]]:
    """Return the URIs of the owners that texts name, as a state has them, and the contacts of the persons."""
    found: dict[str, Contact | None] = {}
    for each in named:
        owner = each.attempt(_owner) if each is not None else None
        if owner is not None:
            found[str(owner[0])] = owner[1]
    return sorted(found), [contact for contact in found.values() if contact is not None]


def _owner(text: Located) -> tuple[AssetUri, Contact | None]:
    if not text.name().strip():
        text.fail("must not be blank")
    return owner_of(text.value)
