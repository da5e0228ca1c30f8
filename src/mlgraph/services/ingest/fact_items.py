"""Facts as callers send them: parsed, and refused where the caller may not report them."""

from __future__ import annotations

from typing import Any

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.facts import EdgeFact, split_contacts
from mlgraph.domain.payloads.payload import Located
from mlgraph.ports.connector import FACTS, ConnectorRegistry
from mlgraph.ports.store import Item
from mlgraph.services.common.identity import Caller, is_reserved


class FactItems:
    """Makes items of facts in JSON."""

    def __init__(self, connectors: ConnectorRegistry) -> None:
        """Facts of the origins of `connectors` come from them, or from an import."""
        self._of_connectors = frozenset(connector.name for connector in connectors)

    def item(self, document: Any, caller: Caller) -> Item:  # noqa: ANN401 - any JSON value
        """Return the item to append for one decoded line. Raises `InvalidInput` with the pointer of what is refused."""
        item = Item(*split_contacts(parse_line(Located(document), caller.source or FACTS)))
        for fact in item.facts:
            if isinstance(fact, EdgeFact) and fact.valid_from is None and fact.valid_to is not None:
                _check_not_past(fact.valid_to)
            if (refusal := self._refusal(fact.origin, caller)) is not None:
                raise InvalidInput(refusal, pointer=f"/{next(iter(document))}/origin")
        return item

    def _refusal(self, origin: str, caller: Caller) -> str | None:
        """Return why facts of `origin` are not accepted from the caller, else None."""
        if not caller.may_report_for(origin):
            return f"this token may only report facts of the origin {caller.source!r}, not of {origin!r}"
        reserved = is_reserved(origin) or (origin in self._of_connectors and origin != caller.source)
        if not reserved or caller.may_import:
            return None
        return (
            f"facts of the origin {origin!r} come from mlgraph itself or from a connector: use its own call, or import an export "
            "with a token that has admin and no source"
        )


def _check_not_past(valid_to: int) -> None:
    """Raise `InvalidInput` if an edge without valid_from, which starts now, has a valid_to in the past."""
    if valid_to <= clock.now_us():
        raise InvalidInput(
            "valid_to is in the past, and without valid_from the edge would start now: give valid_from", pointer="/edge/valid_to"
        )
