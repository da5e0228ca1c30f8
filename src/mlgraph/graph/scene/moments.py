"""The timeline of a closure: one propagation over its edges of all time computes it at up to 255 moments at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.rows import Bools, Ints, Longs
from mlgraph.graph.scene.all_time import AllTimeClosure, TimedArcs, distinct
from mlgraph.graph.scene.edges_over_time import TimedEdges
from mlgraph.graph.scene.kernels import STATES, WORDS, Masks, masks_of_edges, merged_masks, propagate
from mlgraph.graph.scene.timeline import MOST_MOMENTS, Timeline, evenly

_MOST_WORK: Final = 4_000_000
"""Most arcs times propagations to find out which moments change a closure; beyond, moments stand for several."""
_MOST_AT_ONCE: Final = STATES - 2
_EVERY_STATE: Final = np.uint64(2**64 - 1)


@dataclass(frozen=True, slots=True)
class ClosureOverTime:
    """The union of closures over all time: `assets` int32[n] (ascending numbers), of which some are `listed`, and their edges.

    `certain`: over certain edges only.
    """

    closures: Sequence[AllTimeClosure]
    assets: Ints
    listed: Bools
    edges: TimedEdges
    certain: bool

    def timeline(self) -> Timeline:
        """Return when each of the listed assets is in the closure, without those that never are, and when the closure changes.

        Of a large closure with many moments, some assets may remain that are in it at none of the moments.
        """
        bounds: Longs = distinct(np.concatenate([closure.boundaries() for closure in self.closures] + [self._edge_bounds()]))
        bounds = bounds[(bounds > np.iinfo(np.int64).min) & (bounds < FOREVER)]
        arcs = sum(len(closure.arcs.source) for closure in self.closures)
        chosen, every_changes = self.listed, False
        if arcs * (len(bounds) // _MOST_AT_ONCE) <= _MOST_WORK:
            changing, ever = self._changing(bounds)
            bounds, chosen, every_changes = bounds[changing], self.listed & ever, True
        stands_for = np.ones(len(bounds), np.int64)
        if len(bounds) > MOST_MOMENTS:
            last = evenly(len(bounds), MOST_MOMENTS)
            bounds, stands_for, every_changes = bounds[last], np.diff(last, prepend=-1), False
        masks = self._masks(bounds)
        changing = np.ones(len(bounds), np.bool_)
        if not every_changes:  # what several moments changed may be undone by the last of them
            changing = _states_of(self._flips(masks, bounds))[1 : 1 + len(bounds)]
        return Timeline.of(self.assets[chosen], bounds, stands_for, masks[chosen], changing)

    def _edge_bounds(self) -> Longs:
        return np.concatenate([self.edges.start, self.edges.end])

    def _changing(self, bounds: Longs) -> tuple[Bools, Bools]:
        """Return of each time whether the closure changes then, and of each asset whether it is ever in the closure."""
        changing, ever = np.zeros(len(bounds), np.bool_), np.zeros(len(self.assets), np.bool_)
        if not len(bounds):
            return changing, np.bitwise_or.reduce(self._masks(bounds), axis=1) != 0
        for begin in range(0, len(bounds), _MOST_AT_ONCE):
            deadlines.raise_if_exceeded()
            first = max(begin - 1, 0)  # the state before the first of these times is that after the one before it
            chosen = bounds[first : begin + _MOST_AT_ONCE]
            masks = self._masks(chosen)
            ever |= np.bitwise_or.reduce(masks, axis=1) != 0
            flips = _states_of(self._flips(masks, chosen))
            changing[begin : first + len(chosen)] = flips[1 + begin - first : 1 + len(chosen)]
        return changing, ever

    def _masks(self, times: Longs) -> Masks:
        """Return the states in which each asset is in the closure: uint64[n, `WORDS`]; state `i` is after `i` of the `times`."""
        found = np.zeros((len(self.assets), WORDS), np.uint64)
        for closure in self.closures:
            place = np.searchsorted(self.assets, closure.assets)
            found[place] |= _masks_of_assets(closure, _masks_of(closure, times, certain=self.certain), times)
        return found

    def _flips(self, masks: Masks, times: Longs) -> Masks:
        """Return the states in which the listed assets, their edges, or the certainty of these differ from the state before."""
        edges = self.edges
        found = _flips(masks_of_edges(masks, edges.source, edges.target, edges.number, edges.many, *_states(edges, times)))
        found |= _flips(masks[self.listed])
        if not self.certain:
            for closure in self.closures:
                found |= self._flips_of_certainty(closure, times)
        return found

    def _flips_of_certainty(self, closure: AllTimeClosure, times: Longs) -> Masks:
        """Return the states in which assets or edges begin or cease to be possible: taken, and never as certain."""
        if closure.arcs.certain.all():
            return np.zeros(WORDS, np.uint64)
        certain = _masks_of(closure, times, certain=True)
        listed = self.listed[np.searchsorted(self.assets, closure.assets)]
        found = _flips(_masks_of_assets(closure, certain, times)[listed])
        ends = closure.vertex_asset[closure.arcs.source], closure.vertex_asset[closure.arcs.target]
        arcs = closure.arcs.take(listed[ends[0]] & listed[ends[1]])
        keys = closure.vertex_asset[arcs.source].astype(np.int64) * len(closure.assets) + closure.vertex_asset[arcs.target]
        pairs, number = np.unique(keys, return_inverse=True)
        taken = _masks_of_pairs(_masks_of(closure, times, certain=False), arcs, number, len(pairs), times)
        taken_as_certain = _masks_of_pairs(certain, arcs.take(arcs.certain), number[arcs.certain], len(pairs), times)
        return found | _flips(taken & ~taken_as_certain)


def _masks_of_pairs(vertices: Masks, arcs: TimedArcs, number: Longs, many: int, times: Longs) -> Masks:
    """Return the states in which a closure takes an arc of each of `many` pairs of assets; `number` int64[arcs]: its pair."""
    return masks_of_edges(vertices, arcs.source, arcs.target, number.astype(np.int64), many, *_states(arcs, times))


def _states_of(mask: Masks) -> Bools:
    """Return of each state whether a mask of `WORDS` words has it."""
    found: Bools = np.unpackbits(mask.astype("<u8").view(np.uint8), bitorder="little").astype(np.bool_)
    return found


def _flips(masks: Masks) -> Masks:
    """Return the states in which some mask differs from the state before."""
    carried = np.zeros_like(masks)
    carried[:, 1:] = masks[:, :-1] >> np.uint64(63)
    found: Masks = np.bitwise_or.reduce(masks ^ (masks << np.uint64(1) | carried), axis=0)
    return found


def _masks_of(closure: AllTimeClosure, times: Longs, *, certain: bool) -> Masks:
    """Return the states in which each vertex is in the closure; `certain`: over certain arcs only."""
    vertices = np.zeros((len(closure.vertex_asset), WORDS), np.uint64)
    vertices[0] = _EVERY_STATE
    arcs = closure.arcs.take(closure.arcs.certain) if certain else closure.arcs
    propagate(vertices, arcs.source, arcs.target, *_states(arcs, times))
    return vertices


def _masks_of_assets(closure: AllTimeClosure, vertices: Masks, times: Longs) -> Masks:
    """Return the states in which each asset is in the closure, models of versions among them."""
    many, models = len(closure.assets), closure.models
    masks = merged_masks(vertices, closure.vertex_asset, many)
    both = np.concatenate([masks, masks])  # the traversal does not continue from models: they get copies
    propagate(both, models.source, models.target + np.int32(many), *_states(models, times))
    return both[many:]


def _states(rows: TimedArcs | TimedEdges, times: Longs) -> tuple[Ints, Ints]:
    """Return the first state in which each row is valid, and the first after it in which it is not."""
    first = np.searchsorted(times, rows.start, side="left") + (rows.start > np.iinfo(np.int64).min)
    last = np.searchsorted(times, rows.end, side="left") + 1
    return first.astype(np.int32), last.astype(np.int32)
