"""Sizes of the generated companies."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Size:
    """One size of company: `nodes` counts assets and runs, `edges` all edges, those of runs included.

    `hubs` tables have a closure of about `hub_closure` assets each. `events` OpenLineage events are sent from a file.
    """

    name: str
    nodes: int
    edges: int
    domains: int
    hubs: int
    hub_closure: int
    events: int


SIZES: Final = MappingProxyType(
    {
        size.name: size
        for size in (
            Size("XS", 1_000, 5_000, 5, 1, 200, 200),
            Size("S", 10_000, 50_000, 5, 2, 2_000, 4_000),
            Size("M", 1_000_000, 5_000_000, 500, 4, 40_000, 60_000),
            Size("L", 10_000_000, 50_000_000, 5_000, 8, 40_000, 60_000),
        )
    }
)
"""XS is for the tests of the benchmark itself."""
