"""Propagation from facts to the answer: executions read from the store match the reported runs, in any order, at any moment."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Fact, Mode
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.model.rows import Layer
from mlgraph.graph.propagation.affected_subgraph import affected_subgraph
from mlgraph.graph.propagation.rebuild_status import NEW, OLD, AffectedSubgraph, Execution
from mlgraph.graph.traversal.closures import walk
from mlgraph.services.queries.propagation import Propagations
from tests.graph.projected import Projected
from tests.model.propagation import Naive
from tests.plugins.amounts import amounts

SECOND = 1_000_000
WORDS = {OLD: "stale", NEW: "fresh", OLD | NEW: "partly"}


class ReportedRun(NamedTuple):
    """A run of a workflow: seconds, and one-letter datasets."""

    workflow: str
    starts: int
    ended: int
    state: str
    inputs: frozenset[str]
    outputs: frozenset[str]


_sides = st.frozensets(st.sampled_from("rabc"), min_size=1, max_size=2)
_runs = st.builds(
    lambda job, starts, lasts, state, inputs, outputs: ReportedRun(job, starts, starts + lasts, state, inputs, outputs - {"r"}),
    st.sampled_from("uvw"),
    st.integers(1, 14),
    st.integers(0, 3),
    st.sampled_from(["COMPLETE", "COMPLETE", "FAIL"]),
    _sides,
    _sides,
)


def dataset(name: str) -> AssetUri:
    return AssetUri("dataset", "lake", name)


def facts_of(number: int, reported: ReportedRun) -> list[Fact]:
    """Return the facts of a producer's two events of a run."""
    run, job = AssetUri("run", "etl", str(number)), AssetUri("workflow", "etl", reported.workflow)
    starts, ended = reported.starts * SECOND, reported.ended * SECOND
    started = {"properties": {"state": "START", "started_at": format_time(starts), "sides": {"inputs": True}}}
    over = {"properties": {"state": reported.state, "ended_at": format_time(ended), "sides": {"outputs": True}}}
    facts: list[Fact] = [
        AssetFact(run, "openlineage", starts, started, Mode.PATCH),
        AssetFact(run, "openlineage", ended, over, Mode.PATCH),
        EdgeFact(run, "run_of", job, "openlineage", starts, mode=Mode.PATCH),
    ]
    facts += [
        EdgeFact(dataset(name), "input_to", run, "openlineage", starts, mode=Mode.PATCH) for name in sorted(reported.inputs)
    ]
    return facts + [
        EdgeFact(run, "outputs", dataset(name), "openlineage", ended, mode=Mode.PATCH) for name in sorted(reported.outputs)
    ]


def execution(
    number: int, reported: ReportedRun, projected: Projected, affected: AffectedSubgraph, moment: int, distance: int
) -> Execution:
    """Return the run as it was known at `moment`."""
    known = {name: row.asset for name in "rabc" if (row := projected.store.assets_by_uri.get(str(dataset(name)))) is not None}
    workflow = projected.store.assets_by_uri[f"mlg://workflow/etl/{reported.workflow}"].asset
    own = affected.makes.get(workflow, {}).keys() - affected.reads[workflow]
    reached = {*affected.changed, *(asset for makes in affected.makes.values() for asset in makes)}
    reads = frozenset(known[name] for name in reported.inputs if known[name] in reached and known[name] not in own)
    is_over = reported.ended * SECOND <= moment
    feeds = {known[name]: reads for name in reported.outputs} if is_over else {}
    uri = f"mlg://run/etl/{number}"
    run, ended = projected.store.assets_by_uri[uri].asset, reported.ended * SECOND if is_over else None
    return Execution(run, workflow, reported.starts * SECOND, ended, reported.state, reads, feeds, (distance, uri))


@amounts(80, 300)
@settings(max_examples=300, deadline=None)
@given(st.lists(_runs, min_size=1, max_size=8), st.integers(3, 12), st.integers(0, 8), st.integers(0, 2**32))
def test_the_answer_is_that_of_all_runs_looked_back_at(reported: list[ReportedRun], since: int, later: int, order: int) -> None:
    facts = [fact for number, each in enumerate(reported) for fact in facts_of(number, each)]
    facts.append(AssetFact(dataset("r"), "openlineage", SECOND, {}, Mode.PATCH))
    random.Random(order).shuffle(facts)
    projected = Projected([facts[::2], facts[1::2]])
    root, moment = projected.store.assets_by_uri[str(dataset("r"))].asset, (since + later) * SECOND
    graph = projected.snapshot
    reached = walk(graph, root, "downstream", Layer.ASSET, moment)
    affected = affected_subgraph(graph, root, since * SECOND, moment, reached)
    distances = dict(zip(reached.assets.tolist(), reached.distances.tolist(), strict=True))
    jobs = {
        name: projected.store.assets_by_uri[f"mlg://workflow/etl/{name}"].asset for name in {each.workflow for each in reported}
    }
    executions = [
        execution(number, each, projected, affected, moment, distances[jobs[each.workflow]])
        for number, each in enumerate(reported)
        if each.starts * SECOND <= moment and jobs[each.workflow] in affected.reads
    ]
    naive = Naive(affected, executions, since * SECOND)
    body = Propagations(projected.store, graph).body(root, since * SECOND, moment, 100, None)
    answer = {entry["uri"]: entry["state"] for entry in (*body["workflows"], *body["assets"])}
    uri = graph.asset_index.uri
    assert answer == {uri(asset): _word(naive, asset, jobs.values()) for asset in distances if asset != root}


