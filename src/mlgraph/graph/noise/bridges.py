"""Edges of an answer that stand for ways over hidden assets: A -> hidden -> B reads A -> B (ADR 0022).

Hidden nodes are taken out of the graph between the listed ones, one after the other: whatever leads to one leads to all that it
leads to. The result does not depend on the order.
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
from mlgraph.graph.traversal.visibility import CONTRACTED

MAX_BRIDGES: Final = 200_000
"""How many steps may be joined for one answer: a hidden asset with a thousand readers and writers would make a million edges."""


class Bridge(NamedTuple):
    """A way from one listed node to another over hidden nodes alone, or a step of one: ends, the relation of the last step.

    `folded` is how many assets lie between on the shortest way, `certain` whether any way is certain throughout, `origins` those
    of all steps on any.
    """

    source: int
    target: int
    relation: int
    certain: bool
    folded: int
    origins: frozenset[int]


def bridges(graph: GraphVersion, layer: Layer, moment: int, listed: Ints, hidden: Hidden) -> list[Bridge]:
    """Return the ways that hold at `moment` between nodes of the `listed` assets, each pair of nodes and relation once.

    Raises `InvalidInput` where they are too many.
    """
    steps = _Steps()
    frontier = _nodes_of(graph, listed)
    first, seen = True, np.zeros(0, np.int32)
    while len(frontier):
        gathered = graph.views[layer].out.gather(frontier, moment)
        assets = graph.asset_of[gathered.other]
        hidden.look_at(np.unique(assets))
        if not len(hidden.marks):
            return []
        passed = hidden.marks[assets] == CONTRACTED
        shown = passed if first else passed | among(graph, assets, listed)
        steps.take(graph, frontier, gathered, np.flatnonzero(shown))
        further = _nodes_of(graph, np.unique(assets[passed]))
        first, seen, frontier = False, np.union1d(seen, further), np.setdiff1d(further, seen)
    found = steps.joined(seen.tolist())
    return [bridge for bridge in found if graph.asset_of[bridge.source] != graph.asset_of[bridge.target]]


def _nodes_of(graph: GraphVersion, assets: Ints) -> Ints:
    """Return the nodes and ports of assets."""
    own = graph.nodes_of(assets)
    ports = [port for asset in assets[own >= 0].tolist() for port in graph.registry.ports_of(asset) if port < graph.nodes]
    return np.concatenate([own[own >= 0], np.array(ports, np.int32)])


class _Steps:
    """Steps with a hidden node at one end or both, by the node they start from and where they lead."""

    def __init__(self) -> None:
        self._out: defaultdict[int, dict[int, dict[int, Bridge]]] = defaultdict(dict)
        """By source, target and relation."""
        self._into: defaultdict[int, set[int]] = defaultdict(set)

    def take(self, graph: GraphVersion, nodes: Ints, gathered: Gathered, chosen: Longs) -> None:
        """Take the chosen ones of the rows of `nodes`. A walked row that is not shown has the origins of the one that is."""
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

    def joined(self, hidden: list[int]) -> list[Bridge]:
        """Take the hidden nodes out and return what is left."""
        made = 0
        for node in hidden:
            leading, sources = self._out.pop(node, {}), self._into.pop(node, set()) - {node}
            around = frozenset(origin for bridge in leading.pop(node, {}).values() for origin in bridge.origins)
            for target in leading:
                self._into[target].discard(node)
            onward = [bridge for to_target in leading.values() for bridge in to_target.values()]
            made += len(sources) * len(onward)
            if made > MAX_BRIDGES:
                raise InvalidInput(
                    f"hidden assets join more than {MAX_BRIDGES:,} pairs of what is listed; ask for fewer with depth, kind or "
                    "limit, or without folding (fold=false)"
                )
            for source in sources:
                for come in self._out[source].pop(node).values():
                    for go in onward:
                        origins = come.origins | around | go.origins
                        certain, folded = come.certain and go.certain, come.folded + 1 + go.folded
                        self._add(Bridge(source, go.target, go.relation, certain, folded, origins))
        return [bridge for leading in self._out.values() for to_target in leading.values() for bridge in to_target.values()]
