"""The shortest path between two assets."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.predecessor_search import SearchNode, SearchRequest, SearchTree, search_with_predecessors
from mlgraph.graph.impact.traversal_steps import models_of
from mlgraph.graph.model.rows import CERTAIN, MODEL, VERSION_OF, WALK, Bytes, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, DirectionName, parts_of
from mlgraph.graph.traversal.visibility import NOTHING_HIDDEN, SHOWN


def shortest_path(
    graph: GraphVersion,
    source: int,
    target: int,
    direction: DirectionName,
    level: Layer,
    moment: int,
    marks: Bytes = NOTHING_HIDDEN,
) -> tuple[list[tuple[int, str | None]], bool]:
    """Return the assets on a shortest path from `source` to `target`, each with the relation that leads to it.

    Also returns whether every step of it is certain; of the shortest paths a certain one is taken, if there is any. The list is
    empty where no path leads there. What `marks` (`noise.Hidden`) hides is on the path, and counts nothing.
    """
    if source == target:
        return [(source, None)], True
    asked = SearchRequest(graph, source, None, direction, level, moment, NO_LIMIT, marks)
    certain = _search(asked, target, CERTAIN)
    shortest = _search(asked, target, 0)
    if certain and _length(certain, marks) == _length(shortest, marks):
        return _named(certain), True
    return _named(shortest), False


def _length(way: list[SearchNode], marks: Bytes) -> int:
    return len(way) if not len(marks) else sum(marks[visit.asset] == SHOWN for visit in way)


def _search(asked: SearchRequest, target: int, need: int) -> list[SearchNode]:
    found = search_with_predecessors(asked, need)
    distance, position = _reached(found, asked, target)
    leaf = False
    if asked.graph.registry.kind(target) == MODEL:  # a version that was reached brings its model along
        for version, relation in parts_of(asked.graph, target, asked.moment):
            if relation == VERSION_OF and target in models_of(asked.graph, version, asked.moment):
                hop, at = _reached(found, asked, version)
                if hop + 1 < distance:
                    distance, position, leaf = hop + 1, at, True
    if distance >= NO_LIMIT:
        return []
    way = _visits(found, asked, position, need)
    return [*way, SearchNode(target, VERSION_OF)] if leaf else way


def _reached(found: SearchTree, asked: SearchRequest, asset: int) -> tuple[int, int]:
    """Return how far an asset is (`NO_LIMIT`: not reached) and the position in the trail."""
    best = min(
        ((start.distance, -1 - number) for number, start in enumerate(found.starts) if start.way[-1].asset == asset),
        default=(NO_LIMIT, 0),
    )
    places = np.flatnonzero(asked.graph.asset_of[found.nodes] == asset)
    if len(places) and found.hops[places[0]] < best[0]:
        return int(found.hops[places[0]]), int(places[0])
    return best


def _visits(found: SearchTree, asked: SearchRequest, position: int, need: int) -> list[SearchNode]:
    nodes, way = found.way(position)
    visits = list(way)
    view = asked.graph.views[asked.level]
    rows = view.out if asked.direction == "downstream" else view.into
    for near, far in pairwise(nodes):
        relation = next(
            relation
            for other, relation, flags, _ in rows.rows_of(near, asked.moment)
            if other == far and flags & (WALK | need) == WALK | need
        )
        visits.append(SearchNode(int(asked.graph.asset_of[far]), relation))
    return visits


def _named(way: list[SearchNode]) -> list[tuple[int, str | None]]:
    return [(visit.asset, None if visit.relation is None else RELATION_NAMES[visit.relation]) for visit in way]
