"""Rows of many runs and workflows at a time: the compiled form of `mlgraph.graph.projection.build` for the usual ones.

These are the ones without declarations, retractions, lineage and column edges (`plain_owners` chooses them).
What is computed is what `run_rows` and `workflow_rows` compute, step by step, as property tests compare.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.graph.csr.row_format import FLAG_SHIFT, ORIGIN_SHIFT, RELATION_SHIFT
from mlgraph.graph.model.rows import CERTAIN, EVALUATION, INPUT_TO, NEVER_CLOSING, OUTPUTS, SHOW, WALK, Bools, Bytes, Ints, Longs
from mlgraph.graph.projection.batch.compiled_pairs import certain_in_runs, sure
from mlgraph.graph.projection.batch.compiled_spans import intersect, several, subtract, union
from mlgraph.graph.projection.batch.compiled_sweep import (
    ORIGIN_BITS,
    OTHER_SHIFT,
    ROLE_BITS,
    SIDE_SHIFT,
    Edges,
    Runs,
    spans_of_key,
)

_NEVER_CLOSING: Final = np.array([code in NEVER_CLOSING for code in range(256)])
_OTHER_MASK: Final = (1 << (SIDE_SHIFT - OTHER_SHIFT)) - 1
_ORIGIN_MASK: Final = (1 << ORIGIN_BITS) - 1
_ROLE_MASK: Final = (1 << ROLE_BITS) - 1


class Owners(NamedTuple):
    """Runs or workflows: the edges of owner `i` are edges[low[i]:high[i]], its complete runs completions[first[i]:last[i]].

    `level` holds the flags of the levels that its rows are of.
    """

    asset: Ints
    level: Ints
    low: Longs
    high: Longs
    first: Longs
    last: Longs
    completions: Ints


class Held(NamedTuple):
    """When an owner's edges hold: a key for each span, in order of key, then time; the first `inputs` are of inputs."""

    keys: Longs
    spans: Longs
    inputs: int


class Sides(NamedTuple):
    """What is read, or written: when is in spans[first[i]:first[i + 1]] for other[i]."""

    other: Longs
    first: Longs
    spans: Longs


class Output(NamedTuple):
    """Rows: [source, target, word, start, end, owner] each; and ports: [asset, first output] each."""

    rows: Longs
    ports: Longs


@numba.njit(cache=True, nogil=True)
def owner_rows(edges: Edges, owners: Owners, runs: Runs, kind: Bytes, held_out: Bools, first_port: int) -> Output:
    """Return the rows of all `owners`: passing number `first_port + p` stands for port `p`; `held_out` says it of each role."""
    out = np.empty((2 * len(edges.key) + 16, 6), np.int64)
    ports = np.empty((len(owners.asset) + 16, 2), np.int64)
    many, opened = 0, 0
    every_role = np.zeros_like(held_out)
    for number in range(len(owners.asset)):
        begun, asset, level = many, owners.asset[number], owners.level[number]
        low, high = owners.low[number], owners.high[number]
        completions = owners.completions[owners.first[number] : owners.last[number]]
        held = _held(edges, low, high, runs, completions, kind)
        writes = _by_other(held.keys[held.inputs :], held.spans[held.inputs :], every_role)
        with_ports = len(writes.other) > 1
        for place in range(held.inputs):
            with_ports = with_ports or held_out[held.keys[place] & _ROLE_MASK]
        out, many = _shown(out, many, asset, level, held, SHOW if with_ports else WALK | SHOW | CERTAIN)
        if with_ports:
            reads = _by_other(held.keys[: held.inputs], held.spans[: held.inputs], every_role)
            leads = _by_other(held.keys[: held.inputs], held.spans[: held.inputs], held_out)
            both = intersect(several(leads.spans), several(_counted(writes, kind)))
            pairs, certain = certain_in_runs(edges, low, high if len(both) else low, kind, held_out)
            alone = _known(writes, pairs)
            for group in range(len(writes.other) + 2):
                fed = _fed_alike(writes, kind, alone, group)
                if not len(fed):
                    continue
                if opened == len(ports):
                    ports = _larger(ports, opened, 1)
                output, port = writes.other[fed[0]], first_port + opened
                ports[opened, 0], ports[opened, 1] = asset, output
                opened += 1
                out, many = _into_outputs(out, many, port, writes, fed, level)
                sources = reads if kind[output] == EVALUATION else leads
                written = _written(writes, fed)
                for place in range(len(sources.other)):
                    read = sources.spans[sources.first[place] : sources.first[place + 1]]
                    source = int(sources.other[place])
                    unsure = subtract(intersect(read, both), sure(pairs, certain, output, source))
                    word = _word(WALK | level, INPUT_TO, 0)
                    out, many = _put(out, many, source, port, word, intersect(unsure, written))
                    word = _word(WALK | CERTAIN | level, INPUT_TO, 0)
                    out, many = _put(out, many, source, port, word, intersect(subtract(read, unsure), written))
        out[begun:many, 5] = asset
    return Output(out[:many], ports[:opened])


