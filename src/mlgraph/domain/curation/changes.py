"""What a request changes in the curated state of an asset: reading and validation of its body, and application to the state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from mlgraph.domain.curation.merging import FIELDS, MERGED_FIELDS, REMOVED, curated_part, field_value
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.payloads.payload import Located, escape
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.domain.uri import AssetUri

MAX_DESCRIPTION_CHARS: Final = 20_000
MAX_TAG_CHARS: Final = 200
MAX_LINK_CHARS: Final = 2_000
MAX_ITEMS: Final = 100
"""The most owners, tags or links of one asset that people can write."""
_PART_KEYS: Final = ("add", "remove")


@dataclass(frozen=True, slots=True)
class PartChange:
    """Items to add to a united field, and items to remove from it."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replaces: bool = False
    """The items to add replace those that people added before."""


@dataclass(frozen=True, slots=True)
class CurationChange:
    """The changes of one request: `values` by replaced field, `parts` by united field, and the fields to take back."""

    values: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, PartChange] = field(default_factory=dict)
    undone: frozenset[str] = frozenset()

    def apply(self, curated: Mapping[str, Any]) -> dict[str, Any]:
        """Return a curated state with these changes. The result does not depend on what sources report."""
        state = dict(curated)
        properties = dict(state.pop("properties", None) or {})
        for name in self.undone:
            (state if name in ("description", "owners", "tags") else properties).pop(name, None)
            properties.pop(REMOVED.get(name, ""), None)
        for name, value in self.values.items():
            (state if name in ("description", "owners") else properties)[name] = value
        for name, change in self.parts.items():
            before = curated_part(curated, name)
            added = {*(() if change.replaces else before.added), *change.add} - {*change.remove}
            removed = {*before.removed, *change.remove} - {*change.add}
            _put(state if name == "tags" else properties, name, added)
            _put(properties, REMOVED[name], removed)
        return {**state, **({"properties": properties} if properties else {})}


def check_size(state: Mapping[str, Any]) -> None:
    """Raise `InvalidInput` if a curated state has more tags or links than people can write."""
    for name in MERGED_FIELDS:
        for listed in curated_part(state, name):
            if len(listed) > MAX_ITEMS:
                raise InvalidInput(f"the asset would have {len(listed)} written {name}, at most {MAX_ITEMS}", pointer=f"/{name}")


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the fields in which two curated states differ, in the order of `FIELDS`."""
    return [name for name in FIELDS if written_value(before, name) != written_value(after, name)]


def written_value(curated: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - the type depends on the field
    """Return what a curated state says of a field; of a united one, the parts that people added and removed."""
    return curated_part(curated, name) if name in MERGED_FIELDS else field_value(curated, name)


def read_change(body: Located, kind: str) -> CurationChange:
    """Return the changes in the body of a request about an asset of this kind.

    Raises `InvalidInput` with the pointer of what cannot be written.
    """
    members = body.mapping()
    for name in members:
        if name not in FIELDS:
            hint = did_you_mean(name, FIELDS, f"the fields are {', '.join(FIELDS)}")
            raise InvalidInput(f"unknown field {name[:60]!r}; {hint}", pointer=f"/{escape(name[:60])}")
    if not members:
        body.fail(f"nothing to change: give at least one of {', '.join(FIELDS)}; null takes a value back")
    values: dict[str, Any] = {}
    parts: dict[str, PartChange] = {}
    for name, value in body.members():
        if name == "description":
            values[name] = _description(value, kind)
        elif name == "owners":
            values[name] = _bounded(value, {str(_owner(each)) for each in value.items()})
        elif name == "deprecated":
            values[name] = value.flag()
        elif name == "successor":
            values[name] = str(_successor(value, kind))
        else:
            parts[name] = _part(value, name)
    return CurationChange(values, parts, frozenset(name for name, value in members.items() if value is None))


def _description(value: Located, kind: str) -> str:
    if kind == "person":
        value.fail("a description of a person is personal data, which is not stored with facts: write about the team instead")
    text = value.text().strip()
    if not text:
        value.fail("must not be empty; null takes the written description back")
    if len(text) > MAX_DESCRIPTION_CHARS:
        value.fail(f"has {len(text):,} characters, at most {MAX_DESCRIPTION_CHARS:,} are stored: link to a page instead")
    return text


def _owner(value: Located) -> AssetUri:
    uri = value.uri()
    if uri.kind not in ("person", "team"):
        value.fail(f"an owner is a person or a team, not a {uri.kind}")
    return uri


def _successor(value: Located, kind: str) -> AssetUri:
    uri = value.uri()
    if uri.kind != kind:
        value.fail(f"the successor of a {kind} is a {kind}, not a {uri.kind}")
    return uri


def _part(value: Located, name: str) -> PartChange:
    read = _tag if name == "tags" else _link
    if name == "links" and isinstance(value.value, list):
        return PartChange(tuple(_bounded(value, {read(each) for each in value.items()})), replaces=True)
    for key in value.mapping():
        if key not in _PART_KEYS:
            raise InvalidInput(f"unknown key {key[:60]!r}; the keys are add and remove", pointer=f"/{name}/{escape(key[:60])}")
    listed = {key: value.get(key) for key in _PART_KEYS}
    add, remove = ({read(each) for each in items.items()} if items else set() for items in listed.values())
    if not add and not remove:
        value.fail(f"nothing to add or remove; null takes back all {name} that people added or removed")
    if both := sorted(add & remove):
        value.need("remove").fail(f"{both[0][:60]!r} is to be added and removed")
    return PartChange(tuple(_bounded(value, add)), tuple(_bounded(value, remove)))


def _tag(value: Located) -> str:
    text = value.text().strip()
    if not text or not text.isprintable():
        value.fail("a tag is a text without line breaks and control characters, and not empty")
    if len(text) > MAX_TAG_CHARS:
        value.fail(f"a tag has at most {MAX_TAG_CHARS} characters")
    return text


def _link(value: Located) -> str:
    text = value.text().strip()
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        value.fail("is not a URL")
    if parts.scheme not in ("http", "https") or not host:
        value.fail("a link is a URL that begins with http:// or https://")
    if not text.isprintable() or " " in text:
        value.fail("a link has no spaces and control characters: percent-encode them")
    if parts.username is not None or parts.password is not None:
        value.fail("a link has no user name and password: who reads it signs in by themselves")
    if len(text) > MAX_LINK_CHARS:
        value.fail(f"a link has at most {MAX_LINK_CHARS:,} characters")
    return parts.scheme + text[len(parts.scheme) :]  # the scheme in lower case


def _bounded(value: Located, items: Iterable[str]) -> list[str]:
    listed = sorted(items)
    if len(listed) > MAX_ITEMS:
        value.fail(f"has {len(listed)} items, at most {MAX_ITEMS} can be written")
    if not listed and isinstance(value.value, list):
        value.fail("must not be empty; null takes the written value back")
    return listed


def _put(target: dict[str, Any], key: str, items: Iterable[str]) -> None:
    listed = sorted(items)
    if listed:
        target[key] = listed
    else:
        target.pop(key, None)
