"""Dismissals: "not a duplicate", said by a person, is a fact about a pair in either direction, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput, NotFound
from mlgraph.domain.facts import FINDING_ORIGIN, EdgeFact, EdgeRetraction, Fact
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.store import Appended, FactReader, Item
from mlgraph.services.common.identity import Caller
from mlgraph.services.history.asserted_facts import asserted_intervals

SIMILAR_TO: Final = "similar_to"
SIMILAR_TO_CODE: Final = RELATIONS[SIMILAR_TO].code
CURATION: Final = "curation"
MAX_REASON_CHARS: Final = 2_000

Append = Callable[[Sequence[Item], Caller], Appended]


def dismissed_with(reader: FactReader, graph: GraphVersion, asset: int) -> set[int]:
    """Return the assets of which a person said that they are no duplicates of `asset`."""
    return {other for other, properties, _ in pairs_of(reader, graph, asset) if properties.get("dismissed_by")}


def pairs_of(reader: FactReader, graph: GraphVersion, asset: int) -> list[tuple[int, dict[str, Any], int]]:
    """Return (other, properties, origin) of each current `similar_to` edge of an asset, in either direction."""
    names = sorted(graph.aliases.names_of(asset)) or [asset]
    records = [*reader.edges_from(names, [SIMILAR_TO_CODE]), *reader.edges_into(names, [SIMILAR_TO_CODE])]
    found = []
    for interval in asserted_intervals(reader, records) if records else ():
        if interval.end == FOREVER:
            record = interval.record
            other = record.target if record.source in names else record.source
            found.append((graph.aliases.at(other, FOREVER - 1), interval.properties, record.origin))
    return found


class Dismissals:
    """Writes and takes back dismissals."""

    def __init__(self, append: Append) -> None:
        self._append = append

    def dismiss(self, a: str, b: str, reason: str | None, caller: Caller) -> int:
        """Record that a person says that two assets are no duplicates; return the transaction. Findings about them end."""
        if a == b:
            raise InvalidInput("both are the same asset; a dismissal is about two", pointer="/b")
        one, other = sorted((a, b))
        properties: dict[str, Any] = {"dismissed_by": caller.actor}
        if reason:
            properties["reason"] = redact_text(reason[:MAX_REASON_CHARS])
        facts: list[Fact] = [
            EdgeFact(AssetUri.parse(one), SIMILAR_TO, AssetUri.parse(other), CURATION, None, None, properties),
            *self._ended(one, other, FINDING_ORIGIN),
        ]
        return self._append([Item(facts)], caller).tx

    def undo(self, a: str, b: str, caller: Caller) -> int:
        """Take a dismissal back; return the transaction."""
        return self._append([Item(list(self._ended(min(a, b), max(a, b), CURATION)))], caller).tx

    @staticmethod
    def _ended(one: str, other: str, origin: str) -> list[EdgeRetraction]:
        first, second = AssetUri.parse(one), AssetUri.parse(other)
        return [EdgeRetraction(*ends, origin) for ends in ((first, SIMILAR_TO, second), (second, SIMILAR_TO, first))]


def check_same_kind(one: AssetUri, other: AssetUri) -> None:
    """Raise `InvalidInput` if two assets are of different kinds."""
    if one.kind != other.kind:
        raise InvalidInput(f"a {one.kind} is never a duplicate of a {other.kind}: both must be of one kind", pointer="/b")


def not_dismissed(a: str, b: str) -> NotFound:
    """Return the error for the undoing of a dismissal that does not exist."""
    return NotFound(f"nobody has dismissed the pair {a[:300]} and {b[:300]}")
