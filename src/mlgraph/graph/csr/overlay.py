"""Overlay: changes to the base rows of one direction, as added rows and masked base rows by node.

Patches form two generations, so that the cost of a publication depends on recent changes only: the newer generation is rebuilt
at each publication, and merged into the older one when it exceeds `MERGE_AT` nodes.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

import numpy as np

from mlgraph.graph.csr.patches import Patches, find_row, merge_patches, slot_of, table_of
from mlgraph.graph.csr.row_format import Arrays
from mlgraph.graph.csr.text.string_index import table_size
from mlgraph.graph.model.rows import Longs

MERGE_AT: Final = 512
"""Number of patched nodes above which the newer generation is merged into the older one."""

_EMPTY: Final = Patches(
    np.zeros(0, np.int32),
    np.zeros(0, np.int32),
    np.zeros(1, np.int64),
    np.zeros(0, np.int64),
    np.zeros(1, np.int64),
    np.zeros((0, 3), np.int64),
)

Packed = tuple[int, int, int]
"""Word, start and end of a row."""


@dataclass(slots=True)
class _Patch:
    """The complete patch of one node, mutable."""

    masked: set[int] = field(default_factory=set)
    added: Counter[Packed] = field(default_factory=Counter)
    packed: tuple[bytes, bytes] | None = None
    """The cached result of `pack`: most patches do not change between two publications."""

    def pack(self) -> tuple[bytes, bytes]:
        """Return the masked positions and the added rows, each as the bytes of an int64 array."""
        rows = array("q", chain.from_iterable(self.added.elements()))
        self.packed = array("q", sorted(self.masked)).tobytes(), rows.tobytes()
        return self.packed


class Overlay:
    """The patches of one direction."""

    def __init__(self, index: Longs, rows: Longs) -> None:
        """Start without changes to the base rows (`index` int64[3n + 1], `rows` int64[m, 3])."""
        self._index = index
        self._rows = rows
        self._older = _EMPTY
        self._fresh: dict[int, _Patch] = {}
        self.size = 0
        """The number of changes since the base was built: added rows and masked base rows."""

    def add(self, node: int, row: Packed) -> None:
        """Add a row to the node."""
        self._patch(node).added[row] += 1
        self.size += 1

    def mask(self, node: int, position: int) -> None:
        """Remove the base row at `position` from the node."""
        self._patch(node).masked.add(position)
        self.size += 1

    def remove(self, node: int, row: Packed) -> None:
        """Remove one row with these values from the node. Raises `KeyError` if it has none."""
        patch = self._patch(node)
        if patch.added[row] > 0:
            patch.added[row] -= 1
            self.size -= 1
            return
        position = -1
        if 3 * node + 3 < len(self._index):
            masked = np.fromiter(patch.masked, np.int64, len(patch.masked))
            position = find_row(self._index, self._rows, node, *row, masked)
        if position < 0:
            raise KeyError(f"node {node} has no row {row}")
        patch.masked.add(position)
        self.size += 1

    def _patch(self, node: int) -> _Patch:
        patch = self._fresh.get(node)
        if patch is None:
            patch = self._fresh[node] = _Patch()
            slot = slot_of(self._older, node)
            if slot >= 0:
                older = self._older
                patch.masked.update(older.masked[older.mask_index[slot] : older.mask_index[slot + 1]].tolist())
                patch.added.update(map(tuple, older.added[older.add_index[slot] : older.add_index[slot + 1]].tolist()))
        patch.packed = None  # callers change the patch
        return patch

    def publish(self) -> Arrays:
        """Return the base with all changes so far; the result is immutable."""
        newer = self._packed()
        if len(self._fresh) > MERGE_AT:
            merged_nodes, *columns = merge_patches(self._older, newer)
            self._older = Patches(*table_of(merged_nodes, table_size(len(merged_nodes))), *columns)
            self._fresh = {}
            newer = _EMPTY
        return Arrays(self._index, self._rows, newer, self._older)

    def _packed(self) -> Patches:
        if not self._fresh:
            return _EMPTY
        masked, added = zip(*[patch.packed or patch.pack() for patch in self._fresh.values()], strict=True)
        nodes = np.fromiter(self._fresh, np.int32, len(self._fresh))
        return Patches(
            *table_of(nodes, table_size(len(nodes))),
            np.cumsum([0, *map(len, masked)], dtype=np.int64) // 8,
            _joined(masked),
            np.cumsum([0, *map(len, added)], dtype=np.int64) // 24,
            _joined(added).reshape(-1, 3),
        )


def _joined(parts: Iterable[bytes]) -> Longs:
    joined = bytearray().join(parts)
    return np.frombuffer(joined, np.int64) if joined else np.zeros(0, np.int64)


def rows_at(arrays: Arrays, node: int) -> Longs:
    """Return all rows of a node, of all times and levels (int64[k, 3])."""
    base = _EMPTY.added
    if 3 * node + 3 < len(arrays.indptr):
        base = arrays.rows[arrays.indptr[3 * node] : arrays.indptr[3 * node + 3]]
    for patches in (arrays.newer, arrays.older):
        slot = slot_of(patches, node)
        if slot >= 0:
            masked = patches.masked[patches.mask_index[slot] : patches.mask_index[slot + 1]]
            if len(masked):
                unmasked = np.ones(len(base), np.bool_)
                unmasked[masked - arrays.indptr[3 * node]] = False
                base = base[unmasked]
            return np.concatenate([base, patches.added[patches.add_index[slot] : patches.add_index[slot + 1]]])
    return base
