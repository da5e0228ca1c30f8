"""When inputs and outputs are valid, compiled: the batch form of `history.edge_intervals` and `open_intervals.open_spans`.

For edges that nothing declares gone or retracts. One edge (its relation, other end, origin and role) is a packed key.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs
from mlgraph.graph.projection.batch.compiled_spans import union
from mlgraph.graph.projection.open_intervals import OMISSIONS_TO_CLOSE

ROLE_BITS: Final = 4
ORIGIN_BITS: Final = 15
OTHER_SHIFT: Final = ROLE_BITS + ORIGIN_BITS
SIDE_SHIFT: Final = OTHER_SHIFT + 31
"""A key has, from its highest bit down: 0 for an input and 1 for an output, the other end, the origin, the role's number."""

NEVER: Final = FOREVER


class Edges(NamedTuple):
    """Edges of runs or workflows as columns; those of one owner stand together, by key, then start.

    `run` is the place (in `Runs`) of the run that reported the edge; -1 where it was told of the owner itself.
    """

    key: Longs
    start: Longs
    end: Longs
    run: Ints


class Runs(NamedTuple):
    """How runs ended. `rank` orders them by URI; `completed_at` is `NEVER` where they did not; `version` 0 where it is not known.

    `told` has a bit for each side (1 << 0: inputs, 1 << 1: outputs) that the run told of.
    """

    rank: Ints
    origin: Ints
    completed_at: Longs
    version: Ints
    told: Bytes


@numba.njit(cache=True, nogil=True)
def spans_of_key(edges: Edges, low: int, high: int, runs: Runs, completions: Ints, closing: Bools) -> Longs:
    """Return when the edge of edges[low:high], all of one key, holds.

    `completions` are the complete runs of the owner in order of time, then URI; `closing` says of each side whether omission ends
    an edge there to that other end.
    """
    told = _told(edges, low, high)
    if len(told) == high - low:
        return union(told)
    side = edges.key[low] >> SIDE_SHIFT
    origin = (edges.key[low] >> ROLE_BITS) & ((1 << ORIGIN_BITS) - 1)
    listed = np.empty(len(completions), np.int32)
    many = 0
    for run in completions:
        if closing[side] and runs.origin[run] == origin and (runs.told[run] >> side) & 1:
            listed[many] = run
            many += 1
    reported = _reported(edges, low, high, runs, listed[:many])
    return union(np.concatenate((told, reported))) if len(told) else reported


@numba.njit(cache=True, nogil=True)
def _told(edges: Edges, low: int, high: int) -> Longs:
    """Return the spans told of the owner itself: each until the next begins, or until it says it ends."""
    spans = np.empty((high - low, 2), np.int64)
    many, place = 0, low
    while place < high:
        if edges.run[place] >= 0:
            place += 1
            continue
        start, until = edges.start[place], edges.end[place]
        place += 1
        while place < high and (edges.run[place] >= 0 or edges.start[place] == start):
            if edges.run[place] < 0:
                until = min(until, edges.end[place])
            place += 1
        if place < high:
            until = min(until, edges.start[place])
        spans[many, 0], spans[many, 1] = start, until
        many += 1
    return spans[:many]


@numba.njit(cache=True, nogil=True)
def _reported(edges: Edges, low: int, high: int, runs: Runs, completions: Ints) -> Longs:
    """Return the spans that reports of runs open, and `completions` (none: nothing closes) that leave the edge out end."""
    moments = np.empty(2 * (high - low), np.int64)
    by = np.empty(2 * (high - low), np.int32)
    events = 0
    for place in range(low, high):
        run = edges.run[place]
        if run < 0:
            continue
        moments[events], by[events] = edges.start[place], run
        events += 1
        if runs.completed_at[run] != NEVER:
            moments[events], by[events] = runs.completed_at[run], ~run  # it held the edge then, but reports it no more
            events += 1
    order = np.argsort(moments[:events])
    spans = np.empty((events, 2), np.int64)
    many, place, opened, is_open = 0, 0, 0, False
    while place < events:
        moment, latest, reports = moments[order[place]], -1, False
        while place < events and moments[order[place]] == moment:
            run = by[order[place]]
            reports = reports or run >= 0
            run = max(run, ~run)
            if latest < 0 or runs.rank[run] > runs.rank[latest]:
                latest = run
            place += 1
        if not is_open and not reports:
            continue
        if not is_open:
            opened, is_open = moment, True
        following = moments[order[place]] if place < events else FOREVER
        end = _omitted(completions, runs, moment, following, runs.version[latest])
        if end != NEVER:
            spans[many, 0], spans[many, 1] = opened, end
            many += 1
            is_open = False
    if is_open:
        spans[many, 0], spans[many, 1] = opened, FOREVER
        many += 1
    return spans[:many]


@numba.njit(cache=True, nogil=True)
def _omitted(completions: Ints, runs: Runs, after: int, before: int, version: int) -> int:
    """Return when omissions after `after` and before `before` end an edge that code of `version` had last, else `NEVER`."""
    low, high = 0, len(completions)
    while low < high:
        middle = (low + high) >> 1
        if runs.completed_at[completions[middle]] <= after:
            low = middle + 1
        else:
            high = middle
    first = NEVER
    for count in range(1, OMISSIONS_TO_CLOSE + 1):
        if low + count > len(completions):
            return NEVER
        run = completions[low + count - 1]
        moment = runs.completed_at[run]
        if moment >= before:
            return NEVER
        if count == 1:
            first = moment
        if count == OMISSIONS_TO_CLOSE:
            return first
        if version and runs.version[run] and runs.version[run] != version:
            return moment
    return NEVER
