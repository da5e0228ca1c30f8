"""Whether rows are valid at a moment: the comparison behind every query with `as_of`."""

from __future__ import annotations

import numba

from mlgraph.graph.model.rows import Longs


@numba.njit(cache=True, nogil=True, inline="always")
def valid_at(start: int, end: int, moment: int) -> bool:
    """Return whether the interval [start, end) contains `moment`; without branches, for loops with unpredictable rows."""
    return (start <= moment) & (moment < end)


def rows_valid_at(rows: Longs, moment: int) -> Longs:
    """Return the rows (int64[., 3]) that are valid at `moment`."""
    return rows[(rows[:, 1] <= moment) & (moment < rows[:, 2])]
