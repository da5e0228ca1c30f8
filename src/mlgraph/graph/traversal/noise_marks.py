"""Noise marks of assets: shown, contracted or left out of a traversal."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlgraph.graph.model.rows import Bytes

SHOWN: Final = 0

CONTRACTED: Final = 1
"""Hidden: a step to the asset has length 0, and the traversal continues from it."""

LEFT_OUT: Final = 2
"""Hidden: the traversal does not continue from the asset."""

NOTHING_HIDDEN: Final[Bytes] = np.zeros(0, np.uint8)


def is_contracted(marks: Bytes, asset: int) -> bool:
    """Return whether a step to the asset has length 0. `marks` are by asset; an empty array hides nothing."""
    return len(marks) > 0 and bool(marks[asset] == CONTRACTED)
