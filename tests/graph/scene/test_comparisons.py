"""Comparisons of a closure at two moments."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import cast

import pytest

from mlgraph.domain.facts import AssetFact
from mlgraph.domain.options.scene_options import SceneOptions
from mlgraph.domain.timestamps import format_time
from tests.graph.projected import Projected
from tests.graph.scene.test_scenes import SECOND, Answers, all_open, checked, company, places
from tests.model import histories


@pytest.mark.parametrize("seed", range(4))
def test_each_mark_counts_what_appeared_what_is_gone_and_what_is_the_same(seed: int) -> None:
    rng = random.Random(seed)
    facts = company(rng, rng.choice((30, 300)), teams=5, namespaces=4, cyclic=0.1)
    answers = Answers(Projected([facts]))
    root = cast("AssetFact", facts[0]).uri
    before, after = (format_time(histories.START + second * SECOND) for second in sorted(rng.sample(range(13), 2)))
    then, now = (set(answers.counted(root, SceneOptions(as_of=each))) for each in (before, after))
    options = SceneOptions(as_of=after, from_=before, marks=1000)
    expected = {"appeared": len(now - then), "gone": len(then - now), "same": len(now & then)}
    scene = all_open(answers, root, options)
    assert scene["compared"] == {"from": before, "total": len(then), **expected}
    for presence, wanted in (("appeared", now - then), ("gone", then - now), ("same", now & then)):
        assert {mark["asset"]["uri"] for mark in scene["marks"] if mark.get("asset", {}).get("present") == presence} == wanted
    closed = checked(answers.scene(root, options))
    sums = dict.fromkeys(expected, 0)
    for mark in closed["marks"]:
        if "asset" in mark:
            sums |= {each: sums[each] + 1 for each in expected if each == mark["asset"]["present"]}
        else:
            sums = {each: sums[each] + mark["fold"]["compared"][each] for each in expected}
    assert sums == expected
    plain = answers.scene(root, replace(options, from_=None))
    assert plain["compared"] is None
    assert places(plain) == places(closed)
