"""Example of the answer about a scene."""

from __future__ import annotations

from typing import Final

from mlgraph.client.answer_shapes.scene_shapes import Scene

_LAKE: Final = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
_JOB: Final = "mlg://workflow/etl/clean_ratings"
SCENE: Final[Scene] = {
    "root": {"uri": _LAKE, "kind": "dataset", "name": "ratings/daily"},
    "direction": "downstream",
    "change": "schema",
    "level": "asset",
    "as_of": "2026-11-21T10:00:00Z",
    "by": "team",
    "ambiguous": [],
    "total": 63,
    "shown": 2,
    "folded": 61,
    "folds": 1,
    "unaffected": 3,
    "compared": None,
    "rows": [{"id": "r5c0a7ad10c5e", "name": "Data", "uri": "mlg://team/org/data", "count": 63}],
    "columns": [
        {"step": 0, "to_step": 0, "count": 1},
        {"step": 1, "to_step": 1, "count": 1},
        {"step": 2, "to_step": 2, "count": 61},
    ],
    "marks": [
        {
            "id": "a0f6c8b1d2e34",
            "at": [0, 0],
            "order": 0,
            "parent": None,
            "count": 1,
            "asset": {
                "uri": _LAKE,
                "kind": "dataset",
                "name": "ratings/daily",
                "effect": None,
                "severity": None,
                "certainty": "certain",
                "distance": 0,
                "present": "same",
            },
        },
        {
            "id": "a7d31f0c9be42",
            "at": [0, 1],
            "order": 0,
            "parent": None,
            "count": 1,
            "asset": {
                "uri": _JOB,
                "kind": "workflow",
                "name": "clean_ratings",
                "effect": "breaks_next_run",
                "severity": "high",
                "certainty": "certain",
                "distance": 1,
                "present": "same",
            },
        },
        {
            "id": "f90b1cc2a4d7e",
            "at": [0, 2],
            "order": 0,
            "parent": None,
            "count": 61,
            "fold": {
                "count": 61,
                "unaffected": 3,
                "absent": 2,
                "label": "dataset",
                "by": "kind",
                "split": "namespace",
                "open": False,
                "kinds": {"dataset": 61},
                "severities": {"medium": 61},
                "effects": {"breaks_next_run": 61},
                "possible": 4,
            },
        },
    ],
    "links": [
        {"from": "a0f6c8b1d2e34", "to": "a7d31f0c9be42", "count": 1, "certainty": "certain"},
        {"from": "a7d31f0c9be42", "to": "f90b1cc2a4d7e", "count": 64, "certainty": "certain"},
    ],
    "selected": {"uri": _JOB, "mark": "a7d31f0c9be42", "open": []},
    "path": ["a0f6c8b1d2e34", "a7d31f0c9be42"],
    "path_assets": [_LAKE, _JOB],
    "moments": [{"at": "2026-11-01T00:00:00Z", "appeared": 66, "gone": 0, "stands_for": 1}],
    "ignored": [],
    "noise": {"count": 0, "by_rule": {}},
    "partial": False,
    "reason": None,
    "watermark": 42,
}
