"""The timeline of a closure: one propagation over its edges of all time computes it at up to 255 moments at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.rows import Bools, Ints, Longs
from mlgraph.graph.scene.all_time import AllTimeClosure, TimedArcs, distinct
from mlgraph.graph.scene.kernels import STATES, WORDS, Masks, merged_masks, propagate
from mlgraph.graph.scene.timeline import MOST_MOMENTS, Timeline, evenly

_MOST_WORK: Final = 4_000_000
"""Most arcs times propagations to find out which moments change a closure; beyond, moments stand for several."""
_MOST_AT_ONCE: Final = STATES - 2
_EVERY_STATE: Final = np.uint64(2**64 - 1)


def timeline_of(closures: Sequence[AllTimeClosure], assets: Ints, *, certain: bool) -> Timeline:
    """Return when each of `assets` is in the union of closures, without those that never are. `certain`: over certain edges only.

    Of a large closure with many moments, some assets may remain that are in it at none of the moments.
    """
    bounds: Longs = distinct(np.concatenate([closure.boundaries() for closure in closures]))
    bounds = bounds[(bounds > np.iinfo(np.int64).min) & (bounds < FOREVER)]
    arcs = sum(len(closure.arcs.source) for closure in closures)
    stands_for = np.ones(len(bounds), np.int64)
    if arcs * (len(bounds) // _MOST_AT_ONCE) <= _MOST_WORK:
        changing, ever = _changing(closures, assets, bounds, certain=certain)
        bounds, assets = bounds[changing], assets[ever]
        stands_for = np.ones(len(bounds), np.int64)
    if len(bounds) > MOST_MOMENTS:
        last = evenly(len(bounds), MOST_MOMENTS)
        stands_for = np.diff(last, prepend=-1)
        bounds = bounds[last]
    return Timeline.of(assets, bounds, stands_for, _masks(closures, assets, bounds, certain=certain))


def _changing(closures: Sequence[AllTimeClosure], assets: Ints, bounds: Longs, *, certain: bool) -> tuple[Bools, Bools]:
    """Return of each time whether the closure changes then, and of each asset whether it is ever in the closure."""
    changing, ever = np.zeros(len(bounds), np.bool_), np.zeros(len(assets), np.bool_)
    if not len(bounds):
        masks = _masks(closures, assets, bounds, certain=certain)
        return changing, np.bitwise_or.reduce(masks, axis=1) != 0
    for begin in range(0, len(bounds), _MOST_AT_ONCE):
        deadlines.raise_if_exceeded()
        first = max(begin - 1, 0)  # the state before the first of these times is that after the one before it
        chosen = bounds[first : begin + _MOST_AT_ONCE]
        masks = _masks(closures, assets, chosen, certain=certain)
        ever |= np.bitwise_or.reduce(masks, axis=1) != 0
        bits = np.unpackbits(_flips(masks).astype("<u8").view(np.uint8), bitorder="little")
        changing[begin : first + len(chosen)] = bits[1 + begin - first : 1 + len(chosen)]
    return changing, ever


def _flips(masks: Masks) -> Masks:
    """Return the states in which some mask differs from the state before."""
    carried = np.zeros_like(masks)
    carried[:, 1:] = masks[:, :-1] >> np.uint64(63)
    found: Masks = np.bitwise_or.reduce(masks ^ (masks << np.uint64(1) | carried), axis=0)
    return found


def _masks(closures: Sequence[AllTimeClosure], assets: Ints, times: Longs, *, certain: bool) -> Masks:
    """Return the states in which each asset is in the closure: uint64[n, `WORDS`]; state `i` is after `i` of the `times`."""
    found = np.zeros((len(assets), WORDS), np.uint64)
    for closure in closures:
        own = _masks_of(closure, times, certain=certain)
        place = np.searchsorted(closure.assets, assets)
        inside = closure.assets[np.minimum(place, len(closure.assets) - 1)] == assets
        found[inside] |= own[place[inside]]
    return found


def _masks_of(closure: AllTimeClosure, times: Longs, *, certain: bool) -> Masks:
    vertices = np.zeros((len(closure.vertex_asset), WORDS), np.uint64)
    vertices[0] = _EVERY_STATE
    _propagate(vertices, closure.arcs, times, certain=certain)
    many, models = len(closure.assets), closure.models
    masks = merged_masks(vertices, closure.vertex_asset, many)
    both = np.concatenate([masks, masks])  # the traversal does not continue from models: they get copies
    propagate(both, models.source, models.target + np.int32(many), *_states(models, times))
    return both[many:]


def _propagate(masks: Masks, arcs: TimedArcs, times: Longs, *, certain: bool) -> None:
    chosen = arcs.take(arcs.certain) if certain else arcs
    propagate(masks, chosen.source, chosen.target, *_states(chosen, times))


def _states(arcs: TimedArcs, times: Longs) -> tuple[Ints, Ints]:
    """Return the first state in which each arc is valid, and the first after it in which it is not."""
    first = np.searchsorted(times, arcs.start, side="left") + (arcs.start > np.iinfo(np.int64).min)
    last = np.searchsorted(times, arcs.end, side="left") + 1
    return first.astype(np.int32), last.astype(np.int32)
