"""A graph that leaves out runs answers as one that leaves out none, whatever was left out, put back or told again in between."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import orjson
import pytest
from hypothesis import given

from mlgraph.domain import budget
from mlgraph.domain.errors import MlgraphError, OutOfTime
from mlgraph.domain.facts import EdgeFact, Fact
from mlgraph.domain.times import FOREVER, format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.cold import COLD, rows_are_in
from mlgraph.graph.compact import compact, freeze
from mlgraph.graph.effects import CHANGES
from mlgraph.graph.rows import NodeKey
from mlgraph.graph.snapshot import Graph
from mlgraph.services.follow import Follower
from mlgraph.services.projector import Projector
from mlgraph.services.query import Queries
from mlgraph.services.rebuild import rebuild
from mlgraph.services.retention import without_cold_runs
from tests.graph.projected import Projected
from tests.graph.test_against_naive import deterministic, in_batches, seeds, some_moments
from tests.model import histories
from tests.model.histories import DATASETS, DEPLOYMENT, RUNS, TIMES, VERSIONS, WORKFLOWS, Chooser, run_facts

Json = dict[str, Any]
PARTS = (*RUNS[:3], WORKFLOWS[0], DATASETS[1])


class Retaining(Projected):
    """A graph from which runs are left out when it is compacted or made anew."""

    def leave_out(self, before: int, *, anew: bool = False) -> set[int]:
        """Make a new base without the runs that ended before that moment; return the runs that it leaves out."""
        if anew:
            self.graph = Graph(rebuild(self.store))
        frozen, runs = without_cold_runs(self.store, freeze(self.graph), before)
        self.graph = Graph(compact(frozen, cold_runs=runs))
        self._projector = Projector(self.store, self.graph)
        return self.cold()

    def cold(self) -> set[int]:
        """The runs that are in the store alone."""
        flags = self.graph.base.cold
        return {run for run in np.flatnonzero(flags & COLD).tolist() if not rows_are_in(self.snapshot, run)}


def queries(of: Projected) -> Queries:
    return Queries(of.store, cast("Follower", SimpleNamespace(snapshot=lambda: of.snapshot)))


def answer(ask: Any, *arguments: Any, **options: Any) -> Json:
    """An answer as clients read it, or the error. Of paths, which may differ among those of one length, the length."""
    try:
        body: Json = orjson.loads(orjson.dumps(ask(*arguments, **options)))
    except MlgraphError as error:
        return {"error": repr(error)}
    for entry in body.get("affected", ()):
        entry["path"] = len(entry["path"])
    if "path" in body:
        body["path"] = (len(body["path"]), *(body["path"][place]["uri"] for place in (0, -1) if body["path"]))
    return body


def some_questions(uris: Sequence[str], edges: Sequence[tuple[str, str, str]], moments: Sequence[int], rng: random.Random) -> Any:
    """A question about lineage, impact, a path, an asset, an edge or two moments: its name, arguments and options."""
    kind = rng.choice(("lineage", "lineage", "lineage", "impact", "impact", "path", "asset", "why", "diff"))
    uri, as_of = rng.choice(uris), format_time(rng.choice(moments))
    walk: Json = {
        "as_of": as_of,
        "level": rng.choice(("run", "run", "asset", None)),
        "depth": rng.choice((None, None, 0, 1, 2, 3)),
    }
    if rng.random() < 0.3:
        walk["kinds"] = rng.sample(("dataset", "run", "model_version", "model", "column", "workflow"), 2)
    if rng.random() < 0.3:
        walk["certain"] = True
    if rng.random() < 0.4:
        walk["limit"] = rng.choice((1, 2, 3))
    if kind == "lineage":
        return kind, (uri,), {**walk, "direction": rng.choice(("downstream", "upstream", "both"))}
    if kind == "impact":
        return kind, (uri,), {**walk, "change": rng.choice((None, *CHANGES))}
    if kind == "path":
        return kind, (uri, rng.choice(uris)), {"as_of": as_of, "level": walk["level"]}
    if kind == "why" and edges:
        return kind, rng.choice(edges), {"as_of": as_of}
    if kind == "diff":
        return kind, (format_time(rng.choice(moments)), as_of, rng.choice((uri, uri, None))), {}
    return "asset", (uri,), {"as_of": as_of}


def differences(
    full: Projected, part: Retaining, moments: Sequence[int], rng: random.Random, count: int
) -> Iterator[tuple[Any, int]]:
    """Ask both alike, page by page; yield what they answer differently, or the number of cold runs that an answer took."""
    uris = sorted(full.store.assets_by_uri)
    by_number = {row.asset: row.uri for row in full.store.assets_by_uri.values()}
    edges = sorted({
        (by_number[e.source], RELATION_NAMES[e.relation], by_number[e.target]) for e in full.store.edge_facts
    })  # fmt: skip
    for _ in range(count):
        name, arguments, options = some_questions(uris, edges, moments, rng)
        while True:
            expected = answer(getattr(queries(full), name), *arguments, **options)
            found = answer(getattr(queries(part), name), *arguments, **options)
            read, none = found.pop("cold_runs", 0), expected.pop("cold_runs", 0)
            assert none == 0
            yield (None if found == expected else (name, arguments, options, expected, found)), read
            if found.get("frontier") is None:
                break
            options = {**options, "cursor": found["frontier"]}


def compare(facts: list[Fact], rng: random.Random, questions: int) -> int:
    """Tell both graphs the same, leave out runs in between, and ask; return how many cold runs were read."""
    full, part, total = Projected([]), Retaining([]), 0
    facts = facts + [EdgeFact(rng.choice(RUNS), "part_of", rng.choice(PARTS), "facts", rng.choice(TIMES)) for _ in range(2)]
    for batch in in_batches(facts, rng):
        full.append(batch)
        part.append(batch)
        if not full.store.assets_by_uri:
            continue
        if rng.random() < 0.6:
            part.leave_out(rng.choice((*TIMES, FOREVER)), anew=rng.random() < 0.3)
        for wrong, read in differences(full, part, some_moments(facts, rng, 5), rng, questions):
            assert wrong is None
            total += read
    return total


@deterministic
@given(facts=histories.histories(), seed=seeds)
def test_answers_are_those_of_the_whole_graph(facts: list[Fact], seed: int) -> None:
    compare(facts, random.Random(seed), 8)


def test_answers_are_those_of_the_whole_graph_in_longer_histories() -> None:
    read = sum(compare(histories.random_history(rng, most=25), rng, 20) for rng in map(random.Random, range(70)))
    assert read > 400, "the histories must have cold runs that questions meet"


def ran(run: AssetUri, moment: int, reads: Sequence[AssetUri], writes: Sequence[AssetUri], **told: Any) -> list[Fact]:
    """What an event says of a run that ended at `moment`, of a workflow unless told otherwise."""
    said = {"event": True, "origin": "openlineage", "workflow": WORKFLOWS[0], "state": "COMPLETE", "code": None, **told}
    return run_facts(Chooser(lambda options: options[0]), run, moment, said, reads, writes)


def edge(source: AssetUri, relation: str, target: AssetUri, start: int, end: int | None = None) -> Fact:
    return EdgeFact(source, relation, target, "facts", start, end)


def names(part: Retaining, runs: set[int]) -> set[str]:
    return {AssetUri.parse(part.snapshot.registry.uri(run)).name for run in runs}


def test_runs_leave_that_ended_before_and_lead_to_nothing_ever_deployed() -> None:
    image, part = AssetUri("image", "registry", "ranker@1"), Retaining([])
    part.append([
        *ran(RUNS[0], TIMES[0], [DATASETS[0]], [DATASETS[1]]),  # feeds what follows
        *ran(RUNS[1], TIMES[1], [DATASETS[1]], [VERSIONS[0]]),  # packaged in an image that was deployed for a while
        edge(VERSIONS[0], "packaged_in", image, TIMES[2]),
        edge(image, "deployed_as", DEPLOYMENT, TIMES[3], TIMES[4]),
        *ran(RUNS[2], TIMES[1], [DATASETS[1]], [VERSIONS[1]]),  # never deployed
        *ran(RUNS[3], TIMES[1], [DATASETS[0]], [DATASETS[2]], workflow=None),  # stands for itself at asset level
        *ran(RUNS[4], TIMES[1], [DATASETS[0]], [DATASETS[2]], state="RUNNING"),  # has not ended
        *ran(RUNS[5], TIMES[1], [DATASETS[0]], [DATASETS[2]], state="START"),  # ended later
        *ran(RUNS[5], TIMES[8], [], []),
        *ran(RUNS[6], TIMES[8], [DATASETS[0]], [DATASETS[2]]),  # ended later
        *ran(RUNS[7], TIMES[1], [DATASETS[0]], [DATASETS[2]], state="FAIL"),
    ])  # fmt: skip
    for anew in (False, True):
        assert names(part, part.leave_out(TIMES[7], anew=anew)) == {"r3", "r8"}
    assert part.snapshot.find(part.store.assets_by_uri[str(RUNS[2])].asset) is None, "its node is left out too"
    part.append([edge(VERSIONS[1], "deployed_as", DEPLOYMENT, TIMES[8])])
    assert names(part, part.cold()) == {"r3", "r8"}
    assert names(part, part.leave_out(TIMES[7])) == {"r8"}, "an ancestor of what is deployed now comes back"


def test_only_runs_that_the_graph_lacks_are_read_and_counted() -> None:
    part = Retaining([])
    for number in range(4):
        part.append(ran(RUNS[number], TIMES[number], [DATASETS[0]], [DATASETS[1]]))
    asked: Json = {"level": "run", "as_of": format_time(TIMES[9])}

    def read() -> int:
        body = queries(part).lineage(str(DATASETS[0]), **asked)
        assert body["total"] == 6
        return int(body["cold_runs"])

    assert read() == 0
    assert len(part.leave_out(TIMES[3])) == 3
    assert read() == 3
    assert queries(part).lineage(str(DATASETS[0]), as_of=asked["as_of"])["cold_runs"] == 0, "the asset level has no runs"
    part.append(ran(RUNS[0], TIMES[5], [DATASETS[0]], [DATASETS[1]]))
    assert read() == 2, "a run that is told again is in the graph again"
    assert len(part.leave_out(TIMES[0])) == 2
    assert int((part.graph.base.cold & COLD).sum()) == 2
    assert read() == 2
    assert queries(part).asset(str(RUNS[1]))["cold_runs"] == 1
    assert queries(part).asset(str(RUNS[0]))["cold_runs"] == 0


def test_a_way_that_is_certain_beyond_the_depth_is_found_among_cold_runs() -> None:
    first, left, right, middle, last = DATASETS
    facts = [
        *ran(RUNS[0], TIMES[0], [first, left], [right, last]),  # all from all: only possible
        *ran(RUNS[1], TIMES[1], [first], [middle], workflow=WORKFLOWS[1]),
        *ran(RUNS[2], TIMES[2], [middle], [last], workflow=WORKFLOWS[1]),
    ]
    full, part = Projected([facts]), Retaining([facts])
    assert len(part.leave_out(FOREVER)) == 3
    for each in (full, part):
        body = answer(queries(each).lineage, str(first), level="run", depth=2, as_of=format_time(TIMES[9]))
        assert {node["uri"]: node["certainty"] for node in body["nodes"]}[str(last)] == "certain"


def test_a_graph_that_is_written_to_meanwhile_keeps_its_own_numbers() -> None:
    part = Retaining([ran(RUNS[0], TIMES[0], [DATASETS[0]], [DATASETS[1]])])
    part.leave_out(FOREVER)
    seen = part.snapshot
    run, other = (part.store.assets_by_uri[str(uri)].asset for uri in (RUNS[0], WORKFLOWS[0]))
    written = part.graph.registry.node(NodeKey(other, 1)), part.graph.registry.node(NodeKey(run))
    apart = seen.registry.apart(seen.nodes)
    assert apart.find(NodeKey(run)) is None
    assert apart.ports_of(other) == []
    assert [apart.node(NodeKey(run)), apart.node(NodeKey(other, 1))] == list(written)
    assert part.graph.registry.find(NodeKey(run)) == written[1]
    assert part.graph.registry.asset_of[written[0]] == other


def test_a_question_whose_time_is_over_says_so_and_reads_no_further() -> None:
    part = Retaining([ran(RUNS[0], TIMES[0], [DATASETS[0]], [DATASETS[1]])])
    part.leave_out(FOREVER)
    with budget.within(0.0), pytest.raises(OutOfTime, match="longer than the 0 s"):
        queries(part).lineage(str(DATASETS[0]), level="run", as_of=format_time(TIMES[9]))
