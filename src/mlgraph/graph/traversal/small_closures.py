"""Detection of small closures, which take about a millisecond and are answered on the event loop, without a thread (ADR 0016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numba
import numpy as np

from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.patches import place_of
from mlgraph.graph.csr.row_format import FLAG_SHIFT, TO_MASK, Arrays
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.csr.valid_at import valid_at
from mlgraph.graph.model.rows import COLUMN, Bytes, Ints, Layer, Longs
from mlgraph.graph.traversal.closures import DirectionName
from mlgraph.graph.traversal.workspace import borrowed

SMALL_NODES: Final = 500
SMALL_ROWS: Final = 8_000
"""Bound on the rows read by the traversal and the listing of edges. Both bounds were measured to take about a millisecond."""
_SMALL_PARTS: Final = 50


def is_small_closure(graph: GraphVersion, root: int, direction: DirectionName, level: Layer, moment: int) -> bool:
    """Return whether the closure of an asset has at most `SMALL_NODES` nodes and `SMALL_ROWS` rows.

    The search stops where a bound is exceeded. Columns never count as small, nor do assets with many parts.
    """
    if graph.asset_index.kind(root) == COLUMN:
        return False  # column traversal is not compiled
    start = graph.find(root)
    if start is None:
        return True
    view, structure = graph.views[level], graph.views[Layer.STRUCTURE]
    parts = _reached_if_few(graph, structure.into, structure.into, [start], moment, (_SMALL_PARTS, _SMALL_PARTS))
    if parts is None:
        return False
    seeds = parts.tolist()
    if direction == "downstream":
        seeds += [
            port for asset in graph.asset_of[parts].tolist() for port in graph.asset_index.ports_of(asset) if port < graph.nodes
        ]
    walked = view.out if direction == "downstream" else view.into
    return _reached_if_few(graph, walked, view.out, seeds, moment, (SMALL_NODES, SMALL_ROWS)) is not None


def _reached_if_few(
    graph: GraphVersion, walked: DirectedRows, listed: DirectedRows, seeds: Sequence[int], moment: int, limits: tuple[int, int]
) -> Ints | None:
    """Return the nodes reached from `seeds` over `walked`; None if there are more nodes or rows than `limits` (nodes, rows)."""
    with borrowed() as workspace:
        space = workspace.for_walk(graph.nodes)
        count = reached_within(
            walked.arrays,
            listed.arrays,
            walked.low,
            walked.high,
            np.array(seeds, np.int32),
            moment,
            walked.level,
            *limits,
            space.stamp,
            space.epoch,
            space.queue,
        )
        return None if count < 0 else space.queue[:count].copy()


@numba.njit(cache=True, nogil=True)
def _reach(rows: Longs, first: int, stop: int, moment: int, need: int, stamp: Bytes, epoch: int, queue: Ints, count: int) -> int:
    for row in range(first, stop):
        word = rows[row, 0]
        if valid_at(rows[row, 1], rows[row, 2], moment) and ((word >> FLAG_SHIFT) & need) == need:
            other = word & TO_MASK
            if stamp[other] != epoch:
                stamp[other] = epoch
                queue[count] = other
                count += 1
    return count


@numba.njit(cache=True, nogil=True)
def reached_within(
    walked: Arrays,
    listed: Arrays,
    low: int,
    high: int,
    seeds: Ints,
    moment: int,
    need: int,
    most_nodes: int,
    most_rows: int,
    stamp: Bytes,
    epoch: int,
    queue: Ints,
) -> int:
    """Fill `queue` with the nodes reached from `seeds` over rows of `walked`; return their number, or -1 if a bound is exceeded.

    The bounds are `most_nodes`, and `most_rows` for the rows in `walked` and in the base of `listed` together. Removed base rows
    still count: the number of nodes may exceed that of the exact closure.
    """
    index, base_rows, newer_added, older_added = walked.indptr, walked.rows, walked.newer.added, walked.older.added
    newer_keys, newer_slots, newer_index = walked.newer.keys, walked.newer.slots, walked.newer.add_index
    older_keys, older_slots, older_index = walked.older.keys, walked.older.slots, walked.older.add_index
    listed_index = listed.indptr
    base = (len(index) - 1) // 3
    count, done, rows = 0, 0, 0
    for seed in seeds:
        if stamp[seed] != epoch:
            stamp[seed] = epoch
            queue[count] = seed
            count += 1
    while done < count:
        if count > most_nodes or rows > most_rows:
            return -1
        node = queue[done]
        done += 1
        if node < base:
            first, stop = index[3 * node + low], index[3 * node + high]
            rows += stop - first
            if 3 * node + 3 < len(listed_index):  # the index ends with the last node that has rows
                rows += listed_index[3 * node + high] - listed_index[3 * node + low]
            if rows <= most_rows:
                count = _reach(base_rows, first, stop, moment, need, stamp, epoch, queue, count)
        slot = place_of(newer_keys, newer_slots, node)
        if slot >= 0:
            rows += newer_index[slot + 1] - newer_index[slot]
            count = _reach(newer_added, newer_index[slot], newer_index[slot + 1], moment, need, stamp, epoch, queue, count)
            continue
        slot = place_of(older_keys, older_slots, node)
        if slot >= 0:
            rows += older_index[slot + 1] - older_index[slot]
            count = _reach(older_added, older_index[slot], older_index[slot + 1], moment, need, stamp, epoch, queue, count)
    return -1 if count > most_nodes or rows > most_rows else count
