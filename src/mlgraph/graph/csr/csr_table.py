"""One table of the graph: base rows with an overlay in both directions, replaced group by group, and views of its levels.

There is one writer at a time; readers use a `View`, which never changes once published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.base import BaseTable
from mlgraph.graph.csr.gather import gather
from mlgraph.graph.csr.overlay import Overlay, Packed, rows_at
from mlgraph.graph.csr.row_format import FLAG_SHIFT, ORIGIN_SHIFT, RELATION_SHIFT, TO_MASK, Arrays
from mlgraph.graph.csr.valid_at import rows_valid_at
from mlgraph.graph.model.rows import AT_ASSET, Bools, Bytes, Ints, Longs

_NO_MARKS: Final = np.zeros(0, np.uint8)


class Arc(NamedTuple):
    """A row with its nodes as numbers."""

    source: int
    target: int
    relation: int
    origin: int
    flags: int
    start: int
    end: int

    def packed(self, other: int) -> Packed:
        """Return the row as it is stored at one end; `other` is the node at the opposite end."""
        word = other | self.flags << FLAG_SHIFT | self.relation << RELATION_SHIFT | self.origin << ORIGIN_SHIFT
        return word, self.start, self.end


class Gathered(NamedTuple):
    """Rows of many nodes, as columns; `position` is the index of the row's node in the list of requested nodes."""

    position: Ints
    other: Ints
    relation: Bytes
    flags: Bytes
    origin: NDArray[np.int16]
    start: Longs
    end: Longs

    def up_to(self, moment: int) -> Gathered:
        """Return the rows that begin by `moment`; those that end later have no end."""
        chosen = self.start <= moment
        position, other, relation = self.position[chosen], self.other[chosen], self.relation[chosen]
        flags, origin, start, end = self.flags[chosen], self.origin[chosen], self.start[chosen], self.end[chosen]
        return Gathered(position, other, relation, flags, origin, start, np.where(end > moment, FOREVER, end))


