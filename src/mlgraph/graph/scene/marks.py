"""Marks of a scene: assets and folds in the cells of a table, and the opening of folds in place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

import numpy as np

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.model.rows import Ints, Longs
from mlgraph.graph.scene.fold_splitting import (
    CYCLES,
    MOST_PARTS,
    NEAR,
    OPENINGS,
    PartLabel,
    SplitKeys,
    SplitName,
    SplitPart,
    dimension_of,
    openings_of,
    split,
)
from mlgraph.graph.scene.placement import Table

MOST_UNFOLDED: Final = 40
"""A closure that never has more assets than this is not folded."""
MOST_IN_CELL: Final = 5
"""A cell with more marks than this folds its kinds, one after the other, until it has no more."""
_FOLDED_FIRST: Final = [
    KINDS[name].code
    for name in ("evaluation", "model", "model_version", "deployment", "feature_view", "feature", "artifact", "run", "column")
]
_FOLDED_LAST: Final = [KINDS[name].code for name in ("service", "dataset", "workflow")]
_FOLD_ORDER: Final = [
    *_FOLDED_FIRST,
    *(kind.code for kind in KINDS.values() if kind.code not in {*_FOLDED_FIRST, *_FOLDED_LAST}),
    *_FOLDED_LAST,
    CYCLES,
]
_SHARE_OF_KINDS: Final = 2 / 3
"""Folds by kind may take this share of the marks; with more, each cell has one fold."""
_ID_BYTES: Final = 6
_FEWEST_PARTS: Final = 2
"""One part alone would separate nothing."""
_MOST_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """An asset or a fold. `members` are the positions of its assets, ascending; `order` is its place among its siblings.

    Siblings are the marks of one cell, or the parts of one open fold (`parent`, its id). `depth`: in how many folds it is.
    `in_cycle`: its siblings are parts of a cycle.
    """

    id: str
    row: int
    column: int
    order: int
    parent: str | None
    members: Longs
    path: str = ""
    label: PartLabel | None = None
    is_fold: bool = False
    is_open: bool = False
    depth: int = 0
    in_cycle: bool = False

    @property
    def is_cycle(self) -> bool:
        """Whether it is the box of one cycle."""
        return self.label is not None and self.label.by == "cycle"


@dataclass(frozen=True, slots=True)
class MarkTexts:
    """Texts from which the ids of marks are computed: the key of a row, that of a part's dimension, and the URI of an asset."""

    row_key: Callable[[int], str]
    part_key: Callable[[SplitName, int], str]
    uri: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Opened:
    """The marks in order of column, row and place, each open fold before its parts; ids that open nothing, with reasons."""

    marks: Sequence[Mark]
    unknown: Sequence[str]
    no_room: Sequence[str]


@dataclass(frozen=True, slots=True)
class MarkLayout:
    """The marks of a scene before any fold is open: `closed`, in order of column and row. At most `most` marks are drawn.

    `keys` are those by which folds split, `own` those by which the members of one cycle do.
    """

    keys: SplitKeys
    own: SplitKeys
    texts: MarkTexts
    table: Table
    most: int
    closed: Sequence[Mark]

    @classmethod
    def of(
        cls, own: SplitKeys, cycles: Ints, texts: MarkTexts, table: Table, root: int, most: int, *, unfolded: bool
    ) -> MarkLayout:
        """Return the layout of all assets of a table. `root`: the position of the root, which is in no fold.

        `cycles` int32[n]: the number of each asset's cycle, or -1. `unfolded`: draw each asset and each cycle, if the assets are
        not more than `most`.
        """
        keys = own.with_cycles(cycles, root)
        cells = list(_cells(table))
        builder = _CellMarks(keys, texts, table, root)
        if unfolded and len(table.row) <= most:
            marks = [mark for cell in cells for mark in builder.units(*cell)]
        else:
            marks = [mark for cell in cells for mark in builder.folded_kinds(*cell)]
            if len(marks) > most * _SHARE_OF_KINDS:
                marks = [mark for cell in cells for mark in builder.one_fold(*cell)]
            marks = builder.near(marks, int(most * _SHARE_OF_KINDS))
        return cls(keys, own, texts, table, most, marks)

    def keys_of(self, mark: Mark) -> SplitKeys:
        """Return the keys by which a fold splits."""
        return self.own if mark.is_cycle or mark.in_cycle else self.keys

    def opened(self, ids: Sequence[str], row_ids: Sequence[str]) -> Opened:
        """Return the marks with the folds of these ids open, as far as there is room. `row_ids` are the ids of the rows.

        `ID:N` opens a fold with at most N parts, the last of them `n more`: it stays as it is when room becomes free.
        The id of a row opens all folds of its cells. Folds are opened in the order of their ids, one inside another after it.
        """
        opening = _Opening(self, row_ids)
        found: dict[str, str] = {}
        for text in ids:
            identity, _, parts = text.partition(":")
            if parts.isdecimal() and len(parts) <= _MOST_DIGITS:
                opening.limits[identity] = max(int(parts), _FEWEST_PARTS)
            else:
                identity = text
            found.setdefault(identity, text)
        opened = opening.marks(list(found))
        return Opened(opened.marks, [found[each] for each in opened.unknown], [found[each] for each in opened.no_room])


