"""The answer to a lineage query: the assets upstream or downstream of an asset, and the edges between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from mlgraph.domain.timestamps import format_time
from mlgraph.graph.model.rows import Bools, Ints
from mlgraph.graph.noise.rules import Hidden
from mlgraph.graph.response.edge_listing import edges_between, greatest_asserted
from mlgraph.graph.response.json_rendering import edges_json, nodes_json
from mlgraph.graph.response.paging import page
from mlgraph.graph.traversal.closures import Closure, DirectionName
from mlgraph.ports.store import FactReader
from mlgraph.services.common.origin_names import OriginNames
from mlgraph.services.queries.deleted_runs import deleted_runs
from mlgraph.services.queries.folding import Folding
from mlgraph.services.queries.names import claimants_of
from mlgraph.services.queries.scope import COLD_RUNS, Scope, cut, level_name


@dataclass(frozen=True, slots=True)
class LineageListing:
    """All assets that a lineage query lists, in order: arrays of one entry an asset. `every`: unordered, with the hidden ones."""

    scope: Scope
    folding: Folding
    closures: Mapping[DirectionName, Closure]
    every: Ints
    assets: Ints
    distances: Ints
    certain: Bools

    @classmethod
    def of(cls, scope: Scope, reader: FactReader) -> LineageListing:
        """Return the listing of a query."""
        folding, depth = scope.folding(reader), scope.options.depth
        closures = folding.closures(scope.directions, depth)
        every, assets, distances, certain = _union(scope, list(closures.values()), folding.hidden)
        if len(closures) > 1 and depth is not None and not certain.all():
            # a certain path in the other direction may be longer than the depth limit
            unlimited = folding.closures(scope.directions, None).values()
            certain = np.isin(assets, np.concatenate([reached.assets[reached.certain] for reached in unlimited]))
        return cls(scope, folding, closures, every, assets, distances, certain)

    def edges_json(self, listed: Ints, origins_upto: Callable[[int], OriginNames]) -> orjson.Fragment:
        """Return the edges between `listed` assets as JSON. `origins_upto(n)` returns the names of the origins up to number n."""
        scope = self.scope
        edges = edges_between(
            scope.graph,
            scope.level,
            scope.moment,
            self.closures,
            listed,
            lambda upto: origins_upto(upto).rank,
            self.folding.hidden,
        )
        origins = origins_upto(greatest_asserted(edges.origins))
        return edges_json(scope.graph.asset_index.uri_texts(listed), edges, origins.names)


def lineage_answer(
    scope: Scope, reader: FactReader, origins_upto: Callable[[int], OriginNames], *, at_once: bool = False
) -> dict[str, Any]:
    """Return the answer with nodes and edges as JSON text. `origins_upto(n)` returns the names of the origins up to number n.

    `at_once`: raise `LookupError` instead of reading from the store whether runs are deleted.
    """
    graph, options = scope.graph, scope.options
    listing = LineageListing.of(scope, reader)
    assets, distances = listing.assets, listing.distances
    shown = page(graph, assets, distances, options.limit, scope.after, scope.moment)
    chosen = slice(shown.start, shown.stop)
    listed, hops, are_certain = assets[chosen], distances[chosen], listing.certain[chosen]
    if not (listed == scope.root).any():  # the root is on every page
        listed = np.concatenate([np.array([scope.root], np.int32), listed])
        hops = np.concatenate([np.zeros(1, np.int32), hops])
        are_certain = np.concatenate([np.ones(1, np.bool_), are_certain])
    asset_index = graph.asset_index
    kinds = asset_index.kinds(listed)
    is_now = options.as_of is None and scope.after is None
    deleted = deleted_runs(None if at_once else reader, graph, listed, scope.moment, is_now=is_now)
    uris = asset_index.uri_texts(listed)
    return {
        "root": asset_index.uri(scope.root),
        "direction": options.direction,
        "level": level_name(scope.level),
        "as_of": format_time(scope.moment),
        "ambiguous": claimants_of(graph, scope.root, scope.moment),
        "nodes": nodes_json(uris, asset_index.name_texts(listed, uris), kinds, hops, are_certain, deleted),
        "edges": listing.edges_json(listed, origins_upto),
        "total": len(assets),
        **cut(shown.frontier),
        "folded": listing.folding.summary(listing.every),
        "cold_runs": COLD_RUNS,
        "watermark": graph.watermark,
    }


def _union(scope: Scope, closures: Sequence[Closure], hidden: Hidden | None) -> tuple[Ints, Ints, Ints, Bools]:
    """Return all assets of one or two closures; then the listed ones in order, with their least distances and certainty."""
    assets, distances, certain = closures[0].assets, closures[0].distances, closures[0].certain
    if len(closures) > 1:
        both = np.concatenate([reached.assets for reached in closures])
        hops = np.concatenate([reached.distances for reached in closures])
        certain_in = np.concatenate([reached.certain for reached in closures])
        nearest = np.argsort(hops, kind="stable")
        assets, first = np.unique(both[nearest], return_index=True)
        distances, certain = hops[nearest][first], np.isin(assets, both[certain_in])
    every, chosen = assets, scope.lists(assets, certain, hidden)
    assets, distances, certain = assets[chosen], distances[chosen], certain[chosen]
    order = scope.graph.asset_index.sort(assets, distances)
    return every, assets[order], distances[order], certain[order]