@dataclass(frozen=True, slots=True)
class DirectedRows:
    """The rows of a level in one direction: the other node is the target of downstream rows, the source of upstream rows."""

    arrays: Arrays
    low: int
    high: int
    level: int
    """The flag of rows of this level: `AT_ASSET` or `AT_RUN`."""

    def rows_of(self, node: int, moment: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield (other node, relation, flags, origin) of each row of `node` that is valid at `moment`."""
        rows = rows_at(self.arrays, node)
        valid_rows = rows_valid_at(rows, moment)[:, 0]
        for word in valid_rows.tolist():
            if word >> FLAG_SHIFT & self.level:
                yield word & TO_MASK, word >> RELATION_SHIFT & 255, word >> FLAG_SHIFT & 255, word >> ORIGIN_SHIFT

    def every_row_of(self, node: int) -> Iterator[tuple[int, int, int, int, int, int]]:
        """Yield (other node, relation, flags, origin, start, end) of each row of `node`, of any time."""
        for word, start, end in rows_at(self.arrays, node).tolist():
            if word >> FLAG_SHIFT & self.level:
                yield word & TO_MASK, word >> RELATION_SHIFT & 255, word >> FLAG_SHIFT & 255, word >> ORIGIN_SHIFT, start, end

    def gather(self, nodes: Ints, moment: int, need: int = 0, marks: tuple[Bytes, int] = (_NO_MARKS, 0)) -> Gathered:
        """Return the rows of `nodes` that are valid at `moment` and have all flags of `need`.

        With `marks` (uint8 by node, mark) only rows to nodes with that mark.
        """
        size = 64 + 4 * len(nodes)
        while True:
            words, spans, positions = np.empty(size, np.int64), np.empty((size, 2), np.int64), np.empty(size, np.int32)
            found = gather(self.arrays, self.low, self.high, nodes, moment, need | self.level, *marks, words, spans, positions)
            if found <= size:
                break
            size = found
        words, spans = words[:found], spans[:found]
        return Gathered(
            positions[:found],
            (words & TO_MASK).astype(np.int32),
            (words >> RELATION_SHIFT & 255).astype(np.uint8),
            (words >> FLAG_SHIFT & 255).astype(np.uint8),
            (words >> ORIGIN_SHIFT).astype(np.int16),
            spans[:, 0],
            spans[:, 1],
        )


@dataclass(frozen=True, slots=True)
class View:
    """A published level: downstream rows (`out`) and upstream rows (`into`)."""

    out: DirectedRows
    into: DirectedRows


Triple = tuple[int, int, int]
"""Source node, relation and target node of a lone edge: one that is not computed from a run or workflow."""
Group = int | Triple
"""The unit of replacement: all rows computed from one run or workflow (its asset number), or those of one lone edge."""


IN_OVERLAY: Final = -1
"""In place of a base position: the row is in the overlay."""


class MutableTable:
    """The rows of one table, for the writer."""

    def __init__(self, base: BaseTable) -> None:
        self._base = base
        self._groups: dict[Group, dict[Arc, int]] = {}
        """The groups replaced since the base was built: all their rows, with downstream positions."""
        self._out, self._into = Overlay(base.out_index, base.out_rows), Overlay(base.into_index, base.into_rows)
        self._last_owner = int(base.owner[-1]) if len(base.owner) else 0
        self._owned: Longs | None = None
        """The positions of all owned rows of the base, ascending; computed on first use."""
        self._dirty = True

    @property
    def overlay(self) -> int:
        """The number of changes since the base was built."""
        return self._out.size

    def replace(self, group: Group, arcs: Iterable[Arc]) -> None:
        """Replace the rows of `group` by `arcs`."""
        known = self._groups.get(group)
        present = self._from_base(group) if known is None else known
        wanted = set(arcs)
        if present.keys() == wanted:
            return
        for arc in present.keys() - wanted:
            position = present.pop(arc)
            if position == IN_OVERLAY:
                self._out.remove(arc.source, arc.packed(arc.target))
            else:
                self._out.mask(arc.source, position)
            self._into.remove(arc.target, arc.packed(arc.source))
        for arc in wanted - present.keys():
            self._out.add(arc.source, arc.packed(arc.target))
            self._into.add(arc.target, arc.packed(arc.source))
            present[arc] = IN_OVERLAY
        self._groups[group] = present
        self._dirty = True

    def _from_base(self, group: Group) -> dict[Arc, int]:
        base = self._base
        if isinstance(group, int):
            if group > self._last_owner:
                return {}
            bounds = np.array([group, group + 1], np.int32)  # with another type, searchsorted would copy base.owner
            low, high = np.searchsorted(base.owner, bounds)
            positions = base.owned[low:high]
            sources = ((np.searchsorted(base.out_index, positions, side="right") - 1) // 3).tolist()
            return {
                _arc(source, *row): position
                for source, row, position in zip(sources, base.out_rows[positions].tolist(), positions.tolist(), strict=True)
            }
        source, relation, target = group
        if 3 * source + 3 >= len(base.out_index):
            return {}
        first, last = int(base.out_index[3 * source]), int(base.out_index[3 * source + 3])
        words = base.out_rows[first:last, 0]
        positions = np.flatnonzero((words & TO_MASK == target) & (words >> RELATION_SHIFT & 255 == relation)) + first
        if len(positions) and len(base.owner):  # rows of the same edge that a run or workflow owns are not of this group
            positions = positions[~self._is_owned(positions)]
        rows = base.out_rows[positions].tolist()
        return {_arc(source, *row): position for row, position in zip(rows, positions.tolist(), strict=True)}

    def _is_owned(self, positions: Longs) -> Bools:
        """Return of each base row whether it is computed from a run or workflow."""
        if self._owned is None:
            self._owned = np.sort(self._base.owned)
        found = np.minimum(np.searchsorted(self._owned, positions), len(self._owned) - 1)
        return self._owned[found] == positions

    def publish(self) -> tuple[Arrays, Arrays] | None:
        """Return the downstream and upstream rows with all replacements so far; None if nothing changed."""
        if not self._dirty:
            return None
        self._dirty = False
        return self._out.publish(), self._into.publish()

    def added(self) -> dict[int, list[Arc]]:
        """Return the rows in the overlay that are computed from runs and workflows, by run or workflow."""
        return {
            group: [arc for arc, position in rows.items() if position == IN_OVERLAY]
            for group, rows in self._groups.items()
            if isinstance(group, int)
        }


def _arc(source: int, word: int, start: int, end: int) -> Arc:
    return Arc(source, word & TO_MASK, word >> RELATION_SHIFT & 255, word >> ORIGIN_SHIFT, word >> FLAG_SHIFT & 255, start, end)


def level_view(out: Arrays, into: Arrays, level: int) -> View:
    """Return the rows of one level of a table."""
    low, high = (0, 2) if level == AT_ASSET else (1, 3)
    return View(DirectedRows(out, low, high, level), DirectedRows(into, low, high, level))
