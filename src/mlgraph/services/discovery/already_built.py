"""The check of new assets: what is built again is a finding, a `similar_to` fact of origin `rule:already-built`.

An asset is checked when it enters the catalogue, and again while it is young and facts about it arrive: a producer seldom says
everything at once. What a bulk load or the backfill of a tool brings is not new: it is compared when somebody asks.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.facts import FINDING_ORIGIN, EdgeFact, EdgeRetraction, Fact
from mlgraph.domain.history import AssetRecord
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.store import Changes, FactReader, Item
from mlgraph.search.similarity.scoring import SUGGESTED, of_pair, score
from mlgraph.services.common.identity import Caller
from mlgraph.services.discovery.dismissals import SIMILAR_TO, SIMILAR_TO_CODE, Append, pairs_of
from mlgraph.services.discovery.graph_context import parts_and_writers
from mlgraph.services.discovery.similar import SimilarQueries
from mlgraph.services.history.asserted_facts import by_asset

_log = logging.getLogger(__name__)

CHECKED: Final = frozenset(KINDS[name].code for name in ("model", "feature_view", "dataset", "feature"))
BULK: Final = 500
"""New assets in one transaction from which on it is a bulk load, whose assets are not checked."""
YOUNG_US: Final = 600_000_000
"""How long an asset is checked again when facts about it arrive: ten minutes."""
RECENT_US: Final = 3_600_000_000
"""Assets recorded longer ago are not checked after a start: an hour."""
OLD_US: Final = 7 * 86_400_000_000
"""An asset that a source has had for longer is no news when it is first read: a week."""
MOST_FINDINGS: Final = 3
_MOST_YOUNG: Final = 10_000
_MOST_FOLLOWED: Final = 500
_ACTOR: Final = Caller("mlgraph")
_FACTS: Final = "facts"


class AlreadyBuilt:
    """Checks new assets and keeps their findings. Used by the thread of the similarity index alone."""

    def __init__(self, reader: FactReader, similar: SimilarQueries, append: Append) -> None:
        self._reader = reader
        self._similar = similar
        self._append = append
        self._young: dict[int, int] = {}
        """New assets, with the time until which they are checked again (microseconds)."""
        self._waiting: dict[int, None] = {}
        """Assets to check, in the order in which they were noted."""

    def on_changes(self, graph: GraphVersion, changes: Changes, entered: Collection[int]) -> None:
        """Note for a check the assets that entered the catalogue, and the young ones that the changes are about."""
        now = clock.now_us()
        self._young = {asset: until for asset, until in self._young.items() if until > now}
        new = self._new(graph, entered)
        if len(self._young) < _MOST_YOUNG:
            self._young.update(dict.fromkeys(new, now + YOUNG_US))
        changed = _touched(changes)
        touched = {asset for asset in list(self._young)[-_MOST_FOLLOWED:] if self._is_about(graph, asset, changed, now)}
        for asset in [*sorted(touched), *new]:
            self._waiting.pop(asset, None)
            self._waiting[asset] = None

    def on_idle(self, graph: GraphVersion) -> bool:
        """Check the asset that was noted last, if there is one: what is new need not wait for what a load brought."""
        if not self._waiting:
            return False
        asset, _ = self._waiting.popitem()
        try:
            self.check(graph, asset)
        except MlgraphError as error:
            _log.warning("%s could not be checked for duplicates: %s", graph.asset_index.uri(asset), error.detail)
        return True

    @staticmethod
    def _is_about(graph: GraphVersion, asset: int, changed: Collection[int], moment: int) -> bool:
        """Return whether changes are about an asset, or about what writes it."""
        return asset in changed or any(part in changed for part in parts_and_writers(graph, asset, moment))

    def check(self, graph: GraphVersion, asset: int) -> list[str]:
        """Compare an asset, and bring its findings up to date; return the URIs of what it may duplicate."""
        index = graph.asset_index
        found = self._similar.compare(graph, asset)
        best = [each for each in found.ranked[:MOST_FINDINGS] if score(each.signals) >= SUGGESTED]
        origins = self._reader.origins()
        current = [
            (other, properties)
            for other, properties, origin in pairs_of(self._reader, graph, asset)
            if origins[origin] == FINDING_ORIGIN
        ]
        known = {other for other, _ in current}
        facts: list[Fact] = []
        for each in best:
            if each.subject.asset not in known:
                parts = {part.signal: round(part.contribution, 6) for part in of_pair(each.signals)}
                properties: dict[str, Any] = {"score": round(score(each.signals), 6), "signals": parts}
                facts.append(EdgeFact(*self._pair(graph, asset, each.subject.asset), FINDING_ORIGIN, None, None, properties))
        still = {each.subject.asset for each in found.ranked if score(each.signals) >= SUGGESTED}
        ended = sorted(known - still)
        facts += [EdgeRetraction(*self._pair(graph, asset, other), FINDING_ORIGIN) for other in ended if other < asset]
        if facts:
            self._append([Item(facts)], _ACTOR)
            _log.info("%s may be built already: %d facts written", index.uri(asset), len(facts))
        return [index.uri(each.subject.asset) for each in best]

    @staticmethod
    def _pair(graph: GraphVersion, asset: int, other: int) -> tuple[AssetUri, str, AssetUri]:
        """Return the ends of a finding: it leads from what came to the store later."""
        later, earlier = (AssetUri.parse(graph.asset_index.uri(each)) for each in (max(asset, other), min(asset, other)))
        return later, SIMILAR_TO, earlier

    def _new(self, graph: GraphVersion, entered: Collection[int]) -> list[int]:
        """Return the assets among `entered` that are new, and not merely read for the first time."""
        checked = [asset for asset in entered if graph.asset_index.kind(asset) in CHECKED]
        if not checked:
            return []
        records = by_asset(self._reader.asset_records(checked))
        first = {asset: min(records[asset], key=lambda record: record.tx) for asset in checked if asset in records}
        in_one = Counter(record.tx for record in first.values())
        written = self._reader.provenance(set(in_one))
        since = clock.wall_us() - RECENT_US
        small = {tx for tx, count in in_one.items() if count <= BULK and tx in written and written[tx].recorded_at > since}
        origins = self._reader.origins()
        return [asset for asset, record in first.items() if record.tx in small and _is_news(record, origins[record.origin])]


def _touched(changes: Changes) -> set[int]:
    """Return the assets that changes are about, other than by findings."""
    found = set(changes.asserted)
    for source, relation, target in changes.edges:
        if relation != SIMILAR_TO_CODE:
            found.update((source, target))
    found.update(row.dataset for row in changes.assets if row.dataset)
    return found


def _is_news(record: AssetRecord, origin: str) -> bool:
    """Return whether the first record of an asset is about something new: what `facts` say is, whenever it is valid from."""
    return origin == _FACTS or record.valid_from > clock.now_us() - OLD_US
