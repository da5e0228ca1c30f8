"""Scenes show each asset once, with the counts of lineage, impact and the naive model, at every time and fold state."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, Final, cast, get_args

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact
from mlgraph.domain.options.scene_options import GroupingName, SceneChange, SceneOptions
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.noise.rules import Noise
from mlgraph.graph.scene import moments
from mlgraph.inference.rules import NO_RULES
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.query import Queries
from mlgraph.services.queries.scene.scenes import Scenes
from tests.graph.projected import Level, Projected
from tests.graph.test_against_naive import in_batches, some_moments
from tests.model import histories
from tests.model.naive import NaiveGraph
from tests.plugins.amounts import amounts

Json = dict[str, Any]
LEVELS: Final[tuple[Level, ...]] = ("asset", "run")
DIRECTIONS: Final = ("downstream", "upstream", "both")
GROUPINGS: Final = get_args(GroupingName)
CHANGES: Final[tuple[SceneChange | None, ...]] = (None, *get_args(SceneChange))
SECOND: Final = 1_000_000


class Answers:
    """Scenes, lineage and impact of one graph, as clients read them."""

    def __init__(self, of: Projected) -> None:
        follower = cast("Follower", SimpleNamespace(snapshot=lambda: of.snapshot, rules=NO_RULES))
        noise = Noise()
        self.scenes, self.queries = Scenes(of.store, follower, noise), Queries(of.store, follower, noise)

    def scene(self, root: AssetUri, options: SceneOptions) -> Json:
        found: Json = orjson.loads(orjson.dumps(self.scenes.scene(str(root), options)))
        return found

    def counted(self, root: AssetUri, options: SceneOptions) -> dict[str, Json]:
        """What `options` count, by URI, as lineage and impact list it; the root is in it."""
        walk = options.walk()
        if options.change is None:
            found = orjson.loads(orjson.dumps(self.queries.lineage(str(root), walk)))
            assert len(found["nodes"]) == found["total"]
            return {node["uri"]: node for node in found["nodes"]}
        change = None if options.change == "any" else options.change
        found = orjson.loads(orjson.dumps(self.queries.impact(str(root), walk, change=change)))
        return {str(root): {}, **{each["uri"]: each for each in found["affected"]}}


def checked(scene: Json) -> Json:
    """Return a scene whose numbers add up."""
    marks = scene["marks"]
    by_id = {mark["id"]: mark for mark in marks}
    assert len(by_id) == len(marks), "ids are distinct"
    assert sum(mark["count"] for mark in marks) == scene["total"]
    assert scene["shown"] == sum(mark["count"] for mark in marks if "asset" in mark)
    assert scene["folded"] == sum(mark["count"] for mark in marks if "fold" in mark)
    assert scene["shown"] + scene["folded"] == scene["total"]
    assert scene["folds"] == sum(mark["count"] > 0 for mark in marks if "fold" in mark)
    assert sum(row["count"] for row in scene["rows"]) == sum(column["count"] for column in scene["columns"]) == scene["total"]
    assert len(scene["rows"]) <= 12
    assert len(scene["columns"]) <= 10
    places = [(mark["at"], mark["parent"], mark["order"]) for mark in marks]
    assert len({orjson.dumps(place) for place in places}) == len(places), "places are distinct"
    for mark in marks:
        parts = [each for each in marks if each["parent"] == mark["id"]]
        if "fold" not in mark:
            assert parts == []
            continue
        fold = mark["fold"]
        assert mark["count"] == (0 if fold["open"] else fold["count"])
        assert sum(fold["kinds"].values()) == fold["count"]
        for counts in (fold["severities"], fold["effects"]):
            assert sum(counts.values()) in ((fold["count"],) if scene["change"] not in (None, "any") else (0, fold["count"]))
        assert fold["open"] == bool(parts)
        if parts:
            assert len(parts) <= 12
            assert all(part["at"] == mark["at"] for part in parts)
            inside = [part["fold"]["count"] if "fold" in part else part["count"] for part in parts]
            assert sum(inside) == fold["count"]
    ends = {end for link in scene["links"] for end in (link["from"], link["to"])}
    assert ends <= {mark["id"] for mark in marks if "asset" in mark or not mark["fold"]["open"]}
    return scene


def closed_folds(scene: Json) -> list[str]:
    return [mark["id"] for mark in scene["marks"] if "fold" in mark and not mark["fold"]["open"]]


def places(scene: Json, but: str = "") -> dict[str, tuple[Any, ...]]:
    """The place of each mark, without the parts of the fold `but`."""
    return {mark["id"]: (*mark["at"], mark["order"], mark["parent"]) for mark in scene["marks"] if mark["parent"] != but}


def all_open(answers: Answers, root: AssetUri, options: SceneOptions) -> Json:
    """Open one fold after the other, as long as there is one; no mark moves meanwhile."""
    opened: list[str] = []
    scene = checked(answers.scene(root, options))
    while folds := closed_folds(scene):
        opened.append(folds[0])
        wider = checked(answers.scene(root, replace(options, open=tuple(opened))))
        assert places(wider, but=folds[0]) == places(scene)
        assert {**wider, "marks": [], "links": [], "ignored": []} == {
            **scene,
            "marks": [],
            "links": [],
            "ignored": [],
            "shown": wider["shown"],
            "folded": wider["folded"],
            "folds": wider["folds"],
        }
        scene = wider
    return scene


def check_every_asset(answers: Answers, root: AssetUri, options: SceneOptions) -> Json:
    """With every fold open, the marks are the assets that lineage or impact lists, each once."""
    scene = all_open(answers, root, replace(options, marks=1000))
    expected = answers.counted(root, options)
    shown = [mark["asset"] for mark in scene["marks"] if "asset" in mark]
    counted = {mark["asset"]["uri"]: mark["asset"] for mark in scene["marks"] if mark["count"]}
    assert scene["total"] == len(expected)
    assert set(counted) == set(expected)
    for uri, node in expected.items():
        for name in ("kind", "name", "certainty", "distance", "severity", "effect"):
            assert counted[uri][name] == node.get(name, counted[uri][name]), (uri, name)
    lineage = answers.counted(root, replace(options, change=None))
    assert scene["unaffected"] == len(set(lineage) - set(expected))
    assert {asset["uri"] for asset in shown if asset["present"] in ("same", "appeared")} == set(lineage)
    return scene


def edges_and_assets(answers: Answers, root: AssetUri, options: SceneOptions) -> tuple[set[str], Any]:
    """The assets of a closure; these and the edges between them, with their certainty."""
    found = orjson.loads(orjson.dumps(answers.queries.lineage(str(root), options.walk())))
    nodes = sorted((node["uri"], node["certainty"]) for node in found["nodes"])
    edges = sorted((edge["source"], edge["relation"], edge["target"], edge["certainty"]) for edge in found["edges"])
    return {uri for uri, _ in nodes}, (nodes, edges)


def expected_moments(answers: Answers, root: AssetUri, options: SceneOptions, boundaries: Iterable[int]) -> list[Json]:
    """The moments at which the closure differs from that before, found by asking for lineage before and at each boundary."""
    found = []
    for moment in boundaries:
        (before, old), (after, new) = (
            edges_and_assets(answers, root, replace(options, as_of=format_time(each))) for each in (moment - 1, moment)
        )
        if old != new:
            sizes = {"appeared": len(after - before), "gone": len(before - after)}
            found.append({"at": format_time(moment), **sizes, "stands_for": 1})
    return found


def drawn_options(rng: random.Random, moment: int) -> SceneOptions:
    direction = rng.choice(DIRECTIONS)
    return SceneOptions(
        direction=direction,  # type: ignore[arg-type] # one of DIRECTIONS
        change=rng.choice(CHANGES) if direction == "downstream" else None,
        kinds=tuple(rng.sample(("dataset", "workflow", "model"), 2)) if rng.random() < 0.2 else (),
        level=rng.choice(LEVELS),
        as_of=format_time(moment),
        certain=rng.random() < 0.2,
        by=rng.choice(GROUPINGS),
    )


@amounts(20, 60)
@settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(facts=histories.histories(), seed=st.integers(0, 2**32 - 1))
def test_scenes_of_histories_equal_the_other_answers_at_every_moment(facts: list[Fact], seed: int) -> None:
    rng = random.Random(seed)
    naive, real = NaiveGraph(facts), Projected(in_batches(facts, rng))
    answers = Answers(real)
    boundaries = sorted(naive.boundaries())
    for root in rng.sample(sorted(naive.uris()), min(3, len(naive.uris()))):
        options = drawn_options(rng, boundaries[0])
        first: Json | None = None
        for moment in some_moments(facts, rng, 4):
            scene = check_every_asset(answers, root, replace(options, as_of=format_time(moment)))
            if options.change is None and not options.kinds and not options.certain:
                reached = naive.lineage(root, options.direction, options.level or "asset", moment)
                assert scene["total"] == len(reached)
            first = first or scene
            assert places(scene) == places(first)
            for name in ("rows", "columns"):
                assert [{**each, "count": 0} for each in scene[name]] == [{**each, "count": 0} for each in first[name]]
        assert first is not None
        assert first["moments"] == expected_moments(answers, root, options, boundaries)


def company(rng: random.Random, size: int, *, teams: int, namespaces: int, cyclic: float) -> list[Fact]:
    """A random graph of assets of several kinds, whose edges begin and end at random times."""
    kinds = ("dataset", "workflow", "evaluation", "service", "model_version")
    uris = [
        AssetUri(kinds[rng.randrange(5)], f"space-{rng.randrange(namespaces)}", f"asset_{number:05d}") for number in range(size)
    ]
    facts: list[Fact] = []
    for number, uri in enumerate(uris):
        owners = {"owners": [f"mlg://team/acme/t{rng.randrange(teams)}"]} if teams and rng.random() < 0.8 else {}
        facts.append(AssetFact(uri, "facts", histories.START, owners))
        for _ in range(rng.choice((1, 1, 2))):
            near = max(0, number - rng.choice((3, 30, size)))
            if number:
                source = uris[rng.randrange(near, number)]
                ends = (uri, source) if rng.random() < cyclic else (source, uri)
                start = histories.START + rng.randrange(12) * SECOND
                end = start + rng.randrange(1, 12) * SECOND if rng.random() < 0.3 else None
                facts.append(EdgeFact(ends[0], relation_between(ends[0].kind, ends[1].kind), ends[1], "facts", start, end))
    facts += [AssetFact(AssetUri("team", "acme", f"t{number}"), "facts", histories.START, {}) for number in range(teams)]
    return facts


def relation_between(source: str, target: str) -> str:
    """Return a walked relation: the kinds at its ends are not checked."""
    return "derives" if source == target else "required_by" if target == "service" else "input_to"


@pytest.mark.parametrize("seed", range(12))
def test_scenes_of_companies_add_up_in_every_state(seed: int) -> None:
    rng = random.Random(seed)
    size = rng.choice((3, 30, 60, 200, 700))
    facts = company(rng, size, teams=rng.choice((0, 1, 5, 40)), namespaces=rng.choice((1, 4, 60)), cyclic=rng.choice((0, 0.1)))
    answers = Answers(Projected([facts]))
    root = cast("AssetFact", facts[0]).uri
    lasting: dict[str, Any] = {}
    found: list[Json] = []
    for moment in sorted(rng.sample(range(13), 4)):
        for change in CHANGES:
            options = SceneOptions(
                change=change,
                as_of=format_time(histories.START + moment * SECOND),
                by=rng.choice(GROUPINGS),
                marks=rng.choice((20, 150)),
            )
            scene = checked(answers.scene(root, options))
            found = scene["moments"]
            assert len(scene["marks"]) <= options.marks
            assert scene["total"] == len(answers.counted(root, options))
            lasting.setdefault(f"{scene['by']} {options.marks}", places(scene))
            assert lasting[f"{scene['by']} {options.marks}"] == places(scene), "time and change move nothing"
            check_random_openings(answers, root, options, scene, rng)
    assert found == expected_moments(answers, root, SceneOptions(), (histories.START + second * SECOND for second in range(25)))


def check_random_openings(answers: Answers, root: AssetUri, options: SceneOptions, scene: Json, rng: random.Random) -> None:
    opened: list[str] = []
    for _ in range(5):
        folds = [each for each in closed_folds(scene) if each not in opened]
        if not folds:
            break
        opened.append(rng.choice(folds))
        wider = checked(answers.scene(root, replace(options, open=(*opened, "f0"))))
        assert len(wider["marks"]) <= options.marks
        assert wider["total"] == scene["total"]
        assert {"id": "f0", "reason": "unknown"} in wider["ignored"]
        refused = {each["id"] for each in wider["ignored"] if each["reason"] == "no_room"}
        if opened[-1] in refused:
            assert places(wider) == places(scene)
            assert len(scene["marks"]) >= options.marks - 1
        else:
            assert places(wider, but=opened[-1]) == places(scene)
        scene = wider


def test_many_moments_are_grouped_and_each_counts_those_of_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    root = AssetUri("dataset", "s3://lake", "root")
    facts: list[Fact] = [
        EdgeFact(root, "derives", AssetUri("dataset", "s3://lake", f"d{number:04d}"), "facts", histories.START + number * SECOND)
        for number in range(900)
    ]
    answers = Answers(Projected([facts]))
    for most_work in (moments._MOST_WORK, 0):
        monkeypatch.setattr(moments, "_MOST_WORK", most_work)
        answers = Answers(Projected([facts]))
        found = answers.scene(root, SceneOptions(marks=150))["moments"]
        assert len(found) == 200
        assert sum(each["stands_for"] for each in found) == sum(each["appeared"] for each in found) == 900
        assert [each["at"] for each in found] == sorted(each["at"] for each in found)
        for before, after in pairwise(found):
            options = [SceneOptions(as_of=each["at"]) for each in (before, after)]
            sizes = [answers.scene(root, each)["total"] for each in options]
            assert sizes[1] - sizes[0] == after["appeared"]


def star(leaves: int, owner: Sequence[str] = ()) -> tuple[AssetUri, list[Fact]]:
    root = AssetUri("dataset", "s3://lake", "root")
    facts: list[Fact] = []
    for number in range(leaves):
        leaf = AssetUri("workflow", "etl", f"job_{number:05d}")
        facts.append(AssetFact(leaf, "facts", histories.START, {"owners": list(owner)}))
        facts.append(EdgeFact(root, "input_to", leaf, "facts", histories.START))
    return root, facts


@pytest.mark.parametrize(("leaves", "folds"), [(0, 0), (1, 0), (39, 0), (40, 1)])
def test_up_to_forty_assets_are_drawn_unfolded(leaves: int, folds: int) -> None:
    root, facts = star(leaves)
    facts.append(AssetFact(root, "facts", histories.START, {}))
    scene = checked(Answers(Projected([facts])).scene(root, SceneOptions()))
    assert (scene["total"], scene["folds"]) == (leaves + 1, folds)


def test_each_of_many_children_of_one_team_is_found_by_opening_what_select_names() -> None:
    root, facts = star(5000, owner=["mlg://team/acme/data"])
    answers = Answers(Projected([facts]))
    wanted = str(AssetUri("workflow", "etl", "job_04321"))
    scene = checked(answers.scene(root, SceneOptions(select=wanted, by="team")))
    assert scene["path_assets"] == [str(root), wanted]
    selected = scene["selected"]
    assert len(selected["open"]) <= 3
    assert scene["path"][-1] == selected["mark"]
    opened = checked(answers.scene(root, SceneOptions(select=wanted, by="team", open=tuple(selected["open"]))))
    [mark] = [mark for mark in opened["marks"] if mark["id"] == opened["selected"]["mark"]]
    assert mark["asset"]["uri"] == wanted
    assert opened["path"][-1] == mark["id"]
    assert opened["total"] == 5001


def test_a_fold_without_room_for_all_parts_has_a_rest() -> None:
    root, facts = star(100)
    answers = Answers(Projected([facts]))
    options = SceneOptions(marks=20)
    opened: list[str] = []
    scene = answers.scene(root, options)
    for _ in range(3):
        opened.append(next(each for each in reversed(closed_folds(scene)) if each not in opened))
        scene = checked(answers.scene(root, replace(options, open=tuple(opened))))
    assert len(scene["marks"]) == 20
    [rest] = [mark["fold"] for mark in scene["marks"] if "fold" in mark and mark["fold"]["split"] == "rest"]
    assert rest["label"] == f"{rest['count']} more"
    assert {"id": opened[-1], "reason": "no_room"} in scene["ignored"]


def test_a_fold_opens_with_as_many_parts_as_its_id_names() -> None:
    root, facts = star(100)
    answers = Answers(Projected([facts]))
    [fold] = closed_folds(answers.scene(root, SceneOptions()))
    for parts in (2, 5, 12, 99):
        scene = checked(answers.scene(root, SceneOptions(open=(f"{fold}:{parts}",))))
        labels = [mark["fold"]["label"] for mark in scene["marks"] if mark["parent"] == fold and "fold" in mark]
        assert len([mark for mark in scene["marks"] if mark["parent"] == fold]) == min(parts, 12)
        assert labels[-1].endswith(" more") == (parts < 12)
    for wrong in (f"{fold}:", f"{fold}:x", f"{fold}:99999"):
        assert answers.scene(root, SceneOptions(open=(wrong,)))["ignored"] == [{"id": wrong, "reason": "unknown"}]


def test_the_row_of_others_opens_by_its_id() -> None:
    root = AssetUri("dataset", "s3://lake", "root")
    facts: list[Fact] = []
    for number in range(120):
        leaf = AssetUri("workflow", "etl", f"job_{number:05d}")
        facts.append(AssetFact(leaf, "facts", histories.START, {"owners": [f"mlg://team/acme/t{number % 20:02d}"]}))
        facts.append(EdgeFact(root, "input_to", leaf, "facts", histories.START))
    facts += [AssetFact(AssetUri("team", "acme", f"t{number:02d}"), "facts", histories.START, {}) for number in range(20)]
    answers = Answers(Projected([facts]))
    scene = checked(answers.scene(root, SceneOptions(by="team")))
    others = scene["rows"][-1]
    assert (len(scene["rows"]), others["rows"], others["name"]) == (12, 10, "10 others")
    opened = checked(answers.scene(root, SceneOptions(by="team", open=(others["id"],))))
    assert opened["ignored"] == []
    parts = [mark for mark in opened["marks"] if mark["parent"] is not None]
    assert {mark["at"][0] for mark in parts} == {11}
    assert {mark["fold"]["label"] for mark in parts if "fold" in mark} == {f"t{number:02d}" for number in range(10, 20)}
    assert places(opened, but=parts[0]["parent"]) == places(scene)
