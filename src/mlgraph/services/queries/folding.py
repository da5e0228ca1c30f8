"""What an answer hides as noise, and what is asked anew once something is hidden (docs/noise.md)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.analysis import ImpactResult, ImpactWalk
from mlgraph.graph.impact.change_effects import Change
from mlgraph.graph.impact.path import shortest_path
from mlgraph.graph.model.rows import COLUMN, PART_OF, RUN_OF, Bytes, Ints, Layer
from mlgraph.graph.noise.rules import Hidden, Noise
from mlgraph.graph.noise.superseded_runs import RunMemberships
from mlgraph.graph.traversal.closures import NO_LIMIT, Closure, DirectionName, starts_of, walk
from mlgraph.graph.traversal.visibility import NOTHING_HIDDEN, SHOWN
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
    """An asset on a path, the relation that leads to it (None: where it begins), and how many hidden ones lie before it."""

    asset: int
    relation: str | None
    folded: int


class Folding:
    """What one question about `root` hides. `noise` None: nothing. The root and its parts never, nor what is in `also`."""

    def __init__(
        self,
        reader: FactReader,
        noise: Noise | None,
        graph: GraphVersion,
        root: int,
        level: Layer,
        moment: int,
        *,
        also: Iterable[int] = (),
    ) -> None:
        self._graph, self._root, self._level, self._moment = graph, root, level, moment
        self.hidden: Hidden | None = None
        """What is hidden; None: nothing is."""
        self.on_path: Ints = np.zeros(0, np.int32)
        """The assets of the path that was found last, hidden ones included."""
        self._also = also
        memberships_of = _run_memberships(reader, graph, moment)
        self._looking = None if noise is None else Hidden(noise, graph, self._asked_about, level, moment, memberships_of)

    def _asked_about(self) -> set[int]:
        if self._graph.registry.kind(self._root) == COLUMN:
            return {self._root, *self._also}
        starts = starts_of(self._graph, self._root, self._moment, NO_LIMIT, Closure())
        return {*self._also, *(start.asset for start in starts)}

    @property
    def _marks(self) -> Bytes:
        return NOTHING_HIDDEN if self.hidden is None else self.hidden.marks

    def _hides(self, assets: Ints) -> bool:
        if self._looking is None:
            return False
        self._looking.examine(assets)
        return len(self._looking.marks) > 0

    def closures(self, directions: Iterable[DirectionName], depth: int | None) -> dict[DirectionName, Closure]:
        """Return what is reached, the hidden ones included."""
        found = {name: self._walk(name, depth) for name in directions}
        hides = [self._hides(reached.assets) for reached in found.values()]
        if self._looking is not None and (depth is not None or len(found) > 1):
            # two of what is reached may be joined by what no walk met
            hides += [self._hides(self._next_to(reached)) for reached in found.values()]
        if not any(hides):
            return found
        if depth is not None:  # with what is passed over, the walk comes further
            for name in found:
                self._hides(self._walk(name, None).assets)
        self.hidden = self._looking
        return {name: self._walk(name, depth) for name in found}

    def _next_to(self, reached: Closure) -> Ints:
        graph = self._graph
        own = graph.nodes_of(reached.assets)
        nodes = np.union1d(reached.nodes, own[own >= 0])
        return np.unique(graph.asset_of[graph.views[self._level].out.gather(nodes, self._moment).other])

    def impact(self, change: Change | None, depth: int | None) -> ImpactResult:
        """Return what a change hurts, without what is hidden."""
        limit = NO_LIMIT if depth is None else depth
        found = ImpactWalk(self._graph, self._root, change, self._level, self._moment, limit).result()
        if not self._hides(found.reached):
            return found
        self.look_along("downstream")
        return ImpactWalk(self._graph, self._root, change, self._level, self._moment, limit, self._marks).result()

    def path(self, target: int, direction: DirectionName) -> tuple[list[PathStep], bool]:
        """Return the shortest path to `target` without what is hidden, and whether every step of it is certain."""
        self.look_along(direction)
        found, certain = shortest_path(self._graph, self._root, target, direction, self._level, self._moment, self._marks)
        self.on_path = np.array([asset for asset, _ in found], np.int32)
        steps, before = [], 0
        for asset, relation in found:
            if self.hidden is not None and self.hidden.marks[asset] != SHOWN:
                before += 1
            else:
                steps.append(PathStep(asset, relation, before))
                before = 0
        return steps, certain

    def look_along(self, direction: DirectionName) -> None:
        """Find out what is hidden of all that is reached in a direction."""
        if self._looking is not None and self._hides(self._walk(direction, None).assets):
            self.hidden = self._looking

    def _walk(self, direction: DirectionName, depth: int | None) -> Closure:
        return walk(self._graph, self._root, direction, self._level, self._moment, depth, self._marks)

    def summary(self, assets: Ints) -> Mapping[str, Any]:
        """Return the answer's `folded`: how many of `assets`, each given once, are hidden, by rule."""
        if self.hidden is None:
            return UNFOLDED
        by_rule = self.hidden.counts_by_rule(assets)
        return {"count": sum(by_rule.values()), "by_rule": by_rule}
