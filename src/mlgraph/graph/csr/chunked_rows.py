"""Rows of four numbers as they are collected: in pages so large that the system has their memory back once they are dropped.

Many small arrays that come and go between others that stay would leave holes that nobody gets: half as much again, when measured.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.model.rows import Longs

_ROWS: Final = 1 << 21
"""64 MiB a page: from 32 MiB on, glibc asks the system for each array and gives it back (mallopt(3), M_MMAP_THRESHOLD)."""


class ChunkedRows:
    """Collects rows; memory that no row was written to costs nothing."""

    def __init__(self) -> None:
        self._full: list[Longs] = []
        self._page = np.empty((0, 4), np.int64)
        self._used = 0

    def __len__(self) -> int:
        return sum(map(len, self._full)) + self._used

    def extend(self, *columns: NDArray[np.integer]) -> None:
        """Add rows, given as four columns."""
        written, many = 0, len(columns[0])
        while written < many:
            if self._used == len(self._page):
                self._full += [self._page] if self._used else []
                self._page, self._used = np.empty((_ROWS, 4), np.int64), 0
            taken = min(many - written, len(self._page) - self._used)
            for number, column in enumerate(columns):
                self._page[self._used : self._used + taken, number] = column[written : written + taken]
            written += taken
            self._used += taken

    def pages(self) -> list[Longs]:
        """Return all rows, page by page."""
        return [*self._full, self._page[: self._used]] if self._used else self._full

    def take(self) -> list[Longs]:
        """Hand over all rows, page by page, and begin anew."""
        pages = self.pages()
        self._full, self._page, self._used = [], np.empty((0, 4), np.int64), 0
        return pages
