"""The graph has exactly the edges that rules infer, for any order of facts and any moment, and traversals follow them."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.model.spans import union
from mlgraph.graph.traversal.edge_spans import inferred_spans_at
from mlgraph.inference.evaluation import Inference
from mlgraph.inference.rules import combine_rules, load_rules, shipped_rules
from mlgraph.inference.walked_rules import WalkedRules
from mlgraph.services.inference.premise_reader import PremiseReader
from mlgraph.services.projection.rebuild import rebuild
from tests.graph.projected import IN_PASSING, Projected
from tests.graph.projection.test_rebuild_equals_updates import described
from tests.graph.test_against_naive import disagreements, some_moments
from tests.inference.test_against_naive import EXPERIMENT, TEAMS, VARIANT, asserted_edges, in_batches
from tests.model.histories import COLUMNS, DATASETS, DEPLOYMENT, ORIGINS, RUNS, TIMES, VERSIONS, Chooser
from tests.model.inferring import InferringGraph
from tests.plugins.amounts import amounts

CONFIGURED: Final = """
rules:
  - name: deployment-by-owner
    relation: tested_in
    paths: ["(:deployment)<-[:deployed_as]-(:model_version)-[:owned_by]->(:team)<-[:owned_by]-(:variant)"]
  - name: deployment-by-data
    relation: tested_in
    paths:
      - >-
        (:deployment)<-[:deployed_as]-(:model_version)-[:trained_on]->(:dataset)-[:owned_by]->(:team)
        <-[:owned_by]-(:experiment)
  - name: same-owner
    relation: tested_in
    paths: ["(:model_version)-[:owned_by]->(:team)<-[:owned_by]-(plan:experiment)"]
    where: ['plan.name != "two"']
  - name: owner-of-data
    relation: tested_in
    paths: ["(:model_version)<-[:outputs]-(:workflow)<-[:input_to]-(:dataset)-[:owned_by]->(:team)<-[:owned_by]-(:experiment)"]
  - name: by-columns
    relation: tested_in
    paths:
      - >-
        (:model_version)-[:owned_by]->(:team)<-[:owned_by]-(:dataset)<-[:part_of]-(:column)-[:derives]->(:column)
        -[:part_of]->(:dataset)-[:owned_by]->(:team)<-[:owned_by]-(:experiment)
