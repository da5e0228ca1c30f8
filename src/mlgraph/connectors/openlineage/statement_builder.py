"""Collection of the facts of one event: one fact for each asset, and one for each edge of one role and version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlgraph.connectors.openlineage.merging import merge_mentions
from mlgraph.connectors.openlineage.producers.producer import Producer
from mlgraph.domain.facts import (
    AssetFact,
    AssetRetraction,
    Contact,
    EdgeFact,
    EdgeRetraction,
    Mode,
    Statement,
)
from mlgraph.domain.history import merge
from mlgraph.domain.uri import AssetUri

ORIGIN: Final = "openlineage"
_EdgeKey = tuple[AssetUri, str, AssetUri, str | None, str | None]


class StatementBuilder:
    """The facts of one event, all valid from `at` (microseconds); `names` converts its names to URIs."""

    def __init__(self, at: int, names: Producer) -> None:
        """Start without facts."""
        self.at = at
        self.names = names
        self._assets: dict[AssetUri, dict[str, Any]] = {}
        self._dropped: set[AssetUri] = set()
        self._edges: dict[_EdgeKey, tuple[Mode, dict[str, Any]]] = {}
        self._renamed: dict[tuple[AssetUri, AssetUri], None] = {}
        self._contacts: dict[AssetUri, Contact] = {}

    def asset(self, uri: AssetUri, state: Mapping[str, Any]) -> None:
        """Add the state of an asset. Of two mentions in one event, the later one takes precedence."""
        known = self._assets.get(uri)
        self._assets[uri] = merge(known, state) if known else dict(state)

    def drop(self, uri: AssetUri) -> None:
        """Add the retraction of an asset, which overrides every other mention of it in the event."""
        self._dropped.add(uri)

    def edge(
        self,
        source: AssetUri,
        relation: str,
        target: AssetUri,
        properties: Mapping[str, Any] | None = None,
        *,
        mode: Mode = Mode.PATCH,
    ) -> None:
        """Add an edge. Its properties are merged with those of an earlier mention."""
        properties = properties or {}
        key = (source, relation, target, properties.get("role"), properties.get("version"))
        known = self._edges.get(key)
        self._edges[key] = (mode, merge_mentions(known[1], properties) if known else dict(properties))

    def rename(self, before: AssetUri, now: AssetUri) -> None:
        """Add a rename: the asset `before` is retracted and becomes an alias of `now`.

        The alias starts a microsecond later, because a retraction closes all edges of its asset that opened at or before its time
        (docs/spec.md#1-state). If a dataset is renamed back, the alias in the other direction ends.
        """
        self._dropped.add(before)
        self._renamed[before, now] = None

    def contact(self, contact: Contact) -> None:
        """Add name and mail address of a person, which are stored separately from facts."""
        self._contacts[contact.uri] = contact

    def statements(self) -> list[Statement]:
        """Return all statements: retractions, aliases, assets, edges, contacts."""
        statements: list[Statement] = [AssetRetraction(uri, ORIGIN, self.at) for uri in sorted(self._dropped)]
        for before, now in self._renamed:
            statements.append(EdgeRetraction(now, "alias_of", before, ORIGIN, self.at))
            statements.append(EdgeFact(before, "alias_of", now, ORIGIN, self.at + 1, mode=Mode.PATCH))
        for uri, state in self._assets.items():
            if uri not in self._dropped:
                statements.append(AssetFact(uri, ORIGIN, self.at, state, Mode.PATCH))
        for (source, relation, target, _, _), (mode, properties) in self._edges.items():
            if relation != "alias_of" or target not in self._dropped:
                statements.append(EdgeFact(source, relation, target, ORIGIN, self.at, None, properties, mode))
        return [*statements, *self._contacts.values()]
