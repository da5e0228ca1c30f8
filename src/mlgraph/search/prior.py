"""The prior of an asset: what speaks for it whatever the query is. It grows with use, and is 0 for deprecated assets."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
MAX_PRIOR: Final = 255
_CONSUMERS: Final = 18
"""For each doubling of the consumers, up to `_MOST_CONSUMERS`."""
_MOST_CONSUMERS: Final = 126
_PRODUCTION: Final = 80
_OWNER: Final = 20
_FRESH: Final = 20
_FRESH_DAYS: Final = 90


def graph_part(consumers: Ints, serves: Bools) -> NDArray[np.uint8]:
    """Return the part of priors that depends on the graph.

    `consumers` are the distinct assets directly downstream; `serves`: a service or deployment depends on the asset.
    """
    used = np.minimum(_MOST_CONSUMERS, np.rint(_CONSUMERS * np.log2(1.0 + consumers)))
    part: NDArray[np.uint8] = (used + _PRODUCTION * serves).astype(np.uint8)
    return part


def prior_of(part: int, *, has_owner: bool, is_deprecated: bool) -> int:
    """Return the prior of a document, 0 to `MAX_PRIOR`, to which a search adds freshness; `part` is that of the graph."""
    return 0 if is_deprecated else 1 + part + _OWNER * has_owner


def with_freshness(prior: int, changed_day: int, now_day: int) -> int:
    """Return a prior, greater if the asset's description changed within the last 90 days; days are since the epoch."""
    return min(MAX_PRIOR, prior + _FRESH) if prior and now_day - changed_day <= _FRESH_DAYS else prior
