"""Breadth-first search from a root that records the predecessor of each state: the basis of impact and shortest paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import Change, Effect, effect_on_part, passed_effect
from mlgraph.graph.impact.traversal_steps import PositionKind, asset_at, positions_of, steps_from
from mlgraph.graph.model.rows import CERTAIN, COLUMN, ONLINE, WALK, Bytes, Ints, Layer, Longs
from mlgraph.graph.traversal.closures import DirectionName, parts_of
from mlgraph.graph.traversal.noise_marks import NOTHING_HIDDEN, is_contracted
from mlgraph.graph.traversal.state_search import EFFECTS, Seeds, StateSearchOptions, search_states

NOTHING: Final = 255
"""Marks, in the transition table, an effect that does not propagate."""


class SearchNode(NamedTuple):
    """An asset on a path, and the relation over which it was reached (None: the root)."""

    asset: int
    relation: int | None


class SearchStart(NamedTuple):
    """A position at which the search of the arrays starts; a column, or a dataset entered from one, is only listed.

    `path` leads from the root to it, both included.
    """

    place: PositionKind
    number: int
    effect: Effect
    distance: int
    path: tuple[SearchNode, ...]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Parameters of a search: root, change, direction, level, moment (microseconds) and greatest distance.

    `marks` (`noise.Hidden`) has the assets that the search contracts or excludes.
    """

    graph: GraphVersion
    root: int
    change: Change | None
    direction: DirectionName
    level: Layer
    moment: int
    limit: int
    marks: Bytes = field(default_factory=lambda: NOTHING_HIDDEN)


@dataclass(frozen=True, slots=True)
class SearchTree:
    """The result of a search: `starts` in order of distance, and states (node * 4 + effect) int64[k] with hops int32[k].

    `back` int32[k] is the position of the predecessor state, or -1 - n for the start numbered n. `common` has the flags that all
    rows by which states were reached have in common, `seen` those of any row that was examined.
    """

    starts: list[SearchStart]
    states: Longs
    back: Ints
    hops: Ints
    common: int
    seen: int

    @property
    def nodes(self) -> Ints:
        """The node of each state."""
        return (self.states >> 2).astype(np.int32)

    @property
    def effects(self) -> Bytes:
        """The effect of each state."""
        return (self.states & 3).astype(np.uint8)

    def listed(self) -> Iterator[tuple[int, SearchStart]]:
        """Yield the starts that are only listed, with their numbers."""
        return ((number, start) for number, start in enumerate(self.starts) if start.place != PositionKind.NODE)

    def path_to(self, position: int) -> tuple[list[int], tuple[SearchNode, ...]]:
        """Return the nodes of the states from a start to `position`, and the path from the root to that start.

        `position` is that of a state, or -1 - n for the start numbered n, if that is only listed.
        """
        nodes: list[int] = []
        while position >= 0:
            nodes.append(int(self.states[position]) >> 2)
            position = int(self.back[position])
        return nodes[::-1], self.starts[-1 - position].path


@cache
def transition_table(change: Change | None) -> Bytes:
    """Return uint8[effects, relations, reads online, kinds]: the effect on the target; `NOTHING` if it does not propagate."""
    relations, kinds = 256, 256
    table = np.full((EFFECTS, relations, 2, kinds), NOTHING, np.uint8)
    for effect in Effect:
        if change is None:
            table[effect] = effect
            continue
        for relation in RELATIONS.values():
            for kind in KINDS.values():
                for online in (0, 1):
                    passed = passed_effect(change, effect, relation.code, ONLINE if online else 0, kind.code)
                    table[effect, relation.code, online, kind.code] = NOTHING if passed is None else passed
    return table


def search_with_predecessors(request: SearchRequest, need: int = 0, avoid: int = 0) -> SearchTree:
    """Return the states that a search reaches over rows with all flags of `need` and none of `avoid`."""
    graph = request.graph
    starts = sorted(_starts(request, need), key=lambda start: start.distance)
    entered = [(number, start) for number, start in enumerate(starts) if start.place == PositionKind.NODE]
    seeds = Seeds(
        np.array([start.number * EFFECTS + start.effect for _, start in entered], np.int64),
        np.array([start.distance for _, start in entered], np.int32),
        np.array([-1 - number for number, _ in entered], np.int32),
    )
    view = graph.views[request.level]
    rows = view.out if request.direction == "downstream" else view.into
    how = StateSearchOptions(request.moment, WALK | need, avoid, request.limit, transition_table(request.change), request.marks)
    found = search_states(graph, rows, seeds, how)
    return SearchTree(starts, found.states, found.back, found.hops, _common(starts, found.common), found.seen)


def _common(starts: list[SearchStart], common: int) -> int:
    """Return the flags that all paths have in common: none if there are column steps, which may be uncertain."""
    return 0 if any(start.place != PositionKind.NODE for start in starts) else common


def _starts(request: SearchRequest, need: int) -> Iterator[SearchStart]:
    if request.graph.asset_index.kind(request.root) == COLUMN:
        yield from _column_starts(request, need)
        return
    root = SearchNode(request.root, None)
    for place, number in positions_of(request.graph, request.root, request.direction):
        yield SearchStart(place, number, Effect.CHANGED, 0, (root,))
    frontier: list[tuple[SearchNode, ...]] = [(root,)]
    seen, distance = {request.root}, 0
    while frontier and distance < request.limit:
        distance += 1
        following: list[tuple[SearchNode, ...]] = []
        for path in frontier:
            for part, relation in parts_of(request.graph, path[-1].asset, request.moment):
                kind = request.graph.asset_index.kind(part)
                effect = Effect.CHANGED if request.change is None else effect_on_part(request.change, kind)
                if part in seen or effect is None:
                    continue
                seen.add(part)
                longer = (*path, SearchNode(part, relation))
                following.append(longer)
                for place, number in positions_of(request.graph, part, request.direction):
                    yield SearchStart(place, number, effect, distance, longer)
        frontier = following


def _column_starts(request: SearchRequest, need: int) -> Iterator[SearchStart]:
    """Yield the columns reached over column lineage, and the nodes at which the search of the arrays continues from them."""
    first = SearchStart(PositionKind.COLUMN, request.root, Effect.CHANGED, 0, (SearchNode(request.root, None),))
    frontier, seen = [first], {(first.place, first.number, first.effect)}
    while frontier:
        following: list[SearchStart] = []
        for start in frontier:  # grows during the loop by contracted (hidden) assets
            yield start
            if start.place == PositionKind.NODE or start.distance >= request.limit:
                continue
            steps = steps_from(request.graph, request.level, request.moment, request.direction, start.place, start.number)
            for step in steps:
                effect = _passed_on(request, start.effect, step.place, step.number, step.relation, step.flags)
                key = (step.place, step.number, effect)
                if (step.flags & need & CERTAIN) != need & CERTAIN or effect is None or key in seen:
                    continue
                seen.add((step.place, step.number, effect))
                asset = asset_at(request.graph, step.place, step.number)
                path = (*start.path, SearchNode(asset, step.relation))
                free = is_contracted(request.marks, asset)
                further = SearchStart(step.place, step.number, effect, start.distance + (not free), path)
                (frontier if free else following).append(further)
        frontier = following


def _passed_on(
    request: SearchRequest, effect: Effect, place: PositionKind, number: int, relation: int, flags: int
) -> Effect | None:
    if request.change is None or place == PositionKind.DATASET:
        return effect
    return passed_effect(
        request.change, effect, relation, flags, request.graph.asset_index.kind(asset_at(request.graph, place, number))
    )
