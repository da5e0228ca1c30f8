"""Cycles are one boxed mark of each row, which opens in place and counts what is in it."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import pytest

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact
from mlgraph.domain.options.scene_options import SceneOptions
from mlgraph.domain.options.walk_options import Direction
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from tests.graph.projected import Projected
from tests.graph.scene.test_scenes import SECOND, Answers, all_open, check_every_asset, checked, places
from tests.model import histories

START = histories.START
ROOT = AssetUri("dataset", "s3://lake", "root")


def table(name: str) -> AssetUri:
    return AssetUri("dataset", "s3://lake", name)


def derives(source: AssetUri, target: AssetUri, start: int = START, end: int | None = None) -> EdgeFact:
    return EdgeFact(source, "derives", target, "facts", start, end)


def ring(names: str, team: str = "data", end: int | None = None) -> list[Fact]:
    """A cycle of assets with these names, the last edge of which ends at `end`."""
    members = [table(name) for name in names]
    facts: list[Fact] = [AssetFact(each, "facts", START, {"owners": [f"mlg://team/acme/{team}"]}) for each in members]
    facts += [derives(one, other) for one, other in pairwise(members)]
    return [*facts, derives(members[-1], members[0], end=end)]


def boxes(scene: dict[str, Any]) -> list[dict[str, Any]]:
    return [mark for mark in scene["marks"] if "fold" in mark and mark["fold"]["by"] == "cycle"]


def test_a_cycle_is_one_box_that_opens_in_place() -> None:
    facts = [*ring("abc"), derives(ROOT, table("a")), derives(table("c"), table("z"))]
    answers = Answers(Projected([facts]))
    scene = checked(answers.scene(ROOT, SceneOptions()))
    [box] = boxes(scene)
    assert (box["count"], box["fold"]["label"], box["cycle"]["count"]) == (3, "cycle", 3)
    assert (scene["total"], scene["shown"], scene["folded"], scene["folds"]) == (5, 2, 3, 1)
    assert all("cycle" not in mark for mark in scene["marks"] if "asset" in mark)
    opened = checked(answers.scene(ROOT, SceneOptions(open=(box["id"],))))
    assert places(opened, but=box["id"]) == places(scene)
    parts = [mark for mark in opened["marks"] if mark["parent"] == box["id"]]
    assert [mark["asset"]["name"] for mark in parts] == ["a", "b", "c"]
    assert all(mark["cycle"] == box["cycle"] for mark in parts)
    between = {frozenset((link["from"], link["to"])) for link in opened["links"]}
    assert {frozenset((parts[0]["id"], parts[1]["id"])), frozenset((parts[1]["id"], parts[2]["id"]))} <= between


def test_the_root_of_a_cycle_stays_a_mark_of_its_own_beside_the_box() -> None:
    facts = [*ring("abc"), derives(table("c"), table("z"))]
    answers = Answers(Projected([facts]))
    for direction in get_args(Direction):
        scene = checked(answers.scene(table("a"), SceneOptions(direction=direction)))
        [box] = boxes(scene)
        [root] = [mark for mark in scene["marks"] if mark.get("asset", {}).get("name") == "a"]
        assert (box["count"], root["cycle"], box["cycle"]["count"]) == (2, box["cycle"], 3)


def test_a_cycle_of_several_teams_has_a_box_in_each_row_and_one_id() -> None:
    facts = [*ring("ab", "x"), *ring("cd", "y"), derives(table("b"), table("c")), derives(table("d"), table("a"))]
    facts += [AssetFact(AssetUri("team", "acme", team), "facts", START, {}) for team in "xy"]
    scene = checked(Answers(Projected([[*facts, derives(ROOT, table("a"))]])).scene(ROOT, SceneOptions(by="team")))
    assert [(box["count"], box["cycle"]["count"]) for box in boxes(scene)] == [(2, 4), (2, 4)]
    assert len({box["cycle"]["id"] for box in boxes(scene)}) == 1
    assert sorted(row["count"] for row in scene["rows"]) == [1, 2, 2]


def test_a_box_keeps_its_place_and_counts_what_is_there() -> None:
    later = START + 5 * SECOND
    facts = [derives(ROOT, table("a")), *ring("abc", end=later), derives(table("c"), table("d"), start=later)]
    facts += [AssetFact(table("d"), "facts", START, {"owners": ["mlg://team/acme/data"]}), derives(table("d"), table("b"), later)]
    answers = Answers(Projected([facts]))
    for moment, count in ((START, 3), (later, 4)):
        scene = checked(answers.scene(ROOT, SceneOptions(as_of=format_time(moment))))
        assert [box["count"] for box in boxes(scene)] == [count]
        assert places(scene) == places(checked(answers.scene(ROOT, SceneOptions())))


def with_cycles(rng: random.Random, cycles: int, size: int) -> list[Fact]:
    """Cycles of 2 to 30 assets of several kinds and teams behind one root, with edges between some of them."""
    facts: list[Fact] = [AssetFact(AssetUri("team", "acme", f"t{number}"), "facts", START, {}) for number in range(3)]
    firsts: list[AssetUri] = []
    for number in range(cycles):
        kinds = rng.choice((("dataset",), ("dataset", "workflow")))
        members = [
            AssetUri(rng.choice(kinds), f"ns{rng.randrange(4)}", f"n{number:03}_{at:03}") for at in range(rng.randint(2, size))
        ]
        for one, other in zip(members, [*members[1:], members[0]], strict=True):
            facts.append(AssetFact(one, "facts", START, {"owners": [f"mlg://team/acme/t{rng.choice((0, 0, 0, 1, 2))}"]}))
            end = START + rng.randrange(2, 9) * SECOND if rng.random() < 0.1 else None
            facts.append(derives(one, other, START + rng.randrange(4) * SECOND, end))
        facts.append(derives(rng.choice([ROOT, *firsts]), members[0]))
        firsts.append(members[-1])
    return facts


@pytest.mark.parametrize("seed", range(6))
def test_scenes_of_cycles_add_up_in_every_state_and_do_not_depend_on_the_order_of_facts(seed: int) -> None:
    rng = random.Random(seed)
    facts = with_cycles(rng, rng.choice((3, 8, 60)), rng.choice((4, 30)))
    shuffled = rng.sample(facts, len(facts))
    answers, others = Answers(Projected([facts])), Answers(Projected([shuffled]))
    for moment in (3, 20):
        options = SceneOptions(as_of=format_time(START + moment * SECOND), by=rng.choice(("team", "kind", "namespace")))
        scene = check_every_asset(answers, ROOT, options)
        by_cycle: dict[str, int] = {}
        for mark in scene["marks"]:
            if "asset" in mark and "cycle" in mark:
                by_cycle[mark["cycle"]["id"]] = by_cycle.get(mark["cycle"]["id"], 0) + mark["count"]
        assert all(by_cycle[box["cycle"]["id"]] == box["cycle"]["count"] for box in boxes(scene))
        for state in (options, replace(options, open=tuple(mark["id"] for mark in scene["marks"][:40]))):
            assert answers.scene(ROOT, state) == others.scene(ROOT, state)
        assert all_open(others, ROOT, options)["total"] == scene["total"]