@numba.njit(cache=True, nogil=True)
def _shown(out: Longs, many: int, asset: int, level: int, held: Held, of_outputs: int) -> tuple[Longs, int]:
    """Add the edges that answers list, those of outputs with the flags `of_outputs`."""
    for place in range(len(held.keys)):
        key, spans = held.keys[place], held.spans[place : place + 1]
        other, origin = int(key >> OTHER_SHIFT & _OTHER_MASK), key >> ROLE_BITS & _ORIGIN_MASK
        if place >= held.inputs:
            out, many = _put(out, many, asset, other, _word(of_outputs | level, OUTPUTS, origin), spans)
        elif not _repeats(held, place):
            out, many = _put(out, many, other, asset, _word(WALK | SHOW | CERTAIN | level, INPUT_TO, origin), spans)
    return out, many


@numba.njit(cache=True, nogil=True)
def _word(flags: int, relation: int, origin: int) -> int:
    return int(np.int64(flags) << FLAG_SHIFT | np.int64(relation) << RELATION_SHIFT | np.int64(origin) << ORIGIN_SHIFT)


@numba.njit(cache=True, nogil=True)
def _larger(table: Longs, many: int, more: int) -> Longs:
    """Return a copy of the first `many` rows of a table with room for `more`, and for as many again."""
    larger = np.empty((2 * len(table) + more, table.shape[1]), np.int64)
    larger[:many] = table[:many]
    return larger


@numba.njit(cache=True, nogil=True)
def _put(out: Longs, many: int, source: int, target: int, word: int, spans: Longs) -> tuple[Longs, int]:
    if many + len(spans) > len(out):
        out = _larger(out, many, len(spans))
    for place in range(len(spans)):
        out[many, 0], out[many, 1], out[many, 2] = source, target, word
        out[many, 3], out[many, 4] = spans[place, 0], spans[place, 1]
        many += 1
    return out, many


@numba.njit(cache=True, nogil=True)
def _held(edges: Edges, low: int, high: int, runs: Runs, completions: Ints, kind: Bytes) -> Held:
    """Return when each of the edges of one owner holds."""
    keys, spans = np.empty(high - low, np.int64), np.empty((high - low, 2), np.int64)
    closing = np.ones(2, np.bool_)
    many, begun = 0, low
    while begun < high:
        key, until = edges.key[begun], begun + 1
        while until < high and edges.key[until] == key:
            until += 1
        closing[1] = not _NEVER_CLOSING[kind[(key >> OTHER_SHIFT) & _OTHER_MASK]]
        found = spans_of_key(edges, begun, until, runs, completions, closing)
        keys[many : many + len(found)] = key
        spans[many : many + len(found)] = found
        many += len(found)
        begun = until
    return Held(keys[:many], spans[:many], int(np.searchsorted(keys[:many], 1 << SIDE_SHIFT)))


