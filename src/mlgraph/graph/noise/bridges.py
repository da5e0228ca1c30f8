"""Bridges: edges of an answer that replace paths over hidden assets, so that A -> hidden -> B reads A -> B (ADR 0022).

Hidden nodes between the listed ones are contracted one after the other: each predecessor gets an edge to each successor. The
result does not depend on the order.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.errors import InvalidInput
from mlgraph.graph.csr.csr_table import Gathered
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import CERTAIN, SHOW, WALK, Ints, Layer, Longs
from mlgraph.graph.noise.rules import Hidden
from mlgraph.graph.traversal.closures import among
from mlgraph.graph.traversal.name_hubs import are_hubs
from mlgraph.graph.traversal.noise_marks import CONTRACTED

MAX_BRIDGES: Final = 200_000
"""Limit of joined edges for one answer: a hidden asset with a thousand readers and writers would make a million edges."""


class Bridge(NamedTuple):
    """The paths from one node to another over hidden nodes only, or an edge of one; `relation` is that of the last edge.

    `folded` is the number of hidden assets on the shortest path, `certain` whether any path has only certain edges, `origins` the
    origins of all edges of all paths.
    """

    source: int
    target: int
    relation: int
    certain: bool
    folded: int
    origins: frozenset[int]


def bridges(graph: GraphVersion, layer: Layer, moment: int, listed: Ints, hidden: Hidden) -> list[Bridge]:
    """Return the bridges valid at `moment` between nodes of the `listed` assets, one for each pair of nodes and relation.

    Raises `InvalidInput` if hidden assets join more than `MAX_BRIDGES` pairs.
    """
    steps = _Steps()
    frontier = _nodes_of(graph, listed)
    first, seen = True, np.zeros(0, np.int32)
    while len(frontier):
        gathered = graph.views[layer].out.gather(frontier, moment)
        assets = graph.asset_of[gathered.other]
        hidden.examine(np.unique(assets))
        if not len(hidden.marks):
            return []
        is_asset = ~are_hubs(graph, gathered.other)
        passed = (hidden.marks[assets] == CONTRACTED) & is_asset
        shown = passed if first else (passed | among(graph, assets, listed)) & is_asset
        steps.take(graph, frontier, gathered, np.flatnonzero(shown))
        further = _nodes_of(graph, np.unique(assets[passed]))
        first, seen, frontier = False, np.union1d(seen, further), np.setdiff1d(further, seen)
    found = steps.contract(seen.tolist())
    return [bridge for bridge in found if graph.asset_of[bridge.source] != graph.asset_of[bridge.target]]


def _nodes_of(graph: GraphVersion, assets: Ints) -> Ints:
    """Return the nodes and ports of assets."""
    own = graph.nodes_of(assets)
    ports = [port for asset in assets[own >= 0].tolist() for port in graph.asset_index.ports_of(asset) if port < graph.nodes]
    return np.concatenate([own[own >= 0], np.array(ports, np.int32)])


class _Steps:
    """Steps with a hidden node at one end or both, by the node they start from and where they lead."""

    def __init__(self) -> None:
        self._out: defaultdict[int, dict[int, dict[int, Bridge]]] = defaultdict(dict)
        """Edges by source, target and relation."""
        self._into: defaultdict[int, set[int]] = defaultdict(set)

    def take(self, graph: GraphVersion, nodes: Ints, gathered: Gathered, chosen: Longs) -> None:
        """Add the chosen rows of `nodes`. A traversed row that is not listed takes the origins of its triple's listed rows."""
        near, far = nodes[gathered.position[chosen]], gathered.other[chosen]
        ends = zip(graph.asset_of[near].tolist(), gathered.relation[chosen].tolist(), graph.asset_of[far].tolist(), strict=True)
        rows = list(zip(ends, gathered.flags[chosen].tolist(), gathered.origin[chosen].tolist(), strict=True))
        origins: defaultdict[tuple[int, int, int], set[int]] = defaultdict(set)
        for triple, flags, origin in rows:
            if flags & SHOW and origin:
                origins[triple].add(origin)
        for source, target, (triple, flags, _) in zip(near.tolist(), far.tolist(), rows, strict=True):
            if flags & WALK:
                origins_of_row = frozenset(origins.get(triple, ()))
                self._add(Bridge(source, target, triple[1], bool(flags & CERTAIN), 0, origins_of_row))

    def _add(self, bridge: Bridge) -> None:
        to_target = self._out[bridge.source].setdefault(bridge.target, {})
        known = to_target.get(bridge.relation)
        if known is not None:
            certain, folded = known.certain or bridge.certain, min(known.folded, bridge.folded)
            bridge = bridge._replace(certain=certain, folded=folded, origins=known.origins | bridge.origins)
        to_target[bridge.relation] = bridge
        self._into[bridge.target].add(bridge.source)

    def contract(self, hidden: list[int]) -> list[Bridge]:
        """Contract the hidden nodes and return the remaining edges. Raises `InvalidInput` if too many edges are joined."""
        joined = 0
        for node in hidden:
            by_target, sources = self._out.pop(node, {}), self._into.pop(node, set()) - {node}
            loop_origins = frozenset(origin for bridge in by_target.pop(node, {}).values() for origin in bridge.origins)
            for target in by_target:
                self._into[target].discard(node)
            outgoing = [bridge for to_target in by_target.values() for bridge in to_target.values()]
            joined += len(sources) * len(outgoing)
            if joined > MAX_BRIDGES:
                raise InvalidInput(
                    f"hidden assets join more than {MAX_BRIDGES:,} pairs of listed assets; narrow the query with depth, kind or "
                    "limit, or turn folding off (fold=false)"
                )
            for source in sources:
                for first in self._out[source].pop(node).values():
                    for second in outgoing:
                        origins = first.origins | loop_origins | second.origins
                        certain, folded = first.certain and second.certain, first.folded + 1 + second.folded
                        self._add(Bridge(source, second.target, second.relation, certain, folded, origins))
        return [bridge for by_target in self._out.values() for to_target in by_target.values() for bridge in to_target.values()]
