"""The comment of a pull request: order, first screen, escaping, size, and one line where nothing is affected."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from mlgraph.api.schema import operations
from mlgraph.cli.renderers.pull_request_comment import MARKER, MAX_BYTES, comment
from mlgraph.client.answer_shapes.changed_files_shapes import ChangedFilesImpact
from mlgraph.domain.uri import AssetUri
from tests.cli.conftest import Run

SERVER = "http://user:secret@mlgraph.internal:8765"


def answer(**changes: Any) -> ChangedFilesImpact:
    found: Any = {**copy.deepcopy(operations.CHANGED_FILES), **changes}
    return found  # type: ignore[no-any-return]


def affected(count: int, name: str = "job", steps: int = 3) -> list[dict[str, Any]]:
    first = dict(operations.CHANGED_FILES["affected"][0])
    path = [str(AssetUri("dataset", "s3://lake", f"{name} step {step}")) for step in range(steps)]
    return [
        {**first, "uri": str(AssetUri("workflow", "etl", f"{name}{number}")), "name": f"{name}{number}", "path": path}
        for number in range(count)
    ]


def test_the_order_of_the_comment() -> None:
    text = comment(answer(unknown=["README.md"], failed=["1 asset breaks now"]), "origin/main", SERVER)
    places = [
        text.index(part)
        for part in (
            "1 breaks at its next run, in 1 team; watermark 42, as of the merge base with",
            MARKER,
            "**Above the threshold**: 1 asset breaks now",
            "**Tell** data @org/data (1 asset, breaks at its next run)",
            "| effect | severity | asset | path |",
            "**What can be done**",
            "<summary>Changed: 1 asset</summary>",
            "<summary>All 1 affected by team</summary>",
            "<summary>Build again</summary>",
            "<summary>1 file mlgraph knows nothing about: not safe, unknown</summary>",
            "[Impact of the first change](http://mlgraph.internal:8765/api/v1/impact?uri=mlg%3A%2F%2Fcolumn",
        )
    ]
    assert places == sorted(places)
    assert "secret" not in text
    assert "at_least=42" in text


def test_the_first_screen_has_at_most_25_lines() -> None:
    teams = [{**operations.CHANGED_FILES["by_team"][0], "team": f"mlg://team/org/t{n}", "name": f"t{n}"} for n in range(40)]
    changes = [{**operations.CHANGED_FILES["assets"][0], "change": change} for change in ("schema", "retire", "values")]
    text = comment(answer(affected=affected(500), total=500, by_team=teams, assets=changes, failed=["x"]), "main", SERVER)
    screen = text[: text.index("<details>")].rstrip("\n").splitlines()
    assert len(screen) <= 25, screen
    assert sum(line.startswith("| breaks") for line in screen) == 10
    assert "| | | 490 more | by team below |" in screen
    assert "and 35 more teams below" in text


@pytest.mark.parametrize("name", ["x" * 1000, "ö" * 1000, "|`<b>@someone #1 ![x](http://e)\n" * 30, "short"])
@pytest.mark.parametrize("count", [11, 3000])
def test_the_size_is_bounded_between_rows(name: str, count: int) -> None:
    unknown = [f"{name[:300]}/{number}.sql" for number in range(count)]
    unread = [{"path": path, "line": 3, "reason": name} for path in unknown]
    workflows = [str(AssetUri("workflow", "etl", f"{name[:500]}{n}")) for n in range(min(count, 1000))]
    many = answer(
        affected=affected(min(count, 1000), name[:500], steps=12),
        total=count,
        by_team=[{**operations.CHANGED_FILES["by_team"][0], "total": count, "name": name}],
        assets=[{**operations.CHANGED_FILES["assets"][0], "path": path, "detail": name} for path in unknown],
        unknown=unknown,
        unread=unread,
        rebuild={"dbt": [f"m{n}+" for n in range(count)], "workflows": workflows, "workflows_total": count},
    )
    text = comment(many, "main", SERVER)
    assert len(text.encode()) <= MAX_BYTES
    assert text.count("<details>") == text.count("</details>") == 4
    assert all(line.count("|") in (0, 5) for line in text.splitlines() if line.startswith("|")), "a row is whole"
    by_team = text[text.index("affected by team") : text.index("Build again")]
    shown = sum(line.startswith("  - ") for line in by_team.splitlines())
    left = re.search(r"([\d,]+) more left out", by_team)
    assert shown + (int(left[1].replace(",", "")) if left else 0) == count, "what is left out is counted"


def test_assets_of_one_name_are_shown_with_their_places() -> None:
    uris = [str(AssetUri("dataset", namespace, "bread_sales")) for namespace in ("s3://bakery", "postgres://lab:5432")]
    changes = [{**operations.CHANGED_FILES["assets"][0], "uri": uri, "certainty": "possible"} for uri in uris]
    lines = [line for line in comment(answer(assets=changes), "main", SERVER).splitlines() if "(possible)" in line]
    assert len(set(lines)) == 2
    assert "s3" in lines[0]
    assert "lab" in lines[1]


def test_names_from_sources_are_text() -> None:
    hostile = "a|b`c<img src=x onerror=1> @octocat #12 [x](http://evil) </details>\n# head"
    hostile_answer = answer(
        affected=[{**affected(1)[0], "name": hostile, "kind": "dataset", "path": [str(AssetUri("dataset", "n", hostile))] * 2}],
        by_team=[{**operations.CHANGED_FILES["by_team"][0], "name": hostile, "handle": "@a b"}],
        unknown=[hostile],
        unread=[{"path": hostile, "line": 1, "reason": hostile}],
        verdict=hostile,
    )
    text = comment(hostile_answer, hostile, SERVER)
    for piece in ("<img", "](http://evil", "\n# head", "c<", "@a b", " @octocat", "`"):
        assert piece not in text
    assert text.count("</details>") == text.count("<details>")


def test_nothing_affected_is_one_line() -> None:
    nothing = answer(affected=[], total=0, unknown=[], unread=[], by_team=[], verdict="nothing known is affected")
    text = comment(nothing, "main", SERVER)
    assert text.count("\n") == 1
    assert text.endswith(f"{MARKER}\n")
    unknown = comment(answer(affected=[], total=0, by_team=[], unknown=["x.sql"], unread=[]), "main", SERVER)
    assert "x&#46;sql" in unknown, "an unknown file is named even if nothing else is affected"


def test_options_of_one_form_are_refused_in_the_other(run: Run) -> None:
    assert run("impact").code == 2
    assert run("impact", "mlg://dataset/a/b", "mlg://dataset/a/c").code == 2
    assert run("impact", "mlg://dataset/a/b", "--fail-on", "3").code == 2
    assert run("impact", "--changed", "x", "--depth", "3").code == 2
    assert run("impact", "--changed", "x", "--base", "no such branch").code == 2
