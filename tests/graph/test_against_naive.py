"""The graph answers like the naive model of docs/spec.md#semantics, for any order, split and repetition of facts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import Fact
from mlgraph.graph.model.rows import Layer
from mlgraph.graph.traversal.closures import DirectionName
from tests.graph.projected import Level, Projected
from tests.model import histories
from tests.model.naive import NaiveGraph
from tests.plugins.amounts import amounts

DIRECTIONS: tuple[DirectionName, ...] = ("downstream", "upstream")
LEVELS: tuple[Level, ...] = ("asset", "run")
deterministic = settings(
    derandomize=True,
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
seeds = st.integers(0, 2**32 - 1)


def some_moments(facts: list[Fact], rng: random.Random, most: int) -> list[int]:
    """Return at most `most` boundaries of the history, or moments one microsecond from one."""
    moments = histories.moments(facts)
    return sorted(rng.sample(moments, min(most, len(moments))))


def in_batches(facts: list[Fact], rng: random.Random) -> list[list[Fact]]:
    """Return the facts in batches, in another order and some of them twice."""
    return histories.split(histories.shuffled(histories.repeated(facts, rng), rng), rng)


def disagreements(naive: NaiveGraph, real: Projected, moment: int, depth: int) -> Iterator[str]:
    """Yield a description of each query that the two answer differently at `moment`."""
    for level in LEVELS:
        if naive.edge_origins(level, moment) != real.edges(level, moment):
            yield f"edges at {level} level"
    if naive.part_edges(moment) != real.parts(moment):
        yield "part edges"
    for uri in sorted(naive.uris()):
        if naive.asset_state(uri, moment) != real.state(uri, moment):
            yield f"state of {uri}"
        for level, limit, direction in product(LEVELS, (None, depth), DIRECTIONS):
            expected = naive.lineage(uri, direction, level, moment, limit)
            if expected != real.lineage(uri, direction, level, moment, limit):
                yield f"{direction} of {uri} at {level} level to depth {limit}"


@amounts(20, 120, known_fault="the graph and the model differ on an edge of some histories, as in test_a_known_disagreement")
@deterministic
@given(facts=histories.histories(), seed=seeds)
def test_every_query_is_answered_as_the_naive_model_does(facts: list[Fact], seed: int) -> None:
    rng = random.Random(seed)
    naive, real = NaiveGraph(facts), Projected([facts])
    for moment in some_moments(facts, rng, 4):
        assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == []


@amounts(10, 80)
@pytest.mark.parametrize(("compact_at", "from_feed"), [(0, 0.8), (3, 0.0), (3, 1.0), (None, 0.9)])
def test_order_split_repetition_compaction_and_the_commit_feed_change_no_answer(
    compact_at: int | None, from_feed: float, seeds: range
) -> None:
    for seed in seeds:
        rng = random.Random(1000 * (compact_at or 0) + seed)
        facts = histories.random_history(rng)
        batches, feed_rng = in_batches(facts, rng), random.Random(seed)
        naive, real = NaiveGraph(facts), Projected(batches, compact_at, lambda feed_rng=feed_rng: feed_rng.random() < from_feed)  # type: ignore[misc]
        for moment in some_moments(facts, rng, 3):
            assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == [], f"seed {seed} at {moment}"


@amounts(10, 80)
def test_a_rebuilt_graph_gives_the_same_answers_and_continues(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        facts = histories.random_history(rng)
        batches = in_batches(facts, rng)
        naive, real = NaiveGraph(facts), Projected(batches[: len(batches) // 2])
        real.rebuild()
        for batch in batches[len(batches) // 2 :]:
            real.append(batch)
        for moment in some_moments(facts, rng, 2):
            assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == [], f"seed {seed} at {moment}, continued"
        real.rebuild()
        for moment in some_moments(facts, rng, 2):
            assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == [], f"seed {seed} at {moment}, rebuilt"


@amounts(8, 20)
def test_one_fact_a_transaction_gives_the_same_answers_at_every_moment(seeds: range) -> None:
    """State is a function of the set of facts, not of their order (docs/spec.md#1-state), at interval boundaries too."""
    for seed in seeds:
        rng = random.Random(seed)
        facts = histories.random_history(rng, most=6)
        naive = NaiveGraph(facts)
        real = Projected([fact] for fact in histories.shuffled(facts, rng))
        for moment in histories.moments(facts):
            assert list(disagreements(naive, real, moment, 2)) == [], f"seed {seed} at {moment}"


def test_a_snapshot_does_not_change_once_published() -> None:
    rng = random.Random(5)
    facts = histories.random_history(rng)
    real = Projected([facts[: len(facts) // 2]])
    old, moment = real.snapshot, histories.moments(facts)[-1]
    view = old.views[Layer.ASSET]
    before = [sorted(view.out.rows_of(node, moment)) for node in range(old.nodes)]
    real.append(facts[len(facts) // 2 :])
    assert [sorted(view.out.rows_of(node, moment)) for node in range(old.nodes)] == before
    assert real.snapshot.watermark == old.watermark + 1
