"""What the graph says for an asset: its distinct consumers, and whether a service or deployment depends on it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Bools, Ints, Layer
from mlgraph.graph.traversal.closures import reachable_nodes
from mlgraph.search.prior import graph_part

_LAST_MOMENT: Final = FOREVER - 1
_NO_LIMIT: Final = 2**31 - 1
_AT_ONCE: Final = 20_000


class GraphPriors:
    """The parts of priors that come from the graph. The assets that serve are those of the last `refresh`."""

    def __init__(self) -> None:
        self._serving: Bools = np.zeros(0, np.bool_)

    def refresh(self, graph: GraphVersion, serving: Collection[int]) -> None:
        """Find everything that the services and deployments `serving` depend on, and of what that is a version or part."""
        found = np.zeros(len(graph.asset_index), np.bool_)
        live = np.array(sorted(serving), np.int32)
        live = live[~graph.asset_index.idle(live)]
        nodes = graph.nodes_of(live)
        seeds = [(node, 0) for node in nodes.tolist() if node >= 0]
        reached, _, _ = reachable_nodes(graph.views[Layer.ASSET].into, graph.nodes, seeds, _LAST_MOMENT, 0, _NO_LIMIT)
        parents = graph.views[Layer.STRUCTURE].out.gather(reached, _LAST_MOMENT).other if len(reached) else reached
        for each in (reached, parents):
            found[graph.asset_of[each]] = True
        found[live] = True
        self._serving = found

    def of(self, graph: GraphVersion, assets: Ints) -> NDArray[np.uint8]:
        """Return the part of each asset's prior, 0 to 255."""
        parts = np.zeros(len(assets), np.uint8)
        for start in range(0, len(assets), _AT_ONCE):
            chosen = assets[start : start + _AT_ONCE]
            serves = np.zeros(len(chosen), np.bool_)
            known = chosen < len(self._serving)
            serves[known] = self._serving[chosen[known]]
            parts[start : start + _AT_ONCE] = graph_part(_consumers(graph, chosen), serves)
        return parts


def _consumers(graph: GraphVersion, assets: Ints) -> Ints:
    """Return the number of distinct assets directly downstream of each asset."""
    nodes = graph.nodes_of(assets)
    known = np.flatnonzero(nodes >= 0)
    rows = graph.views[Layer.ASSET].out.gather(nodes[known], _LAST_MOMENT)
    pairs = np.unique(known[rows.position].astype(np.int64) << 32 | graph.asset_of[rows.other])
    return np.bincount(pairs >> 32, minlength=len(assets)).astype(np.int32)
