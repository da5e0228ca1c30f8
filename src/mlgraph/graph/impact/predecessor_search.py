"""Spreading from a root over the graph, remembering by which way each position was reached: for impact and for paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import Change, Effect, of_part, passed_effect
from mlgraph.graph.impact.traversal_steps import PositionKind, asset_at, positions_of, steps_from
from mlgraph.graph.model.rows import CERTAIN, COLUMN, ONLINE, WALK, Bytes, Ints, Layer, Longs
from mlgraph.graph.traversal.closures import DirectionName, parts_of
from mlgraph.graph.traversal.state_search import EFFECTS, Seeds, StateSearchOptions, search_states
from mlgraph.graph.traversal.visibility import NOTHING_HIDDEN, is_contracted

NOTHING: Final = 255
"""Stands in the spread table for an effect that does not pass on."""


class SearchNode(NamedTuple):
    """An asset on a way, and the relation over which it was reached (None: the root)."""

    asset: int
    relation: int | None


class SearchStart(NamedTuple):
    """A position from which the spread goes on in the arrays, or (a column, or a dataset entered from one) which is only listed.

    `way` leads from the root to it, both included.
    """

    place: PositionKind
    number: int
    effect: Effect
    distance: int
    way: tuple[SearchNode, ...]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is asked of a spread: from which root, how the change passes on, where, when and how far.

    `marks` (`noise.Hidden`) are what it passes over and leaves out.
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
    """One spread: `starts` in order of distance, and states (node * 4 + effect) int64[k] with hops int32[k].

    `back` int32[k] is the position of the state before, or -1 less the number of the start. `common` are the flags that all
    rows share by which states were reached, `seen` those that any row has that was looked at.
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

    def way(self, position: int) -> tuple[list[int], tuple[SearchNode, ...]]:
        """Return the nodes of the states up to `position`, the first being that of a start, and the way that leads there.

        `position` is that of a state, or -1 less the number of a start that is only listed.
        """
        nodes: list[int] = []
        while position >= 0:
            nodes.append(int(self.states[position]) >> 2)
            position = int(self.back[position])
        return nodes[::-1], self.starts[-1 - position].way


@cache
def transition_table(change: Change | None) -> Bytes:
    """Return uint8[effects, relations, reads online, kinds]: what an effect becomes, `NOTHING` where it does not pass on."""
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


def search_with_predecessors(asked: SearchRequest, need: int = 0, avoid: int = 0) -> SearchTree:
    """Return where the spread leads over rows that have all flags of `need` and none of `avoid`."""
    graph = asked.graph
    starts = sorted(_starts(asked, need), key=lambda start: start.distance)
    entered = [(number, start) for number, start in enumerate(starts) if start.place == PositionKind.NODE]
    seeds = Seeds(
        np.array([start.number * EFFECTS + start.effect for _, start in entered], np.int64),
        np.array([start.distance for _, start in entered], np.int32),
        np.array([-1 - number for number, _ in entered], np.int32),
    )
    view = graph.views[asked.level]
    rows = view.out if asked.direction == "downstream" else view.into
    how = StateSearchOptions(asked.moment, WALK | need, avoid, asked.limit, transition_table(asked.change), asked.marks)
    found = search_states(graph, rows, seeds, how)
    return SearchTree(starts, found.states, found.back, found.hops, _common(starts, found.common), found.seen)


def _common(starts: list[SearchStart], common: int) -> int:
    """Return the flags that all ways share: that over columns may have been uncertain."""
    return 0 if any(start.place != PositionKind.NODE for start in starts) else common


def _starts(asked: SearchRequest, need: int) -> Iterator[SearchStart]:
    if asked.graph.registry.kind(asked.root) == COLUMN:
        yield from _column_starts(asked, need)
        return
    root = SearchNode(asked.root, None)
    for place, number in positions_of(asked.graph, asked.root, asked.direction):
        yield SearchStart(place, number, Effect.CHANGED, 0, (root,))
    frontier: list[tuple[SearchNode, ...]] = [(root,)]
    seen, distance = {asked.root}, 0
    while frontier and distance < asked.limit:
        distance += 1
        following: list[tuple[SearchNode, ...]] = []
        for way in frontier:
            for part, relation in parts_of(asked.graph, way[-1].asset, asked.moment):
                kind = asked.graph.registry.kind(part)
                effect = Effect.CHANGED if asked.change is None else of_part(asked.change, kind)
                if part in seen or effect is None:
                    continue
                seen.add(part)
                longer = (*way, SearchNode(part, relation))
                following.append(longer)
                for place, number in positions_of(asked.graph, part, asked.direction):
                    yield SearchStart(place, number, effect, distance, longer)
        frontier = following


def _column_starts(asked: SearchRequest, need: int) -> Iterator[SearchStart]:
    """Yield the columns that are reached over column lineage, and where the spread goes on from them in the arrays."""
    first = SearchStart(PositionKind.COLUMN, asked.root, Effect.CHANGED, 0, (SearchNode(asked.root, None),))
    frontier, seen = [first], {(first.place, first.number, first.effect)}
    while frontier:
        following: list[SearchStart] = []
        for start in frontier:  # grows by what is passed over
            yield start
            if start.place == PositionKind.NODE or start.distance >= asked.limit:
                continue
            steps = steps_from(asked.graph, asked.level, asked.moment, asked.direction, start.place, start.number)
            for step in steps:
                effect = _passed_on(asked, start.effect, step.place, step.number, step.relation, step.flags)
                key = (step.place, step.number, effect)
                if (step.flags & need & CERTAIN) != need & CERTAIN or effect is None or key in seen:
                    continue
                seen.add((step.place, step.number, effect))
                asset = asset_at(asked.graph, step.place, step.number)
                way = (*start.way, SearchNode(asset, step.relation))
                free = is_contracted(asked.marks, asset)
                further = SearchStart(step.place, step.number, effect, start.distance + (not free), way)
                (frontier if free else following).append(further)
        frontier = following


def _passed_on(
    asked: SearchRequest, effect: Effect, place: PositionKind, number: int, relation: int, flags: int
) -> Effect | None:
    if asked.change is None or place == PositionKind.DATASET:
        return effect
    return passed_effect(asked.change, effect, relation, flags, asked.graph.registry.kind(asset_at(asked.graph, place, number)))
