"""A growing collection of rows in pages so large that the operating system gets their memory back when they are freed.

Many small arrays, freed between others that stay, fragment the heap: 1.5 times the memory, when measured.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.graph.model.rows import Longs

_ROWS: Final = 1 << 21
"""Rows of a page of 64 MiB: glibc maps and unmaps arrays of 32 MiB or more one by one (mallopt(3), M_MMAP_THRESHOLD)."""


class ChunkedRows:
    """Rows of four int64. Unused space of a page takes no physical memory."""

    def __init__(self) -> None:
        self._full: list[Longs] = []
        self._page = np.empty((0, 4), np.int64)
        self._used = 0

    def __len__(self) -> int:
        return sum(map(len, self._full)) + self._used

    def extend(self, *columns: NDArray[np.integer]) -> None:
        """Append rows, given as four columns of equal length."""
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
        """Return all rows, page by page, and clear the collection."""
        pages = self.pages()
        self._full, self._page, self._used = [], np.empty((0, 4), np.int64), 0
        return pages
