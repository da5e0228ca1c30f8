"""Pairs that single runs are certain of, compiled: the batch form of `port_pairs.certain_pairs` for runs without lineage."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np

from mlgraph.graph.model.rows import EVALUATION, Bools, Bytes, Longs
from mlgraph.graph.projection.batch.compiled_spans import union
from mlgraph.graph.projection.batch.compiled_sweep import NEVER, OTHER_SHIFT, ROLE_BITS, SIDE_SHIFT, Edges

_OTHER_MASK: Final = (1 << (SIDE_SHIFT - OTHER_SHIFT)) - 1
_ROLE_MASK: Final = (1 << ROLE_BITS) - 1


@numba.njit(cache=True, nogil=True)
def certain_in_runs(edges: Edges, low: int, high: int, kind: Bytes, held_out: Bools) -> tuple[Longs, Longs]:
    """Return when some run was certain that an input feeds an output: pairs (output << 31 | input), ascending, and their spans.

    What a run reads and writes it does from its first report of it on. Where it has several inputs and several outputs, it was
    certain of a pair until then.
    """
    by_run = low + np.argsort(edges.run[low:high], kind="mergesort")
    pairs, spans = np.empty(16, np.int64), np.empty((16, 2), np.int64)
    many, place = 0, 0
    while place < len(by_run):
        run, begun = edges.run[by_run[place]], place
        while place < len(by_run) and edges.run[by_run[place]] == run:
            place += 1
        if run < 0:
            continue
        other, read, lead = _first_reports(edges, by_run[begun:place], held_out)
        inputs = int(np.searchsorted(other, 1 << (SIDE_SHIFT - OTHER_SHIFT)))
        until = _several_from(other, lead, inputs, kind)
        for output in range(inputs, len(other)):
            written = other[output] & _OTHER_MASK
            measures = kind[written] == EVALUATION
            for source in range(inputs):
                start = max(read[output], read[source] if measures else lead[source])
                if start >= until:
                    continue
                if many == len(pairs):
                    pairs, spans = _twice(pairs, spans)
                pairs[many] = written << 31 | other[source]
                spans[many, 0], spans[many, 1] = start, until
                many += 1
    order = np.argsort(pairs[:many])
    return pairs[order], spans[order]


@numba.njit(cache=True, nogil=True)
def sure(pairs: Longs, spans: Longs, output: int, source: int) -> Longs:
    """Return when some run was certain of this pair."""
    pair = output << 31 | source
    first = np.searchsorted(pairs, pair)
    last = first
    while last < len(pairs) and pairs[last] == pair:
        last += 1
    return union(spans[first:last])


@numba.njit(cache=True, nogil=True)
def _twice(pairs: Longs, spans: Longs) -> tuple[Longs, Longs]:
    more, longer = np.empty(2 * len(pairs), np.int64), np.empty((2 * len(pairs), 2), np.int64)
    more[: len(pairs)], longer[: len(pairs)] = pairs, spans
    return more, longer


@numba.njit(cache=True, nogil=True)
def _first_reports(edges: Edges, places: Longs, held_out: Bools) -> tuple[Longs, Longs, Longs]:
    """Return the inputs and outputs of one run (side and other end), since when each is reported, and in a role that leads on."""
    other, read, lead = np.empty(len(places), np.int64), np.empty(len(places), np.int64), np.empty(len(places), np.int64)
    many = 0
    for place in places:
        end, start = edges.key[place] >> OTHER_SHIFT, edges.start[place]
        if many == 0 or other[many - 1] != end:
            other[many], read[many], lead[many] = end, NEVER, NEVER
            many += 1
        read[many - 1] = min(read[many - 1], start)
        if not held_out[edges.key[place] & _ROLE_MASK]:
            lead[many - 1] = min(lead[many - 1], start)
    return other[:many], read[:many], lead[:many]


@numba.njit(cache=True, nogil=True)
def _several_from(other: Longs, lead: Longs, inputs: int, kind: Bytes) -> int:
    """Return from when on a run has several inputs and several outputs (evaluations aside)."""
    first, second = np.full(2, NEVER), np.full(2, NEVER)
    for place in range(len(other)):
        side = 0 if place < inputs else 1
        start = lead[place]
        if side == 1 and kind[other[place] & _OTHER_MASK] == EVALUATION:
            continue
        if start < first[side]:
            first[side], second[side] = start, first[side]
        elif start < second[side]:
            second[side] = start
    return max(second[0], second[1])
