"""The shortest path between two assets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.rows import CERTAIN, COLUMN, MODEL_VERSION, VERSION_OF, Layer
from mlgraph.graph.snapshot import Snapshot
from mlgraph.graph.steps import Place, asset_at, models_of, positions_of, steps_from
from mlgraph.graph.walk import DirectionName, parts_of


class _Spot(NamedTuple):
    """A position, or with `leaf` a model that a reached version brings along, which leads nowhere."""

    place: Place
    number: int
    leaf: bool = False


class _Way(NamedTuple):
    """How a position was reached: from where, over which relation, and whether that step is certain."""

    back: _Spot | None
    relation: int | None
    certain: bool


def shortest_path(
    graph: Snapshot, source: int, target: int, direction: DirectionName, level: Layer, moment: int
) -> tuple[list[tuple[int, str | None]], bool]:
    """Return the assets on a shortest path from `source` to `target`, each with the relation that leads to it.

    Also returns whether every step of it is certain; of the shortest paths a certain one is taken, if there is any. The list is
    empty where no path leads there.
    """
    certain = _search(graph, source, target, direction, level, moment, CERTAIN)
    shortest = _search(graph, source, target, direction, level, moment, 0)
    if certain and len(certain) == len(shortest):
        return certain, True
    return shortest, False


def _search(
    graph: Snapshot, source: int, target: int, direction: DirectionName, level: Layer, moment: int, need: int
) -> list[tuple[int, str | None]]:
    ways: dict[_Spot, _Way] = {}
    frontier: list[_Spot] = []
    for place, number in positions_of(graph, source, direction):
        ways[_Spot(place, number)] = _Way(None, None, certain=True)
        frontier.append(_Spot(place, number))
    if source == target:
        return [(source, None)]
    while frontier:
        following: list[_Spot] = []
        for spot in frontier:
            for reached, way in _onward(graph, spot, source, direction, level, moment):
                if reached not in ways and (way.certain or not need):
                    ways[reached] = way
                    following.append(reached)
                    if asset_at(graph, reached.place, reached.number) == target:
                        return _retrace(graph, ways, reached)
        frontier = following
    return []


def _onward(
    graph: Snapshot, spot: _Spot, source: int, direction: DirectionName, level: Layer, moment: int
) -> Iterator[tuple[_Spot, _Way]]:
    if spot.leaf:
        return
    asset = asset_at(graph, spot.place, spot.number)
    if graph.registry.kind(asset) == MODEL_VERSION:
        for model in models_of(graph, asset, moment):
            if (node := graph.find(model)) is not None:
                yield _Spot(Place.NODE, node, leaf=True), _Way(spot, VERSION_OF, certain=True)
    if asset == source and graph.registry.kind(asset) != COLUMN:
        for part, relation in parts_of(graph, asset, moment):
            for place, number in positions_of(graph, part, direction):
                yield _Spot(place, number), _Way(spot, relation, certain=True)
    for step in steps_from(graph, level, moment, direction, spot.place, spot.number):
        yield _Spot(step.place, step.number), _Way(spot, step.relation, bool(step.flags & CERTAIN))


def _retrace(graph: Snapshot, ways: dict[_Spot, _Way], end: _Spot) -> list[tuple[int, str | None]]:
    path: list[tuple[int, str | None]] = []
    spot: _Spot | None = end
    while spot is not None:
        way = ways[spot]
        relation = RELATION_NAMES[way.relation] if way.relation is not None else None
        path.append((asset_at(graph, spot.place, spot.number), relation))
        spot = way.back
    return path[::-1]
