"""The history of a workflow, event by event: most runs repeat those before them, some differ, and some are out of order."""

from __future__ import annotations

import random
from collections.abc import Iterator

from mlgraph.domain.facts import AssetRetraction, EdgeFact, EdgeRetraction, Fact
from mlgraph.domain.uri import AssetUri
from tests.graph.projected import Projected
from tests.graph.test_against_naive import disagreements
from tests.model.examples import A, B, C, V, W, declared, run, run_uri
from tests.model.naive import NaiveGraph
from tests.plugins.amounts import amounts

D, E = (AssetUri("dataset", "lake", name) for name in "DE")
SHAPES: tuple[tuple[list[AssetUri], list[AssetUri]], ...] = (
    ([A], [D]),
    ([A, B], [D]),
    ([A, B], [D, E]),
    ([A, B], [D, V]),
    ([A], []),
)


def routine(rng: random.Random) -> Iterator[list[Fact]]:
    """Yield a workflow's history by event: mostly equal runs, some with other edges, state, order, code version or origin."""
    usual = rng.choice(SHAPES)
    code = rng.choice([None, "1"])
    for source in (A, B):
        if rng.random() < 0.3:
            until = rng.choice([None, None, 22])
            yield [EdgeFact(source, "input_to", W, rng.choice(["facts", "openlineage"]), rng.choice([1, 12]), until)]
    for number in range(1, rng.randint(6, 14)):
        moment = 5 * number
        inputs, outputs = usual if rng.random() < 0.85 else rng.choice(SHAPES)
        version = code if rng.random() < 0.95 else "2"
        state = "COMPLETE" if rng.random() < 0.85 else rng.choice(["FAIL", "ABORT", "RUNNING"])
        if rng.random() < 0.7:
            yield run(number, moment, inputs, None if rng.random() < 0.3 else outputs, "START", code=version)
        late = rng.choice([0, 0, 0, 1, -6, 7])
        origin = "openlineage" if rng.random() < 0.96 else "airflow"
        yield run(number, max(1, moment + 2 + late), inputs, outputs, state, code=version, origin=origin)
        if rng.random() < 0.1:
            yield run(rng.randint(1, number), moment + 3, inputs, outputs, rng.choice(["COMPLETE", "FAIL"]), code=version)
        if rng.random() < 0.06:
            yield [rng.choice(list(other_facts(number, moment)))]
        if rng.random() < 0.03:
            yield declared(moment, [A, C])


def other_facts(number: int, moment: int) -> Iterator[Fact]:
    yield EdgeFact(C, "input_to", W, "facts", moment)
    yield EdgeFact(run_uri(number), "outputs", D, "openlineage", moment, properties={"from": [str(A)]})
    yield AssetRetraction(A, "openlineage", moment)
    yield AssetRetraction(W, "*", moment)
    yield EdgeRetraction(A, "input_to", run_uri(number), "openlineage", moment)
    yield EdgeRetraction(run_uri(number), "run_of", W, "*", moment)
    yield EdgeFact(run_uri(number), "run_of", AssetUri("workflow", "jobs", "other"), "openlineage", moment)


@amounts(30, 150)
def test_a_routine_followed_event_by_event_is_computed_as_the_naive_model_does(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        batches = list(routine(rng))
        if rng.random() < 0.5:
            place = rng.randrange(len(batches))
            batches.insert(rng.randrange(len(batches)), batches.pop(place))
        real = Projected(batches)
        facts = [fact for batch in batches for fact in batch]
        naive = NaiveGraph(facts)
        for moment in (rng.randint(1, 80), rng.randint(1, 80), 99):
            assert list(disagreements(naive, real, moment, 2)) == [], f"seed {seed} at {moment}"


def test_an_omission_always_counts() -> None:
    real = Projected([run(number, 5 * number, [A, B], [D], code="1") for number in range(1, 4)])
    for number in (4, 5, 6):
        real.append(run(number, 5 * number, [A], [D], code="1"))
    assert B not in set(real.lineage(D, "upstream", "asset", 99))
    assert B in real.lineage(D, "upstream", "asset", 19)
