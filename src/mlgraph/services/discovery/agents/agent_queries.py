"""Queries of agents: assets by handle, closures as pages in order of importance, and whether the graph lags behind the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, NotReadYet, UnknownAsset
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri, column_uri, field_of_column
from mlgraph.graph.impact.change_effects import CHANGES
from mlgraph.graph.noise.rules import Noise
from mlgraph.graph.traversal.teams import Teams
from mlgraph.inference.walked_rules import WalkedRules
from mlgraph.ports.store import FactReader
from mlgraph.ports.usage import uncounted
from mlgraph.services.common.origin_names import Origins
from mlgraph.services.discovery.agents.closure_pages import ClosurePage, impact_page, lineage_page
from mlgraph.services.discovery.agents.handles import handle_of, is_handle, number_of_handle, uri_of_handle
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER, PagePosition
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.resolver import UNKNOWN_WAIT_S, Resolver
from mlgraph.services.queries.scope import Scope


class AgentQueries:
    """Answers queries of agents from the latest published graph. Thread-safe. All methods raise `MlgraphError` only."""

    def __init__(
        self,
        reader: FactReader,
        follower: Follower,
        noise: Noise | None = None,
        requested: Callable[[int], None] = uncounted,
    ) -> None:
        """`noise` None: no answer hides anything. `requested` is called with the number of each asset that a query is about."""
        self._requested = requested
        self._reader = reader
        self._follower = follower
        self._noise = noise
        self._resolver = Resolver(reader, follower)
        self._origins = Origins(reader, WalkedRules(follower.rules).origins)

    def uri_of(self, handle: str) -> str:
        """Return the URI of the asset with a handle. Raises `UnknownAsset`, and `NotReadYet` while the graph lags."""
        if is_handle(handle) and number_of_handle(handle) >= len(self._follower.snapshot().asset_index):
            self._catch_up()
        return uri_of_handle(self._follower.snapshot(), handle)

    def handles(self, uris: Iterable[str]) -> Mapping[str, str]:
        """Return the handle of each URI that the graph has."""
        graph = self._follower.snapshot()
        numbers = {uri: graph.asset_index.number(uri) for uri in uris}
        return {uri: handle_of(graph, number) for uri, number in numbers.items() if number is not None}

    def is_known(self, uri: str) -> bool:
        """Return whether any fact names this URI. Raises `InvalidInput` and `NotReadYet`."""
        graph = self._resolver.graph(uri)
        try:
            self._resolver.number(graph, uri)
        except UnknownAsset:
            return False
        return True

    def column_of(self, dataset: str, field: str) -> str:
        """Return the URI of a column of a dataset. Raises `InvalidInput` with the known columns if there is no such column."""
        graph = self._resolver.graph(dataset)
        number = self._resolver.number(graph, dataset)
        column = str(column_uri(AssetUri.parse(dataset), field)) if AssetUri.parse(dataset).kind == "dataset" else ""
        if column and graph.asset_index.number(column) is not None:
            return column
        known = [field_of_column(AssetUri.parse(graph.asset_index.uri(each))) for each in graph.asset_index.columns_of(number)]
        hint = f"its known columns are {', '.join(sorted(known)[:40])}" if known else "none of its columns is known"
        raise InvalidInput(f"{dataset[:200]} has no column {field[:100]!r}; {hint}", pointer="column")

    def behind(self) -> int:
        """Return how many transactions of the store the graph lacks, after a bounded wait for them."""
        try:
            self._catch_up()
        except NotReadYet:
            return max(0, self._reader.last_tx() - self._follower.snapshot().watermark)
        return 0

    def stored(self) -> int:
        """Return the last transaction of the store."""
        return self._reader.last_tx()

    def teams_of(self, uris: Iterable[str]) -> Mapping[str, str]:
        """Return the team of each asset now, as URIs; `NO_OWNER` for an asset without one."""
        graph = self._follower.snapshot()
        numbers = {uri: number for uri in uris if (number := graph.asset_index.number(uri)) is not None}
        found = Teams(graph, clock.now_us()).of(list(numbers.values()))
        return {uri: found.uri(place) or NO_OWNER for place, uri in enumerate(numbers)}

    def watermark(self) -> int:
        """Return the last transaction that the graph includes."""
        return self._follower.snapshot().watermark

    def impact(
        self, uri: str, options: WalkOptions, *, change: str | None, team: str | None, after: str | None = None, most: int
    ) -> ClosurePage:
        """Return the assets that a change affects, worst first (`impact_page`).

        `team` is a URI or `NO_OWNER`; `after` is the `next` of an earlier page;
        the page has at most `most` entries.
        """
        if change is not None and change not in CHANGES:
            raise InvalidInput(f"unknown change {change[:40]!r}; one of {', '.join(CHANGES)}", pointer="change")
        scope, position = self._scope(uri, options, after)
        return impact_page(scope, self._reader, change, team, position, most)  # type: ignore[arg-type] # it is one of CHANGES

    def lineage(self, uri: str, options: WalkOptions, *, team: str | None, after: str | None = None, most: int) -> ClosurePage:
        """Return the assets upstream or downstream, nearest first (`lineage_page`); `team`, `after`, `most` as for `impact`."""
        scope, position = self._scope(uri, options, after)
        return lineage_page(scope, self._reader, self._origins, team, position, most)

    def _scope(self, uri: str, options: WalkOptions, after: str | None) -> tuple[Scope, PagePosition | None]:
        position = None if after is None else PagePosition.decode(after)
        if position is not None:
            options = replace(options, as_of=format_time(position.moment))
        scope = Scope.of(self._resolver, uri, options, self._noise)
        if position is None:
            self._requested(scope.root)
        return scope, position

    def _catch_up(self) -> None:
        written = self._reader.last_tx()
        if written > self._follower.snapshot().watermark:
            self._follower.wait_for(written, UNKNOWN_WAIT_S)
