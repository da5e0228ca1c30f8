"""The diff of two moments, inferred edges included, equals the difference of the naive models of both."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.uri import AssetUri
from mlgraph.services.diff.diff_queries import DiffQueries
from mlgraph.services.inference import inferred_changes
from tests.graph.projected import Projected
from tests.inference.test_against_naive import RULES, Real, asserted_edges, deterministic, in_batches
from tests.model import histories
from tests.model.inferring import NaiveRules
from tests.model.records import Triple
from tests.model.renamed import RenamedGraph

pytestmark = pytest.mark.unit

LIMIT = 100_000


def everything_at(naive: RenamedGraph, rules: NaiveRules, moment: int) -> set[Triple]:
    inferred = {triple for rule in RULES for triple in rules.edges(rule, moment)}
    asserted_then = {under_names(naive, record.triple, moment) for record in naive.valid("asset", moment)}
    return inferred | {triple for triple in asserted_then if triple is not None}


def under_names(naive: RenamedGraph, triple: Triple, moment: int) -> Triple | None:
    """Return the edge under the names of the moment; None for alias edges, which other tests cover."""
    source, relation, target = triple
    if relation == "alias_of":
        return None
    one, other = naive.at(source, moment), naive.at(target, moment)
    return (one, relation, other) if one != other or source == target else None


def state_at(naive: RenamedGraph, uri: AssetUri, moment: int) -> Any:
    return naive.merged(moment).state(uri, moment)[0]


def differing(real: Projected, before: int, after: int) -> dict[Triple, str]:
    body = DiffQueries(real.store, real.snapshot, RULES, before, after).body((), None, LIMIT)
    assert (body["partial"], body["reason"]) == (False, None)
    found = {
        (AssetUri.parse(each["source"]), each["relation"], AssetUri.parse(each["target"])): each["change"]
        for each in body["edges"]
    }
    assert len(found) == len(body["edges"])
    return {triple: change for triple, change in found.items() if triple[1] != "alias_of"}


@deterministic
@given(seed=st.integers(0, 2**32 - 1))
def test_a_diff_of_everything_compares_the_edges_valid_at_each_moment(seed: int) -> None:
    facts, rng = asserted_edges(seed), random.Random(seed)
    known = histories.moments(facts)
    over = Real(RULES, in_batches(facts, rng))
    naive, real = over.naive(facts), over.projected
    rules = NaiveRules(RULES, naive)
    for _ in range(3 if known else 0):
        before, after = rng.choice(known), rng.choice(known)
        old, new = everything_at(naive, rules, before), everything_at(naive, rules, after)
        wanted = dict.fromkeys(new - old, "added") | dict.fromkeys(old - new, "removed")
        assert differing(real, before, after) == wanted, (before, after)
        states = DiffQueries(real.store, real.snapshot, RULES, before, after).body((), None, LIMIT)["assets"]
        changed = {uri for uri in naive.uris() if state_at(naive, uri, before) != state_at(naive, uri, after)}
        assert {AssetUri.parse(each["uri"]) for each in states} == changed


def test_a_rule_beyond_the_limit_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inferred_changes, "MAX_STEPS", 5)
    facts = next(facts for seed in range(100) if len(facts := asserted_edges(seed)) > 20)
    known = histories.moments(facts)
    real = Projected([facts])
    body = DiffQueries(real.store, real.snapshot, RULES, known[0], known[-1]).body((), None, LIMIT)
    assert body["partial"] is True
    assert "the rule trained-on-dataset follows more than 5 edges here" in body["reason"].split("; ")
    assert "the rule team-depends-on-team needs the edges inferred by the rule service-depends-on-dataset" in body[
        "reason"
    ].split("; ")
    assert not any(each["relation"] == "trained_on" for each in body["edges"])
