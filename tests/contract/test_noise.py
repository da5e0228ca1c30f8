"""Noise rules end to end: mlgraph.yaml, events, answers over HTTP and in the terminal (docs/noise.md)."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.producing import Producer, at
from tests.contract.serving import PROGRAM, Api, Json, Names, Process

PAGE = Path(__file__).parents[2] / "docs" / "noise.md"


@pytest.fixture
def quiet(start: Callable[..., Process], tmp_path: Path) -> Iterator[Api]:
    """A server with the rules of the handbook's example."""
    [example] = re.findall(r"loads this example -->\n```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "mlgraph.yaml").write_text(example)
    client = Api(start("--data", str(tmp_path / "data"), "--config", str(tmp_path / "mlgraph.yaml")).url)
    yield client
    client.close()


def nodes(answer: Json) -> list[tuple[str, int]]:
    return [(node["name"], node["distance"]) for node in answer["nodes"]]


def terminal(api: Api, *arguments: str) -> str:
    done = subprocess.run([PROGRAM, *arguments, "--url", api.url], capture_output=True, text=True, check=True)
    return done.stdout


def test_tables_that_dbt_swaps_are_folded(api: Api, names: Names) -> None:
    p = Producer(names)
    api.events(
        [
            p.run("1", 1, "COMPLETE", ["raw"], ["orders__dbt_tmp"], job="build"),
            p.run("2", 2, "COMPLETE", ["orders__dbt_tmp"], ["orders"], job="swap"),
        ]
    )
    answer = api.ask("lineage", uri=names.dataset("raw"))
    assert nodes(answer) == [("raw", 0), ("build", 1), ("swap", 2), ("orders", 3)]
    assert answer["folded"] == {"count": 1, "by_rule": {"dbt-temporary": 1}}
    [over] = [edge for edge in answer["edges"] if "folded" in edge]
    assert over == {
        "source": names.workflow("build"),
        "relation": "input_to",
        "target": names.workflow("swap"),
        "origins": ["openlineage"],
        "certainty": "certain",
        "folded": 1,
    }
    assert api.ask("lineage", uri=names.dataset("raw"), fold="false")["total"] == 5
    hurt = api.ask("impact", uri=names.dataset("raw"), change="schema")
    assert ("orders", 3) in [(each["name"], each["distance"]) for each in hurt["affected"]]
    assert hurt["folded"]["count"] == 1
    path = api.ask("paths", source=names.dataset("raw"), target=names.dataset("orders"))
    assert [step.get("folded") for step in path["path"]] == [None, None, 1, None]
    before = api.ask("lineage", uri=names.dataset("raw"), as_of=at(1.5))
    assert nodes(before) == [("raw", 0), ("build", 1)]
    assert before["folded"]["count"] == 1

    tree = terminal(api, "lineage", names.dataset("raw"))
    assert "-> input_to over 1 folded  workflow swap" in tree
    assert "1 asset folded as noise: 1 by dbt-temporary; --no-fold shows them" in tree
    assert "folded as" not in terminal(api, "lineage", names.dataset("raw"), "--no-fold")
    assert "over 1 folded" in terminal(api, "path", names.dataset("raw"), names.dataset("orders"))
    assert "1 asset folded as noise" in terminal(api, "impact", names.dataset("raw"))


def test_rules_of_mlgraph_yaml_add_to_the_shipped_ones(quiet: Api, names: Names) -> None:
    p = Producer(names)
    quiet.events(
        [
            p.run("1", 1, "COMPLETE", ["shop.raw"], ["shop.staging.a", "shop.staging.b"], job="load"),
            p.run("2", 2, "COMPLETE", ["shop.staging.a"], ["shop.a__dbt_tmp"], job="build"),
            p.run("3", 3, "COMPLETE", ["shop.a__dbt_tmp"], ["shop.a"], job="swap"),
        ]
    )
    answer = quiet.ask("lineage", uri=names.dataset("shop.raw"))
    assert nodes(answer) == [("shop.raw", 0), ("load", 1), ("build", 2), ("swap", 3), ("shop.a", 4)]
    assert answer["folded"] == {"count": 3, "by_rule": {"dbt-temporary": 1, "staging tables": 2}}


def test_retries_are_left_out_at_run_level(quiet: Api, names: Names) -> None:
    p = Producer(names)
    quiet.events(
        [
            p.run("try-1", 1, "FAIL", ["raw"], None, job="load"),
            p.run("try-2", 2, "ABORT", ["raw"], ["clean"], job="load"),
            p.run("try-3", 3, "COMPLETE", ["raw"], ["clean"], job="load"),
            p.run("next", 4, "FAIL", ["raw", "other"], ["clean"], job="load"),
        ]
    )
    answer = quiet.ask("lineage", uri=names.dataset("raw"), level="run")
    assert [name for name, _ in nodes(answer)] == ["raw", "next", "try-3", "clean"]
    assert answer["folded"] == {"count": 2, "by_rule": {"retries": 2}}
    assert quiet.ask("lineage", uri=names.dataset("raw"), level="run", fold="false")["total"] == 6
    before = quiet.ask("lineage", uri=names.dataset("raw"), level="run", as_of=at(2.5))
    assert [name for name, _ in nodes(before)] == ["raw", "try-1", "try-2", "clean"]
    assert quiet.ask("lineage", uri=names.run("try-1"))["nodes"][0]["uri"] == names.run("try-1")
