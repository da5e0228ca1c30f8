"""Finds a shortest path between two assets."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.predecessor_search import SearchNode, SearchRequest, SearchTree, search_with_predecessors
from mlgraph.graph.impact.traversal_steps import models_of
from mlgraph.graph.model.rows import CERTAIN, MODEL, VERSION_OF, WALK, Bytes, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, DirectionName, parts_of
from mlgraph.graph.traversal.noise_marks import NOTHING_HIDDEN, SHOWN


def shortest_path(
    graph: GraphVersion,
    source: int,
    target: int,
    direction: DirectionName,
    level: Layer,
    moment: int,
    marks: Bytes = NOTHING_HIDDEN,
) -> tuple[list[tuple[int, str | None]], bool]:
    """Return the assets on a shortest path from `source` to `target`, each with the relation by which it was reached.

    The second value is whether all edges of the path are certain; of several shortest paths a certain one is preferred. The list
    is empty if there is no path. Assets hidden by `marks` (`noise.Hidden`) are on the path but do not count to its length.
    """
    if source == target:
        return [(source, None)], True
    request = SearchRequest(graph, source, None, direction, level, moment, NO_LIMIT, marks)
    certain = _search(request, target, CERTAIN)
    shortest = _search(request, target, 0)
    if certain and _length(certain, marks) == _length(shortest, marks):
        return _named(certain), True
    return _named(shortest), False


def _length(path: list[SearchNode], marks: Bytes) -> int:
    return len(path) if not len(marks) else sum(marks[visit.asset] == SHOWN for visit in path)


def _search(request: SearchRequest, target: int, need: int) -> list[SearchNode]:
    found = search_with_predecessors(request, need)
    distance, position = _reached(found, request, target)
    leaf = False
    if request.graph.asset_index.kind(target) == MODEL:  # a model is reached with any of its versions
        for version, relation in parts_of(request.graph, target, request.moment):
            if relation == VERSION_OF and target in models_of(request.graph, version, request.moment):
                hop, at = _reached(found, request, version)
                if hop + 1 < distance:
                    distance, position, leaf = hop + 1, at, True
    if distance >= NO_LIMIT:
        return []
    path = _visits(found, request, position, need)
    return [*path, SearchNode(target, VERSION_OF)] if leaf else path


def _reached(found: SearchTree, request: SearchRequest, asset: int) -> tuple[int, int]:
    """Return the distance of an asset (`NO_LIMIT`: not reached) and its position in the search tree."""
    best = min(
        ((start.distance, -1 - number) for number, start in enumerate(found.starts) if start.path[-1].asset == asset),
        default=(NO_LIMIT, 0),
    )
    positions = np.flatnonzero(request.graph.asset_of[found.nodes] == asset)
    if len(positions) and found.hops[positions[0]] < best[0]:
        return int(found.hops[positions[0]]), int(positions[0])
    return best


def _visits(found: SearchTree, request: SearchRequest, position: int, need: int) -> list[SearchNode]:
    nodes, start_path = found.path_to(position)
    visits = list(start_path)
    view = request.graph.views[request.level]
    rows = view.out if request.direction == "downstream" else view.into
    for near, far in pairwise(nodes):
        relation = next(
            relation
            for other, relation, flags, _ in rows.rows_of(near, request.moment)
            if other == far and flags & (WALK | need) == WALK | need
        )
        visits.append(SearchNode(int(request.graph.asset_of[far]), relation))
    return visits


def _named(path: list[SearchNode]) -> list[tuple[int, str | None]]:
    return [(visit.asset, None if visit.relation is None else RELATION_NAMES[visit.relation]) for visit in path]
