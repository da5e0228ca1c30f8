"""Redaction of facts: what is asserted of an asset or an edge, except what identifies them (docs/adr/0031)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact, Unredacted
from mlgraph.domain.redaction.json_values import redact
from mlgraph.domain.redaction.redaction_of_0_1 import redact_as_0_1

STATE_MEMBERS: Final = frozenset({"name", "description", "owners", "tags", "properties"})
_NAMES: Final = frozenset({"name", "owners"})
_URIS: Final = frozenset({"from", "by"})


def redact_fact(fact: Fact) -> Fact:
    """Return `fact` without secrets; with `Unredacted`, from which its digest is taken, if it had any."""
    if isinstance(fact, AssetFact) and fact.state:
        state = redact_state(fact.state)
        if state != fact.state:
            return fact._replace(state=state, unredacted=Unredacted(fact.state, _state_as_0_1(fact.state)))
    elif isinstance(fact, EdgeFact) and fact.properties:
        properties = redact_properties(fact.properties)
        if properties != fact.properties:
            former = _redacted(fact.properties, _URIS, redact_as_0_1)
            return fact._replace(properties=properties, unredacted=Unredacted(fact.properties, former))
    return fact


def redact_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of an asset without secrets; its name and the URIs of its owners are left alone."""
    found = _redacted(state, _NAMES, redact)
    tags = found.get("tags")
    if tags != state.get("tags") and isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        found["tags"] = sorted(set(tags))  # several may have become one
    return found


def redact_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an edge without secrets; URIs that they refer to are left alone."""
    return _redacted(properties, _URIS, redact)


def _state_as_0_1(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state as version 0.1.0 stored it: it redacted properties alone."""
    return {key: redact_as_0_1(item) if key == "properties" else item for key, item in state.items()}


def _redacted(members: Mapping[str, Any], excepted: frozenset[str], rule: Callable[[Any], Any]) -> dict[str, Any]:
    found = rule({key: item for key, item in members.items() if key not in excepted})
    return {**{key: item for key, item in members.items() if key in excepted}, **found}