def _word(naive: Naive, asset: int, workflows: object) -> str:
    return naive.status(asset)[0] if asset in workflows else WORDS[naive.contents(asset)]  # type: ignore[operator]


def renamed(facts: list[Fact], name: str, at: list[int]) -> list[Fact]:
    """Return the same history of a dataset that was renamed at each of these moments (microseconds)."""

    def named(uri: AssetUri, moment: int) -> AssetUri:
        return dataset(name * (1 + sum(each < moment for each in at))) if uri == dataset(name) else uri

    found: list[Fact] = []
    for fact in facts:
        if isinstance(fact, EdgeFact):
            moment = fact.valid_from or 0
            ends = named(fact.source, moment), named(fact.target, moment)
            found.append(fact._replace(source=ends[0], target=ends[1]))
        else:
            found.append(fact)
    for number, moment in enumerate(at, 1):
        old, new = dataset(name * number), dataset(name * (number + 1))
        found.append(AssetRetraction(old, "openlineage", moment))
        found.append(EdgeFact(old, "alias_of", new, "openlineage", moment + 1, mode=Mode.PATCH))
        found.append(AssetFact(new, "openlineage", moment + 1, {}, Mode.PATCH))
    return found


def states(facts: list[Fact], root: str, since: int, moment: int) -> dict[str, tuple[list[Any], list[str], list[str]]]:
    projected = Projected([facts[::2], facts[1::2]])
    row = projected.store.assets_by_uri[str(dataset(root))]
    body = Propagations(projected.store, projected.snapshot).body(row.asset, since, moment, 100, None)
    entries = (*body["workflows"], *body["assets"])
    reported = ("state", "run", "since", "distance")
    return {
        entry["uri"]: ([entry[key] for key in reported], sorted(entry.get("missing", ())), sorted(entry.get("waits_on", ())))
        for entry in entries
    }


_chains = st.lists(
    st.builds(
        lambda step, starts, lasts, state: ReportedRun(
            step[0], starts, starts + lasts, state, frozenset(step[1]), frozenset(step[2])
        ),
        st.sampled_from(["ura", "vab", "wbc"]),
        st.integers(1, 12),
        st.integers(0, 2),
        st.sampled_from(["COMPLETE", "COMPLETE", "FAIL"]),
    ),
    min_size=3,
    max_size=10,
)
"""Runs of three workflows, each of which reads what the one before it writes. None omits an edge: omissions count by name."""


@amounts(50, 200)
@settings(max_examples=200, deadline=None)
@given(
    _chains,
    st.sampled_from("rab"),
    st.lists(st.integers(0, 10), min_size=1, max_size=2, unique=True),
    st.integers(3, 6),
    st.integers(6, 10),
    st.randoms(use_true_random=False),
)
def test_renames_in_the_middle_change_nothing_but_names(
    reported: list[ReportedRun], name: str, at: list[int], since: int, later: int, rng: random.Random
) -> None:
    facts: list[Fact] = [AssetFact(dataset(each), "openlineage", SECOND, {}, Mode.PATCH) for each in "rabc"]
    facts += [fact for number, each in enumerate(reported) for fact in facts_of(number, each)]
    moment, moments = (since + later) * SECOND, sorted((since + each) * SECOND + 5 for each in at)
    last = name * (1 + sum(each + 1 <= moment for each in moments))
    plain = states(rng.sample(facts, len(facts)), "r", since * SECOND, moment)
    under_names = renamed(facts, name, moments)
    found = states(rng.sample(under_names, len(under_names)), last if name == "r" else "r", since * SECOND, moment)

    def named(uri: str) -> str:
        return str(dataset(last)) if uri == str(dataset(name)) else uri

    assert found == {
        named(uri): (entry, sorted(map(named, missing)), sorted(map(named, waits_on)))
        for uri, (entry, missing, waits_on) in plain.items()
    }
