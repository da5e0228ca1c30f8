"""Compiled kernels of scenes: strongly connected components, longest paths, and reachability at many moments at once."""

from __future__ import annotations

from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs

Masks = NDArray[np.uint64]
WORDS: Final = 4
"""Words of a mask: a mask has a bit for each of up to 64 * `WORDS` states in time."""
STATES: Final = 64 * WORDS
_UNSEEN: Final = -1
_SLASH: Final = ord("/")


@numba.njit(cache=True, nogil=True)
def components(index: Longs, targets: Ints) -> tuple[Ints, int]:
    """Return the number of each vertex's strongly connected component, and their count (Tarjan 1972, without recursion).

    The successors of vertex `v` are targets[index[v]:index[v + 1]]. An edge between components leads to a lower number.
    """
    many = len(index) - 1
    component = np.full(many, _UNSEEN, np.int32)
    number, low = np.full(many, _UNSEEN, np.int32), np.zeros(many, np.int32)
    stack, path, place = np.empty(many, np.int32), np.empty(many, np.int32), index[:-1].copy()
    found, count, size = 0, 0, 0
    for start in range(many):
        if number[start] != _UNSEEN:
            continue
        depth = 1
        path[0], stack[size] = start, start
        size += 1
        number[start] = low[start] = found
        found += 1
        while depth:
            vertex = path[depth - 1]
            if place[vertex] < index[vertex + 1]:
                target = targets[place[vertex]]
                place[vertex] += 1
                if number[target] == _UNSEEN:
                    number[target] = low[target] = found
                    found += 1
                    path[depth], stack[size] = target, target
                    depth, size = depth + 1, size + 1
                elif component[target] == _UNSEEN:
                    low[vertex] = min(low[vertex], number[target])
                continue
            depth -= 1
            if depth:
                low[path[depth - 1]] = min(low[path[depth - 1]], low[vertex])
            if low[vertex] == number[vertex]:
                while True:
                    size -= 1
                    member = stack[size]
                    component[member] = count
                    if member == vertex:
                        break
                count += 1
    return component, count


@numba.njit(cache=True, nogil=True)
def longest_paths(index: Longs, targets: Ints, component: Ints, count: int, counts: Bools) -> Ints:
    """Return the length of the longest path to each vertex's component, over the condensation.

    A step to a vertex without `counts` has length 0. Vertices without predecessors have length 0.
    """
    many = len(component)
    members, order = np.zeros(count + 1, np.int64), np.empty(many, np.int32)
    for vertex in range(many):
        members[component[vertex] + 1] += 1
    for number in range(count):
        members[number + 1] += members[number]
    place = members.copy()
    for vertex in range(many):
        order[place[component[vertex]]] = vertex
        place[component[vertex]] += 1
    length = np.zeros(count, np.int32)
    for number in range(count - 1, -1, -1):
        for at in range(members[number], members[number + 1]):
            vertex = order[at]
            for edge in range(index[vertex], index[vertex + 1]):
                target = targets[edge]
                other = component[target]
                if other != number:
                    length[other] = max(length[other], length[number] + np.int32(counts[target]))
    found = np.empty(many, np.int32)
    for vertex in range(many):
        found[vertex] = length[component[vertex]]
    return found


@numba.njit(cache=True, nogil=True)
def runs_of_prefixes(starts: Longs, ends: Longs, data: Bytes, extra: Bytes) -> Bools:
    """Return of each text (see `text_arena.Texts`) whether what precedes its last slash differs from that of the one before."""
    found = np.ones(len(starts), np.bool_)
    previous, before, many = data, 0, -1
    for number in range(len(starts)):
        start, text = starts[number], data
        if start < 0:
            start, text = ~start, extra
        last = ends[number] - 1
        while text[last] != _SLASH:
            last -= 1
        length = last - start
        same = length == many
        at = length - 1  # URIs in order differ near their end
        while same and at >= 0:
            same = text[start + at] == previous[before + at]
            at -= 1
        found[number] = not same
        previous, before, many = text, start, length
    return found


