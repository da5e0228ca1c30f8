"""A Feast registry as the context of a payload, and parsing of names, times and tags in payloads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import AssetFact, AssetRetraction, Contact, EdgeFact, Mode, Statement
from mlgraph.domain.naming.feature_stores import feature_store_namespace, feature_store_object
from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.domain.owners import owner_of
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.redaction.json_values import redact, redact_text
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri

ORIGIN: Final = "feast"
DUMMY: Final = "__dummy"
"""The entity of views without entities; its join key begins with this text too."""
_DURATION: Final = re.compile(r"(?P<seconds>\d{1,12})(?:\.\d{1,9})?s")


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When an object of the registry was created, and when it changed last (microseconds since the epoch)."""

    created: int
    changed: int


@dataclass(frozen=True, slots=True)
class FeastInstance:
    """The registry that a payload is about, and what is known of the payload's subject.

    `context` decides the names of what its data sources name. `at` is when the payload was requested.
    """

    name: str
    project: str
    context: NamingContext = NO_CONTEXT
    at: int | None = None
    known_since: int | None = None
    known_state: Mapping[str, Any] | None = None
    known_created: int | None = None
    known_ended: bool = False

    def uri(self, kind: str, name: str) -> AssetUri:
        """Return the URI of the object `name` of the project. Raises `InvalidInput` for a name that a URI cannot contain."""
        return self._object(kind, f"feast:{self.name}", name)

    def other_name(self, uri: AssetUri) -> AssetUri | None:
        """Return the name of an object by which other tools call it, which do not know the instance; None if it is the same."""
        name = uri.name.removeprefix(f"{self.project}/")
        other = self._object(uri.kind, feature_store_namespace(None, self.context.scope), name)
        return None if other == uri else other

    def _object(self, kind: str, namespace: str, name: str) -> AssetUri:
        uri = feature_store_object(kind, namespace, self.project, name)
        if len(str(uri)) > MAX_URI_CHARS:
            raise InvalidInput(f"the {kind} {name[:60]!r} has a URI over the limit of {MAX_URI_CHARS} characters")
        return uri

    def feature(self, view: str, feature: str) -> AssetUri:
        """Return the URI of a feature, in the spelling of Feast's references: VIEW:FEATURE."""
        return self.uri("feature", f"{view}:{feature}")

    def of_creation(self, uri: AssetUri, lifetime: Lifetime) -> tuple[FeastInstance, list[Statement]]:
        """Return the context of a subject that was created then, with a retraction of an older known object of that name.

        The retraction is a microsecond earlier, because it also closes intervals that opened at its time.
        """
        if self.known_created is None or self.known_ended or lifetime.created <= self.known_created:
            return self, []
        fresh = replace(self, known_since=None, known_state=None, known_created=None)
        return fresh, [AssetRetraction(uri, ORIGIN, lifetime.created - 1)]

    def asset(self, uri: AssetUri, lifetime: Lifetime, state: Mapping[str, Any]) -> AssetFact:
        """Return the state of the subject, from the time since when it holds."""
        unchanged = self.known_since is not None and not self.known_ended and self.known_state == state
        return AssetFact(uri, ORIGIN, self.known_since if unchanged else self._since(lifetime), state)

    def feature_store_asset(self, uri: AssetUri, lifetime: Lifetime, state: Mapping[str, Any]) -> list[Statement]:
        """Return the state of the subject, an object that other tools name too, and that name as its alias.

        A project of that name in another registry makes it ambiguous, and unites nothing (docs/spec.md#11-ambiguous-names).
        """
        other = self.other_name(uri)
        return [self.asset(uri, lifetime, state), *([self.edge(other, "alias_of", uri, lifetime)] if other else [])]

    def edge(self, source: AssetUri, relation: str, target: AssetUri, lifetime: Lifetime) -> EdgeFact:
        """Return an edge of the subject. One that is stored already changes nothing (`Mode.PATCH` without properties)."""
        return EdgeFact(source, relation, target, ORIGIN, self._since(lifetime), mode=Mode.PATCH)

    def _since(self, lifetime: Lifetime) -> int | None:
        """Return from when on a part of a definition holds; None: from its recording.

        A registry has no former definitions: the first one that is read holds from the creation of the object, a later one from
        its last change.
        """
        if self.known_since is None or self.known_ended:
            return lifetime.created
        return lifetime.changed if lifetime.changed > self.known_since else None


def lifetime_of(item: Located) -> Lifetime:
    """Return the times in the `meta` of an object."""
    meta = item.need("meta")
    created = meta.need("createdTimestamp").time()
    changed = meta.get("lastUpdatedTimestamp")
    return Lifetime(created, max(created, changed.time()) if changed else created)


def optional(parent: Located, key: str) -> str | None:
    """Return a text member; None where it is absent or empty."""
    found = parent.get(key)
    return (found.text() or None) if found else None


def objects(parent: Located, key: str) -> list[Located]:
    """Return the items of a list, which Feast omits if it is empty."""
    found = parent.get(key)
    return list(found.items()) if found else []


def pairs(parent: Located, key: str) -> dict[str, str]:
    """Return a mapping of texts, which Feast omits if it is empty."""
    found = parent.get(key)
    members = found.members() if found else ()
    return {Located(name, value.pointer).text(): value.text() for name, value in members}


def described(item: Located) -> dict[str, Any]:
    """Return description, tags and owner of an object as parts of a state."""
    owner = optional(item, "owner")
    return without_empty(
        description=redact_text(optional(item, "description") or ""),
        tags=tags_of(item),
        owners=[str(owner_of(owner)[0])] if owner and owner.strip() else None,
    )


def contacts(item: Located) -> list[Contact]:
    """Return how the owner of an object can be reached, if it is a person."""
    owner = optional(item, "owner")
    contact = owner_of(owner)[1] if owner and owner.strip() else None
    return [contact] if contact else []


def tags_of(item: Located) -> list[str]:
    """Return tags as `key:value`, or `key` for an empty or equal value, without secrets."""
    redacted: dict[str, str] = redact(pairs(item, "tags"))
    return sorted(f"{key}:{value}" if value and value != key else key for key, value in redacted.items())


def seconds_of(item: Located, key: str) -> int | None:
    """Return a duration (`"3600s"`, the JSON form of protobuf) in seconds; None where it is absent or 0, which means none."""
    found = item.get(key)
    if found is None:
        return None
    matched = _DURATION.fullmatch(found.text())
    if matched is None:
        found.fail('must be a duration such as "3600s"')
    return int(matched["seconds"]) or None


def without_empty(**values: object) -> dict[str, Any]:
    """Return the values that are not None, an empty text, list or mapping."""
    return {key: value for key, value in values.items() if value is not None and value not in ("", [], {})}
