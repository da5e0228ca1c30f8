"""Commands: output, bytes and exit codes, over a real server whose services are a double."""

import gzip
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from mlgraph.api.schema import operations
from mlgraph.cli.main import app
from mlgraph.domain.errors import NotFound, Unavailable
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.services.common.identity import Caller
from tests.api.double_answers import ASSET, LAKE, TOKEN
from tests.api.services_double import Double
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]
JOB = "mlg://workflow/etl/clean_ratings"
HERE = Caller("local")
"""A caller of this machine, of a server with tokens."""
QUERIES = {
    "show": ("show", LAKE),
    "lineage": ("lineage", LAKE),
    "impact": ("impact", LAKE, "--change", "schema"),
    "propagation": ("propagation", LAKE, "--since", "2026-11-01T00:00:00Z"),
    "search": ("search", "ratings", "--kind", "dataset"),
    "path": ("path", LAKE, JOB),
    "diff": ("diff", "--from", "2026-11-01T00:00:00Z", "--to", "2026-11-02T00:00:00Z"),
    "why": ("why", LAKE, "input_to", JOB),
    "live": ("live",),
    "sources": ("sources",),
    "dead-letters": ("dead-letters",),
    "sync": ("sync",),
    "changes": ("changes", "ratings/daily", "--owner", "data"),
}


@pytest.mark.parametrize("query", QUERIES)
def test_json_is_the_body_and_the_rendering_is_readable(query: str, run: Run) -> None:
    as_json = run(*QUERIES[query], "--json")
    assert (as_json.code, as_json.err) == (0, "")
    assert as_json.printed["watermark"] == 42
    assert not as_json.body.endswith(b"\n")
    rendered = run(*QUERIES[query])
    assert (rendered.code, rendered.err) == (0, "")
    assert len(rendered.out) > 20
    assert "\x1b" not in rendered.out


def test_options_reach_the_server_unchanged(run: Run, double: Double) -> None:
    options = "--direction both --depth 2 --kind service --kind run --level run --as-of 2026-11-01T00:00:00+02:00"
    run("lineage", LAKE, *options.split(), "--certain", "--no-fold", "--limit", "5", "--cursor", "c", "--at-least", "3")
    expected = WalkOptions(
        direction="both",
        depth=2,
        kinds=("service", "run"),
        level="run",
        as_of="2026-11-01T00:00:00+02:00",
        certain=True,
        fold=False,
        limit=5,
        cursor="c",
    )
    assert double.calls == [("wait_for", {"watermark": 3}), ("lineage", {"uri": LAKE, "options": expected})]


def test_lineage_is_a_tree(run: Run) -> None:
    lines = run("lineage", LAKE).out.splitlines()
    assert lines[0].startswith("dataset ratings/daily")
    assert re.match(r"└── -> input_to  workflow clean_ratings", lines[1])
    assert re.match(r"    └── -> outputs  dataset ratings/clean", lines[2])
    assert lines[-1] == "3 assets"


def test_impact_names_the_owners_to_notify(run: Run) -> None:
    out = run("impact", LAKE, "--change", "schema").out
    assert "medium" in out
    assert "breaks next run" in out
    assert re.search(r"Notify:\n  data  1 asset", out)


def test_show_replaces_control_characters_in_texts_of_sources(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ASSET, "description", "fine \x1b[31mred\x07 [bold]as it is[/bold]")
    out = run("show", LAKE).out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]as it is[/bold]" in out
    assert "owners" in out


def test_a_cut_answer_reports_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(operations.LINEAGE, "partial", True)
    monkeypatch.setitem(operations.LINEAGE, "frontier", "abc")
    assert "--cursor abc" in run("lineage", LAKE).out


