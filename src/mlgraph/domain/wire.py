"""The outward form of facts: one JSON object a line (CONTRACT, Facts)."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import (
    ANY_ORIGIN,
    RUN_TERMINAL_STATES,
    AssetFact,
    AssetRetraction,
    Contact,
    EdgeFact,
    EdgeRetraction,
    Fact,
    Statement,
)
from mlgraph.domain.payload import Located, escape
from mlgraph.domain.redaction import redact
from mlgraph.domain.times import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import INPUT_ROLES, RELATIONS, REQUIREMENTS

_ASSET_KEYS: Final = ("uri", "name", "description", "owners", "tags", "properties", "valid_from", "origin")
_EDGE_KEYS: Final = ("source", "relation", "target", "valid_from", "valid_to", "properties", "origin")
_RETRACT_KEYS: Final = ("uri", "source", "relation", "target", "valid_to", "origin")


def parse_line(line: Located, default_origin: str) -> list[Statement]:
    """Return what one line says: one fact, and for a person the contact data that is kept apart.

    `origin` is `default_origin` where the line names none. Raises `InvalidInput` with the pointer of what is wrong.
    """
    _known_keys(line, ("asset", "edge", "retract"))
    if len(line.mapping()) != 1:
        line.fail("must have exactly one of 'asset', 'edge' and 'retract'")
    if asset := line.get("asset"):
        return _asset(asset, default_origin)
    if edge := line.get("edge"):
        return [_edge(edge, default_origin)]
    return [_retraction(line.need("retract"), default_origin)]


def check_edge(source: AssetUri, relation: str, target: AssetUri) -> None:
    """Raise `InvalidInput` where the vocabulary has no such relation between these kinds."""
    known = RELATIONS.get(relation)
    if known is None:
        close = get_close_matches(relation, RELATIONS, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the relations are {', '.join(RELATIONS)}"
        raise InvalidInput(f"unknown relation {relation[:60]!r}; {hint}", pointer="/relation")
    if not known.allows(source.kind, target.kind):
        raise InvalidInput(
            f"{relation!r} does not lead from a {source.kind} to a {target.kind}: {known.meaning}", pointer="/relation"
        )


def asset_line(uri: str, origin: str, valid_from: int, state: dict[str, Any]) -> dict[str, Any]:
    """Return the line that says an asset's state."""
    said = {key: state[key] for key in ("name", "description", "owners", "tags", "properties") if key in state}
    return {"asset": {"uri": uri, **said, "valid_from": format_time(valid_from), "origin": origin}}


def _asset(asset: Located, default_origin: str) -> list[Statement]:
    _known_keys(asset, _ASSET_KEYS)
    uri = asset.need("uri").uri()
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
    valid_from = asset.get("valid_from")
    fact = AssetFact(uri, _origin(asset, default_origin), valid_from.time() if valid_from else None, state)
    return keep_contact_apart(fact)


def keep_contact_apart(fact: AssetFact) -> list[Statement]:
    """Return the fact; for a person, without name, description and mail, which go into a `Contact` beside it."""
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


def _edge(edge: Located, default_origin: str) -> EdgeFact:
    _known_keys(edge, _EDGE_KEYS)
    source, relation, target = _triple(edge)
    found = edge.get("properties")
    properties = _edge_properties(found, relation, source.kind) if found else {}
    start = edge.get("valid_from")
    valid_from = start.time() if start else None
    end = edge.get("valid_to")
    valid_to = end.time() if end else None
    if end and valid_from is not None and valid_to is not None and valid_to <= valid_from:
        end.fail(f"valid_to {format_time(valid_to)} is not after valid_from {format_time(valid_from)}")
    return EdgeFact(source, relation, target, _origin(edge, default_origin), valid_from, valid_to, properties)


def _edge_properties(properties: Located, relation: str, source_kind: str) -> dict[str, Any]:
    role = properties.get("role")
    if role and relation == "input_to" and role.text() not in INPUT_ROLES:
        role.fail(f"unknown role {role.text()[:60]!r}; the roles are {', '.join(INPUT_ROLES)}")
    for key in ("role", "version"):
        if value := properties.get(key):
            value.text()
    requirement = properties.get("requirement")
    if requirement and relation == "required_by" and requirement.text() not in REQUIREMENTS:
        requirement.fail(f"must be one of {', '.join(REQUIREMENTS)}")
    plain = _object(properties)
    by = properties.get("by")
    if by and relation == "derives" and source_kind == "column" and by.uri().kind not in ("run", "workflow"):
        by.fail("a column edge is seen by a run, or declared by a workflow")
    if feeds := properties.get("from"):
        plain["from"] = sorted({str(uri.uri()) for uri in feeds.items()})
    return plain


def _retraction(retract: Located, default_origin: str) -> Fact:
    _known_keys(retract, _RETRACT_KEYS)
    end = retract.get("valid_to")
    valid_to = end.time() if end else None
    origin = retract.get("origin")
    said = ANY_ORIGIN if origin and origin.value == ANY_ORIGIN else _origin(retract, default_origin)
    if uri := retract.get("uri"):
        for key in ("source", "relation", "target"):
            if other := retract.get(key):
                other.fail("an asset is retracted by 'uri' alone, an edge by 'source', 'relation' and 'target'")
        return AssetRetraction(uri.uri(), said, valid_to)
    source, relation, target = _triple(retract)
    return EdgeRetraction(source, relation, target, said, valid_to)


def _triple(edge: Located) -> tuple[AssetUri, str, AssetUri]:
    source, relation, target = edge.need("source").uri(), edge.need("relation").text(), edge.need("target").uri()
    try:
        check_edge(source, relation, target)
    except InvalidInput as error:
        raise error.under(edge.pointer) from None
    return source, relation, target


def _origin(fact: Located, default_origin: str) -> str:
    origin = fact.get("origin")
    if origin is None:
        return default_origin
    name = origin.name()
    if name == ANY_ORIGIN:
        origin.fail("'*' stands for every origin, and only a retraction may name it")
    if name.startswith("rule:"):
        origin.fail("origins that begin with 'rule:' are kept for inferred edges")
    if len(name) > 200:
        origin.fail("an origin has at most 200 characters")
    return name


def _object(value: Located) -> dict[str, Any]:
    value.mapping()
    kept: dict[str, Any] = redact(value.plain())
    return kept


def _known_keys(value: Located, known: Collection[str]) -> None:
    for key in value.mapping():
        if key not in known:
            close = get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"
            raise InvalidInput(f"unknown key {key[:60]!r}{hint}", pointer=f"{value.pointer}/{escape(key[:60])}")


def is_terminal(state: object) -> bool:
    """Say whether a run's `state` property ends the run."""
    return isinstance(state, str) and state.upper() in RUN_TERMINAL_STATES
