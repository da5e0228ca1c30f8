"""Examples of answers about names and changes."""

from __future__ import annotations

from typing import Final

from mlgraph.client.answer_shapes import change_shapes, name_shapes

_LAKE: Final = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
_JOB: Final = "mlg://workflow/etl/clean_ratings"
_TIME: Final = "2026-11-01T00:00:00Z"
_AS_OF: Final = "2026-11-21T10:00:00Z"
RESOLVED: Final[name_shapes.ResolvedName] = {
    "name": "ratings/daily",
    "uri": _LAKE,
    "matches": [{"uri": _LAKE, "kind": "dataset", "name": "ratings/daily", "how": "name", "same_case": True}],
    "total": 1,
    "partial": False,
    "nearest": [],
    "watermark": 42,
}
_CHANGED: Final[change_shapes.ChangedEnd] = {
    "uri": _LAKE,
    "kind": "dataset",
    "name": "ratings/daily",
    "owners": ["mlg://team/org/data"],
    "team": "mlg://team/org/data",
}
CHANGES: Final[change_shapes.Changes] = {
    "from": "2026-11-20T10:00:00Z",
    "to": _AS_OF,
    "uri": None,
    "owner": None,
    "changes": [
        {
            "change": "altered",
            "asset": _CHANGED,
            "relation": None,
            "target": None,
            "fields": [{"field": "description", "before": None, "after": "All ratings of a day", "left_out_bytes": None}],
            "fields_total": 1,
            "valid_from": _TIME,
            "recorded_at": "2026-11-21T09:00:00Z",
            "origin": "facts",
            "actor": "local",
        },
        {
            "change": "appeared",
            "asset": _CHANGED,
            "relation": "input_to",
            "target": {"uri": _JOB, "kind": "workflow", "name": "clean_ratings", "owners": [], "team": None},
            "fields": [],
            "fields_total": 0,
            "valid_from": _TIME,
            "recorded_at": "2026-11-21T08:00:00Z",
            "origin": None,
            "actor": "ci",
        },
    ],
    "total": 2,
    "total_is": "exact",
    "runs": 14,
    "partial": False,
    "reason": None,
    "frontier": None,
    "watermark": 42,
}
RECORDED: Final[change_shapes.RecordedSince] = {
    "as_of": "2026-11-21T10:00:00Z",
    "after": 42,
    "until": "2026-11-21T10:00:00Z",
    "total": 3,
    "total_is": "exact",
    "watermark": 57,
}
