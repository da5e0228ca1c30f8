"""The real graph over the store in memory, with the same queries as the naive model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from mlgraph.bootstrap.connectors import installed_connectors
from mlgraph.domain.facts import Fact
from mlgraph.domain.history import asset_intervals, deleted_at, state_at
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import PART_RELATIONS, RELATION_NAMES, WALKED
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.graph.model.rows import SHOW, Layer
from mlgraph.graph.traversal.closures import DirectionName, walk
from mlgraph.inference.walked_rules import NO_WALKED_RULES, WalkedRules
from mlgraph.ports.store import Changes
from mlgraph.services.projection.projector import Projector
from mlgraph.services.projection.rebuild import rebuild
from tests.graph.memory import MemoryStore

Level = Literal["asset", "run"]
Edge = tuple[AssetUri, str, AssetUri]
LEVELS_OF_EDGES: tuple[Level, ...] = ("asset", "run")
IN_PASSING = installed_connectors().in_passing
_LAYERS = {"asset": (Layer.ASSET, Layer.ASSET_COLUMNS), "run": (Layer.RUN, Layer.RUN_COLUMNS)}


class Projected:
    """A graph that follows a store, batch by batch; compacted whenever its overlay has more than `compact_at` changes.

    `from_feed` is called for each batch: if it returns True the batch comes from the commit feed, else it is read from the store.
    """

    def __init__(
        self,
        batches: Iterable[Sequence[Fact]],
        compact_at: int | None = None,
        from_feed: Callable[[], bool] = lambda: False,
        rules: WalkedRules = NO_WALKED_RULES,
    ) -> None:
        self.store = MemoryStore()
        self.graph = MutableGraph()
        self._compact_at = compact_at
        self._rules = rules
        self._from_feed = from_feed
        self._projector = Projector(self.store, self.graph, IN_PASSING, self._rules)
        for batch in batches:
            self.append(batch)

    def append(self, batch: Sequence[Fact]) -> None:
        self.store.append(batch)
        before = self.snapshot.watermark
        if self._from_feed():
            self._projector.apply(Changes.of(before + 1, self.store.appended_between(before, before + 1)))
        else:
            self._projector.apply(self.store.changes(before, 1))
        if self._compact_at is not None and self.graph.overlay > self._compact_at:
            self.graph = MutableGraph(compact(freeze(self.graph)))
            self._projector = Projector(self.store, self.graph, IN_PASSING, self._rules)

    def rebuild(self) -> None:
        """Continue with a graph that is rebuilt from the store."""
        self.graph = MutableGraph(rebuild(self.store, in_passing=IN_PASSING, rules=self._rules))
        self._projector = Projector(self.store, self.graph, IN_PASSING, self._rules)

    @property
    def snapshot(self) -> GraphVersion:
        return self.graph.snapshot

    def lineage(
        self, root: AssetUri, direction: DirectionName, level: Level, moment: int, depth: int | None = None
    ) -> dict[AssetUri, tuple[int, str]]:
        asset = self.store.assets_by_uri[str(root)].asset
        reached = walk(self.snapshot, asset, direction, _LAYERS[level][0], moment, depth)
        return {
            self._uri(asset): (distance, "certain" if certain else "possible")
            for asset, distance, certain in zip(
                reached.assets.tolist(), reached.distances.tolist(), reached.certain.tolist(), strict=True
            )
        }

    def edges(self, level: Level, moment: int) -> dict[Edge, set[str]]:
        """Return the edges of lineage relations that answers list, with their origins."""
        return {edge: origins for edge, origins in self._shown(_LAYERS[level], moment).items() if edge[1] in WALKED}

    def parts(self, moment: int) -> set[Edge]:
        return {edge for edge in self._shown((Layer.STRUCTURE,), moment) if edge[1] in PART_RELATIONS}

    def state(self, uri: AssetUri, moment: int) -> tuple[dict[str, Any] | None, int | None]:
        records = self.store.asset_records([self.store.assets_by_uri[str(uri)].asset])
        return state_at(asset_intervals(records), moment), deleted_at(records, moment)

    def _shown(self, layers: Iterable[Layer], moment: int) -> dict[Edge, set[str]]:
        snapshot = self.snapshot
        names = {**self.store.origins(), **snapshot.rule_origins}
        found: dict[Edge, set[str]] = {}
        for layer in layers:
            for node in range(snapshot.nodes):
                for other, relation, flags, origin in snapshot.views[layer].out.rows_of(node, moment):
                    if flags & SHOW:
                        ends = [self._uri(int(snapshot.asset_of[number])) for number in (node, other)]
                        found.setdefault((ends[0], RELATION_NAMES[relation], ends[1]), set()).add(names[origin])
        return found

    def _uri(self, asset: int) -> AssetUri:
        return AssetUri.parse(self.snapshot.asset_index.uri(asset))
