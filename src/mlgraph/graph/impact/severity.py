"""Severity of an effect on an asset, by the table that docs/impact.md shows (docs/spec.md#6-impact)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SEVERITIES: Final = ("critical", "high", "medium", "low")

_OTHERS: Final = "*"
TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "breaks_now": {
        "service": "critical", "agent": "critical", "deployment": "critical", "feature_service": "high",
        "experiment": "high", "variant": "high", "rollout": "high", _OTHERS: "high",
    },
    "breaks_next_run": {
        "service": "high", "agent": "high", "deployment": "high", "workflow": "high", "feature_service": "high",
        "experiment": "medium", "variant": "medium", "rollout": "medium", _OTHERS: "medium",
    },
    "tainted": {
        "service": "high", "agent": "high", "deployment": "high", "experiment": "high", "variant": "high", "rollout": "high",
        "dataset": "medium", "feature": "medium", "feature_view": "medium", "feature_service": "medium", "index": "medium",
        "model": "medium", "model_version": "medium", "evaluation": "medium", _OTHERS: "low",
    },
}  # fmt: skip
"""Severity by effect and kind. Without a `change`, reached assets count as tainted."""

RAISED_IF_DEPLOYED: Final = frozenset({"model_version", "model", "image"})
"""Kinds whose severity is at least high while a deployment runs them."""


def severity(effect: str | None, kind: str, *, deployed: bool, soft: bool, idle: bool) -> str:
    """Return the severity of `effect` (None: reached without an effect) on an asset.

    `deployed`: a deployment runs it now. `soft`: every path to it has a soft requirement. `idle`: its state shows that it is not
    in use. `soft` and `idle` each lower the severity by one step.
    """
    row = TABLE[effect or "tainted"]
    rank = SEVERITIES.index(row.get(kind, row[_OTHERS]))
    if deployed and kind in RAISED_IF_DEPLOYED:
        rank = min(rank, SEVERITIES.index("high"))
    rank += soft + idle
    return SEVERITIES[min(rank, len(SEVERITIES) - 1)]
