"""One layer of the graph in memory: base arrays both ways, and an overlay that adds rows and masks old ones.

Writers hold the graph's lock; readers take a `View`, which never changes once published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.kernels import Bytes, Ints, Longs

COMPACT_AT: Final = 20_000
"""Overlay rows at which a layer is compacted, if the base is not so large that it can wait for a tenth of it."""


class Arc(NamedTuple):
    """A row with its nodes as numbers. `group` says what computed it and is replaced as a whole."""

    source: int
    relation: int
    target: int
    origin: int
    start: int
    end: int
    flags: int


_NO_ROWS: Final[Longs] = np.zeros((0, len(Arc._fields)), np.int64)


@dataclass(frozen=True, slots=True)
class Direction:
    """The rows of a layer in one direction: for the downstream one `to` is the target, for the upstream one the source."""

    indptr: Longs
    to: Ints
    start: Longs
    end: Longs
    flags: Bytes
    relation: Bytes
    origin: NDArray[np.int16]
    dead: Bytes
    nodes: Ints
    optr: Longs
    oto: Ints
    ostart: Longs
    oend: Longs
    oflags: Bytes
    orelation: Bytes
    oorigin: NDArray[np.int16]
    patched: Bytes

    def kernel_arrays(self) -> tuple[Longs, Ints, Longs, Longs, Bytes, Bytes, Ints, Longs, Ints, Longs, Longs, Bytes, Bytes]:
        """Return the arrays in the order in which the kernels take them."""
        return (
            self.indptr, self.to, self.start, self.end, self.flags, self.dead, self.nodes, self.optr, self.oto, self.ostart,
            self.oend, self.oflags, self.patched,
        )  # fmt: skip

    def rows_of(self, node: int, moment: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (other node, relation, flags, origin) of each row of `node` that holds at `moment`."""
        if node < len(self.indptr) - 1:
            a, b = self.indptr[node], self.indptr[node + 1]
            for row in np.flatnonzero((self.start[a:b] <= moment) & (moment < self.end[a:b]) & (self.dead[a:b] == 0)) + a:
                yield int(self.to[row]), int(self.relation[row]), int(self.flags[row]), int(self.origin[row])
        if node < len(self.patched) and self.patched[node]:
            slot = int(np.searchsorted(self.nodes, node))
            for row in range(self.optr[slot], self.optr[slot + 1]):
                if self.ostart[row] <= moment < self.oend[row]:
                    yield int(self.oto[row]), int(self.orelation[row]), int(self.oflags[row]), int(self.oorigin[row])


@dataclass(frozen=True, slots=True)
class View:
    """A layer as it was published: rows downstream (`out`) and upstream (`into`)."""

    out: Direction
    into: Direction


