"""Merging of two mentions of one edge in one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlgraph.domain.payloads.payload import canonical_json


def merge_mentions(known: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merged properties: the sorted union of lists, else the later value."""
    merged = {**known, **later}
    for key in known.keys() & later.keys():
        if isinstance(known[key], list):
            by_text = {canonical_json(value): value for value in (*known[key], *later[key])}
            merged[key] = [by_text[text] for text in sorted(by_text)]
    return merged
