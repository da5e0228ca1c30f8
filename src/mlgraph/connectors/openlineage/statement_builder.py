"""What one event says, gathered: each asset, and each edge of one role and version, comes out once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlgraph.connectors.openlineage.merging import merge_mentions
from mlgraph.connectors.openlineage.name_resolver import NameResolver
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
    """The facts of one event, all of which hold from `at` (microseconds), about what `names` identifies."""

    def __init__(self, at: int, names: NameResolver) -> None:
        """Begin with nothing said."""
        self.at = at
        self.names = names
        self._assets: dict[AssetUri, dict[str, Any]] = {}
        self._gone: set[AssetUri] = set()
        self._edges: dict[_EdgeKey, tuple[Mode, dict[str, Any]]] = {}
        self._renamed: dict[tuple[AssetUri, AssetUri], None] = {}
        self._contacts: dict[AssetUri, Contact] = {}

    def asset(self, uri: AssetUri, state: Mapping[str, Any]) -> None:
        """Say what `uri` is. Of two mentions in one event the later one decides where they differ."""
        known = self._assets.get(uri)
        self._assets[uri] = merge(known, state) if known else dict(state)

    def gone(self, uri: AssetUri) -> None:
        """Say that `uri` ceased to be, which outweighs every other mention of it in the event."""
        self._gone.add(uri)

    def edge(
        self,
        source: AssetUri,
        relation: str,
        target: AssetUri,
        properties: Mapping[str, Any] | None = None,
        *,
        mode: Mode = Mode.PATCH,
    ) -> None:
        """Say that `relation` leads from `source` to `target`. What lists hold is united over mentions."""
        properties = properties or {}
        key = (source, relation, target, properties.get("role"), properties.get("version"))
        known = self._edges.get(key)
        self._edges[key] = (mode, merge_mentions(known[1], properties) if known else dict(properties))

    def renamed(self, before: AssetUri, now: AssetUri) -> None:
        """Say that the asset `before` is called `now`: the old name ends as an asset and leads to the new one.

        The alias begins a microsecond later, because a retraction ends every edge of its asset that began by then
        (docs/spec.md#1-state). Where a dataset is renamed back, the new name stops leading to the old one.
        """
        self._gone.add(before)
        self._renamed[before, now] = None

    def contact(self, contact: Contact) -> None:
        """Keep how a person is called and reached, apart from the facts."""
        self._contacts[contact.uri] = contact

    def statements(self) -> list[Statement]:
        """Return everything said: retractions, assets, edges, contacts."""
        statements: list[Statement] = [AssetRetraction(uri, ORIGIN, self.at) for uri in sorted(self._gone)]
        for before, now in self._renamed:
            statements.append(EdgeRetraction(now, "alias_of", before, ORIGIN, self.at))
            statements.append(EdgeFact(before, "alias_of", now, ORIGIN, self.at + 1, mode=Mode.PATCH))
        for uri, state in self._assets.items():
            if uri not in self._gone:
                statements.append(AssetFact(uri, ORIGIN, self.at, state, Mode.PATCH))
        for (source, relation, target, _, _), (mode, properties) in self._edges.items():
            if relation != "alias_of" or target not in self._gone:
                statements.append(EdgeFact(source, relation, target, ORIGIN, self.at, None, properties, mode))
        return [*statements, *self._contacts.values()]
