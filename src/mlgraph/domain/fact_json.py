"""Facts as JSON, one object a line: parsing, validation and output (docs/spec.md#facts)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import (
    ANY_ORIGIN,
    FINDING_ORIGIN,
    AssetFact,
    AssetRetraction,
    Contact,
    EdgeFact,
    EdgeRetraction,
    Fact,
    Statement,
)
from mlgraph.domain.payloads.payload import Located, clean_text, escape
from mlgraph.domain.redaction.fact_redaction import redact_fact
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import INPUT_ROLES, KINDS, RELATIONS, REQUIREMENTS

_LINE_KEYS: Final = dict.fromkeys(("asset", "edge", "retract"))
_ASSET_KEYS: Final = dict.fromkeys(("uri", "name", "description", "owners", "tags", "properties", "valid_from", "origin"))
_EDGE_KEYS: Final = dict.fromkeys(("source", "relation", "target", "valid_from", "valid_to", "properties", "origin"))
_RETRACT_KEYS: Final = dict.fromkeys(("uri", "source", "relation", "target", "valid_to", "origin"))
_ALLOWED_EDGES: Final = frozenset(
    (source, relation.name, target)
    for relation in RELATIONS.values()
    for source in KINDS
    for target in KINDS
    if relation.allows(source, target)
)
_PLAIN_PROPERTIES: Final = frozenset({"role", "from"})
"""Properties of `input_to` that contain no free text."""
MAX_ORIGIN_CHARS: Final = 200
_FINDING_RELATION: Final = "similar_to"
"""Findings are stored, not inferred anew, so an import has to bring them along."""


def parse_line(line: Located, default_origin: str) -> list[Statement]:
    """Return the statements of one line: one fact, and for a person also the contact data, which is stored separately.

    The origin is `default_origin` where the line has none. Raises `InvalidInput` with the pointer of the invalid value.
    """
    _known_keys(line, _LINE_KEYS)
    if len(line.value) != 1:
        line.fail("must have exactly one of 'asset', 'edge' and 'retract'")
    (kind,) = line.value
    fact = line.need(kind)
    if kind == "edge":
        return [_edge(fact, default_origin)]
    if kind == "asset":
        return _asset(fact, default_origin)
    return [_retraction(fact, default_origin)]


def check_edge(source: AssetUri, relation: str, target: AssetUri) -> None:
    """Raise `InvalidInput` if the vocabulary does not allow this relation between these kinds."""
    if (source.kind, relation, target.kind) in _ALLOWED_EDGES:
        return
    known = RELATIONS.get(relation)
    if known is None:
        hint = did_you_mean(relation, RELATIONS, f"the relations are {', '.join(RELATIONS)}")
        raise InvalidInput(f"unknown relation {relation[:60]!r}; {hint}", pointer="/relation")
    raise InvalidInput(
        f"{relation!r} is not allowed from a {source.kind} to a {target.kind}: {known.meaning}", pointer="/relation"
    )


def asset_line(uri: str, origin: str, valid_from: int, state: dict[str, Any]) -> dict[str, Any]:
    """Return the line that asserts the state of an asset."""
    members = {key: state[key] for key in ("name", "description", "owners", "tags", "properties") if key in state}
    return {"asset": {"uri": uri, **members, "valid_from": format_time(valid_from), "origin": origin}}


def _asset(asset: Located, default_origin: str) -> list[Statement]:
    _known_keys(asset, _ASSET_KEYS)
    uri = _uri(asset, "uri")
    state: dict[str, Any] = {}
    if name := asset.get("name"):
        state["name"] = name.text()
    if description := asset.get("description"):
        state["description"] = description.text()
    if owners := asset.get("owners"):
        state["owners"] = sorted({str(_owner(owner)) for owner in owners.items()})
    if tags := asset.get("tags"):
        state["tags"] = sorted({tag.text() for tag in tags.items()})
    if properties := asset.get("properties"):
        state["properties"] = _object(properties)
        if uri.kind == "run":
            _check_run(properties)
    fact = AssetFact(uri, _origin(asset, default_origin), _time(asset, "valid_from"), state)
    return [redact_fact(each) if isinstance(each, AssetFact) else each for each in split_contact(fact)]


def split_contact(fact: AssetFact) -> list[Statement]:
    """Return the fact; for a person without name, description and mail, and with a `Contact` that has name and mail."""
    if fact.uri.kind != "person":
        return [fact]
    state = dict(fact.state)
    properties = dict(state.get("properties", {}))
    name = state.pop("name", None)
    state.pop("description", None)
    mail = next((properties.pop(key) for key in ("mail", "email") if isinstance(properties.get(key), str)), None)
    if "properties" in state:
        state["properties"] = properties
    bare = AssetFact(fact.uri, fact.origin, fact.valid_from, state, fact.mode)
    return [bare, Contact(fact.uri, name, mail)] if name or mail else [bare]


def _owner(owner: Located) -> AssetUri:
    uri = owner.uri()
    if uri.kind not in ("person", "team"):
        owner.fail(f"an owner is a person or a team, not a {uri.kind}")
    return uri


def _check_run(properties: Located) -> None:
    if state := properties.get("state"):
        state.text()
    if ended_at := properties.get("ended_at"):
        ended_at.time()
    if code_version := properties.get("code_version"):
        code_version.text()


def _edge(edge: Located, default_origin: str) -> Fact:
    _known_keys(edge, _EDGE_KEYS)
    source, relation, target = _triple(edge)
    found = edge.get("properties")
    properties = _edge_properties(found, relation, source.kind) if found else {}
    valid_from, valid_to = _time(edge, "valid_from"), _time(edge, "valid_to")
    if valid_from is not None and valid_to is not None and valid_to <= valid_from:
        edge.need("valid_to").fail(f"valid_to {format_time(valid_to)} is not after valid_from {format_time(valid_from)}")
    fact = EdgeFact(source, relation, target, _origin(edge, default_origin), valid_from, valid_to, properties)
    is_plain = properties.keys() <= _PLAIN_PROPERTIES if relation == "input_to" else not properties
    return fact if is_plain else redact_fact(fact)


def _edge_properties(properties: Located, relation: str, source_kind: str) -> dict[str, Any]:
    given = properties.mapping()
    if relation == "input_to" and len(given) == 1 and type(role := given.get("role")) is str and role in INPUT_ROLES:
        return {"role": role}  # the most frequent properties need no further check
    for key in ("role", "version"):
        if given.get(key) is not None:
            properties.need(key).text()
    if relation == "input_to" and (role := given.get("role")) is not None and role not in INPUT_ROLES:
        properties.need("role").fail(f"unknown role {clean_text(role)[:60]!r}; the roles are {', '.join(INPUT_ROLES)}")
    requirement = properties.get("requirement") if relation == "required_by" else None
    if requirement and requirement.text() not in REQUIREMENTS:
        requirement.fail(f"must be one of {', '.join(REQUIREMENTS)}")
    plain = _object(properties)
    by = properties.get("by") if relation == "derives" and source_kind == "column" else None
    if by and by.uri().kind not in ("run", "workflow"):
        by.fail("must be the URI of the run or workflow that reported the column edge")
    if feeds := properties.get("from"):
        plain["from"] = sorted({str(uri.uri()) for uri in feeds.items()})
    return plain


def _retraction(retract: Located, default_origin: str) -> Fact:
    _known_keys(retract, _RETRACT_KEYS)
    valid_to = _time(retract, "valid_to")
    origin = retract.get("origin")
    name = ANY_ORIGIN if origin and origin.value == ANY_ORIGIN else _origin(retract, default_origin)
    if uri := retract.get("uri"):
        for key in ("source", "relation", "target"):
            if other := retract.get(key):
                other.fail("an asset is retracted by 'uri' alone, an edge by 'source', 'relation' and 'target'")
        return AssetRetraction(uri.uri(), name, valid_to)
    source, relation, target = _triple(retract)
    return EdgeRetraction(source, relation, target, name, valid_to)


def _triple(edge: Located) -> tuple[AssetUri, str, AssetUri]:
    source = _uri(edge, "source")
    relation = edge.value.get("relation")
    if type(relation) is not str or relation not in RELATIONS:
        relation = edge.need("relation").text()
    target = _uri(edge, "target")
    if (source.kind, relation, target.kind) not in _ALLOWED_EDGES:
        try:
            check_edge(source, relation, target)
        except InvalidInput as error:
            raise error.under(edge.pointer) from None
    return source, relation, target


def _uri(of: Located, key: str) -> AssetUri:
    """Return the URI in a required member. An invalid one is parsed a second time, for an error with a pointer."""
    value = of.value.get(key)
    if type(value) is str:
        try:
            return AssetUri.parse(value)
        except InvalidInput:
            pass
    return of.need(key).uri()


def _time(of: Located, key: str) -> int | None:
    """Return the time in a member in microseconds since the epoch; None where the member is absent or null."""
    value = of.value.get(key)
    if value is None:
        return None
    if type(value) is str:
        try:
            return parse_time(value)
        except InvalidInput:
            pass
    return of.need(key).time()


def _origin(fact: Located, default_origin: str) -> str:
    origin = fact.get("origin")
    if origin is None:
        return default_origin
    name = origin.name()
    if name == ANY_ORIGIN:
        origin.fail("'*' means every origin; only a retraction may have it")
    if name.startswith("rule:") and not (name == FINDING_ORIGIN and fact.value.get("relation") == _FINDING_RELATION):
        origin.fail("origins that begin with 'rule:' are reserved for inferred edges")
    if len(name) > MAX_ORIGIN_CHARS:
        origin.fail(f"an origin has at most {MAX_ORIGIN_CHARS} characters")
    return name


def _object(value: Located) -> dict[str, Any]:
    value.mapping()
    found: dict[str, Any] = value.plain()
    return found


def _known_keys(value: Located, known: Mapping[str, object]) -> None:
    for key in value.mapping():
        if key not in known:
            hint = did_you_mean(key, known, f"the keys are {', '.join(known)}")
            raise InvalidInput(f"unknown key {key[:60]!r}; {hint}", pointer=f"{value.pointer}/{escape(key[:60])}")
