"""Marks of a scene: assets and folds in the cells of a table, and the opening of folds in place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.model.rows import Longs
from mlgraph.graph.scene.fold_splitting import MOST_PARTS, SplitKeys, SplitName, SplitPart, dimension_of, split
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
]
_SHARE_OF_KINDS: Final = 2 / 3
"""Folds by kind may take this share of the marks; with more, each cell has one fold."""
_ID_BYTES: Final = 6
_FEWEST_PARTS: Final = 2
"""One part alone would separate nothing."""
_MOST_DIGITS: Final = 4


class PartLabel(NamedTuple):
    """What separates a fold from its siblings: the first and last key in it of a dimension; None: it is the rest of a cell."""

    by: SplitName
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Mark:
    """An asset or a fold. `members` are the positions of its assets, ascending; `order` is its place among its siblings.

    Siblings are the marks of one cell, or the parts of one open fold (`parent`, its id).
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
    """The marks of a scene before any fold is open: `closed`, in order of column and row. At most `most` marks are drawn."""

    keys: SplitKeys
    texts: MarkTexts
    table: Table
    most: int
    closed: Sequence[Mark]

    @classmethod
    def of(cls, keys: SplitKeys, texts: MarkTexts, table: Table, root: int, most: int, *, unfolded: bool) -> MarkLayout:
        """Return the layout of all assets of a table. `root`: the position of the root, which is in no fold.

        `unfolded`: draw each asset, if they are not more than `most`.
        """
        cells = list(_cells(table))
        builder = _CellMarks(keys, texts, table, root)
        if unfolded and len(table.row) <= most:
            marks = [mark for cell in cells for mark in builder.assets(*cell)]
        else:
            marks = [mark for cell in cells for mark in builder.folded_kinds(*cell)]
            if len(marks) > most * _SHARE_OF_KINDS:
                marks = [mark for cell in cells for mark in builder.one_fold(*cell)]
        return cls(keys, texts, table, most, marks)

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

    def assets(self, row: int, column: int, members: Longs) -> Iterator[Mark]:
        """Yield each asset of a cell."""
        return self._marks(row, column, [(members[at : at + 1], None) for at in range(len(members))])

    def one_fold(self, row: int, column: int, members: Longs) -> Iterator[Mark]:
        """Yield the root, if it is in the cell, and one mark for all else."""
        own, others = members[members == self.root], members[members != self.root]
        return self._marks(row, column, [(each, None) for each in (own, others) if len(each)])

    def folded_kinds(self, row: int, column: int, members: Longs) -> Iterator[Mark]:
        """Yield the assets of a cell, with as many kinds folded as it takes to have at most `MOST_IN_CELL` marks."""
        others = members[members != self.root]
        counts = np.bincount(self.keys.kinds[others], minlength=256)
        many, folded = len(members), set()
        for kind in _FOLD_ORDER:
            if many > MOST_IN_CELL and counts[kind] > 1:
                folded.add(kind)
                many -= int(counts[kind]) - 1
        own = members[members == self.root]
        groups: list[tuple[Longs, PartLabel | None]] = [(own, None)] if len(own) else []
        for kind in np.flatnonzero(counts).tolist():
            of_kind = others[self.keys.kinds[others] == kind]
            if kind in folded:
                groups.append((of_kind, PartLabel("kind", kind, kind)))
            else:
                groups += [(of_kind[at : at + 1], None) for at in range(len(of_kind))]
        return self._marks(row, column, groups)

    def _marks(self, row: int, column: int, groups: Iterable[tuple[Longs, PartLabel | None]]) -> Iterator[Mark]:
        for order, (members, label) in enumerate(groups):
            yield _mark(self.texts, Mark("", row, column, order, None, members), str(self.table.columns[column].first), label)


def _mark(texts: MarkTexts, mark: Mark, base_path: str, label: PartLabel | None) -> Mark:
    """Return the mark with its id: that of its asset, or of its cell and the splits that lead to it from `base_path`."""
    if len(mark.members) == 1:
        return replace(mark, id=mark_id("a", texts.uri(int(mark.members[0]))))
    path = base_path
    if label is not None:
        ends = (label.first,) if label.first == label.last else (label.first, label.last)
        path += "/" + label.by + "=" + "..".join(texts.part_key(label.by, end) for end in ends)
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
    found = split(layout.keys, fold.members)
    labelled = [(part.members, PartLabel(found.by, part.first, part.last)) for part in found.parts]
    if len(labelled) > room:
        if room < _FEWEST_PARTS:
            return None
        labelled = [*labelled[: room - 1], _rest(found.parts[room - 1 :])]
    parts = []
    for order, (members, label) in enumerate(labelled):
        mark = Mark("", fold.row, fold.column, order, fold.id, members)
        parts.append(_mark(layout.texts, mark, fold.path, label))
    return parts


def _rest(parts: Sequence[SplitPart]) -> tuple[Longs, PartLabel]:
    members = np.sort(np.concatenate([part.members for part in parts]))
    return members, PartLabel("rest", len(members), len(members))


def split_name(keys: SplitKeys, mark: Mark) -> SplitName:
    """Return the dimension by which a fold splits when it is opened; `rest`: it has what there was no room for."""
    return "rest" if mark.label is not None and mark.label.by == "rest" else dimension_of(keys, mark.members)
