"""Details of one asset: its health and the properties of its relations."""

from __future__ import annotations

import json

from mlgraph.services.common.identity import LOCAL
from tests.services.parts import Json, Serving

WORKFLOW = "mlg://workflow/n/w"


def run(number: int, state: str, **facets: Json) -> bytes:
    event = {
        "eventType": state,
        "eventTime": f"2026-01-{number:02}T00:00:00Z",
        "run": {"runId": f"r{number}", "facets": facets},
        "job": {"namespace": "n", "name": "w"},
    }
    return json.dumps(event).encode()


def health(serving: Serving, as_of: str | None = None) -> Json:
    serving.follow()
    found: Json = serving.queries.asset(WORKFLOW, as_of=as_of)["health"]
    return found


def test_the_health_of_a_workflow_is_that_of_its_latest_ended_run(serving: Serving) -> None:
    serving.intake.ingest("openlineage", run(1, "COMPLETE"), LOCAL)
    assert health(serving) == {"status": "ok", "reasons": []}
    failed = {"errorMessage": {"message": "KeyError: 'age'", "programmingLanguage": "PYTHON"}}
    serving.intake.ingest("openlineage", run(2, "FAIL", **failed), LOCAL)
    serving.intake.ingest("openlineage", run(3, "START"), LOCAL)
    assert health(serving) == {"status": "failing", "reasons": ["latest run ended in FAIL: KeyError: 'age'"]}
    assert health(serving, "2026-01-01T12:00:00Z")["status"] == "ok"
    serving.intake.ingest("openlineage", run(4, "COMPLETE"), LOCAL)
    assert health(serving)["status"] == "ok"


def test_a_relation_lists_all_roles(serving: Serving) -> None:
    edge = {
        "source": "mlg://dataset/n/d",
        "relation": "input_to",
        "target": "mlg://run/n/r",
        "valid_from": "2026-01-01T00:00:00Z",
    }
    for role in ("training", "test"):
        serving.intake.facts(iter([json.dumps({"edge": {**edge, "properties": {"role": role, "rows": 3}}}).encode()]), LOCAL)
    serving.follow()
    (relation,) = serving.queries.asset("mlg://run/n/r")["relations"]
    assert relation["properties"] == {"role": "test, training", "rows": 3}
