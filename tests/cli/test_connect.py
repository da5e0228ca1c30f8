"""The command connect."""

from __future__ import annotations

import pytest

from mlgraph.domain.naming.naming_context import NO_CONTEXT, NamingContext
from mlgraph.services.common.identity import Caller
from tests.api.services_double import Double
from tests.cli.conftest import Run

HERE = Caller("local")
"""A caller of this machine, of a server with tokens."""


def test_connect_follows_until_it_is_done(run: Run, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    states = iter([("backfilling", 1), ("backfilling", 2), ("following", 3)])

    def sources(_: Double) -> dict[str, object]:
        state, done = next(states)
        found = {
            "name": "prod",
            "kind": "mlflow",
            "url": "http://mlflow:5000",
            "state": state,
            "done": done,
            "total": 3,
        }
        return {"sources": [found], "warnings": [], "watermark": 42}

    monkeypatch.setattr(Double, "sources", sources)
    outcome = run("connect", "mlflow", "http://mlflow:5000", "--name", "prod")
    assert (outcome.code, outcome.out) == (0, "prod is connected and following; 3 objects read\n")
    sent = {"kind": "mlflow", "url": "http://mlflow:5000", "name": "prod", "caller": HERE}
    assert double.calls == [("connect", {**sent, "naming": NO_CONTEXT})]


def test_connect_sends_what_decides_names(run: Run, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"name": "prod", "kind": "mlflow", "url": "u", "state": "following"}
    monkeypatch.setattr(Double, "sources", lambda _: {"sources": [found], "warnings": [], "watermark": 42})
    settings = ("--scope", "lab", "--place", "snowflake://o-a", "--registry", "mlflow:prod")
    assert run("connect", "mlflow", "http://mlflow:5000", "--name", "prod", *settings).code == 0
    naming = NamingContext("lab", "snowflake://o-a", "mlflow:prod")
    sent = {"kind": "mlflow", "url": "http://mlflow:5000", "name": "prod", "caller": HERE, "naming": naming}
    assert double.calls == [("connect", sent)]


def test_a_backfill_that_fails_is_1_and_reports_how_to_continue(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def sources(_: Double) -> dict[str, object]:
        found = {"name": "prod", "kind": "mlflow", "url": "u", "state": "failed", "error": "it answered 500"}
        return {"sources": [found], "warnings": [], "watermark": 42}

    monkeypatch.setattr(Double, "sources", sources)
    outcome = run("connect", "mlflow", "http://mlflow:5000", "--name", "prod")
    assert (outcome.code, outcome.out) == (1, "")
    assert "it answered 500" in outcome.err
    assert "mlgraph connect mlflow http://mlflow:5000 --name prod" in " ".join(outcome.err.split())