"""
SHIPPED: Final = WalkedRules(shipped_rules())
OWNERS: Final = WalkedRules(
    combine_rules(shipped_rules(), load_rules(CONFIGURED.partition("  - name: owner-of-data")[0], "without computed edges"))
)
RULES: Final = WalkedRules(combine_rules(shipped_rules(), load_rules(CONFIGURED, "configured")))
EDGES: Final = (
    *((run, "executed_for", VARIANT) for run in RUNS[:3]),
    *((run, "outputs", version) for run in RUNS[:4] for version in VERSIONS),
    (VERSIONS[0], "input_to", RUNS[1]),
    (VARIANT, "variant_of", EXPERIMENT),
    (VERSIONS[0], "tested_in", VARIANT),
    (VERSIONS[0], "tested_in", EXPERIMENT),
    (DEPLOYMENT, "tested_in", VARIANT),
    *((asset, "owned_by", team) for asset in (EXPERIMENT, VARIANT, *VERSIONS, *DATASETS[:2]) for team in TEAMS),
)
COLUMN_PATH: Final = (
    (VERSIONS[0], "owned_by", TEAMS[0]),
    (DATASETS[0], "owned_by", TEAMS[0]),
    (COLUMNS[0], "part_of", DATASETS[0]),
    (COLUMNS[0], "derives", COLUMNS[2]),
    (COLUMNS[2], "part_of", DATASETS[1]),
    (DATASETS[1], "owned_by", TEAMS[1]),
    (EXPERIMENT, "owned_by", TEAMS[1]),
)
GROUNDS: Final = ("outputs", "input_to", "executed_for", "variant_of", "tested_in", "deployed_as")
deterministic = settings(
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

Walked = dict[tuple[int, int, int, str], tuple[list[tuple[int, int]], list[tuple[int, int]]]]


def experiments(choose: Chooser) -> list[Fact]:
    """Return facts of experiments, their runs, versions and owners, added, retracted and corrected in the past."""
    facts: list[Fact] = []
    edges = (*EDGES, *COLUMN_PATH)
    if choose.chance(3):
        facts += [EdgeFact(*triple, choose.one(ORIGINS), choose.one(TIMES[:5])) for triple in COLUMN_PATH]
    for _ in range(choose.one(range(3, 30))):
        triple, origin, moment = choose.one(edges), choose.one(ORIGINS), choose.one(TIMES)
        if choose.chance(8):
            facts.append(EdgeRetraction(*triple, choose.one((*ORIGINS, "*")), moment))
        elif choose.chance(8):
            retracted = choose.one((*RUNS[:3], *VERSIONS, VARIANT, EXPERIMENT, DEPLOYMENT, TEAMS[0]))
            facts.append(AssetRetraction(retracted, choose.one((*ORIGINS, "*")), moment))
        elif choose.chance(6):
            owners = sorted({str(owner) for owner in choose.some(TEAMS, 2)})
            state = {"name": choose.one(("one", "two")), "owners": owners}
            facts.append(AssetFact(choose.one((EXPERIMENT, *VERSIONS)), origin, moment, state))
        else:
            later = [each for each in TIMES if each > moment]
            end = choose.one(later) if later and choose.chance(5) else None
            facts.append(EdgeFact(*triple, origin, moment, end))
    return facts


def history(seed: int) -> list[Fact]:
    return [*asserted_edges(seed), *experiments(Chooser(random.Random(seed + 2).choice))]


def projected(facts: list[Fact], rules: WalkedRules, rng: random.Random) -> Projected:
    compact_at = rng.choice((None, 20, 100))
    return Projected(in_batches(facts, rng), compact_at, lambda: rng.random() < 0.7, rules)


def walked(real: Projected) -> Walked:
    """Return the inferred edges of the graph with their validity, by edge and origin."""
    graph = real.snapshot
    certain: dict[tuple[int, int, int, str], list[tuple[int, int]]] = defaultdict(list)
    spans: dict[tuple[int, int, int, str], list[tuple[int, int]]] = defaultdict(list)
    for asset in range(1, len(graph.asset_index)):
        for span in inferred_spans_at(graph, asset):
            key = (*span.triple, graph.rule_origins[span.origin])
            spans[key].append((span.start, span.end))
            certain[key] += [(span.start, span.end)] if span.certain else []
    return {key: (union(found), union(certain[key])) for key, found in spans.items()}


def evaluated(real: Projected, rules: WalkedRules) -> Walked:
    """Return the same, evaluated from scratch over all facts."""
    inference = Inference(rules.rules, PremiseReader(real.store, real.snapshot))
    return {
        (*triple, rule.origin): (validity.spans, validity.certain)
        for rule in rules.concluding
        for triple, _, validity in inference.ends(rule, range(1, len(real.snapshot.asset_index)), forward=True)
    }


@amounts(20, 80)
@settings(deterministic, max_examples=80)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_graph_has_the_edges_that_rules_infer(seed: int) -> None:
    facts, rng = history(seed), random.Random(seed)
    for rules in (SHIPPED, RULES):
        real = projected(facts, rules, rng)
        assert walked(real) == evaluated(real, rules)


def without_aliases(facts: list[Fact]) -> list[Fact]:
    return [fact for fact in facts if getattr(fact, "relation", None) != "alias_of"]


@amounts(12, 60)
@settings(deterministic, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_lineage_is_that_of_the_naive_model(seed: int) -> None:
    facts, rng = without_aliases(history(seed)), random.Random(seed)
    for rules in (SHIPPED, RULES):
        naive, real = InferringGraph(facts, rules.rules), projected(facts, rules, rng)
        for moment in some_moments(facts, rng, 2):
            assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == []


@amounts(6, 20)
@settings(deterministic, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_edges_end_with_each_of_their_grounds(seed: int) -> None:
    """Every ground is retracted in turn, at a random moment, in the middle of a history that continues."""
    facts, rng = without_aliases(history(seed)), random.Random(seed)
    real, reported = projected(facts, SHIPPED, rng), list(facts)
    grounds = sorted({(e.source, e.relation, e.target) for e in facts if isinstance(e, EdgeFact) and e.relation in GROUNDS})
    for triple in rng.sample(grounds, min(6, len(grounds))):
        gone = EdgeRetraction(*triple, "*", rng.choice(TIMES))
        real.append([gone])
        reported.append(gone)
        assert walked(real) == evaluated(real, SHIPPED)
        naive = InferringGraph(reported, SHIPPED.rules)
        for moment in rng.sample(TIMES, 2):
            assert naive.edge_origins("asset", moment) == real.edges("asset", moment)


@amounts(15, 60)
@settings(deterministic, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_rebuilt_base_has_the_same_edges_and_follows_further_facts(seed: int) -> None:
    facts, rng = history(seed), random.Random(seed)
    for rules in (SHIPPED, OWNERS, RULES):
        batches = in_batches(facts, rng)
        real = Projected(batches[: len(batches) // 2], from_feed=lambda: rng.random() < 0.7, rules=rules)
        before = walked(real)
        real.rebuild()
        assert walked(real) == before
        for batch in batches[len(batches) // 2 :]:
            real.append(batch)
        assert walked(real) == evaluated(real, rules)


@amounts(15, 60)
@settings(deterministic, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_base_without_aliases_has_the_same_rows_and_owners(seed: int) -> None:
    facts, rng = without_aliases(history(seed)), random.Random(seed)
    for rules in (SHIPPED, OWNERS):
        real = Projected(in_batches(facts, rng), from_feed=lambda: rng.random() < 0.7, rules=rules)
        rebuilt = rebuild(real.store, in_passing=IN_PASSING, rules=rules)
        assert described(rebuilt) == described(compact(freeze(real.graph)))


def test_the_histories_bring_about_every_rule() -> None:
    """The properties above would be trivially true if a rule never inferred an edge, or none ended or was only possible."""
    seen: dict[str, int] = defaultdict(int)
    for seed in range(120):
        for (*_, origin), (spans, certain) in walked(projected(history(seed), RULES, random.Random(seed))).items():
            seen[origin] += 1
            seen["ended"] += spans[-1][1] < 2**60
            seen["possible"] += spans != certain
    assert len(seen) == len(RULES.concluding) + 2
    assert min(seen.values()) >= 5, dict(seen)