@numba.njit(cache=True, nogil=True)
def _repeats(held: Held, place: int) -> bool:
    """Say whether the same input stands before with the same span, told by the same origin, in another role."""
    keys, spans, before = held.keys, held.spans, place - 1
    while before >= 0 and keys[before] >> ROLE_BITS == keys[place] >> ROLE_BITS:
        if spans[before, 0] == spans[place, 0] and spans[before, 1] == spans[place, 1]:
            return True
        before -= 1
    return False


@numba.njit(cache=True, nogil=True)
def _by_other(keys: Longs, spans: Longs, but: Bools) -> Sides:
    """Return when each other end is read or written, whoever says so, in whatever role `but` those."""
    other, first, found = np.empty(len(keys), np.int64), np.zeros(len(keys) + 1, np.int64), np.empty((len(keys), 2), np.int64)
    one = np.empty((len(keys), 2), np.int64)
    many, place = 0, 0
    while place < len(keys):
        end, chosen = keys[place] >> OTHER_SHIFT, 0
        while place < len(keys) and keys[place] >> OTHER_SHIFT == end:
            if not but[keys[place] & _ROLE_MASK]:
                one[chosen, 0], one[chosen, 1] = spans[place, 0], spans[place, 1]
                chosen += 1
            place += 1
        if chosen:
            joined = union(one[:chosen])
            other[many] = end & _OTHER_MASK
            first[many + 1] = first[many] + len(joined)
            found[first[many] : first[many + 1]] = joined
            many += 1
    return Sides(other[:many], first[: many + 1], found[: first[many]])


@numba.njit(cache=True, nogil=True)
def _counted(writes: Sides, kind: Bytes) -> Longs:
    """Return the spans of all outputs that are no evaluations."""
    spans, many = np.empty_like(writes.spans), 0
    for place in range(len(writes.other)):
        if kind[writes.other[place]] != EVALUATION:
            for number in range(writes.first[place], writes.first[place + 1]):
                spans[many, 0], spans[many, 1] = writes.spans[number, 0], writes.spans[number, 1]
                many += 1
    return spans[:many]


@numba.njit(cache=True, nogil=True)
def _known(writes: Sides, pairs: Longs) -> Bools:
    """Say of each output whether some run was certain of what fed it."""
    alone = np.zeros(len(writes.other), np.bool_)
    for place in range(len(writes.other)):
        first = np.searchsorted(pairs, writes.other[place] << 31)
        alone[place] = first < len(pairs) and pairs[first] >> 31 == writes.other[place]
    return alone


@numba.njit(cache=True, nogil=True)
def _fed_alike(writes: Sides, kind: Bytes, alone: Bools, group: int) -> Ints:
    """Return the outputs, by place, of a group that is fed alike: first each that is `alone`, then evaluations, then all else."""
    found = np.empty(len(writes.other), np.int32)
    many = 0
    for place in range(len(writes.other)):
        rest = len(writes.other) + (0 if kind[writes.other[place]] == EVALUATION else 1)
        if group == (place if alone[place] else rest):
            found[many] = place
            many += 1
    return found[:many]


@numba.njit(cache=True, nogil=True)
def _into_outputs(out: Longs, many: int, port: int, writes: Sides, fed: Ints, level: int) -> tuple[Longs, int]:
    word = _word(WALK | CERTAIN | level, OUTPUTS, 0)
    for place in fed:
        spans = writes.spans[writes.first[place] : writes.first[place + 1]]
        out, many = _put(out, many, port, int(writes.other[place]), word, spans)
    return out, many


@numba.njit(cache=True, nogil=True)
def _written(writes: Sides, fed: Ints) -> Longs:
    """Return when any of these outputs is written."""
    spans, many = np.empty_like(writes.spans), 0
    for place in fed:
        for number in range(writes.first[place], writes.first[place + 1]):
            spans[many, 0], spans[many, 1] = writes.spans[number, 0], writes.spans[number, 1]
            many += 1
    return union(spans[:many])
