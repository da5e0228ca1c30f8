"""Lineage and impact page by page: all pages of one query show the graph of the first, whatever is written between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np
import orjson

from mlgraph.domain.errors import Conflict, InvalidInput
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import CHANGES
from mlgraph.graph.model.rows import Ints
from mlgraph.graph.noise.rules import Noise
from mlgraph.graph.response.paging import CERTAINTY, entries_within
from mlgraph.ports.store import FactReader
from mlgraph.ports.usage import uncounted
from mlgraph.services.common.listing_cache import ListingCache
from mlgraph.services.common.origin_names import Origins
from mlgraph.services.common.page_cursor import PageCursor, query_digest
from mlgraph.services.history.asset_states import AssetStates, State
from mlgraph.services.queries.deleted_runs import deleted_runs
from mlgraph.services.queries.impact_answer import MAX_PATH_URIS, ImpactListing
from mlgraph.services.queries.lineage_answer import LineageListing
from mlgraph.services.queries.names import claimants_of
from mlgraph.services.queries.resolver import Resolver, moment_of
from mlgraph.services.queries.scope import Scope, level_name

Listing = TypeVar("Listing", LineageListing, ImpactListing)


class AssetRef(NamedTuple):
    """An asset of a graph, as lists show it. The owners are URIs. `dated`: the query names its moment, which is not just now."""

    graph: GraphVersion
    moment: int
    dated: bool
    number: int
    uri: str
    kind: str
    name: str
    owners: Sequence[str]


class LineageEntry(NamedTuple):
    """A listed asset with its distance from the root; `deleted`: a run that is deleted."""

    asset: AssetRef
    distance: int
    certainty: str
    deleted: bool


class AffectedEntry(NamedTuple):
    """An affected asset; the path consists of URIs from the root to the asset."""

    asset: AssetRef
    distance: int
    severity: str
    effect: str | None
    certainty: str
    path: Sequence[str]


@dataclass(frozen=True, slots=True)
class ListingPage:
    """What pages of every list have: the query, the entries before this page, and those of all pages."""

    scope: Scope
    query: str
    start: int
    stop: int
    total: int

    def cursor(self, position: int) -> str:
        """Return the cursor behind the first `position` entries of the list."""
        return PageCursor(self.scope.graph.watermark, self.scope.moment, position, self.query).encode()

    @property
    def watermark(self) -> int:
        """The watermark of the graph that every page shows."""
        return self.scope.graph.watermark

    @property
    def as_of(self) -> str:
        """The moment of the query."""
        return format_time(self.scope.moment)

    @property
    def root(self) -> str:
        """The URI of the asset that the query is about."""
        return self.scope.graph.asset_index.uri(self.scope.root)

    @property
    def level(self) -> str:
        """The level of the answer: asset or run."""
        return level_name(self.scope.level)

    @property
    def ambiguous(self) -> list[str]:
        """The assets that claim the name of the root."""
        return claimants_of(self.scope.graph, self.scope.root, self.scope.moment)


@dataclass(frozen=True, slots=True)
class LineagePage(ListingPage):
    """A page of a closure."""

    entries: Sequence[LineageEntry]
    listing: LineageListing
    origins: Origins

    def links(self) -> list[dict[str, Any]]:
        """Return the edges between the assets of this page and the root, as the edges of `GET /api/v1/lineage`."""
        listed = self.listing.assets[self.start : self.stop]
        if not (listed == self.scope.root).any():
            listed = np.concatenate([np.array([self.scope.root], np.int32), listed])
        found: list[dict[str, Any]] = orjson.loads(orjson.dumps(self.listing.edges_json(listed, self.origins.upto)))
        return found

    @property
    def folded(self) -> Mapping[str, Any]:
        """How many assets noise rules hide."""
        return self.listing.folding.summary(self.listing.every)


@dataclass(frozen=True, slots=True)
class ImpactPage(ListingPage):
    """A page of the assets that a change affects."""

    entries: Sequence[AffectedEntry]
    listing: ImpactListing

    def by_severity(self) -> dict[str, int]:
        """Return how many affected assets of all pages have each severity."""
        return self.listing.by_severity()

    def notify(self) -> list[dict[str, Any]]:
        """Return the owners of the affected assets of all pages, each with its assets."""
        found: list[dict[str, Any]] = orjson.loads(orjson.dumps(self.listing.notify()))
        return found

    @property
    def folded(self) -> Mapping[str, Any]:
        """How many assets noise rules hide."""
        return self.listing.folding.summary(self.listing.found.hidden)


class ClosurePages:
    """Pages of lineage and impact, and states of many assets. Thread-safe; raises `MlgraphError` only."""

    def __init__(
        self,
        reader: FactReader,
        resolver: Resolver,
        origins: Origins,
        noise: Noise | None,
        requested: Callable[[int], None] = uncounted,
    ) -> None:
        """`noise` None: nothing is hidden. `requested` is called with the number of each asset that a query is about."""
        self._requested = requested
        self._reader, self._resolver, self._origins, self._noise = reader, resolver, origins, noise
        self._lineages: ListingCache[LineageListing] = ListingCache()
        self._impacts: ListingCache[ImpactListing] = ListingCache()

    def asset(self, uri: str, as_of: str | None = None) -> AssetRef:
        """Return an asset at `as_of` (None: now). Raises `UnknownAsset`."""
        graph = self._resolver.graph(uri)
        moment = moment_of(as_of)
        asset = np.array([self._resolver.asset(graph, uri, moment)], np.int32)
        self._requested(int(asset[0]))
        return _refs(graph, asset, moment, dated=as_of is not None)[0]

    def assets(self, uris: Sequence[str]) -> list[AssetRef]:
        """Return current assets by URI, in that order. Raises `UnknownAsset` for one that the graph does not have."""
        graph = self._resolver.graph(*uris)
        numbers = [self._resolver.number(graph, uri) for uri in uris]
        return _refs(graph, np.array(numbers, np.int32), moment_of(None), dated=False)

    def states(self, assets: Sequence[AssetRef]) -> list[State]:
        """Return the state of each asset with its `health`; assets of one query are read together."""
        found: dict[tuple[int, int, int], State] = {}
        queries = {(ref.graph.watermark, ref.moment): ref for ref in assets}
        for key, first in queries.items():
            states = AssetStates(self._reader.at(first.graph.watermark), first.graph, first.moment)
            shown = states.shown({ref.number for ref in assets if (ref.graph.watermark, ref.moment) == key})
            health = states.health(shown)
            found.update({(*key, number): {**state, "health": health[number]} for number, state in shown.items()})
        return [found[ref.graph.watermark, ref.moment, ref.number] for ref in assets]

    def lineage(
        self, uri: str, options: WalkOptions, first: int, after: str | None = None, *, moment: int | None = None
    ) -> LineagePage:
        """Return `first` assets of a closure behind the cursor `after` (None: from the nearest on).

        The moment is that of the options, else that of the cursor, else `moment` (None: now).
        """
        query = query_digest("lineage", uri, _without_page(options))

        def listed(cursor: PageCursor | None) -> LineageListing:
            return LineageListing.of(self._scope(uri, options, cursor, moment), self._reader)

        listing, start = _continued(self._lineages, query, after, listed, fitting=first)
        scope, stop = listing.scope, min(start + first, len(listing.assets))
        graph, chosen = scope.graph, listing.assets[start:stop]
        dated = options.as_of is not None or after is not None or moment is not None
        deleted = deleted_runs(self._reader, graph, chosen, scope.moment, is_now=not dated).tolist()
        columns = (listing.distances[start:stop].tolist(), listing.certain[start:stop].tolist(), deleted)
        entries = [
            LineageEntry(asset, distance, CERTAINTY[certain], is_deleted)
            for asset, distance, certain, is_deleted in zip(
                _refs(graph, chosen, scope.moment, dated=dated), *columns, strict=True
            )
        ]
        return LineagePage(scope, query, start, stop, len(listing.assets), entries, listing, self._origins)

    def impact(
        self, uri: str, options: WalkOptions, first: int, after: str | None = None, *, change: str | None = None
    ) -> ImpactPage:
        """Return `first` of the assets that a change affects behind the cursor `after` (None: from the nearest on)."""
        if change is not None and change not in CHANGES:
            raise InvalidInput(f"unknown change {change[:40]!r}; one of {', '.join(CHANGES)}", pointer="change")
        query = query_digest("impact", uri, _without_page(options), change)

        def listed(cursor: PageCursor | None) -> ImpactListing:
            scope = self._scope(uri, options, cursor)
            return ImpactListing.of(scope, self._reader, change)  # type: ignore[arg-type] # it is one of CHANGES

        listing, start = _continued(self._impacts, query, after, listed, fitting=0)
        scope = listing.scope
        if after is None:
            self._requested(scope.root)
        stop = start + entries_within(listing.distances[start : start + first], MAX_PATH_URIS)
        dated = options.as_of is not None or after is not None
        refs = _refs(scope.graph, listing.assets[start:stop], scope.moment, dated=dated)
        entries = [
            AffectedEntry(ref, each["distance"], each["severity"], each["effect"], each["certainty"], each["path"])
            for ref, each in zip(refs, listing.affected(start, stop), strict=True)
        ]
        return ImpactPage(scope, query, start, stop, len(listing.chosen), entries, listing)

    def _scope(self, uri: str, options: WalkOptions, cursor: PageCursor | None, moment: int | None = None) -> Scope:
        """Return the scope of a first page, or of a later one whose list is no longer in memory. Raises `Conflict`."""
        at = cursor.moment if cursor is not None else moment
        dated = options if at is None or options.as_of is not None else replace(options, as_of=format_time(at))
        scope = Scope.of(self._resolver, uri, dated, self._noise)
        if cursor is not None and scope.graph.watermark != cursor.watermark:
            raise Conflict(
                f"the list at watermark {cursor.watermark} is no longer in memory, and the graph is at watermark "
                f"{scope.graph.watermark} now: start again from the first page, without `after`"
            )
        return scope


def _continued(
    cache: ListingCache[Listing],
    query: str,
    after: str | None,
    make: Callable[[PageCursor | None], Listing],
    *,
    fitting: int,
) -> tuple[Listing, int]:
    """Return the list of a query and where the page starts; a new list, or the one that the cursor `after` continues.

    A new list of at most `fitting` entries is not retained: it is one page, and a query may ask for hundreds of such lists.
    """
    cursor = PageCursor.decode(after, query) if after is not None else None
    listing = cache.get((query, cursor.watermark, cursor.moment)) if cursor is not None else None
    if listing is None:
        listing = make(cursor)
        scope = listing.scope
        if cursor is not None or len(listing.assets) > fitting:
            cache.put((query, scope.graph.watermark, scope.moment), listing, len(listing.assets))
    start = 0 if cursor is None else cursor.position
    return listing, min(start, len(listing.assets))


def _without_page(options: WalkOptions) -> str:
    return repr(replace(options, limit=1, cursor=None))


def _refs(graph: GraphVersion, assets: Ints, moment: int, *, dated: bool) -> list[AssetRef]:
    index = graph.asset_index
    columns = (index.uris(assets), index.kinds(assets).tolist(), index.names_and_owners(assets))
    return [
        AssetRef(graph, moment, dated, number, uri, KIND_NAMES[kind], name, owners)
        for number, uri, kind, (name, owners) in zip(assets.tolist(), *columns, strict=True)
    ]
