"""The command connect."""

from __future__ import annotations

import json
from pathlib import Path

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
    assert double.calls[0] == ("connect", {**sent, "naming": NO_CONTEXT})


def test_connect_sends_what_decides_names(run: Run, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"name": "prod", "kind": "mlflow", "url": "u", "state": "following"}
    monkeypatch.setattr(Double, "sources", lambda _: {"sources": [found], "warnings": [], "watermark": 42})
    settings = ("--scope", "lab", "--place", "snowflake://o-a", "--registry", "mlflow:prod")
    assert run("connect", "mlflow", "http://mlflow:5000", "--name", "prod", *settings).code == 0
    naming = NamingContext("lab", "snowflake://o-a", "mlflow:prod")
    sent = {"kind": "mlflow", "url": "http://mlflow:5000", "name": "prod", "caller": HERE, "naming": naming}
    assert double.calls[0] == ("connect", sent)


def test_a_backfill_that_fails_is_1_and_reports_how_to_continue(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def sources(_: Double) -> dict[str, object]:
        found = {"name": "prod", "kind": "mlflow", "url": "u", "state": "failed", "error": "it answered 500"}
        return {"sources": [found], "warnings": [], "watermark": 42}

    monkeypatch.setattr(Double, "sources", sources)
    outcome = run("connect", "mlflow", "http://mlflow:5000", "--name", "prod")
    assert (outcome.code, outcome.out) == (1, "")
    assert "it answered 500" in outcome.err
    assert "mlgraph connect mlflow http://mlflow:5000 --name prod" in " ".join(outcome.err.split())


def test_without_arguments_the_tools_are_listed(run: Run, double: Double) -> None:
    outcome = run("connect")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert (outcome.code, outcome.err) == (0, "")
    assert rows[1][:2] == ["openlineage", "pushed"]
    assert rows[1][-2:] == ["events", "arrived"]
    assert rows[2] == ["spark", "pushed,", "as", "openlineage", "-", "-"]
    assert rows[3] == ["mlflow", "pulled", "prod", "following"]
    assert "mlgraph connect TOOL URL" in outcome.out
    assert run("connect", "--json").printed["connectors"]
    assert {name for name, _ in double.calls} == {"connectors"}


def test_a_tool_without_a_url_prints_the_lines_to_paste(run: Run) -> None:
    lines = run("connect", "spark", "--name", "etl", "--scope", "prod").out.splitlines()
    entry = json.loads(lines[1])
    assert (entry["actor"], entry["source"], entry["scope"], len(entry["sha256"])) == ("etl", "etl", "prod", 64)
    assert lines[2:] == ["", "# the shell", "export URL=http://x", "export NAME=etl"]
    printed = run("connect", "spark", "--json").printed["setup"]
    assert [(each["tool"], each["lines"][-1]) for each in printed][1:] == [("spark", "export NAME=spark")]  # type: ignore[attr-defined]
    assert json.loads(printed[0]["lines"][0])["scope"] == "spark"  # type: ignore[index]


@pytest.mark.parametrize(
    ("tool", "advice"),
    [
        ("mlflow", "give its URL, mlgraph connect mlflow URL"),
        ("sparc", "did you mean spark?"),
        ("excel", "tools are mlflow, spark"),
    ],
)
def test_a_tool_without_lines_is_2_with_what_to_do(run: Run, tool: str, advice: str) -> None:
    outcome = run("connect", tool)
    assert (outcome.code, outcome.out) == (2, "")
    assert advice in " ".join(outcome.err.replace("\u2502", " ").split())


def test_connect_shows_what_arrived_and_what_has_no_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    gap = {
        "message": "names a table without its place: set 'place' of this source",
        "objects": 12,
        "example": "mlg://run/n/\x1b[31m",
    }
    found = {"name": "prod", "kind": "mlflow", "url": "u", "state": "following", "done": 1200}
    found |= {"arrived": {"model": 4, "run": 1196}, "gaps": [gap], "gaps_total": 1, "gaps_partial": False}
    monkeypatch.setattr(Double, "sources", lambda _: {"sources": [found], "warnings": [], "watermark": 42})
    outcome = run("connect", "mlflow", "http://mlflow:5000", "--name", "prod")
    assert outcome.code == 0
    first, arrived, *gaps = outcome.out.splitlines()
    assert first == "prod is connected and following; 1,200 objects read"
    assert arrived == "model 4, run 1,196"
    assert " ".join(gaps).startswith("12 objects: names a table without its place: set 'place' of this source, such as")
    assert "\x1b" not in outcome.out


def test_a_folder_without_files_of_the_tool_is_refused(run: Run, double: Double, tmp_path: Path) -> None:
    outcome = run("connect", "dbt", str(tmp_path))
    assert outcome.code == 2
    assert "manifest.json" in outcome.err
    assert double.calls == []


def test_options_of_urls_and_folders_are_not_mixed(run: Run, tmp_path: Path) -> None:
    assert "no --name" in run("connect", "dbt", str(tmp_path), "--name", "prod").err
    assert "--profiles" in run("connect", "mlflow", "http://mlflow:5000", "--profiles", str(tmp_path)).err
