"""Of equally short paths the first by URIs is shown, whatever the order in which facts arrive (docs/spec.md#10-ties)."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise, product
from typing import Any

import pytest

from mlgraph.domain.facts import EdgeFact, Fact
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import WALKED
from mlgraph.graph.impact.change_effects import CHANGES
from mlgraph.services.queries.query import Queries
from tests.graph.noise.test_folding import LEVELS, RULES, body, hidden_from, queries, rule
from tests.graph.projected import Level, Projected
from tests.graph.test_against_naive import in_batches, some_moments
from tests.model import histories
from tests.model.naive import NaiveGraph
from tests.plugins.amounts import amounts

Json = dict[str, Any]
EDGES_AT = 5
NOW = format_time(9)


def layered(rng: random.Random) -> list[Fact]:
    """Return datasets and workflows in layers with many equally short paths; some edges are possible only, by pairs."""
    names = [f"{number:02}" for number in range(40)]
    rng.shuffle(names)
    layers: list[list[AssetUri]] = [[AssetUri("dataset", "lake", "root")]]
    for depth in range(rng.randint(2, 5)):
        kind = "workflow" if depth % 2 == 0 else rng.choice(("dataset", "dataset", "model_version"))
        layers.append([AssetUri(kind, "lake", names.pop()) for _ in range(rng.randint(1, 5))])
    facts: list[Fact] = []
    for near, far in pairwise(layers):
        relation = "outputs" if near[0].kind == "workflow" else "input_to"
        facts += [EdgeFact(*ends, "facts", EDGES_AT) for ends in _joined(rng, near, relation, far)]
    for version in (uri for layer in layers for uri in layer if uri.kind == "model_version"):
        facts.append(EdgeFact(version, "version_of", AssetUri("model", "lake", rng.choice("mn")), "facts", EDGES_AT))
    return facts


def _joined(
    rng: random.Random, near: list[AssetUri], relation: str, far: list[AssetUri]
) -> Iterable[tuple[AssetUri, str, AssetUri]]:
    for source, target in product(near, far):
        if rng.random() < 0.7:
            yield source, relation, target


def paths_shown(service: Queries, root: AssetUri, as_of: str, level: Level, *, fold: bool) -> dict[str, list[str]]:
    answer = body(service.impact(str(root), WalkOptions(level=level, as_of=as_of, fold=fold)))
    return {each["uri"]: each["path"] for each in answer["affected"]}


def check_paths(naive: NaiveGraph, service: Queries, root: AssetUri, moment: int, level: Level, hidden: set[AssetUri]) -> int:
    """Compare all paths from a root with the naive model; return how many there are."""
    as_of, fold = format_time(moment), bool(hidden)
    expected = {
        direction: naive.walk(level, moment, downstream=direction == "downstream", hidden=hidden).paths_from(root)
        for direction in ("downstream", "upstream")
    }
    downstream = {str(uri): list(path) for uri, path in expected["downstream"].items() if uri != root}
    shown = paths_shown(service, root, as_of, level, fold=fold)
    assert shown == {uri: path for uri, path in downstream.items() if uri in shown}, (root, moment, level)
    for target in naive.uris() - hidden:
        path = body(service.path(str(root), str(target), level=level, as_of=as_of, fold=fold))
        wanted = expected["downstream"].get(target) or expected["upstream"].get(target) or ()
        assert [step["uri"] for step in path["path"]] == list(wanted), (root, target, moment, level)
        if path["direction"] == "downstream" and not hidden:
            check_steps(naive, path, moment, level)
    return len(shown)


def check_steps(naive: NaiveGraph, path: Json, moment: int, level: Level) -> None:
    """Check that the stated certainty and relations are those of a path over exactly these assets."""
    walk = naive.walk(level, moment, downstream=True)
    steps = path["path"]
    root, *others = [AssetUri.parse(step["uri"]) for step in steps]
    starts = walk.parents_and_parts(root)
    states: dict[Any, bool] = {(root, None): True}
    for uri in others:
        reached: dict[Any, bool] = {}
        for state, certain in states.items():
            is_part = state[1] is None and any((part, parent) == (uri, state[0]) for part, _, parent in walk.parts)
            if is_part and uri in starts and starts.get(state[0]) == starts[uri] - 1:
                reached[uri, None] = True
            for following, step_is_certain in walk.next(state):
                if following[0] == uri:
                    reached[following] = reached.get(following, False) or (certain and step_is_certain)
            if uri.kind == "model" and any((part, parent) == (state[0], uri) for part, _, parent in walk.parts):
                reached[uri, None] = reached.get((uri, None), False) or certain
        states = reached
    assert states, path
    assert path["certainty"] == ("certain" if any(states.values()) else "possible"), path
    edges = {triple for triple in naive.edges(level, moment) if triple[1] in WALKED} | naive.part_edges(moment)
    for near, far in pairwise(steps):
        if AssetUri.parse(far["uri"]).kind != "dataset" or AssetUri.parse(near["uri"]).kind != "column":
            ends = AssetUri.parse(near["uri"]), AssetUri.parse(far["uri"])
            assert (ends[0], far["relation"], ends[1]) in edges or (ends[1], far["relation"], ends[0]) in edges, path


@amounts(20, 60)
@pytest.mark.parametrize("compact_at", [None, 3])
def test_paths_in_layers_are_those_of_the_naive_model(compact_at: int | None, seeds: range) -> None:
    compared = 0
    for seed in seeds:
        rng = random.Random(seed)
        facts = layered(rng)
        naive, real = NaiveGraph(facts), Projected(in_batches(facts, rng), compact_at)
        service = queries(real, ())
        roots = sorted(uri for uri in naive.uris() if str(uri) in real.store.assets_by_uri)
        for root in [AssetUri("dataset", "lake", "root"), *rng.sample(roots, 3)]:
            if root in naive.uris():
                compared += check_paths(naive, service, root, 9, "asset", set())
    assert compared > 500 * len(seeds) // 60


@amounts(12, 40)
def test_paths_in_random_histories_are_those_of_the_naive_model(seeds: range) -> None:
    compared = 0
    for seed in seeds:
        rng = random.Random(seed)
        facts = histories.random_history(rng)
        naive, real = NaiveGraph(facts), Projected(in_batches(facts, rng), rng.choice((None, 3)))
        rules = [rule(*reported) for reported in rng.sample(RULES, 2)]
        service = queries(real, rules)
        roots = sorted(uri for uri in naive.uris() if str(uri) in real.store.assets_by_uri)
        for moment, level in product(some_moments(facts, rng, 2), LEVELS):
            for root in rng.sample(roots, min(4, len(roots))):
                compared += check_paths(naive, service, root, moment, level, set())
    assert compared > 300 * len(seeds) // 40


def test_hidden_assets_are_not_on_the_paths_that_are_compared() -> None:
    folded = 0
    for seed in range(40):
        rng = random.Random(seed)
        facts = layered(rng)
        naive, real = NaiveGraph(facts), Projected(in_batches(facts, rng))
        rules = [rule(kind, f".*[{digits}]") for kind, digits in (("dataset", "02468"), ("workflow", "13"))]
        service = queries(real, rules)
        root = AssetUri("dataset", "lake", "root")
        if root not in naive.uris():
            continue
        hidden = hidden_from(naive, rules, root, 9)
        expected = naive.walk("asset", 9, downstream=True, hidden=hidden).paths_from(root)
        shown = paths_shown(service, root, NOW, "asset", fold=True)
        assert shown == {str(uri): list(path) for uri, path in expected.items() if uri != root}, seed
        for target in expected:
            path = body(service.path(str(root), str(target), level="asset", as_of=NOW))
            assert [step["uri"] for step in path["path"]] == list(expected[target]), (seed, target)
        folded += len(hidden)
    assert folded > 100


def answers(service: Queries, naive: NaiveGraph, moment: int, roots: list[AssetUri]) -> list[Json]:
    """Return the answers to all kinds of queries about some assets, without watermarks."""
    as_of = format_time(moment)
    found: list[Json] = []
    for root, level in product(roots, LEVELS):
        options = WalkOptions(level=level, as_of=as_of)
        found += [
            body(service.lineage(str(root), WalkOptions(direction=direction, level=level, as_of=as_of)))
            for direction in ("downstream", "upstream", "both")
        ]
        found += [body(service.impact(str(root), options, change=change)) for change in (None, *CHANGES)]
        found += [body(service.path(str(root), str(target), level=level, as_of=as_of)) for target in roots]
    found += [body(service.asset(str(root), as_of=as_of)) for root in roots]
    changed_at = format_time(moment - 3)
    found += [body(service.propagation(str(root), since=changed_at, as_of=as_of)) for root in roots if root.kind != "column"]
    found += [body(service.diff(changed_at, as_of)), body(service.live(as_of=as_of)), body(service.names())]
    for source, relation, target in sorted(naive.edges("asset", moment)):
        found.append(body(service.why(str(source), relation, str(target), as_of=as_of)))
    return [without_arrival(answer) for answer in found]


def without_arrival(answer: Any) -> Any:
    """Return an answer without the fields that say when and by which transaction something was recorded."""
    if isinstance(answer, dict):
        return {k: without_arrival(v) for k, v in answer.items() if k not in ("watermark", "recorded_at", "actor", "event")}
    return [without_arrival(each) for each in answer] if isinstance(answer, list) else answer


@amounts(6, 25)
def test_answers_are_the_same_bytes_in_any_order_and_grouping_of_facts(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        facts = histories.random_history(rng) + layered(rng)
        naive = NaiveGraph(facts)
        first = Projected([facts])
        roots = rng.sample(sorted(uri for uri in naive.uris() if str(uri) in first.store.assets_by_uri), 5)
        moments = [histories.TIMES[-1], *some_moments(facts, rng, 1)]
        expected = [answers(queries(first, ()), naive, moment, roots) for moment in moments]
        for compact_at in (None, 3, None):
            other = Projected(in_batches(facts, rng), compact_at)
            assert [answers(queries(other, ()), naive, moment, roots) for moment in moments] == expected, f"seed {seed}"
