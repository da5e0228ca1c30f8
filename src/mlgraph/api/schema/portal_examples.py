"""Examples of answers that the portal needs beside those of the graph."""

from __future__ import annotations

from typing import Final

from mlgraph.client.answer_shapes import coverage_shapes, session_shapes, team_shapes

SESSION: Final[session_shapes.CallerSession] = {
    "actor": "ann",
    "by": "session",
    "sign_in": "required",
    "admin": False,
    "source": None,
    "environment": None,
    "writes_curation": True,
    "csrf_token": "9f2c1e0d6b7a48359f2c1e0d6b7a48359f2c1e0d6b7a48359f2c1e0d6b7a4835",
    "expires_at": "2026-11-21T22:00:00Z",
}
SESSION_ENDED: Final[session_shapes.SessionEnded] = {"ended": True}
COVERAGE: Final[coverage_shapes.DeployedCoverage] = {
    "as_of": "2026-11-21T10:00:00Z",
    "deployed": 2,
    "reaching": {"dataset": 2, "owner": 1, "commit": 2, "evaluation": 2, "experiment": 1, "reference": 3},
    "expected": {"dataset": 2, "owner": 2, "commit": 2, "evaluation": 2, "experiment": 1, "reference": 4},
    "gaps": [
        {
            "uri": "mlg://model_version/mlflow%3Aprod/ranker%2F7",
            "name": "ranker/7",
            "services": ["mlg://service/acme/home-feed"],
            "missing": "owner",
            "reason": "nobody owns it, nor its model",
            "fix": "mlgraph annotate 'mlg://model/mlflow%3Aprod/ranker' --owner '<TEAM>'",
        },
        {
            "uri": "mlg://variant/acme/ranker-test%2Fchallenger",
            "name": "challenger",
            "services": [],
            "missing": "reference",
            "reason": "variant challenger names no model",
            "fix": (
                'printf \'%s\\n\' \'{"edge": {"source": "mlg://model_version/<NAMESPACE>/<NAME>", "relation": "tested_in", '
                '"target": "mlg://variant/acme/ranker-test%2Fchallenger"}}\' | mlgraph ingest - --format facts'
            ),
        },
    ],
    "total": 2,
    "partial": False,
    "reason": None,
    "watermark": 42,
}
TEAM: Final[team_shapes.Team] = {
    "uri": "mlg://team/org/data",
    "name": "data",
    "members": [{"uri": "mlg://person/acme/u-1842", "name": "u-1842"}],
    "members_total": 1,
    "owns": {"dataset": 12, "workflow": 3},
    "total": 15,
    "depends_on": [{"team": "mlg://team/org/platform", "name": "platform", "assets": 2}],
    "depended_on_by": [{"team": None, "name": None, "assets": 1}],
    "as_of": "2026-11-21T10:00:00Z",
    "watermark": 42,
}
