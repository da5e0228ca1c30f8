"""Two mentions of one edge in one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlgraph.domain.payload import canonical_json


def unite(known: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what both say: lists are united, in an order of their own; else the later one decides."""
    united = {**known, **said}
    for key in known.keys() & said.keys():
        if isinstance(known[key], list):
            by_text = {canonical_json(value): value for value in (*known[key], *said[key])}
            united[key] = [by_text[text] for text in sorted(by_text)]
    return united