@numba.njit(cache=True, nogil=True)
def changes_by_state(masks: Masks, states: int) -> tuple[Longs, Longs, int]:
    """Return how many masks have each state and not the one before, the reverse, and how many have state 0."""
    appeared, gone, first = np.zeros(states, np.int64), np.zeros(states, np.int64), 0
    one = np.uint64(1)
    for asset in range(len(masks)):
        before = masks[asset, 0] & one
        first += int(before)
        carried = before
        for word in range(WORDS):
            mask = masks[asset, word]
            flips = mask ^ ((mask << one) | carried)
            carried = mask >> np.uint64(63)
            state = 64 * word
            while flips:
                while not flips & np.uint64(255):
                    flips >>= np.uint64(8)
                    state += 8
                if flips & one and state < states:
                    if (mask >> np.uint64(state & 63)) & one:
                        appeared[state] += 1
                    else:
                        gone[state] += 1
                flips >>= one
                state += 1
    return appeared, gone, first


@numba.njit(cache=True, nogil=True)
def masks_between(masks: Masks, low: int, high: int) -> Bools:
    """Return of each mask whether it has one of the states from `low` (included) to `high` (not included)."""
    found = np.zeros(len(masks), np.bool_)
    for asset in range(len(masks)):
        for state in range(low, high):
            if (masks[asset, state >> 6] >> np.uint64(state & 63)) & np.uint64(1):
                found[asset] = True
                break
    return found


@numba.njit(cache=True, nogil=True)
def merged_masks(masks: Masks, groups: Ints, many: int) -> Masks:
    """Return the union of the masks of each of `many` groups; groups[i] is that of masks[i]."""
    found = np.zeros((many, WORDS), np.uint64)
    for vertex in range(len(masks)):
        for word in range(WORDS):
            found[groups[vertex], word] |= masks[vertex, word]
    return found


@numba.njit(cache=True, nogil=True)
def _states_below() -> Masks:
    """Return for each state the mask of all states before it."""
    below = np.zeros((STATES + 1, WORDS), np.uint64)
    for state in range(STATES):
        for word in range(WORDS):
            below[state + 1, word] = below[state, word]
        below[state + 1, state >> 6] |= np.uint64(1) << np.uint64(state & 63)
    return below


@numba.njit(cache=True, nogil=True)
def masks_of_edges(masks: Masks, sources: Ints, targets: Ints, numbers: Longs, many: int, first: Ints, last: Ints) -> Masks:
    """Return the states that have each of `many` edges: those in which one of its rows is valid and both ends are there.

    Row `i` is of the edge numbers[i], and valid in the states first[i] (included) to last[i] (not included).
    """
    below = _states_below()
    found = np.zeros((many, WORDS), np.uint64)
    for row in range(len(sources)):
        low, high = first[row], last[row]
        for word in range(WORDS):
            valid = below[high, word] & ~below[low, word]
            found[numbers[row], word] |= masks[sources[row], word] & masks[targets[row], word] & valid
    return found


@numba.njit(cache=True, nogil=True)
def propagate(masks: Masks, sources: Ints, targets: Ints, first: Ints, last: Ints) -> None:
    """Add to the mask of each vertex the states in which arcs lead to it from a vertex that has them.

    Arc `i` is valid in the states first[i] (included) to last[i] (not included). Arcs in topological order take two rounds; each
    cycle takes more.
    """
    below = _states_below()
    changed = True
    while changed:
        changed = False
        for arc in range(len(sources)):
            source, target, low, high = sources[arc], targets[arc], first[arc], last[arc]
            for word in range(WORDS):
                added = masks[source, word] & below[high, word] & ~below[low, word]
                if added & ~masks[target, word]:
                    masks[target, word] |= added
                    changed = True
