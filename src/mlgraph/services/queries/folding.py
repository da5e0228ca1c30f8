"""Noise rules applied to closures, impact and paths: queries are repeated once an asset is hidden (docs/noise.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.analysis import ImpactResult, ImpactWalk
from mlgraph.graph.impact.change_effects import Change
from mlgraph.graph.impact.path import shortest_path
from mlgraph.graph.impact.predecessor_search import NO_ASSET, GivenStart
from mlgraph.graph.model.rows import COLUMN, PART_OF, RUN_OF, Bytes, Ints, Layer
from mlgraph.graph.noise.rules import Hidden, Noise
from mlgraph.graph.noise.superseded_runs import RunMemberships
from mlgraph.graph.traversal.closures import NO_LIMIT, Closure, DirectionName, starts_of, walk
from mlgraph.graph.traversal.noise_marks import NOTHING_HIDDEN, SHOWN
from mlgraph.ports.store import FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.asserted_facts import asserted_intervals

UNFOLDED: Mapping[str, Any] = {"count": 0, "by_rule": {}}


def _run_memberships(of: FactReader, graph: GraphVersion, moment: int) -> RunMemberships:
    def memberships_of(runs: Collection[int]) -> Mapping[int, frozenset[tuple[int, int]]]:
        reader = of.at(graph.watermark)
        found: dict[int, set[tuple[int, int]]] = {run: set() for run in runs}
        for chunk in chunks(runs):
            deadlines.raise_if_exceeded()
            for interval in asserted_intervals(reader, reader.edges_from(chunk, (RUN_OF, PART_OF))):
                if interval.start <= moment < interval.end:
                    record = interval.record
                    found[record.source].add((record.relation, graph.aliases.at(record.target, moment)))
        return {run: frozenset(belongs) for run, belongs in found.items()}

    return memberships_of


class PathStep(NamedTuple):
    """An asset on a path, the relation of the edge to it (None: start of the path), and the number of hidden assets before it."""

    asset: int
    relation: str | None
    folded: int


class Folding:
    """The hidden assets of one query about `root`; `noise` None: nothing is hidden.

    The root, its parts and the assets `always_shown` are never hidden.
    """

    def __init__(
        self,
        reader: FactReader,
        noise: Noise | None,
        graph: GraphVersion,
        root: int,
        level: Layer,
        moment: int,
        *,
        always_shown: Iterable[int] = (),
    ) -> None:
        self._roots: tuple[int, ...] = (root,)
        self._graph, self._root, self._level, self._moment = graph, root, level, moment
        self.hidden: Hidden | None = None
        """The hidden assets; None: no reached asset is hidden."""
        self.on_path: Ints = np.zeros(0, np.int32)
        """The assets of the path found last, hidden ones included."""
        self._always_shown = frozenset(always_shown)
        memberships_of = _run_memberships(reader, graph, moment)
        self._noise = None if noise is None else Hidden(noise, graph, self._never_hidden, level, moment, memberships_of)

    @classmethod
    def of_roots(
        cls, reader: FactReader, noise: Noise | None, graph: GraphVersion, roots: Sequence[int], level: Layer, moment: int
    ) -> Folding:
        """Return the hidden assets of an impact of several assets that change at once, all columns or none."""
        folding = cls(reader, noise, graph, NO_ASSET, level, moment)
        folding._roots = tuple(roots)
        return folding

    def _never_hidden(self) -> set[int]:
        if self._graph.asset_index.kind(self._roots[0]) == COLUMN:
            return {*self._roots, *self._always_shown}
        starts = (starts_of(self._graph, root, self._moment, NO_LIMIT, Closure()) for root in self._roots)
        return {*self._always_shown, *(start.asset for each in starts for start in each)}

    @property
    def _marks(self) -> Bytes:
        return NOTHING_HIDDEN if self.hidden is None else self.hidden.marks

    def _hides(self, assets: Ints) -> bool:
        """Apply the noise rules to `assets`; return whether any asset examined so far is hidden."""
        if self._noise is None:
            return False
        self._noise.examine(assets)
        return len(self._noise.marks) > 0

    def closures(self, directions: Iterable[DirectionName], depth: int | None) -> dict[DirectionName, Closure]:
        """Return the closure in each direction, hidden assets included. `depth` None: no limit."""
        found = {name: self._walk(name, depth) for name in directions}
        hides = [self._hides(reached.assets) for reached in found.values()]
        if self._noise is not None and (depth is not None or len(found) > 1):
            # a hidden asset outside the closures may connect two reached assets
            hides += [self._hides(self._successors(reached)) for reached in found.values()]
        if not any(hides):
            return found
        if depth is not None:  # hops to hidden assets have length 0, so the walk reaches more
            for name in found:
                self._hides(self._walk(name, None).assets)
        self.hidden = self._noise
        return {name: self._walk(name, depth) for name in found}

    def _successors(self, reached: Closure) -> Ints:
        graph = self._graph
        own = graph.nodes_of(reached.assets)
        nodes = np.union1d(reached.nodes, own[own >= 0])
        return np.unique(graph.asset_of[graph.views[self._level].out.gather(nodes, self._moment).other])

    def impact(self, change: Change | None, depth: int | None, given: tuple[GivenStart, ...] = ()) -> ImpactResult:
        """Return the impact of a change (None: everything reached), without hidden assets; `given` replaces the starts."""
        limit = NO_LIMIT if depth is None else depth
        roots = self._roots if self._root == NO_ASSET else ()
        walk_ = ImpactWalk(self._graph, self._root, change, self._level, self._moment, limit, given=given, roots=roots)
        found = walk_.result()
        if not self._hides(found.reached):
            return found
        self._examine("downstream")
        return replace(walk_, marks=self._marks).result()

    def path(self, target: int, direction: DirectionName) -> tuple[list[PathStep], bool]:
        """Return the shortest path to `target` without hidden assets (empty: none), and whether every step is certain."""
        self._examine(direction)
        found, certain = shortest_path(self._graph, self._root, target, direction, self._level, self._moment, self._marks)
        self.on_path = np.array([asset for asset, _ in found], np.int32)
        steps, folded = [], 0
        for asset, relation in found:
            if self.hidden is not None and self.hidden.marks[asset] != SHOWN:
                folded += 1
            else:
                steps.append(PathStep(asset, relation, folded))
                folded = 0
        return steps, certain

    def _examine(self, direction: DirectionName) -> None:
        """Apply the noise rules to everything reached in a direction."""
        if self._noise is None:
            return
        for root in self._roots:
            if self._hides(walk(self._graph, root, direction, self._level, self._moment, None, self._marks).assets):
                self.hidden = self._noise

    def _walk(self, direction: DirectionName, depth: int | None) -> Closure:
        return walk(self._graph, self._root, direction, self._level, self._moment, depth, self._marks)

    def summary(self, assets: Ints) -> Mapping[str, Any]:
        """Return the field `folded` of the answer: how many of `assets` (each listed once) are hidden, by rule."""
        if self.hidden is None:
            return UNFOLDED
        by_rule = self.hidden.counts_by_rule(assets)
        return {"count": sum(by_rule.values()), "by_rule": by_rule}
