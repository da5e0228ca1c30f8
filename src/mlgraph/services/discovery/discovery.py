"""Facade of discovery: what is similar to an asset or to a plan, dismissals, and the check of new assets."""

from __future__ import annotations

from typing import Any

from mlgraph.domain.uri import AssetUri
from mlgraph.ports.store import FactReader
from mlgraph.services.common.identity import Caller
from mlgraph.services.discovery.already_built import AlreadyBuilt
from mlgraph.services.discovery.dismissals import Append, Dismissals, check_same_kind, dismissed_with, not_dismissed
from mlgraph.services.discovery.near_texts import NearTexts
from mlgraph.services.discovery.plans import Plans
from mlgraph.services.discovery.similar import DEFAULT_LIMIT, SimilarQueries
from mlgraph.services.discovery.similarity_index import SimilarityIndex
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.search.search_queries import SearchQueries


class Discovery:
    """Answers and records what is built twice. Thread-safe. All methods raise `MlgraphError` only."""

    def __init__(
        self,
        reader: FactReader,
        follower: Follower,
        index: SimilarityIndex,
        append: Append,
        search: SearchQueries,
        *,
        checks: bool = True,
    ) -> None:
        """`search`: for candidates by their texts; `checks`: this process checks new assets."""
        self._reader = reader
        self._follower = follower
        near = NearTexts(search)
        self._similar = SimilarQueries(reader, follower, index, near)
        self._plans = Plans(index, follower, reader, near)
        self._dismissals = Dismissals(append)
        self._checks = AlreadyBuilt(reader, self._similar, append)
        if checks:
            index.on_changes, index.on_idle = self._checks.on_changes, self._checks.on_idle

    def wait_for(self, watermark: int, timeout_s: float = 10.0) -> None:
        """Return once answers include transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        self._similar.wait_for(watermark, timeout_s)

    def reached(self, watermark: int) -> bool:
        """Return whether answers include transaction `watermark` already."""
        return self._similar.reached(watermark)

    def similar(self, uri: str, *, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """Return the near-duplicates of an asset (docs/already-built.md)."""
        return self._similar.similar(uri, limit=limit)

    def similar_to_text(self, text: str, kinds: tuple[str, ...] = (), *, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """Return what exists of what a text, a brief or a plan describes."""
        return self._plans.similar_to_text(text, kinds, limit=limit)

    def dismiss(self, a: str, b: str, reason: str | None, caller: Caller) -> dict[str, Any]:
        """Record that a person says that two assets are no duplicates. Raises `InvalidInput` and `UnknownAsset`."""
        one, other = self._pair(a, b)
        watermark = self._dismissals.dismiss(one, other, reason, caller)
        return {"a": one, "b": other, "dismissed": True, "dismissed_by": caller.actor, "reason": reason, "watermark": watermark}

    def undo_dismissal(self, a: str, b: str, caller: Caller) -> dict[str, Any]:
        """Take a dismissal back. Raises `NotFound` if there is none."""
        one, other = self._pair(a, b)
        graph = self._follower.snapshot()
        number, theirs = graph.asset_index.number(one), graph.asset_index.number(other)
        if number is None or theirs not in dismissed_with(self._reader, graph, number):
            raise not_dismissed(one, other)
        watermark = self._dismissals.undo(one, other, caller)
        return {"a": one, "b": other, "dismissed": False, "dismissed_by": None, "reason": None, "watermark": watermark}

    def _pair(self, a: str, b: str) -> tuple[str, str]:
        """Return the URIs of the compared assets that `a` and `b` stand for."""
        graph = self._similar.graph(a, b)
        one, other = (graph.asset_index.uri(self._similar.compared_asset(graph, each)) for each in (a, b))
        check_same_kind(AssetUri.parse(one), AssetUri.parse(other))
        return one, other
