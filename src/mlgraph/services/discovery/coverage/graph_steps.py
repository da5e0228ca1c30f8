"""Steps over the edges of one relation, from many assets at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Ints, Layer

Pairs = dict[int, list[int]]
"""Other ends of edges, by asset."""


class GraphSteps:
    """Steps in one version of the graph at a moment (microseconds since the epoch)."""

    def __init__(self, graph: GraphVersion, moment: int) -> None:
        self._graph = graph
        self._moment = moment

    def ends(self, assets: Iterable[int], relation: int, side: Literal["out", "into"], layer: Layer = Layer.ASSET) -> Pairs:
        """Return the other ends of the edges of a relation, by asset; assets without any are left out."""
        chosen: Ints = np.array(sorted(assets), np.int32)
        nodes = self._graph.nodes_of(chosen)
        known = np.flatnonzero(nodes >= 0)
        view = self._graph.views[layer]
        rows = (view.out if side == "out" else view.into).gather(nodes[known], self._moment)
        found: Pairs = defaultdict(list)
        of_relation = np.flatnonzero(rows.relation == relation)
        others = self._graph.asset_of[rows.other[of_relation]].tolist()
        for asset, other in zip(chosen[known[rows.position[of_relation]]].tolist(), others, strict=True):
            found[asset].append(other)
        return dict(found)

    def kind(self, asset: int) -> int:
        """Return the code of an asset's kind."""
        return self._graph.asset_index.kind(asset)

    def ordered(self, assets: Iterable[int]) -> list[int]:
        """Return each asset once, in order of the URIs."""
        found = list(set(assets))
        return found if len(found) < 2 else sorted(found, key=self._graph.asset_index.uri)
