"""Which of many assets have an asset of some kinds upstream: one walk from those kinds, instead of one from each of the many."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, HUB, PART_CODES, WALK, Bools, Ints, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, Closure, nodes_reached, starts_of
from mlgraph.graph.traversal.name_hubs import NOT_LISTED, assets_listed


class DownstreamOfKinds:
    """What is downstream of any asset of `kinds` (codes) at the level of assets, at `moment` (microseconds).

    An asset is upstream of another one if and only if that one is downstream of it, so that the walk along the rows from all
    assets of these kinds marks each node from which a walk against the rows would find one of them. `kinds` has no models: no
    row leads to them, `walk` adds the model of each version that it lists.
    """

    def __init__(self, graph: GraphVersion, kinds: Collection[int], moment: int) -> None:
        self._graph = graph
        self._moment = moment
        self._wanted = np.zeros(256, np.bool_)
        self._wanted[list(kinds)] = True
        self._marked = np.zeros(graph.nodes, np.bool_)
        starts, rows = self._listed_nodes(), graph.views[Layer.ASSET].out
        reached = nodes_reached(rows, graph.nodes, starts, np.zeros(len(starts), np.int32), moment, WALK, NO_LIMIT)
        self._marked[reached[0]] = True

    def reaches(self, assets: Ints) -> Bools:
        """Return of each asset, none of which is a column, whether `walk` upstream lists an asset of the kinds.

        As there, the walk starts from the asset and from its parts.
        """
        graph = self._graph
        found = self._is_downstream(assets)
        nodes = graph.nodes_of(assets)
        open_ones = np.flatnonzero(~found & (nodes >= 0))
        rows = graph.views[Layer.STRUCTURE].into.gather(nodes[open_ones], self._moment)
        is_part = np.isin(rows.relation, list(PART_CODES)) & (graph.asset_index.kind_at[rows.other] != COLUMN)
        for position in np.unique(open_ones[rows.position[is_part]]).tolist():
            starts = starts_of(graph, int(assets[position]), self._moment, NO_LIMIT, Closure())
            found[position] = self._is_downstream(np.array([start.asset for start in starts], np.int32)).any()
        return found

    def _is_downstream(self, assets: Ints) -> Bools:
        """Return of each asset whether it is of the kinds, or a walk from them reached it."""
        found: Bools = self._wanted[self._graph.asset_index.kinds(assets)]
        nodes = self._graph.nodes_of(assets)
        known = nodes >= 0
        found[known] |= self._marked[nodes[known]]
        return found

    def _listed_nodes(self) -> Ints:
        """Return the nodes of the assets of the kinds, without names that only the hub of an ambiguous name leads to."""
        graph, kind_at = self._graph, self._graph.asset_index.kind_at[: self._graph.nodes]
        nodes = np.flatnonzero(self._wanted[kind_at]).astype(np.int32)
        if not graph.asset_index.has_hubs:
            return nodes
        hubs = np.flatnonzero(kind_at == HUB).astype(np.int32)
        listed = assets_listed(graph, Layer.ASSET, self._moment, np.concatenate([nodes, hubs]), np.zeros(0, np.int32))
        return nodes[listed[: len(nodes)] != NOT_LISTED]
