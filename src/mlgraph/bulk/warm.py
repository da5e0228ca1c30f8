"""Getting the compiled reader ready before a load comes: loaded from numba's cache, or compiled where it is empty."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlgraph.bulk.copying import Given, edge_rows
from mlgraph.bulk.edges import read_edges

_LINE: Final = (
    b'{"edge":{"source":"mlg://dataset/warm/a","relation":"derives","target":"mlg://dataset/warm/b",'
    b'"valid_from":"2026-01-01T00:00:00Z"}}'
)


def warm() -> None:
    """Read a line and write it as a row; takes seconds once, and less than a second from then on."""
    edges, _ = read_edges([_LINE], "warm", bool)
    number = np.zeros(1, np.int64)
    edge_rows(edges, number, Given(np.zeros((1, 2), np.int64), number, number, 1, 1))
