"""The binary format of rows in compressed sparse row (CSR) arrays, and the arrays of one table in one direction.

A row is three int64: a word, `start` and `end` (microseconds). The word contains the other node in its low 32 bits, then 8 bits
of flags, 8 of relation and 15 of origin.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mlgraph.graph.csr.patches import Patches
from mlgraph.graph.model.rows import Longs

TO_MASK: Final = 0xFFFFFFFF

FLAG_SHIFT: Final = 32

RELATION_SHIFT: Final = 40

ORIGIN_SHIFT: Final = 48

EVER: Final = -(2**63)
"""In place of a moment: gather rows of any time."""


class Arrays(NamedTuple):
    """The rows of one table in one direction: CSR arrays (`indptr` int64[3n + 1], `rows` int64[m, 3]) and their patches."""

    indptr: Longs
    rows: Longs
    newer: Patches
    older: Patches
