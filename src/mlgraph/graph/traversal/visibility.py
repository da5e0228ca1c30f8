"""Visibility marks of assets: shown, contracted or left out of a traversal."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlgraph.graph.model.rows import Bytes

SHOWN: Final = 0

CONTRACTED: Final = 1
"""Hidden: a step to it counts nothing, and the walk goes on from it."""

LEFT_OUT: Final = 2
"""Hidden: the walk does not go on from it."""

NOTHING_HIDDEN: Final[Bytes] = np.zeros(0, np.uint8)


def is_contracted(marks: Bytes, asset: int) -> bool:
    """Say whether a step to the asset counts nothing. `marks` are by asset; those of no length hide nothing."""
    return len(marks) > 0 and bool(marks[asset] == CONTRACTED)