def test_the_deprecated_option_of_up_warns_and_changes_nothing(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    served: list[object] = []
    monkeypatch.setattr("mlgraph.bootstrap.serve", served.append)
    assert run("up", "--data", str(tmp_path)).err == ""
    assert "--hot-run-days is deprecated and has no effect" in run("up", "--data", str(tmp_path), "--hot-run-days", "90").err
    assert served[0] == served[1]
    assert run("up", "--data", str(tmp_path), "--hot-run-days", "0").code == 2


def test_empty_answers_report_what_to_do_next(run: Run) -> None:
    assert "mlgraph connect TOOL URL" in run("sources").out
    assert "mlgraph ingest" in run("live").out


def test_export_streams_the_bytes(run: Run) -> None:
    assert run("export").body.count(b"\n") == 3


def test_exit_codes_of_refusals(run: Run, double: Double) -> None:
    unknown = run("show", "mlg://dataset/a/b")
    assert (unknown.code, unknown.out) == (1, "")
    assert unknown.err.startswith("Error: Unknown asset: ")
    wrong = run("show", "mlg://dataset/a")
    assert (wrong.code, wrong.out) == (2, "")
    assert "has 2 parts, not the three of mlg://KIND/NAMESPACE/NAME" in wrong.err
    double.failure = Unavailable("catching up")
    assert run("live").code == 3
    double.failure = NotFound("no dead letter 7")
    assert run("dead-letters", "--replay", "7").code == 1


def test_a_refusal_in_json_is_the_problem(run: Run) -> None:
    refused = run("show", "mlg://dataset/a/b", "--json")
    assert refused.printed["status"] == 404
    assert refused.err.startswith("Error:")


@pytest.mark.parametrize(
    "wrong",
    [
        ("lineage",),
        ("lineage", LAKE, "--depth", "-1"),
        ("lineage", LAKE, "--direction", "up"),
        ("ingest", "/nowhere/facts.ndjson"),
        ("ingest", "-", "--format", "dbt"),
        ("connect", "excel", "http://x"),
        ("live", "--url", "ftp://x"),
        ("nonsense",),
    ],
)
def test_wrong_usage_is_2_and_prints_nothing_on_standard_output(wrong: tuple[str, ...], run: Run) -> None:
    outcome = run(*wrong)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error" in outcome.err
    if "--format" in wrong:
        assert "unknown format 'dbt'; the formats are facts, cloudevents, openlineage" in outcome.err


def test_a_server_that_is_not_there_is_3(run: Run) -> None:
    outcome = run("live", "--url", "http://127.0.0.1:1")
    assert (outcome.code, outcome.out) == (3, "")
    assert "mlgraph up" in outcome.err
    assert run("--url", "http://127.0.0.1:1", "live").code == 3


def test_the_token_comes_from_the_environment(run: Run, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLGRAPH_TOKEN", TOKEN)
    run("ingest", "-", stdin=b"")
    assert double.calls[0] == ("facts", {"caller": Caller("ci")})
    monkeypatch.setenv("MLGRAPH_TOKEN", "unknown")
    refused = run("live")
    assert refused.code == 1
    assert "MLGRAPH_TOKEN" in refused.err


def test_ingest_sums_over_files_and_names_the_lines_that_were_rejected(run: Run, tmp_path: Path) -> None:
    good = {"asset": {"uri": LAKE}}
    lines = tmp_path / "lines.ndjson"
    lines.write_text(json.dumps(good) + "\n\nnonsense\n" + json.dumps(good))  # no line feed at the end
    array = tmp_path / "array.json"
    array.write_text(json.dumps([good, {"asset": {}}], indent=2))
    indented = tmp_path / "one.json"
    indented.write_text(json.dumps(good, indent=2))
    outcome = run("ingest", str(lines), str(array), str(indented), "-", stdin=b"{}\n")
    assert outcome.code == 1
    assert outcome.out == "accepted 4, duplicates 0, rejected 3; watermark 42\n"
    assert f"{lines}:3: not JSON" in outcome.err
    assert f"{array}:7 /asset/uri: " in outcome.err
    assert "standard input:1: " in outcome.err


def test_ingest_without_rejections_is_0_and_json_is_the_body(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "facts.ndjson"
    file.write_text(json.dumps({"asset": {"uri": LAKE}}) * 1)
    outcome = run("ingest", str(file), "--json")
    assert outcome.code == 0
    assert outcome.printed == {"accepted": 1, "duplicates": 0, "rejected": [], "watermark": 42}


def test_ingest_lists_warnings_by_sort_with_file_and_line_and_the_exit_code_is_0(run: Run, tmp_path: Path) -> None:
    fault = {"pointer": "/inputs/3/name", "message": "left out: must not be empty"}
    other = {"pointer": "/inputs/5/name", "message": "left out: must not be empty"}
    file = tmp_path / "events.ndjson"
    events = [{"run": {}, "warnings": [fault]}, {"run": {}}, {"run": {}, "warnings": [other]}, {"run": {}, "warnings": [fault]}]
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    outcome = run("ingest", str(file), "--format", "openlineage")
    assert outcome.code == 0
    assert outcome.out == "accepted 4, duplicates 0, rejected 0; watermark 42\n"
    assert "3 details of events were left out or read differently" in outcome.err
    assert f"{file}:1 /inputs/3/name: left out: must not be empty (and 2 more: {file}:3, {file}:4)" in outcome.err.replace(
        "\n", ""
    )
    assert run("ingest", str(file), "--format", "openlineage", "--json").printed["warnings_total"] == 3


def test_ingest_of_a_connectors_format_is_streamed_as_lines(run: Run, double: Double) -> None:
    outcome = run("ingest", "-", "--format", "openlineage", stdin=b'{"run":\n{}}')
    assert outcome.code == 0
    assert double.received == [b'{"run": {}}']
    assert [name for name, _ in double.calls] == ["connectors", "ingest_lines"]
    assert double.calls[1][1] == {"form": "openlineage", "caller": HERE}


def test_an_unknown_format_is_2_and_answered_with_the_known_ones(run: Run, double: Double) -> None:
    outcome = run("ingest", "-", "--format", "openlinage", stdin=b"{}")
    answer = " ".join(re.sub("[^a-z0-9 ,?']", " ", outcome.err).split())
    assert outcome.code == 2
    assert "unknown format 'openlinage'" in answer
    assert "did you mean openlineage?" in answer
    assert "facts, cloudevents, openlineage" in answer
    assert double.received == []
    assert run("ingest", "-", "--format", "mlflow", stdin=b"{}").code == 2, "a tool that is only connected has no format"


def test_an_unknown_tool_is_2_and_answered_with_the_known_ones(run: Run) -> None:
    outcome = run("connect", "dbt", "http://dbt:5000")
    assert outcome.code == 2
    assert "known are mlflow" in outcome.err


def test_connectors_are_a_table(run: Run) -> None:
    outcome = run("connectors")
    assert outcome.code == 0
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows[1:] == [
        ["openlineage", "openlineage", "-", "RunEvent", "run,", "input_to"],
        ["mlflow", "-", "mlflow", "RunEvent", "run,", "input_to"],
    ]
    assert json.loads(run("connectors", "--json").out)["watermark"] == 42


def test_ingest_cloudevents_goes_in_batches(run: Run, double: Double) -> None:
    lines = b"".join(b'{"id":"%d"}\n' % number for number in range(2500)) + b"{broken\n"
    outcome = run("ingest", "-", "--format", "cloudevents", "--json", stdin=lines)
    assert [len(json.loads(answer["body"])) for _, answer in double.calls] == [1000, 1000, 500]
    assert outcome.code == 1
    assert outcome.printed["accepted"] == 3  # the double counts one for each batch
    assert outcome.printed["rejected"] == [
        {"index": 2500, "pointer": "", "message": outcome.printed["rejected"][0]["message"]}  # type: ignore[index]
    ]
    assert "standard input:2501: not JSON" in outcome.err


def test_sources_are_a_table_with_their_lag_and_failures(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def sources(_: Double) -> dict[str, object]:
        common = {"kind": "mlflow", "url": "http://mlflow:5000", "done": 1200, "total": None, "error": None}
        prod = {
            **common,
            "name": "prod",
            "state": "following",
            "lag_s": 7200.4,
            "errors": 3,
            "last_error": "not reachable",
            "last_error_at": "2026-11-01T00:00:00Z",
            "dead_letters": 2,
            "events_waiting": 7,
            "environment": "production",
            "last_sweep_at": "2026-11-01T00:00:00.123456Z",
            "next_sweep_at": "2026-11-01T06:00:00Z",
        }
        lab = {
            **common,
            "name": "lab",
            "state": "failed",
            "lag_s": None,
            "errors": 1,
            "error": "HTTP 500",
            "last_error": "HTTP 500",
            "circuit": "open",
            "retry_in_s": 12.0,
        }
        return {"sources": [prod, lab], "warnings": [], "watermark": 42}

    monkeypatch.setattr(Double, "sources", sources)
    lines = run("sources").out.splitlines()
    columns = [re.split(r"\s{2,}", line.strip()) for line in lines[:3]]
    assert columns[0][3:9] == ["lag", "read", "errors", "dead letters", "waiting", "environment"]
    assert columns[1][3:11] == ["2 h", "1,200", "3", "2", "7", "production", "2026-11-01 00:00:00", "2026-11-01 06:00:00"]
    assert columns[2][2:6] == ["failed, circuit open for 12 s", "-", "1,200", "1"]
    assert lines[3:] == ["prod: no current failure; the last one, at 2026-11-01 00:00:00: not reachable", "lab: HTTP 500"]


def test_a_source_that_cannot_be_read_is_1_and_reports_what_to_fix(run: Run, double: Double) -> None:
    outcome = run("sources", "test", "prod")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "prod answers: mlflow 3.17.2 at http://mlflow:5000, with credentials; 2 experiments (2 ms)\n"
    assert double.calls == [("test", {"name": "prod", "caller": HERE})]
    double.source_error = "HTTP 401: who are you?"
    outcome = run("sources", "test", "prod")
    assert (outcome.code, outcome.out) == (1, "prod cannot be read\n")
    assert "HTTP 401: who are you?" in outcome.err
    outcome = run("sources", "test", "prod", "--json")
    assert (outcome.code, outcome.printed["error"]) == (1, "HTTP 401: who are you?")


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from mlgraph.cli.main import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numba', 'numpy', 'httpx', 'fastapi', 'psycopg', 'pydantic'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stderr.strip() == "[]"
    # In processor time, which other work on the machine does not lengthen; 0.2 s are usual.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5
    assert "lineage" in done.stdout


def test_an_export_can_be_piped_into_a_pager_that_stops(shared: tuple[Double, str]) -> None:
    double, url = shared
    double.export_lines = 200_000
    command = f"{sys.executable} -m mlgraph.cli export --url {url} | head -n 1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_the_handbook_names_every_command_and_option() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    words = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL)))
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert "rollout" not in commands
    for name, command in commands.items():
        assert f"mlgraph {name}" in words, f"docs/cli.md does not describe mlgraph {name}"
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert option in words, f"docs/cli.md does not describe {option} of {name}"


def test_gzip_is_left_to_other_producers(run: Run) -> None:
    outcome = run("ingest", "-", stdin=gzip.compress(b"{}"))
    assert outcome.code == 1
    assert "not UTF-8" in outcome.err
