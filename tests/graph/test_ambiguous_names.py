"""Traversals go on from the claimants of an ambiguous name (docs/spec.md#11-ambiguous-names), compared with the naive model."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import product

import pytest

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.graph.impact.analysis import ImpactWalk
from mlgraph.graph.impact.path import shortest_path
from mlgraph.graph.model.rows import Layer
from mlgraph.graph.traversal.closures import DirectionName
from tests.graph.projected import Level, Projected
from tests.graph.test_against_naive import DIRECTIONS, LEVELS, disagreements, in_batches, some_moments
from tests.model import histories
from tests.model.histories import DATASETS, TIMES
from tests.model.naive import NaiveGraph
from tests.plugins.amounts import amounts

A, B, C, D, E = DATASETS
NAME, OTHER_NAME = (AssetUri("dataset", "arn:aws:glue:eu-west-1:1", f"table/lake/{name}") for name in "nm")


def some_claims(rng: random.Random) -> list[Fact]:
    """Return claims on one or two names, each by several assets or none at every time; the first may claim the second."""
    names = rng.sample([*DATASETS, NAME, OTHER_NAME], rng.randint(1, 2))
    facts: list[Fact] = []
    for number, name in enumerate(names):
        others = [uri for uri in dict.fromkeys((*DATASETS, *names[:number])) if uri not in names[number:]]
        origin, start = rng.choice(histories.ORIGINS), rng.randint(0, 4)
        until = rng.choice((None, None, rng.randint(start + 2, 9)))
        for place, claimant in enumerate(rng.sample(others, rng.randint(2, len(others)))):
            first, last = start, until
            if place > 1:  # the first two claim it throughout
                first = rng.randint(start, start + 2)
                last = rng.choice((until, rng.randint(first + 1, 7) if until is None else until))
            facts += claim(name, claimant, first, last, origin, retracted=rng.random() < 0.5)
    return facts


def claim(
    name: AssetUri,
    claimant: AssetUri,
    start: int,
    end: int | None = None,
    origin: str = "openlineage",
    *,
    retracted: bool = False,
) -> list[Fact]:
    """Return the facts of a claim in [start, end), which ends by a retraction or is reported with its end."""
    ends = None if end is None else TIMES[end]
    if ends is None or not retracted:
        return [EdgeFact(name, "alias_of", claimant, origin, TIMES[start], ends)]
    return [EdgeFact(name, "alias_of", claimant, origin, TIMES[start]), EdgeRetraction(name, "alias_of", claimant, origin, ends)]


def history_with_claims(rng: random.Random) -> list[Fact]:
    facts = [fact for fact in histories.random_history(rng) if not isinstance(fact, AssetRetraction)]
    columns = [
        AssetFact(column_uri(dataset, field), "facts", TIMES[0], {}, Mode.PATCH)
        for dataset in (*DATASETS, NAME)
        for field in "xy"
        if rng.random() < 0.5
    ]
    return [*facts, *columns, *some_claims(rng)]


@amounts(4, 25)
@pytest.mark.parametrize(("compact_at", "from_feed"), [(0, 0.8), (3, 0.0), (3, 1.0), (None, 0.9)])
def test_closures_over_claims_are_those_of_the_naive_model_in_any_order(
    compact_at: int | None, from_feed: float, seeds: range
) -> None:
    for seed in seeds:
        rng = random.Random(50_000 + 1000 * (compact_at or 0) + seed)
        facts = history_with_claims(rng)
        batches, feed_rng = in_batches(facts, rng), random.Random(seed)
        naive, real = NaiveGraph(facts), Projected(batches, compact_at, lambda feed_rng=feed_rng: feed_rng.random() < from_feed)  # type: ignore[misc]
        for moment in some_moments(facts, rng, 2):
            assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == [], f"seed {seed} at {moment}"
        real.rebuild()
        for moment in some_moments(facts, rng, 1):
            assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == [], f"seed {seed} at {moment}, rebuilt"


@amounts(15, 60)
def test_impact_and_paths_agree_with_lineage_over_claims(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(60_000 + seed)
        facts = history_with_claims(rng)
        real, uris = Projected([facts]), sorted(NaiveGraph(facts).uris())
        for moment, level in zip(some_moments(facts, rng, 2), LEVELS, strict=False):
            for root in rng.sample(uris, min(5, len(uris))):
                assert list(wrong_paths(real, root, level, moment)) == [], f"seed {seed} at {moment}"
                assert list(wrong_impact(real, root, level, moment)) == [], f"seed {seed} at {moment}"


def wrong_paths(real: Projected, root: AssetUri, level: Level, moment: int) -> Iterator[str]:
    layer = Layer.ASSET if level == "asset" else Layer.RUN
    for direction in DIRECTIONS:
        for target, (distance, certainty) in real.lineage(root, direction, level, moment).items():
            if direction == "upstream" and target.kind == "model":
                continue  # lineage adds the model of a version that it reaches
            ends = number_of(real, root), number_of(real, target)
            path, certain = shortest_path(real.snapshot, *ends, direction, layer, moment)
            if len(path) != distance + 1 or (certain and certainty != "certain"):
                yield f"path of {len(path) - 1} steps {direction} from {root} to {target}"


def wrong_impact(real: Projected, root: AssetUri, level: Level, moment: int) -> Iterator[str]:
    layer, index = Layer.ASSET if level == "asset" else Layer.RUN, real.snapshot.asset_index
    found = ImpactWalk(real.snapshot, number_of(real, root), None, layer, moment).result()
    affected = dict(zip(found.assets.tolist(), zip(found.distances.tolist(), found.certain.tolist(), strict=True), strict=True))
    for uri, (distance, certainty) in real.lineage(root, "downstream", level, moment).items():
        attributes = index.display_attributes(number_of(real, uri))
        if uri == root or (uri.kind == "run" and attributes is not None and attributes.finished):
            continue
        if affected.pop(number_of(real, uri), None) != (distance, certainty == "certain"):
            yield f"impact of {root} on {uri}"
    yield from (f"impact of {root} on {index.uri(asset)}, which lineage does not reach" for asset in affected)
    yield from (
        f"path of {found.path(entry)}"
        for entry, hops in enumerate(found.distances.tolist())
        if len(found.path(entry)) != hops + 1
    )


def number_of(real: Projected, uri: AssetUri) -> int:
    return real.store.assets_by_uri[str(uri)].asset


@amounts(10, 30)
def test_a_name_with_one_claimant_left_is_an_alias_again(seeds: range) -> None:
    """Whatever claims were retracted, the graph answers as if they had ended by themselves, or had never been reported."""
    for seed in seeds:
        rng = random.Random(70_000 + seed)
        history = [fact for fact in histories.random_history(rng) if not isinstance(fact, AssetRetraction)]
        lasting, start, end = claim(NAME, A, 0), rng.randint(0, 3), rng.randint(4, 7)
        retracted = [*lasting, *claim(NAME, B, start, end, retracted=True)]
        real = Projected(in_batches([*history, *retracted], rng))
        ended = Projected([[*history, *lasting, *claim(NAME, B, start, end)]])
        never = Projected([[*history, *lasting, *claim(NAME, B, 9, 9)]])
        for uri, direction, level in product((*DATASETS, NAME), DIRECTIONS, LEVELS):
            if str(uri) not in real.store.assets_by_uri:
                continue
            for moment in (TIMES[start], TIMES[end] - 1, TIMES[end], TIMES[9]):
                assert answer(real, uri, direction, level, moment) == answer(ended, uri, direction, level, moment), f"seed {seed}"
            after = answer(never, uri, direction, level, TIMES[end])
            assert answer(real, uri, direction, level, TIMES[end]) == after, f"seed {seed}: {direction} of {uri} at {level} level"


def answer(
    real: Projected, uri: AssetUri, direction: DirectionName, level: Level, moment: int
) -> dict[AssetUri, tuple[int, str]]:
    """Return the lineage of the asset that a name denotes at `moment`."""
    if str(uri) not in real.store.assets_by_uri:
        return {uri: (0, "certain")}
    asset = real.snapshot.aliases.at(number_of(real, uri), moment)
    return real.lineage(AssetUri.parse(real.snapshot.asset_index.uri(asset)), direction, level, moment)


def test_each_partition_of_a_table_may_claim_the_name_of_the_table() -> None:
    """OpenLineage issues 714 and 3306: 3,000 partitions, each read and written by itself, all with the table's symlink."""
    many = 3_000
    partitions = [AssetUri("dataset", "s3://lake", f"t/day={number}") for number in range(many)]
    columns = [column_uri(partition, "x") for partition in partitions]
    facts: list[Fact] = [
        fact
        for partition, column in zip(partitions, columns, strict=True)
        for fact in (
            EdgeFact(partition, "derives", AssetUri("dataset", "s3://lake", f"report/{partition.name}"), "facts", TIMES[0]),
            EdgeFact(column, "derives", column_uri(D, partition.name), "facts", TIMES[0]),
            *claim(NAME, partition, 1),
        )
    ]
    real = Projected([facts[: len(facts) // 2], facts[len(facts) // 2 :]])
    started = time.process_time()
    real.append(claim(NAME, E, 2))
    assert time.process_time() - started < 3, "one more claim"
    started = time.process_time()
    assert len(real.lineage(NAME, "downstream", "asset", TIMES[3])) == 1 + many + 1 + many
    assert len(real.lineage(partitions[7], "downstream", "asset", TIMES[3])) == many + 1 + many
    assert len(real.lineage(partitions[7], "upstream", "run", TIMES[3])) == many + 1
    assert len(real.lineage(columns[7], "downstream", "asset", TIMES[3])) >= 2 * many
    impact = ImpactWalk(real.snapshot, number_of(real, columns[7]), "schema", Layer.ASSET, TIMES[3]).result()
    assert len(impact.assets) >= 2 * many - 1
    assert time.process_time() - started < 5


def test_names_of_workflows_are_not_walked_over() -> None:
    train, load = histories.WORKFLOWS
    name = AssetUri("workflow", "jobs", "nightly")
    facts: list[Fact] = [EdgeFact(A, "input_to", train, "facts", TIMES[0]), *claim(name, train, 0), *claim(name, load, 0)]
    real = Projected([facts])
    assert real.lineage(name, "downstream", "asset", TIMES[1]) == {name: (0, "certain")}
    assert real.snapshot.aliases.claimants_at(number_of(real, name), TIMES[1]) != []
