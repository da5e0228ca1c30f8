"""Finds the shortest path between two assets: of equally short ones the first by its list of URIs (docs/spec.md#10-ties)."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import chain
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.predecessor_search import SearchRequest, SearchTree, search_with_predecessors
from mlgraph.graph.impact.traversal_steps import PositionKind, asset_at, claim_steps, models_of, positions_of, steps_from
from mlgraph.graph.model.rows import CERTAIN, COLUMN, MODEL, VERSION_OF, WALK, Bytes, Ints, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, DirectionName, parts_of
from mlgraph.graph.traversal.name_hubs import are_hubs, is_hub
from mlgraph.graph.traversal.noise_marks import CONTRACTED, NOTHING_HIDDEN, is_contracted

_START: Final = -1
"""In place of a `PositionKind`: the root or a part of it, by its asset number, before a position is chosen."""


class PathNode(NamedTuple):
    """An asset on a path, and the relation over which it was reached (None: the root)."""

    asset: int
    relation: str | None


def shortest_path(
    graph: GraphVersion,
    source: int,
    target: int,
    direction: DirectionName,
    level: Layer,
    moment: int,
    marks: Bytes = NOTHING_HIDDEN,
) -> tuple[list[PathNode], bool]:
    """Return the assets on the shortest path from `source` to `target`, each with the relation by which it was reached.

    The second value is whether all edges of the path are certain, over some relations and ports of its assets. The list is empty
    if there is no path. Assets hidden by `marks` (`noise.Hidden`) are on the path but do not count to its length.
    """
    if source == target:
        return [PathNode(source, None)], True
    request = SearchRequest(graph, source, None, direction, level, moment, NO_LIMIT, marks)
    found = search_with_predecessors(request, ordered=True)
    best = min(_ends(found, target), default=None)
    if best is None:
        return [], False
    path, certain = _followed(request, found.path_to(best.position))
    return ([*path, PathNode(target, RELATION_NAMES[VERSION_OF])] if best.leaf else path), certain


class _End(NamedTuple):
    """A position at which a path to the target ends, or, for a `leaf`, the one before it; the least one has the first path."""

    distance: int
    parent_group: int
    position: int
    leaf: bool


def _ends(found: SearchTree, target: int) -> Iterator[_End]:
    graph, moment = found.request.graph, found.request.moment
    for distance, position in _positions(found, target):
        yield _End(distance, found.parent_group(position), position, leaf=False)
    if graph.asset_index.kind(target) == MODEL:  # a model is reached with any of its versions
        for version, relation in parts_of(graph, target, moment):
            if relation == VERSION_OF and target in models_of(graph, version, moment):
                for distance, position in _positions(found, version):
                    yield _End(distance + 1, found.group_at(position), position, leaf=True)


def _positions(found: SearchTree, asset: int) -> Iterator[tuple[int, int]]:
    """Yield distance and position of the asset's nearest state in the search tree, and of its starts that are only listed."""
    for number in found.listed():
        if found.asset_of(number) == asset:
            yield found.paths.lengths[found.starts[number].path], -1 - number
    states = np.flatnonzero(found.assets == asset)
    if len(states):
        yield int(found.hops[states[0]]), int(states[0])


class _Step(NamedTuple):
    """A step of a path to an asset: its URI if it is hidden (else empty), then the relation; two are compared in this order."""

    hidden: str
    relation: str
    asset: int


class _Followed(NamedTuple):
    """The beginning of a path that shows certain assets: certain ones are preferred, then those with few hidden assets.

    `shown` is the number of assets shown; the path has come to `number`, which `place` describes: a `PositionKind`, or `_START`.
    """

    possible: bool
    hidden: int
    steps: tuple[_Step, ...]
    shown: int
    place: int
    number: int


def _followed(request: SearchRequest, shown: list[int]) -> tuple[list[PathNode], bool]:
    """Return the steps of a path that shows the assets `shown`, hidden assets included, and whether all are certain."""
    open_ = [_Followed(possible=False, hidden=0, steps=(), shown=1, place=_START, number=shown[0])]
    seen = set()
    while open_:
        path = heappop(open_)
        if path.shown == len(shown):
            steps = [PathNode(step.asset, step.relation) for step in path.steps]
            return [PathNode(shown[0], None), *steps], not path.possible
        if path[3:] in seen:
            continue
        seen.add(path[3:])
        for further in _further(request, path, shown[path.shown]):
            heappush(open_, further)
    raise AssertionError("the search found a path that its steps do not follow")


def _further(request: SearchRequest, path: _Followed, following: int) -> Iterator[_Followed]:
    """Yield the path with one more step, to the asset `following` or to a hidden one."""
    graph, place = request.graph, path.place
    if place == _START:
        for at, number in positions_of(graph, path.number, request.direction):
            yield path._replace(place=at, number=number)
        if graph.asset_index.kind(path.number) != COLUMN:
            for part, relation in parts_of(graph, path.number, request.moment):
                if part == following:
                    steps = (*path.steps, _Step("", RELATION_NAMES[relation], part))
                    yield path._replace(steps=steps, shown=path.shown + 1, number=part)
        return
    for at, number, relation, flags in _steps_towards(request, PositionKind(place), path.number, following):
        asset = asset_at(graph, at, number)
        if at == PositionKind.NODE and is_hub(graph, number):
            yield path._replace(possible=True, place=at, number=number)
            continue
        is_hidden = asset != following
        step = _Step(graph.asset_index.uri(asset) if is_hidden else "", RELATION_NAMES[relation], asset)
        yield _Followed(
            path.possible or not flags & CERTAIN,
            path.hidden + is_hidden,
            (*path.steps, step),
            path.shown + (not is_hidden),
            at,
            number,
        )


def _steps_towards(
    request: SearchRequest, place: PositionKind, number: int, following: int
) -> Iterator[tuple[PositionKind, int, int, int]]:
    """Yield each step from a position to the asset `following` or to a hidden asset, as `steps_from` does."""
    graph, marks = request.graph, request.marks
    if place != PositionKind.NODE:
        where = (graph, request.level, request.moment, request.direction)
        claimed = claim_steps(*where, number, set()) if place == PositionKind.COLUMN else ()
        for step in chain(steps_from(*where, place, number), claimed):
            asset = asset_at(graph, step.place, step.number)
            if asset == following or is_contracted(marks, asset):
                yield step
        return
    view = graph.views[request.level]
    rows = (view.out if request.direction == "downstream" else view.into).gather(
        np.array([number], np.int32), request.moment, WALK
    )
    assets: Ints = graph.asset_of[rows.other]
    towards = (assets == following) | are_hubs(graph, rows.other)
    if len(marks):
        towards |= marks[assets] == CONTRACTED
    columns = (rows.other[towards], rows.relation[towards], rows.flags[towards])
    for other, relation, flags in zip(*(column.tolist() for column in columns), strict=True):
        yield PositionKind.NODE, other, relation, flags