class Layer:
    """The rows of one layer, replaced group by group."""

    def __init__(self) -> None:
        self._groups: dict[object, Longs] = {}
        self._base_rows = 0
        self._base: tuple[_Base, _Base] = (_Base.of(_NO_ROWS, 0, forward=True), _Base.of(_NO_ROWS, 0, forward=False))
        self._overlay = _Overlay()
        self._dirty = True
        self._nodes = -1

    def replace(self, group: object, arcs: Sequence[Arc]) -> None:
        """Let `arcs` be all the rows of `group`."""
        old = self._groups.get(group, _NO_ROWS)
        new = np.array(arcs, np.int64).reshape(-1, len(Arc._fields))
        if np.array_equal(old, new):
            return
        if len(old) and group not in self._overlay:
            for base in self._base:
                base.mask(old)
        if len(new):
            self._groups[group] = new
        else:
            self._groups.pop(group, None)
        self._overlay.replace(group, new)
        self._dirty = True

    def publish(self, nodes: int) -> View | None:
        """Return the layer with all replacements so far, for `nodes` nodes; None if nothing changed."""
        if not self._dirty and self._nodes == nodes:
            return None
        self._nodes, self._dirty = nodes, False
        if self._overlay.size > max(COMPACT_AT, self._base_rows // 10):
            table = np.concatenate([_NO_ROWS, *self._groups.values()])
            self._base = (_Base.of(table, nodes, forward=True), _Base.of(table, nodes, forward=False))
            self._base_rows, self._overlay = len(table), _Overlay()
        overlay = self._overlay.table()
        forward, backward = self._base
        return View(forward.direction(overlay, nodes), backward.direction(overlay, nodes))


class _Overlay:
    """The rows of the groups that were replaced since the base was made; rows that were replaced again are dead."""

    def __init__(self) -> None:
        self._table = _NO_ROWS
        self._alive = np.zeros(0, np.bool_)
        self._fresh: list[Longs] = []
        self._spans: dict[object, tuple[int, int]] = {}
        self.size = 0
        """All rows, dead ones included."""

    def __contains__(self, group: object) -> bool:
        return group in self._spans

    def replace(self, group: object, rows: Longs) -> None:
        """Let `rows` be all the rows of `group`."""
        start, stop = self._spans.get(group, (0, 0))
        if stop > len(self._table):
            self._settle()
        self._alive[start:stop] = False
        self._spans[group] = (self.size, self.size + len(rows))
        self._fresh.append(rows)
        self.size += len(rows)

    def table(self) -> Longs:
        """Return the rows that are alive."""
        self._settle()
        alive: Longs = self._table[self._alive]
        return alive

    def _settle(self) -> None:
        if self._fresh:
            added = sum(len(rows) for rows in self._fresh)
            self._table = np.concatenate([self._table, *self._fresh])
            self._alive = np.concatenate([self._alive, np.ones(added, np.bool_)])
            self._fresh = []


class _Base:
    """The base arrays of one direction, with the mask of replaced rows."""

    def __init__(self, indptr: Longs, columns: _Columns, *, forward: bool) -> None:
        self.indptr = indptr
        self.columns = columns
        self.forward = forward
        self._dead: Bytes = np.zeros(len(columns.to), np.uint8)
        self._published = False

    @classmethod
    def of(cls, table: Longs, nodes: int, *, forward: bool) -> _Base:
        """Sort rows into compressed sparse rows."""
        columns, keys = _columns(table, forward=forward)
        counts = np.bincount(keys, minlength=nodes) if len(keys) else np.zeros(nodes, np.int64)
        return cls(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), columns, forward=forward)

    def mask(self, rows: Longs) -> None:
        """Mark `rows` as replaced. Views that were published keep the mask that they were published with."""
        if self._published:
            self._dead, self._published = self._dead.copy(), False
        columns = self.columns
        for row in rows.tolist():
            arc = Arc(*row)
            node, other = (arc.source, arc.target) if self.forward else (arc.target, arc.source)
            a, b = self.indptr[node], self.indptr[node + 1]
            same = (
                (columns.to[a:b] == other) & (columns.start[a:b] == arc.start) & (columns.end[a:b] == arc.end)
                & (columns.relation[a:b] == arc.relation) & (columns.origin[a:b] == arc.origin)
                & (columns.flags[a:b] == arc.flags) & (self._dead[a:b] == 0)
            )  # fmt: skip
            self._dead[a + int(np.argmax(same))] = 1

    def direction(self, overlay: Longs, nodes: int) -> Direction:
        """Return the base with `overlay` on top."""
        self._published = True
        columns, keys = _columns(overlay, forward=self.forward)
        distinct, first = np.unique(keys, return_index=True)
        optr = np.append(first, len(keys)).astype(np.int64)
        patched = np.zeros(nodes, np.uint8)
        patched[distinct] = 1
        base = self.columns
        return Direction(
            self.indptr, base.to, base.start, base.end, base.flags, base.relation, base.origin, self._dead,
            distinct.astype(np.int32), optr, columns.to, columns.start, columns.end, columns.flags, columns.relation,
            columns.origin, patched,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Columns:
    to: Ints
    start: Longs
    end: Longs
    flags: Bytes
    relation: Bytes
    origin: NDArray[np.int16]


def _columns(table: Longs, *, forward: bool) -> tuple[_Columns, Longs]:
    table = table[np.argsort(table[:, 0 if forward else 2], kind="stable")]
    columns = _Columns(
        table[:, 2 if forward else 0].astype(np.int32), np.ascontiguousarray(table[:, 4]), np.ascontiguousarray(table[:, 5]),
        table[:, 6].astype(np.uint8), table[:, 1].astype(np.uint8), table[:, 3].astype(np.int16),
    )  # fmt: skip
    return columns, np.ascontiguousarray(table[:, 0 if forward else 2])
