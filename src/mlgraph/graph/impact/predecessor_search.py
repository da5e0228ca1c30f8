"""Breadth-first search from a root that records the predecessor of each state: the basis of impact and shortest paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.vocabulary import KIND_NAMES, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import Change, Effect, effect_on_part, passed_effect
from mlgraph.graph.impact.traversal_steps import PositionKind, TraversalStep, asset_at, claim_steps, positions_of, steps_from
from mlgraph.graph.model.rows import CERTAIN, COLUMN, HUB, ONLINE, PART_OF, WALK, Bytes, Ints, Layer, Longs
from mlgraph.graph.traversal.closures import DirectionName, parts_of
from mlgraph.graph.traversal.name_hubs import are_hubs, assets_listed
from mlgraph.graph.traversal.noise_marks import NOTHING_HIDDEN, SHOWN, is_contracted
from mlgraph.graph.traversal.state_search import Seeds, StateSearchOptions, search_states
from mlgraph.graph.traversal.state_search_kernel import EFFECTS

NO_ASSET: Final = 0
"""The root of a search that begins at several assets: stores number assets from 1."""
NOTHING: Final = 255
"""Marks, in the transition table, an effect that does not propagate."""


class SearchStart(NamedTuple):
    """A position at which the search of the arrays starts; a column, or a dataset entered from one, is only listed.

    `path` is the number of the path that leads to it (`StartPaths`).
    """

    place: PositionKind
    number: int
    effect: Effect
    path: int


@dataclass(frozen=True, slots=True)
class StartPaths:
    """The paths from the root to the starts, as a tree: path 0 is the root, each other one continues a parent by one asset.

    They are numbered in order of length, then of their lists of URIs. Hidden assets are not on them.
    """

    parents: list[int]
    assets: list[int]
    lengths: list[int]

    def extend(self, parent: int, asset: int) -> int:
        """Add the path that continues `parent` by `asset`; return its number."""
        self.parents.append(parent)
        self.assets.append(asset)
        self.lengths.append(self.lengths[parent] + 1)
        return len(self.parents) - 1

    def assets_on(self, path: int) -> list[int]:
        """Return the assets on a path, from the root."""
        found = []
        while path >= 0:
            found.append(self.assets[path])
            path = self.parents[path]
        return found[::-1]


class GivenStart(NamedTuple):
    """A start that the caller of a search chose: the path to it from the root, its effect, and the nodes from which to go on.

    Without nodes, the asset at the end of the path is only listed.
    """

    path: tuple[int, ...]
    effect: Effect
    nodes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """Parameters of a search: root, change, direction, level, moment (microseconds) and greatest distance.

    `marks` (`noise.Hidden`) has the assets that the search contracts or excludes. `roots`: the search begins at several assets,
    all columns or none; then `root` is `NO_ASSET`, from which each of them is one step away. `given`: the starts, in place of
    the roots and their parts; their paths begin at `root`, or at one of `roots`.
    """

    graph: GraphVersion
    root: int
    change: Change | None
    direction: DirectionName
    level: Layer
    moment: int
    limit: int
    marks: Bytes = field(default_factory=lambda: NOTHING_HIDDEN)
    given: tuple[GivenStart, ...] = ()
    roots: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchTree:
    """The result of a search: `starts` in order of distance, and states (node * 4 + effect) int64[k] with hops int32[k].

    `assets` int32[k] are the assets of the states, `NOT_LISTED` where answers list none. `back` int32[k] is the position of the
    predecessor state, or -1 - n for the start numbered n. `groups` int32[k] and `path_groups` number the lists of URIs of the
    states' paths and of `paths` in their order (`StateSearchResult`). `common` has the flags that all rows by which states were
    reached have in common, `seen` those of any row that was examined.
    """

    request: SearchRequest
    starts: list[SearchStart]
    paths: StartPaths
    states: Longs
    assets: Ints
    back: Ints
    hops: Ints
    groups: Ints
    path_groups: Ints
    common: int
    seen: int
    order: Ints
    """The rank of the URI of each reached asset, by asset number; empty if the search is not ordered."""

    @property
    def nodes(self) -> Ints:
        """The node of each state."""
        return (self.states >> 2).astype(np.int32)

    @property
    def effects(self) -> Bytes:
        """The effect of each state."""
        return (self.states & 3).astype(np.uint8)

    def listed(self) -> list[int]:
        """Return the numbers of the starts that are only listed."""
        return [number for number, start in enumerate(self.starts) if start.place != PositionKind.NODE]

    def asset_of(self, start: int) -> int:
        """Return the asset at the start numbered `start`."""
        return asset_at(self.request.graph, self.starts[start].place, self.starts[start].number)

    def group_at(self, position: int) -> int:
        """Return the group of a position, as `path_to` takes it."""
        return int(self.groups[position] if position >= 0 else self.path_groups[self.starts[-1 - position].path])

    def parent_group(self, position: int) -> int:
        """Return the group of the path to a position without its last asset (-1: there is no other)."""
        if position >= 0:
            position = int(self.back[position])
            if position >= 0:
                return self.group_at(position)
        parent = self.paths.parents[self.starts[-1 - position].path]
        return int(self.path_groups[parent]) if parent >= 0 else -1

    def path_to(self, position: int) -> list[int]:
        """Return the assets that are not hidden on the path from the root to `position`, both included.

        `position` is that of a state, or -1 - n for the start numbered n.
        """
        nodes: list[int] = []
        while position >= 0:
            nodes.append(int(self.states[position]) >> 2)
            position = int(self.back[position])
        visited = np.array(nodes[-2::-1], np.int32)
        reached: list[int] = self.request.graph.asset_of[visited[~are_hubs(self.request.graph, visited)]].tolist()
        marks = self.request.marks
        path = self.paths.assets_on(self.starts[-1 - position].path)
        return path + [asset for asset in reached if not len(marks) or marks[asset] == SHOWN]


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
            for kind in (*KIND_NAMES, HUB):
                for online in (0, 1):
                    passed = passed_effect(change, effect, relation.code, ONLINE if online else 0, kind)
                    table[effect, relation.code, online, kind] = NOTHING if passed is None else passed
    return table


def search_with_predecessors(request: SearchRequest, need: int = 0, avoid: int = 0, *, ordered: bool = False) -> SearchTree:
    """Return the states that a search reaches over rows with all flags of `need` and none of `avoid`.

    If `ordered`, the path to each state is, of the shortest ones, the first by its list of URIs (docs/spec.md#10-ties).
    """
    graph = request.graph
    paths = StartPaths([-1], [request.root], [0])
    starts = list(_starts(request, need, paths))
    entered = [(number, start) for number, start in enumerate(starts) if start.place == PositionKind.NODE]
    seeds = Seeds(
        np.array(paths.parents, np.int32),
        np.array(paths.assets, np.int32),
        np.array([start.number * EFFECTS + start.effect for _, start in entered], np.int64),
        np.array([start.path for _, start in entered], np.int32),
        np.array([-1 - number for number, _ in entered], np.int32),
    )
    view = graph.views[request.level]
    rows = view.out if request.direction == "downstream" else view.into
    how = StateSearchOptions(request.moment, WALK | need, avoid, request.limit, transition_table(request.change), request.marks)
    base = graph.asset_index.base
    order = base.uri_rank if ordered else None
    found = search_states(graph, rows, seeds, how, order)
    if ordered:
        assets = np.concatenate([graph.asset_of[found.states >> 2], seeds.assets])
        if (assets >= base.assets).any():  # the base has the ranks of its own URIs only
            order = graph.asset_index.uri_ranks(np.unique(assets))
            found = search_states(graph, rows, seeds, how, order)
    common = found.common if len(entered) == len(starts) else 0  # column steps may be uncertain
    entries = np.array([start.number for _, start in entered], np.int32)
    listed = assets_listed(graph, request.level, request.moment, (found.states // EFFECTS).astype(np.int32), entries)
    of_states = (found.states, listed, found.back, found.hops, found.groups)
    ranks = np.zeros(0, np.int32) if order is None else order
    return SearchTree(request, starts, paths, *of_states, found.path_groups, common, found.seen, ranks)


def _starts(request: SearchRequest, need: int, paths: StartPaths) -> Iterator[SearchStart]:
    if request.given:
        return _given_starts(request, paths)
    ordered = sorted(request.roots, key=request.graph.asset_index.uri)
    begin = [paths.extend(0, root) for root in ordered] if ordered else [0]
    if _is_column(request.graph, paths.assets[begin[0]]):
        return _column_starts(request, need, paths, begin)
    return _part_starts(request, paths, begin)


def _given_starts(request: SearchRequest, paths: StartPaths) -> Iterator[SearchStart]:
    """Yield the given starts in the order of their paths, and extend `paths` to them."""
    uri = request.graph.asset_index.uri
    first = (NO_ASSET,) if request.root == NO_ASSET else ()
    given = [(first + start.path, start) for start in request.given]
    numbers: dict[tuple[int, ...], int] = {(request.root,): 0}
    prefixes = {path[:length] for path, _ in given for length in range(2, len(path) + 1)}
    uris = {asset: uri(asset) for path in prefixes for asset in path}
    for path in sorted(prefixes, key=lambda path: (len(path), [uris[asset] for asset in path])):
        numbers[path] = paths.extend(numbers[path[:-1]], path[-1])
    for path, start in sorted(given, key=lambda each: (numbers[each[0]], each[1].effect, each[1].nodes)):
        for node in start.nodes:
            yield SearchStart(PositionKind.NODE, node, start.effect, numbers[path])
        if not start.nodes:
            yield SearchStart(PositionKind.DATASET, path[-1], start.effect, numbers[path])


def _is_column(graph: GraphVersion, asset: int) -> bool:
    return graph.asset_index.kind(asset) == COLUMN


def _part_starts(request: SearchRequest, paths: StartPaths, begin: list[int]) -> Iterator[SearchStart]:
    """Yield the roots, at the ends of the paths `begin`, and their parts, and extend `paths` to them."""
    graph, uri = request.graph, request.graph.asset_index.uri
    for path in begin:
        for place, number in positions_of(graph, paths.assets[path], request.direction):
            yield SearchStart(place, number, Effect.CHANGED, path)
    frontier, seen, distance = begin, {paths.assets[path] for path in begin}, 0
    while frontier and distance < request.limit:
        distance += 1
        following: list[int] = []
        for path in frontier:
            parts = {part for part, _ in parts_of(graph, paths.assets[path], request.moment)}
            for part in sorted(parts - seen, key=uri):
                kind = graph.asset_index.kind(part)
                effect = Effect.CHANGED if request.change is None else effect_on_part(request.change, kind)
                if effect is None:
                    continue
                seen.add(part)
                following.append(paths.extend(path, part))
                for place, number in positions_of(graph, part, request.direction):
                    yield SearchStart(place, number, effect, following[-1])
        frontier = following


def _column_starts(request: SearchRequest, need: int, paths: StartPaths, begin: list[int]) -> Iterator[SearchStart]:
    """Yield the columns reached over column lineage, and the nodes at which the search of the arrays continues from them.

    The roots are at the ends of the paths `begin`. Starts with the same path are expanded together, in the order of the paths;
    `paths` is extended to them.
    """
    graph, uri = request.graph, request.graph.asset_index.uri
    frontier = [[SearchStart(PositionKind.COLUMN, paths.assets[path], Effect.CHANGED, path)] for path in begin]
    seen = {first[:3] for (first,) in frontier}
    visited: dict[Effect, set[tuple[int, str]]] = {effect: set() for effect in Effect}
    continued: dict[int, bool] = {}
    while frontier:
        following: dict[tuple[int, str], list[tuple[PositionKind, int, Effect]]] = {}
        for group in frontier:
            for start in group:  # grows during the loop by contracted (hidden) assets
                yield start
                if start.place == PositionKind.NODE or paths.lengths[start.path] >= request.limit:
                    continue
                for step in _steps(request, start, need, visited[start.effect], continued):
                    effect = _passed_on(request, start.effect, step.place, step.number, step.relation, step.flags)
                    if (step.flags & need & CERTAIN) != need & CERTAIN or effect is None:
                        continue
                    reached = (step.place, step.number, effect)
                    if reached in seen:
                        continue
                    seen.add(reached)
                    asset = asset_at(graph, step.place, step.number)
                    if is_contracted(request.marks, asset):
                        group.append(SearchStart(*reached, start.path))
                    else:
                        following.setdefault((start.path, uri(asset)), []).append(reached)
        frontier = [_continued(graph, paths, path, reached) for (path, _), reached in sorted(following.items())]


def _steps(
    request: SearchRequest, start: SearchStart, need: int, visited: set[tuple[int, str]], continued: dict[int, bool]
) -> Iterator[TraversalStep]:
    """Yield the steps from a column or dataset; those over claims, which are not certain, only once for each hub and field.

    `continued` is the cache of `steps_from`.
    """
    where = (request.graph, request.level, request.moment, request.direction)
    yield from steps_from(*where, start.place, start.number, continued)
    if start.place == PositionKind.COLUMN and not need & CERTAIN:
        yield from claim_steps(*where, start.number, visited)


def _continued(
    graph: GraphVersion, paths: StartPaths, path: int, reached: list[tuple[PositionKind, int, Effect]]
) -> list[SearchStart]:
    """Return the starts at one asset, at the end of a new path that continues `path`."""
    longer = paths.extend(path, asset_at(graph, *reached[0][:2]))
    return [SearchStart(*each, longer) for each in reached]


def _passed_on(
    request: SearchRequest, effect: Effect, place: PositionKind, number: int, relation: int, flags: int
) -> Effect | None:
    if (
        request.change is None or place == PositionKind.DATASET or relation == PART_OF
    ):  # the parent of a changed column changes with it, and its parts do
        return effect
    return passed_effect(
        request.change, effect, relation, flags, request.graph.asset_index.kind(asset_at(request.graph, place, number))
    )