def mark_id(prefix: str, *texts: str) -> str:
    """Return an id that depends on these texts alone: `prefix` and 12 hexadecimal digits."""
    digest = hashlib.blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=_ID_BYTES)
    return prefix + digest.hexdigest()


def _cells(table: Table) -> Iterator[tuple[int, int, Longs]]:
    """Yield (row, column, positions of assets) for each cell with assets, in order of column and row."""
    rows = len(table.rows)
    cell = table.column.astype(np.int64) * rows + table.row
    order = np.argsort(cell, kind="stable")
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(cell[order])) + 1, [len(order)]]).tolist()
    for low, high in pairwise(bounds):
        if high > low:
            column, row = divmod(int(cell[order[low]]), rows)
            yield row, column, order[low:high]


@dataclass(frozen=True, slots=True)
class _CellMarks:
    """Builds the marks of cells without open folds."""

    keys: SplitKeys
    texts: MarkTexts
    table: Table
    root: int

    def units(self, row: int, column: int, members: Longs) -> Iterator[Mark]:
        """Yield each asset of a cell, and one mark for each cycle in it."""
        return self._marks(row, column, [(each, None) for each in _units(self.keys, members)])

    def one_fold(self, row: int, column: int, members: Longs) -> Iterator[Mark]:
        """Yield the root, if it is in the cell, and one mark for all else."""
        own, others = members[members == self.root], members[members != self.root]
        return self._marks(row, column, [(each, None) for each in (own, others) if len(each)])

    def folded_kinds(self, row: int, column: int, members: Longs) -> Iterator[Mark]:
        """Yield the units of a cell, with as many kinds folded as it takes to have at most `MOST_IN_CELL` marks."""
        others = members[members != self.root]
        units = np.unique(self.keys.units[others])
        counts = np.bincount(self.keys.kinds[units], minlength=256)
        many, folded = len(units) + len(members) - len(others), set()
        for kind in _FOLD_ORDER:
            if many > MOST_IN_CELL and counts[kind] > 1:
                folded.add(kind)
                many -= int(counts[kind]) - 1
        own = members[members == self.root]
        groups: list[tuple[Longs, PartLabel | None]] = [(own, None)] if len(own) else []
        for kind in np.flatnonzero(counts).tolist():
            of_kind = others[self.keys.kinds[others] == kind]
            if kind in folded:
                groups.append((of_kind, PartLabel("kind", ("kind",), (kind,), (kind,))))
            else:
                groups += [(each, None) for each in _units(self.keys, of_kind)]
        return self._marks(row, column, groups)

    def near(self, marks: Sequence[Mark], most: int) -> list[Mark]:
        """Return the marks with folds that are too large for `OPENINGS` split, the largest first, up to `most` marks."""
        room = most - len(marks)
        shares: dict[str, Sequence[tuple[Longs, PartLabel | None]]] = {}
        for mark in sorted(marks, key=lambda each: (-len(each.members), each.id)):
            wanted = min(MOST_PARTS, 2 * -(-len(mark.members) // NEAR))
            if len(mark.members) <= NEAR or room < wanted:
                break
            if mark.is_cycle:
                continue
            size = -(-len(mark.members) // wanted)
            parts = split(self.keys, mark.members, max(NEAR, size), wanted)
            if mark.label is not None:  # it is of one kind, whose name its parts keep
                parts = [part._replace(label=_within(mark.label, part.label)) for part in parts]
            shares[mark.id] = parts
            room -= len(parts) - 1
        found, order, cell = list[Mark](), 0, (-1, -1)
        for mark in marks:
            order = 0 if (mark.row, mark.column) != cell else order
            cell = mark.row, mark.column
            for members, label in shares.get(mark.id, [(mark.members, mark.label)]):
                new = replace(mark, order=order)
                if mark.id in shares:
                    new = _mark(self.texts, self.keys, replace(new, members=members), self._base(mark.column), label)
                found.append(new)
                order += 1
        return found

    def _base(self, column: int) -> str:
        return str(self.table.columns[column].first)

    def _marks(self, row: int, column: int, groups: Iterable[tuple[Longs, PartLabel | None]]) -> Iterator[Mark]:
        for order, (members, label) in enumerate(groups):
            yield _mark(self.texts, self.keys, Mark("", row, column, order, None, members), self._base(column), label)


def _within(outer: PartLabel, inner: PartLabel) -> PartLabel:
    return PartLabel(inner.by, outer.dimensions + inner.dimensions, outer.first + inner.first, outer.last + inner.last)


def _units(keys: SplitKeys, members: Longs) -> list[Longs]:
    """Return the members of each unit, in order of their first members."""
    units = keys.units[members]
    order = np.argsort(units, kind="stable")
    bounds = np.flatnonzero(np.diff(units[order])) + 1
    return np.split(members[order], bounds) if len(members) else []


def _mark(texts: MarkTexts, keys: SplitKeys, mark: Mark, base_path: str, label: PartLabel | None) -> Mark:
    """Return the mark with its id: that of its asset, or of its cell and the splits that lead to it from `base_path`.

    All members of one cycle are the box of this cycle, whatever separates it from its siblings.
    """
    if len(mark.members) == 1:
        return replace(mark, id=mark_id("a", texts.uri(int(mark.members[0]))), label=None, is_fold=False)
    units = keys.units[mark.members]
    if (units == units[0]).all():
        first = (int(units[0]),)
        label = PartLabel("cycle", ("cycle",), first, first)
    path = base_path
    if label is not None:
        keys_of = ("\1".join(map(texts.part_key, label.dimensions, ends)) for ends in (label.first, label.last))
        path += "/" + label.by + "=" + "..".join(dict.fromkeys(keys_of))
    identity = mark_id("f", texts.row_key(mark.row), path)
    return replace(mark, id=identity, path=path, label=label, is_fold=True)


@dataclass(slots=True)
class _Opening:
    """Opens folds of one layout, one after the other."""

    layout: MarkLayout
    row_ids: Sequence[str]
    parts: dict[str, list[Mark]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    total: int = 0

    def marks(self, ids: list[str]) -> Opened:
        """Return the marks with these folds open."""
        closed = {mark.id: mark for mark in self.layout.closed if mark.is_fold}
        self.total = len(self.layout.closed)
        pending, no_room = self._with_rows(ids), []
        while True:
            known = next((each for each in pending if each in closed), None)
            if known is None:
                break
            pending.remove(known)
            parts = self._parts(closed.pop(known))
            if parts is None:
                no_room.append(known)
                continue
            self.parts[known] = parts
            self.total += len(parts)
            closed.update((part.id, part) for part in parts if part.is_fold)
        unknown = [each for each in pending if each in ids]
        return Opened(list(self._listed(self.layout.closed)), unknown, [each for each in no_room if each in ids])

    def _with_rows(self, ids: list[str]) -> list[str]:
        """Return the ids with those of rows replaced by those of the folds in their cells."""
        found: list[str] = []
        for each in ids:
            if each in self.row_ids:
                row = self.row_ids.index(each)
                found += [mark.id for mark in self.layout.closed if mark.is_fold and mark.row == row]
            else:
                found.append(each)
        return list(dict.fromkeys(found))

    def _parts(self, fold: Mark) -> list[Mark] | None:
        """Return the parts of a fold, the last of them `n more` where there is no room for all; None: for none."""
        room = self.layout.most - self.total
        return parts_of_fold(self.layout, fold, min(room, self.limits.get(fold.id, room)))

    def _listed(self, marks: Iterable[Mark]) -> Iterator[Mark]:
        for mark in marks:
            parts = self.parts.get(mark.id) if mark.is_fold else None
            yield mark if parts is None else replace(mark, is_open=True)
            if parts is not None:
                yield from self._listed(parts)


def parts_of_fold(layout: MarkLayout, fold: Mark, room: int = MOST_PARTS) -> list[Mark] | None:
    """Return at most `room` parts of a fold, the last one the rest where there is no room for all; None: there is for none."""
    keys = layout.keys_of(fold)
    openings = max(openings_of(len(fold.members)), OPENINGS - fold.depth)
    found = split(keys, fold.members, MOST_PARTS ** (openings - 1))
    labelled = [(part.members, part.label) for part in found]
    if len(labelled) > room:
        if room < _FEWEST_PARTS:
            return None
        labelled = [*labelled[: room - 1], _rest(found[room - 1 :])]
    parts, in_cycle = [], fold.is_cycle or fold.in_cycle
    for order, (members, label) in enumerate(labelled):
        mark = Mark("", fold.row, fold.column, order, fold.id, members, depth=fold.depth + 1, in_cycle=in_cycle)
        parts.append(_mark(layout.texts, keys, mark, fold.path, label))
    return parts


def _rest(parts: Sequence[SplitPart]) -> tuple[Longs, PartLabel]:
    members = np.sort(np.concatenate([part.members for part in parts]))
    return members, PartLabel("rest", (), (len(members),), (len(members),))


def split_name(layout: MarkLayout, mark: Mark) -> SplitName:
    """Return the dimension by which a fold splits when it is opened; `rest`: it has what there was no room for."""
    return "rest" if mark.label is not None and mark.label.by == "rest" else dimension_of(layout.keys_of(mark), mark.members)
