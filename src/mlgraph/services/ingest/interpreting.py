"""Interpretation of one event by its connector, checked against the kinds and relations that the connector declares.

Nothing is stored here.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput, MlgraphError
from mlgraph.domain.facts import EdgeFact, EdgeRetraction, Fact, split_contacts
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.detail_warnings import DetailWarning
from mlgraph.domain.payloads.payload import Located, canonical_json, clean_text, without_unstorable
from mlgraph.domain.redaction.fact_redaction import redact_fact
from mlgraph.domain.redaction.json_values import redact
from mlgraph.domain.redaction.sanitizing import sanitize
from mlgraph.domain.uri import MAX_URI_CHARS, AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.ports.connector import Connector
from mlgraph.ports.dead_letters import DeadLetterEntry
from mlgraph.ports.store import Event, Item
from mlgraph.services.common.identity import Caller
from mlgraph.services.common.registries import ModelRegistries
from mlgraph.services.ingest.json_reading import canonical_json_clean, canonical_text, read_event

_log = logging.getLogger(__name__)

_PEOPLE: Final = ("person", "team")
"""Kinds that a connector may emit without declaring them."""
_WIDEST_CHAR: Final = 12
"""The most characters that one character of a name takes in a URI: four bytes, each as %XX."""


@dataclass(frozen=True, slots=True)
class InterpretedEvent:
    """The interpretation of one event: the item to append, or the dead letter to store if the connector failed.

    `warnings` lists the details of the event that were left out or read differently.
    """

    connector: Connector
    caller: Caller
    item: Item
    dead_letter: DeadLetterEntry | None = None
    warnings: Sequence[DetailWarning] = ()


def interpret_text(
    connector: Connector, raw: bytes, caller: Caller, registries: ModelRegistries | None = None
) -> InterpretedEvent:
    """Return the interpretation of an event in JSON. Raises `NotJson`, `TooLarge`, and `InvalidInput` as `interpret` does."""
    document, warnings = read_event(raw)
    event = interpret(connector, document, caller, registries)
    return replace(event, warnings=[*warnings, *event.warnings]) if warnings else event


def interpret(
    connector: Connector, document: object, caller: Caller, registries: ModelRegistries | None = None
) -> InterpretedEvent:
    """Return the interpretation of an event. Raises `InvalidInput` for an event that the connector refuses.

    Values that no store can contain (infinite numbers, extreme nesting) are null for the connector, with a warning. An event
    becomes a dead letter if the connector fails with any other error, or emits a fact that it does not declare.
    """
    if not isinstance(document, dict):
        raise InvalidInput(f"an event of the format {connector.name} must be a JSON object", pointer="")
    payload: dict[str, Any] = document
    warnings: list[DetailWarning] = []
    try:
        content = canonical_json_clean(payload)
    except InvalidInput:
        payload, warnings = without_unstorable(payload)
        content = canonical_json_clean(payload)
    try:
        context = NamingContext(caller.scope)
        statements = connector.normalise(payload, registries.completed(context, connector) if registries else context)
        facts, contacts = split_contacts(statements)
        event = _event_of(connector, payload, content, caller)
        if not connector.redacts:
            facts = [redact_fact(fact) for fact in facts]
        item = Item(facts, contacts, event)
        _check(connector, item.facts)
    except MlgraphError:
        raise
    except Exception as error:  # noqa: BLE001 - a connector may fail in any way; its event must not be lost
        _log.exception("the connector %s failed on an event; it is stored as a dead letter", connector.name)
        body = canonical_json(_stored_copy(connector, payload))
        dead_letter = DeadLetterEntry(
            connector.name, caller.actor, caller.source, caller.environment, body, str(error), scope=caller.own_scope
        )
        return InterpretedEvent(connector, caller, Item(()), dead_letter)
    warnings += [
        DetailWarning(clean_text(each.pointer), redact(clean_text(each.message)))
        for each in statements
        if isinstance(each, DetailWarning)
    ]
    return InterpretedEvent(connector, caller, item, warnings=warnings)


def digest_of(*parts: str) -> bytes:
    """Return the digest (16 bytes) that identifies an event by these parts."""
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


def _event_of(connector: Connector, document: dict[str, Any], content: str, caller: Caller) -> Event:
    """Return the event to store, identified by its `content`; secrets, names and mail addresses are not stored."""
    stored = _stored_copy(connector, document)
    is_redacted = stored != document
    body = canonical_text(stored) if is_redacted else content
    scope = (caller.scope,) if caller.scope else ()  # names in the event depend on the scope
    identity = digest_of(connector.name, content, *scope)
    event_id = clean_text(connector.event_id(document)[:500])
    return Event(connector.name, caller.source or connector.name, event_id, identity, body, is_redacted)


def _stored_copy(connector: Connector, document: dict[str, Any]) -> object:
    """Return the copy of an event to store. The copy of a connector with a rule of its own is redacted too."""
    stored = connector.sanitize(Located(document))
    return stored if connector.sanitize is sanitize else redact(stored)


def _check(connector: Connector, facts: Iterable[Fact]) -> None:
    """Raise `InvalidInput` for a URI that is too long, and `ValueError` for a fact that the connector does not declare."""
    kinds = (*connector.kinds, *_PEOPLE)
    for fact in facts:
        if fact.origin != connector.name:
            raise ValueError(f"the connector emits a fact of the origin {fact.origin!r}, not {connector.name!r}")
        if isinstance(fact, EdgeFact | EdgeRetraction):
            relation, source, target = fact.relation, fact.source, fact.target
            if relation not in connector.relations or not _is_allowed(source.kind, relation, target.kind):
                raise ValueError(f"the connector emits {source.kind} {relation} {target.kind}: undeclared, or not allowed")
            uris: tuple[AssetUri, ...] = (source, target)
        else:
            uris = (fact.uri,)
        for uri in uris:
            if uri.kind not in kinds:
                raise ValueError(f"the connector emits a {uri.kind}, which it does not declare")
            if _WIDEST_CHAR * (len(uri.namespace) + len(uri.name)) > MAX_URI_CHARS // 2 and len(str(uri)) > MAX_URI_CHARS:
                raise InvalidInput(f"names a {uri.kind} whose URI is over the limit of {MAX_URI_CHARS} characters", pointer="")


@lru_cache(1 << 10)
def _is_allowed(source: str, relation: str, target: str) -> bool:
    known = RELATIONS.get(relation)
    return known is not None and known.allows(source, target)
