"""Compiled gathering of the rows of a list of nodes."""

from __future__ import annotations

from typing import NamedTuple

import numba

from mlgraph.graph.csr.patches import Patches, place_of
from mlgraph.graph.csr.row_format import EVER, FLAG_SHIFT, TO_MASK, Arrays
from mlgraph.graph.csr.valid_at import valid_at
from mlgraph.graph.model.rows import Bytes, Ints, Longs


class _RowFilter(NamedTuple):
    """The conditions on a row: valid at `moment` (`EVER`: any time), all flags of `need`, and a target node with `mark`.

    `marked` is uint8 by node; if it is empty, every target node matches.
    """

    moment: int
    need: int
    marked: Bytes
    mark: int


class _Output(NamedTuple):
    """Output arrays: words of rows, `spans` int64[., 2] (start and end), and positions of the rows' nodes."""

    words: Longs
    spans: Longs
    positions: Ints


@numba.njit(cache=True, nogil=True, inline="always")
def skip(masked: Longs, mask: int, mask_end: int, first: int) -> int:
    """Return the index of the first entry of masked[mask:mask_end] (ascending) that is at least `first`."""
    while mask < mask_end and masked[mask] < first:
        mask += 1
    return mask


@numba.njit(cache=True, nogil=True)
def _collect(
    rows: Longs,
    first: int,
    stop: int,
    masked: Longs,
    mask: int,
    mask_end: int,
    row_filter: _RowFilter,
    position: int,
    output: _Output,
    count: int,
) -> int:
    """Append the rows of rows[first:stop] that match and are not in masked[mask:mask_end]; return the new count.

    Rows beyond the length of the output are counted, not written.
    """
    moment, need, marked, mark = row_filter
    words, spans, positions = output
    for row in range(first, stop):
        if mask < mask_end and masked[mask] == row:
            mask += 1
            continue
        word, start, end = rows[row, 0], rows[row, 1], rows[row, 2]
        if moment != EVER and not valid_at(start, end, moment):
            continue
        if ((word >> FLAG_SHIFT) & need) != need or (len(marked) > 0 and marked[word & TO_MASK] != mark):
            continue
        if count < len(words):
            words[count], positions[count] = word, position
            spans[count, 0], spans[count, 1] = start, end
        count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _collect_patched(
    patch: Patches,
    slot: int,
    rows: Longs,
    first: int,
    stop: int,
    row_filter: _RowFilter,
    position: int,
    output: _Output,
    count: int,
) -> int:
    mask_end = patch.mask_index[slot + 1]
    mask = skip(patch.masked, patch.mask_index[slot], mask_end, first)
    count = _collect(rows, first, stop, patch.masked, mask, mask_end, row_filter, position, output, count)
    first, stop = patch.add_index[slot], patch.add_index[slot + 1]
    return _collect(patch.added, first, stop, patch.masked, 0, 0, row_filter, position, output, count)


@numba.njit(cache=True, nogil=True)
def gather(
    arrays: Arrays,
    low: int,
    high: int,
    nodes: Ints,
    moment: int,
    need: int,
    marked: Bytes,
    mark: int,
    words: Longs,
    spans: Longs,
    positions: Ints,
) -> int:
    """Gather the rows of `nodes` that are valid at `moment` (`EVER`: any time) and have all flags of `need`; return their number.

    With `marked` (uint8 by node; empty: all) only rows to nodes with `mark`. Fills `words`, `spans` int64[., 2] (start and end)
    and `positions` (in `nodes`). If the number exceeds their length, the rest is not written: call again with longer arrays.
    """
    row_filter, output = _RowFilter(moment, need, marked, mark), _Output(words, spans, positions)
    index, rows, newer, older = arrays.indptr, arrays.rows, arrays.newer, arrays.older
    newer_keys, newer_slots, older_keys, older_slots = newer.keys, newer.slots, older.keys, older.slots
    no_mask = newer.masked
    base = (len(index) - 1) // 3
    count = 0
    for position in range(len(nodes)):
        node = nodes[position]
        first, stop = 0, 0
        if node < base:
            first, stop = index[3 * node + low], index[3 * node + high]
        slot = place_of(newer_keys, newer_slots, node)
        if slot >= 0:
            count = _collect_patched(newer, slot, rows, first, stop, row_filter, position, output, count)
            continue
        slot = place_of(older_keys, older_slots, node)
        if slot >= 0:
            count = _collect_patched(older, slot, rows, first, stop, row_filter, position, output, count)
            continue
        count = _collect(rows, first, stop, no_mask, 0, 0, row_filter, position, output, count)
    return count
