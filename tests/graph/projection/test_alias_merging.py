"""Runs that report one asset by two names give the same graph as runs that report it by one."""

from __future__ import annotations

import random
from typing import Any

from mlgraph.domain.facts import AssetFact, AssetRetraction, Declaration, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.uri import AssetUri
from tests.graph.projected import LEVELS_OF_EDGES, Projected
from tests.model import histories
from tests.model.histories import DATASETS, TIMES
from tests.plugins.amounts import amounts

NAME, ASSET = DATASETS[1], DATASETS[0]
BEFORE_ALL = TIMES[0] - 1_000_000


def by_one_name(fact: Fact) -> Fact:
    """Return the same fact with the other name of the asset replaced by the asset."""
    match fact:
        case AssetFact() | AssetRetraction() | Declaration():
            return fact._replace(uri=named(fact.uri))
        case EdgeFact() | EdgeRetraction():
            return fact._replace(source=named(fact.source), target=named(fact.target))


def named(uri: AssetUri) -> AssetUri:
    return ASSET if uri == NAME else uri


def runs_of_one_job(rng: random.Random) -> list[Fact]:
    """Return runs that each read and write some of a few datasets, in any state and code version."""
    facts: list[Fact] = []
    for run in histories.RUNS[: rng.randint(2, 8)]:
        started = rng.randrange(len(TIMES) - 1)
        state: dict[str, Any] = {"state": rng.choice(("COMPLETE", "COMPLETE", "COMPLETE", "FAIL", "RUNNING"))}
        state["sides"] = dict.fromkeys(rng.choice((("inputs", "outputs"), ("inputs", "outputs"), ("inputs",))), True)
        if code := rng.choice((None, None, "1", "2")):
            state["code_version"] = code
        facts.append(EdgeFact(run, "run_of", histories.WORKFLOWS[0], "openlineage", TIMES[started], mode=Mode.PATCH))
        facts.append(AssetFact(run, "openlineage", TIMES[started + rng.randint(0, 1)], {"properties": state}, Mode.PATCH))
        inputs = rng.sample(DATASETS, rng.randint(0, 3))
        facts += [EdgeFact(dataset, "input_to", run, "openlineage", TIMES[started], mode=Mode.PATCH) for dataset in inputs]
        outputs = rng.sample(DATASETS, rng.randint(0, 2))
        facts += [EdgeFact(run, "outputs", dataset, "openlineage", TIMES[started], mode=Mode.PATCH) for dataset in outputs]
    return facts


@amounts(20, 80)
def test_two_names_of_one_asset_are_one_to_the_workflow_that_uses_both(seeds: range) -> None:
    alias = EdgeFact(NAME, "alias_of", ASSET, "config:0", BEFORE_ALL)
    for seed in seeds:
        rng = random.Random(seed)
        facts = runs_of_one_job(rng)
        two = Projected(histories.split(histories.shuffled([*facts, alias], rng), rng))
        one = Projected([[AssetFact(ASSET, "config:0", BEFORE_ALL, {}), *map(by_one_name, facts)]])
        rebuilt = Projected([[*facts, alias]])
        rebuilt.rebuild()
        for moment in [beside for time in TIMES for beside in (time - 1, time)]:
            for level in LEVELS_OF_EDGES:
                for real, how in ((two, "incremental"), (rebuilt, "rebuilt")):
                    where = f"seed {seed} at {level} level, {TIMES.index(moment) if moment in TIMES else moment}, {how}"
                    assert real.edges(level, moment) == one.edges(level, moment), where
                    for root in DATASETS:
                        if str(root) in one.store.assets_by_uri and str(root) in real.store.assets_by_uri and root != NAME:
                            found = real.lineage(root, "downstream", level, moment)
                            assert found == one.lineage(root, "downstream", level, moment), f"{where}, from {root.name}"
