"""Placement of assets in a table: rows by a group such as their team, columns by their step from the root."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from mlgraph.graph.model.rows import Bytes, Ints, Longs

MOST_ROWS: Final = 12
MOST_COLUMNS: Final = 10
_SHARE_OF_CELLS: Final = 0.8
"""Most cells in relation to marks: each cell with assets has at least one mark, and some must be left for open folds."""


class TableRow(NamedTuple):
    """A row: the groups in it, by number. More than one: the row of all other groups."""

    groups: Sequence[int]


class TableColumn(NamedTuple):
    """A column: the steps `first` to `last` from the root, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table of rows and columns, and the place of each asset: `row` int32[n] and `column` int32[n]."""

    rows: Sequence[TableRow]
    columns: Sequence[TableColumn]
    row: Ints
    column: Ints


def placed(groups: Ints, count: int, weights: Longs, steps: Ints, most_marks: int) -> Table:
    """Return the table for assets of `groups` int32[n] (numbers below `count`, in order) at `steps` int32[n].

    Where there are more groups than rows, those with the greatest sum of `weights` int64[n] get a row each, and the others share
    the last one. Where there are more steps than columns, the farthest steps share a column.
    """
    most_rows, most_columns = _limits(most_marks)
    rows, row_of_group = _rows(groups, count, weights, most_rows)
    columns = _columns(np.unique(steps).tolist(), most_columns)
    first = np.array([column.first for column in columns], np.int32)
    column_of = (np.searchsorted(first, steps, side="right") - 1).astype(np.int32)
    return Table(rows, columns, row_of_group[groups], column_of)


def _limits(most_marks: int) -> tuple[int, int]:
    rows, columns = MOST_ROWS, MOST_COLUMNS
    while rows * columns > most_marks * _SHARE_OF_CELLS and (rows > 2 or columns > 3):
        if rows > 2 and (rows >= columns or columns <= 3):
            rows -= 1
        else:
            columns -= 1
    return rows, columns


def _rows(groups: Ints, count: int, weights: Longs, most: int) -> tuple[list[TableRow], Ints]:
    """Return the rows, and the row of each group."""
    present = np.flatnonzero(np.bincount(groups, minlength=count)).tolist()
    row_of = np.zeros(count, np.int32)
    if len(present) <= most:
        own, others = present, []
    else:
        weight = np.zeros(count, np.int64)
        np.add.at(weight, groups, weights)
        heaviest = sorted(present, key=lambda group: (-int(weight[group]), group))
        own, others = sorted(heaviest[: most - 1]), sorted(heaviest[most - 1 :])
    for row, group in enumerate(own):
        row_of[group] = row
    row_of[others] = len(own)
    rows = [TableRow((group,)) for group in own]
    return ([*rows, TableRow(others)] if others else rows), row_of


def _columns(steps: Sequence[int], most: int) -> list[TableColumn]:
    """Return the columns for these steps, in order. The root's step 0 has a column of its own."""
    columns = [TableColumn(step, step) for step in steps]
    while len(columns) > most:
        upstream = sum(column.last < 0 for column in columns)
        downstream = sum(column.first > 0 for column in columns)
        if downstream >= upstream:
            columns[-2:] = [TableColumn(columns[-2].first, columns[-1].last)]
        else:
            columns[:2] = [TableColumn(columns[0].first, columns[1].last)]
    return columns


def kind_order(kinds: Bytes, uri_order: Longs) -> Longs:
    """Return the positions of assets by kind, then by URI. `uri_order`: their positions by URI."""
    return uri_order[np.argsort(kinds[uri_order], kind="stable")]
