"""Changes between two moments for agents: what serves first, with the team of each asset and only the fields that differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.services.discovery.agents.handles import handle_of
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER, RankedAssets

EDGE: Final = "edge"
"""In place of a kind: an edge was added, removed or changed."""
_IN_ORDER: Final = (
    "service",
    "deployment",
    "model_version",
    "model",
    "feature_service",
    "feature_view",
    "feature",
    "dataset",
    "workflow",
)
"""Kinds whose changes come first, in this order."""
_LAST: Final = ("column", "run")
"""Kinds whose changes come last: there are most of them."""


def described_changes(graph: GraphVersion, moment: int, diff: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the changed assets and edges of an answer of `Queries.diff`, in order of importance.

    `team` is a label as in a closure (`RankedAssets`); `differs` has old and new value of each field. Edges have the kind `EDGE`.
    """
    numbers = [graph.asset_index.number(change["uri"]) or 0 for change in diff["assets"]]
    chosen = np.array(numbers, np.int32)
    ranked = RankedAssets.of(graph, moment, chosen, np.zeros(len(chosen), np.int32))
    assets = [
        {
            "asset": handle_of(graph, number),
            "kind": change["kind"],
            "change": change["change"],
            "name": change["name"],
            "uri": change["uri"],
            "team": ranked.team(place),
            **({"differs": differences(change["before"] or {}, change["after"] or {})} if change["change"] == "changed" else {}),
        }
        for place, (number, change) in enumerate(zip(numbers, diff["assets"], strict=True))
    ]
    assets.sort(key=lambda item: (_rank(item["kind"]), item["uri"]))
    return [
        *(item for item in assets if item["kind"] not in _LAST),
        *_edges(graph, diff),
        *(item for item in assets if item["kind"] in _LAST),
    ]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return [old, new] of each field of a state that differs, of properties by name; null: it had or has none."""
    found: dict[str, Any] = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == "properties":
            found |= {f"properties.{key}": pair for key, pair in differences(old or {}, new or {}).items()}
        else:
            found[name] = [old, new]
    return found


def _edges(graph: GraphVersion, diff: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = []
    for change in diff["edges"]:
        ends = [graph.asset_index.number(change[end]) or 0 for end in ("source", "target")]
        source, target = (f"{handle_of(graph, end)} {graph.asset_index.name(end)}" for end in ends)
        listed.append(
            {
                "asset": source,
                "kind": EDGE,
                "change": change["change"],
                "relation": change["relation"],
                "target": target,
                "team": NO_OWNER,
            }
        )
    return listed


def _rank(kind: str) -> int:
    return _IN_ORDER.index(kind) if kind in _IN_ORDER else len(_IN_ORDER)
