"""The constant answers of the double of all services."""

from typing import Any

Body = dict[str, Any]

LAKE = "mlg://dataset/s3%3A%2F%2Flake/ratings%2Fdaily"
TOKEN = "a-token-that-is-known"  # noqa: S105 - a token of these tests
ASSET: Body = {
    "uri": LAKE,
    "kind": "dataset",
    "name": "ratings/daily",
    "description": "All ratings of a day",
    "owners": ["mlg://team/org/data"],
    "tags": ["gold"],
    "links": ["https://wiki.example/ratings"],
    "deprecated": False,
    "successor": None,
    "fields": {
        "description": {
            "value": "All ratings of a day",
            "origin": "curation",
            "actor": "ann",
            "at": "2026-11-02T00:00:00Z",
            "others": [{"value": "ratings", "origin": "dbt", "actor": "ci", "at": "2026-11-01T00:00:00Z"}],
        },
    },
    "properties": {"rows": 12, "big": 2**70},
    "environment": None,
    "origins": ["facts"],
    "valid_from": "2026-11-01T00:00:00Z",
    "deleted_at": None,
    "names": [],
    "ambiguous": [],
    "referenced_only": False,
    "relations": [],
    "relations_total": 0,
    "history": [],
    "health": {"status": "unknown", "reasons": []},
    "usage": {"reads": {"runs_30d": 1, "requests_30d": 2_000}, "last_read_at": "2026-11-20T00:00:00Z"},
    "etag": "5f1d7a84db00d2fce00b31a7",
    "as_of": "2026-11-21T10:00:00Z",
    "partial": False,
    "reason": None,
    "cold_runs": 0,
    "watermark": 42,
}
DIFF: Body = {
    "from": "2026-11-01T00:00:00Z",
    "to": "2026-11-02T00:00:00Z",
    "uri": None,
    "assets": [{"uri": LAKE, "kind": "dataset", "name": "ratings/daily", "change": "added", "before": None, "after": {}}],
    "edges": [],
    "total": 1,
    "partial": False,
    "reason": None,
    "cold_runs": 0,
    "watermark": 42,
}
WRITTEN: Body = {"watermark": 42, "warnings": [{"pointer": "/inputs/0", "message": "left out"}], "warnings_total": 1}
LIVE: Body = {"services": [], "as_of": "2026-11-21T10:00:00Z", "watermark": 42}
CONNECTORS: Body = {
    "connectors": [
        {
            "name": name,
            "accepts_events": name != "mlflow",
            "connects": name == "mlflow",
            "event_types": ["RunEvent"],
            "kinds": ["run"],
            "relations": ["input_to"],
            "redacted": ["/user"],
            "cloudevent_types": [],
            "media_types": [],
            "mentions_in_passing": True,
            "setup": [{"tool": "spark", "where": "the shell", "lines": ["export URL=http://x", "export NAME=<NAME>"]}]
            if name != "mlflow"
            else [],
            "connected": [{"name": "prod", "state": "following"}] if name == "mlflow" else [],
            "received": name != "mlflow",
        }
        for name in ("openlineage", "mlflow")
    ],
    "needs_token": True,
    "watermark": 42,
}

RESTORED: Body = {
    "made_at": "2026-11-01T00:00:00Z",
    "schema": 2,
    "from_schema": 1,
    "instance": "9a1c6f0e-9d1f-4a33-8b4e-0b8f6f6f0c11",
    "from_instance": None,
    "rows": {"tx": 42, "asset": 1_000},
    "watermark": 42,
}
