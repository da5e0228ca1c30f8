"""The timeline of closures that edges alone do not decide (of columns, over ambiguous names): the listings at its moments."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.row_format import EVER
from mlgraph.graph.model.rows import COLUMN, WALKED_CODES, Bools, Ints, Layer, Longs
from mlgraph.graph.response.edge_listing import edges_between
from mlgraph.graph.scene.all_time import Steps, cycles_of, steps_of
from mlgraph.graph.scene.timeline import Timeline, evenly
from mlgraph.ports.store import FactReader
from mlgraph.services.queries.lineage_answer import LineageListing
from mlgraph.services.queries.scope import Scope

MOST_EVALUATED: Final = 400
"""Most moments at which the closure is computed."""
_BUDGET_S: Final = 1.0


@dataclass(slots=True)
class EvaluatedClosure:
    """The closures of a scope at the moments, up to `until`, at which an edge near them begins or ends."""

    scope: Scope
    reader: FactReader
    until: int = FOREVER
    listings: dict[int, LineageListing] = field(default_factory=dict)
    passed_over: Longs = field(default_factory=lambda: np.zeros(0, np.int64))
    _until: float = field(default_factory=lambda: time.monotonic() + _BUDGET_S)

    def evaluate(self, listing: LineageListing) -> None:
        """Compute the closures, beginning with that of the scope's own moment."""
        bounds = self._bounds(listing.every)
        self.listings[self.scope.moment] = listing
        known = set(listing.every.tolist())
        while True:
            pending = np.setdiff1d(bounds, np.array([*self.listings], np.int64))
            pending = np.setdiff1d(pending, self.passed_over)
            room = MOST_EVALUATED - len(self.listings)
            if not len(pending) or room <= 0 or time.monotonic() > self._until:
                self.passed_over = np.union1d(self.passed_over, pending)
                return
            chosen = pending[evenly(len(pending), room)] if len(pending) > room else pending
            fresh: set[int] = set()
            for moment in chosen.tolist():
                deadlines.raise_if_exceeded()
                if time.monotonic() > self._until:
                    break
                found = LineageListing.of(replace(self.scope, moment=moment), self.reader)
                self.listings[moment] = found
                fresh |= set(found.every.tolist()) - known
            known |= fresh
            bounds = np.union1d(bounds, self._bounds(np.array(sorted(fresh), np.int32)))

    def timeline(self) -> Timeline:
        """Return the timeline of all assets of the closures, by number."""
        assets = np.unique(np.concatenate([listing.assets for listing in self.listings.values()]))
        moments = np.array(sorted(self.listings), np.int64)
        present = np.zeros((len(moments) + 1, len(assets)), np.bool_)
        present[0] = assets == self.scope.root
        for row, moment in enumerate(moments.tolist(), start=1):
            present[row, np.searchsorted(assets, self.listings[moment].assets)] = True
        every = np.concatenate([moments, self.passed_over])
        stands_for = np.bincount(np.searchsorted(moments, every[every <= moments[-1]]), minlength=len(moments))
        states = [_state_of(self.listings[moment]) for moment in moments.tolist()]
        changing = np.array([after != before for before, after in zip([None, *states], states, strict=False)], np.bool_)
        changing[0] = bool(present[1].sum() > 1)  # before there is the root alone
        return Timeline.of_states(assets, moments, stands_for, present, changing)

    def steps(self, assets: Ints) -> Steps:
        """Return the steps, negative upstream, and the cycles of `assets` (ascending numbers)."""
        found, cycles = np.zeros(len(assets), np.int32), assets.copy()
        for direction in reversed(self.scope.directions):
            pairs = [self._edges(listing, assets, upstream=direction == "upstream") for listing in self.listings.values()]
            sources, targets, reached = (np.concatenate(column) for column in zip(*pairs, strict=True))
            steps, component, _ = steps_of(sources, targets, len(assets), np.ones(len(assets), np.bool_))
            chosen = np.unique(reached)
            found[chosen] = -steps[chosen] if direction == "upstream" else steps[chosen]
            cycles[chosen] = cycles_of(component, assets)[chosen]
        return Steps(found, cycles)

    def _edges(self, listing: LineageListing, assets: Ints, *, upstream: bool) -> tuple[Ints, Ints, Ints]:
        """Return the ends of the edges of one direction as positions, and the positions of its assets."""
        scope = listing.scope
        closure = listing.closures["upstream" if upstream else "downstream"]
        inside = listing.assets[np.isin(listing.assets, closure.assets)]
        edges = edges_between(
            scope.graph,
            scope.level,
            scope.moment,
            {"upstream" if upstream else "downstream": closure},
            inside,
            no_ranks,
            listing.folding.hidden,
        )
        place = np.searchsorted(assets, inside).astype(np.int32)
        order = np.argsort(closure.assets)
        distances = closure.distances[order[np.searchsorted(closure.assets[order], inside)]]
        source, target = (edges.target, edges.source) if upstream else (edges.source, edges.target)
        walked = np.isin(edges.relation, list(WALKED_CODES))
        backwards = ~walked & (distances[source] > distances[target])  # parts, and claims on names: away from the root
        ends = np.where(backwards, target, source), np.where(backwards, source, target)
        outward: Bools = walked | (distances[ends[0]] != distances[ends[1]])
        return place[ends[0][outward]], place[ends[1][outward]], place

    def _bounds(self, assets: Ints) -> Longs:
        """Return the times at which rows at these assets, their ports and datasets begin or end."""
        graph, index = self.scope.graph, self.scope.graph.asset_index
        columns = assets[index.kinds(assets) == COLUMN]
        near = np.unique(np.concatenate([assets, index.datasets_of(columns)]))
        near = near[near > 0]
        ports = [port for asset in near.tolist() for port in index.ports_of(asset) if port < graph.nodes]
        own = graph.nodes_of(near)
        nodes = np.concatenate([own[own >= 0], np.array(ports, np.int32)])
        is_run = self.scope.level == Layer.RUN
        layers = (self.scope.level, Layer.RUN_COLUMNS if is_run else Layer.ASSET_COLUMNS, Layer.STRUCTURE)
        found = [bound for layer in layers for bound in self._spans(layer, nodes)]
        bounds = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
        return bounds[(bounds > np.iinfo(np.int64).min) & (bounds < FOREVER) & (bounds <= self.until)]

    def _spans(self, layer: Layer, nodes: Ints) -> Iterator[Longs]:
        view = self.scope.graph.views[layer]
        for rows in (view.out, view.into):
            gathered = rows.gather(nodes, EVER)
            yield gathered.start
            yield gathered.end


def no_ranks(upto: int) -> Ints:
    """Return equal ranks: the order of the origins of an edge is of no importance in a scene."""
    return np.zeros(upto + 1, np.int32)


def _state_of(listing: LineageListing) -> tuple[bytes, ...]:
    """Return what two listings have in common if the closure did not change between them: assets, edges, their certainty."""
    scope, assets = listing.scope, listing.assets
    edges = edges_between(scope.graph, scope.level, scope.moment, listing.closures, assets, no_ranks, listing.folding.hidden)
    order = np.argsort(assets)
    columns = (assets[order], listing.certain[order], assets[edges.source], edges.relation, assets[edges.target], edges.certain)
    return tuple(column.tobytes() for column in columns)
