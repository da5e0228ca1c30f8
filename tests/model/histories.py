"""Small histories of facts with many edge cases, drawn by Hypothesis or from a seeded `random.Random`.

Times and names come from small sets, so that facts often share a moment and an asset.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from mlgraph.domain.facts import AssetFact, AssetRetraction, Declaration, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.timestamps import format_time, parse_time
from mlgraph.domain.uri import AssetUri, column_uri
from tests.model.naive import NaiveGraph

T = TypeVar("T")

START = parse_time("2026-03-01T00:00:00Z")
TIMES = tuple(START + second * 1_000_000 for second in range(1, 11))
ORIGINS = ("openlineage", "facts")
DATASETS = tuple(AssetUri("dataset", "s3://lake", name) for name in "abcde")
WORKFLOWS = tuple(AssetUri("workflow", "jobs", name) for name in ("train", "load"))
RUNS = tuple(AssetUri("run", "jobs", f"r{number}") for number in range(1, 9))
VERSIONS = tuple(AssetUri("model_version", "mlflow:x", f"ranker/{number}") for number in (1, 2))
MODEL = AssetUri("model", "mlflow:x", "ranker")
EVALUATION = AssetUri("evaluation", "mlflow:x", "auc")
DEPLOYMENT = AssetUri("deployment", "prod", "ranker-blue")
SERVICE = AssetUri("service", "prod", "ranking")
FEATURE = AssetUri("feature", "feast", "view:clicks")
VIEW = AssetUri("feature_view", "feast", "view")
LONGER, PARTITION = (AssetUri("dataset", "s3://lake", name) for name in ("db.a", "b/day=1"))
"""A dataset whose name ends in that of another one, and a partition of one: lineage may mean one by the name of the other."""
INPUTS = (*DATASETS, LONGER, VERSIONS[0], VIEW)
OUTPUTS = (*DATASETS, *VERSIONS, EVALUATION)
ROLES = (None, None, None, "training", "validation", "test")
CODE = (None, "1", "1", "2")
COLUMNS = tuple(column_uri(dataset, field) for dataset in DATASETS[:4] for field in ("x", "y"))
PLAIN_EDGES = (
    (DATASETS[0], "derives", DATASETS[3]),
    (DATASETS[3], "derives", DATASETS[4]),
    (DATASETS[4], "derives", DATASETS[0]),
    (VERSIONS[0], "derives", VERSIONS[1]),
    (VERSIONS[0], "evaluated_by", EVALUATION),
    (VERSIONS[0], "deployed_as", DEPLOYMENT),
    (VERSIONS[1], "deployed_as", DEPLOYMENT),
    (DEPLOYMENT, "serves", SERVICE),
    (DATASETS[1], "input_to", SERVICE),
    (SERVICE, "outputs", DATASETS[0]),
    (DATASETS[1], "feeds", VIEW),
    (DATASETS[1], "feeds", FEATURE),
    (COLUMNS[2], "feeds", FEATURE),
    (COLUMNS[0], "derives", COLUMNS[6]),
    (DATASETS[2], "input_to", EVALUATION),
)
PART_EDGES = (
    (VERSIONS[0], "version_of", MODEL),
    (VERSIONS[1], "version_of", MODEL),
    (FEATURE, "part_of", VIEW),
    (WORKFLOWS[1], "part_of", WORKFLOWS[0]),
    (COLUMNS[0], "part_of", DATASETS[0]),
    (DATASETS[4], "part_of", DATASETS[3]),
    (DATASETS[3], "part_of", DATASETS[2]),
    (AssetUri("variant", "ab", "test:b"), "variant_of", AssetUri("experiment", "ab", "test")),
)
RETRACTABLE = (*DATASETS[:3], WORKFLOWS[0], RUNS[0], VERSIONS[0], DEPLOYMENT, COLUMNS[0])


class Chooser:
    """Makes the choices of a history: `pick` takes one of a sequence."""

    def __init__(self, pick: Callable[[Sequence[Any]], Any]) -> None:
        self._pick = pick

    def one(self, options: Sequence[T]) -> T:
        chosen: T = self._pick(options)
        return chosen

    def chance(self, of: int) -> bool:
        """Return True with probability 1 / `of`."""
        return self.one((False,) * (of - 1) + (True,))

    def some(self, options: Sequence[T], most: int) -> list[T]:
        return [self.one(options) for _ in range(self.one(range(most + 1)))]

    def edge_properties(self, relation: str) -> dict[str, Any]:
        role = self.one(ROLES) if relation == "input_to" else None
        version = "v2" if self.chance(6) else None
        return {key: value for key, value in (("role", role), ("version", version)) if value}


def run_facts(
    choose: Chooser,
    run: AssetUri,
    moment: int,
    asserted: dict[str, Any],
    inputs: Sequence[AssetUri] | None,
    outputs: Sequence[AssetUri] | None,
) -> list[Fact]:
    """Return one report of a run: as an event (patches, with the reported sides) or as plain facts (complete, without sides).

    A side that is None was not reported. `asserted` has the workflow, the origin, `event`, the state and the code version.
    """
    event: bool = asserted["event"]
    mode = Mode.PATCH if event else Mode.REPLACE
    origin: str = asserted["origin"]
    properties: dict[str, Any] = {"state": asserted["state"]} if asserted["state"] else {}
    if asserted["state"] in ("COMPLETE", "FAIL", "ABORT") and not choose.chance(5):
        properties["ended_at"] = format_time(moment)
    if asserted["code"]:
        properties["code_version"] = asserted["code"]
    if event:
        sides = (("inputs", inputs), ("outputs", outputs))
        properties["sides"] = {side: True for side, listed in sides if listed is not None}
    facts: list[Fact] = [AssetFact(run, origin, moment, {"properties": properties}, mode)]
    if asserted["workflow"]:
        named = {"state": asserted["state"]} if event and asserted["state"] else {}
        facts.append(EdgeFact(run, "run_of", asserted["workflow"], origin, moment, properties=named, mode=mode))
    for source in inputs or ():
        reported = choose.edge_properties("input_to")
        end = choose.one(TIMES) if not event and choose.chance(12) else None
        end = end if end is not None and end > moment else None
        facts.append(EdgeFact(source, "input_to", run, origin, moment, end, reported, mode))
    for output in outputs or ():
        reported = choose.edge_properties("outputs")
        if choose.chance(4):
            reported["from"] = sorted({str(uri) for uri in choose.some((*(inputs or ()), *INPUTS[:3], PARTITION), 2)})
        if choose.chance(12):
            reported["drop"] = True
        facts.append(EdgeFact(run, "outputs", output, origin, moment, properties=reported, mode=mode))
        if choose.chance(4) and output in DATASETS[:4]:
            columns = (choose.one(COLUMNS), column_uri(output, choose.one("xy")))
            reported = {"by": str(run)}
            facts.append(EdgeFact(columns[0], "derives", columns[1], origin, moment, properties=reported, mode=mode))
    return facts


def fragment_run(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return one report of some run, in any state, with any sides."""
    workflow = choose.one((*WORKFLOWS, WORKFLOWS[0], None))
    asserted = {
        "event": not wire and choose.one((True, True, False)),
        "origin": choose.one(ORIGINS),
        "workflow": workflow,
        "state": choose.one(("COMPLETE", "START", "RUNNING", "FAIL", "ABORT", "COMPLETE", None)),
        "code": choose.one(CODE),
    }
    inputs = None if choose.chance(4) else choose.some(INPUTS, 3)
    outputs = None if choose.chance(4) else choose.some(OUTPUTS, 3)
    return run_facts(choose, choose.one(RUNS), choose.one(TIMES), asserted, inputs, outputs)


def fragment_series(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return consecutive runs of one workflow that report or omit an asset."""
    workflow = choose.one(WORKFLOWS)
    retained_inputs, retained_outputs = choose.some(INPUTS, 2), choose.some(OUTPUTS, 2)
    wavering = choose.one(DATASETS)
    as_input = choose.one((True, False))
    first, origin, event = choose.one(range(5)), choose.one(ORIGINS), not wire and choose.one((True, True, False))
    facts: list[Fact] = []
    for position in range(choose.one((4, 5, 6))):
        shown = [wavering] if position == 0 or choose.chance(4) else []
        asserted = {
            "event": event,
            "origin": origin,
            "workflow": workflow,
            "state": choose.one(("COMPLETE",) * 6 + ("FAIL", "RUNNING")),
            "code": choose.one((None, "1", "1", "1", "1", "2")),
        }
        inputs: list[AssetUri] | None = retained_inputs + shown * as_input
        outputs: list[AssetUri] | None = retained_outputs + shown * (not as_input)
        if choose.chance(8):
            inputs, outputs = (None, outputs) if as_input else (inputs, None)
        facts += run_facts(choose, RUNS[position], TIMES[first + position - choose.chance(6)], asserted, inputs, outputs)
    return facts


def fragment_parameterised(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return runs of one workflow that write other outputs each time, and sometimes one that all of them write."""
    workflow, origin = choose.one(WORKFLOWS), choose.one(ORIGINS)
    first, event = choose.one(range(4)), not wire and choose.one((True, True, False))
    always_read, always_written = choose.some(INPUTS, 1), choose.some(OUTPUTS, 1)
    facts: list[Fact] = []
    for position in range(choose.one((4, 5, 6))):
        asserted = {
            "event": event,
            "origin": origin,
            "workflow": workflow,
            "state": choose.one(("COMPLETE",) * 6 + ("FAIL", "RUNNING")),
            "code": None,
        }
        inputs = [*always_read, choose.one(DATASETS)]
        outputs = [*always_written, choose.one((*DATASETS, LONGER))]
        facts += run_facts(
            choose, RUNS[position], TIMES[first + position], asserted, inputs, None if choose.chance(8) else outputs
        )
    return facts


def fragment_plain(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return an edge that no run reported, possibly with an end, possibly repeated."""
    triple = choose.one((*PLAIN_EDGES, *PART_EDGES))
    origin, start = choose.one(ORIGINS), choose.one(range(9))
    end = choose.one((None, None, choose.one(TIMES[start + 1 :])))
    mode = Mode.REPLACE if wire else choose.one((Mode.REPLACE, Mode.PATCH))
    facts: list[Fact] = [
        EdgeFact(*triple, origin, TIMES[start], end, choose.edge_properties("derives"), mode),
    ]
    if choose.chance(3):
        facts.append(EdgeFact(*triple, origin, choose.one(TIMES), mode=mode))
    return facts


def fragment_workflow_edge(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return an edge that plain facts assert on the workflow itself."""
    del wire
    workflow, moment = choose.one(WORKFLOWS), choose.one(TIMES)
    if choose.one((True, False)):
        reported = choose.edge_properties("input_to")
        return [EdgeFact(choose.one(INPUTS), "input_to", workflow, "facts", moment, properties=reported)]
    reported = choose.edge_properties("outputs")
    if choose.chance(2):
        reported["from"] = sorted({str(uri) for uri in choose.some(DATASETS[:3], 2)})
    return [EdgeFact(workflow, "outputs", choose.one(OUTPUTS), "facts", moment, properties=reported)]


def fragment_declaration(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return a job's declaration of its inputs, outputs or both; lines of facts cannot express it."""
    if wire:
        return []
    workflow, moment, origin = choose.one(WORKFLOWS), choose.one(TIMES), "openlineage"
    sides = choose.one((("inputs", "outputs"), ("inputs",), ("outputs",)))
    facts: list[Fact] = [Declaration(workflow, origin, moment, sides)]
    if "inputs" in sides:
        for source in choose.some(DATASETS, 2):
            reported = choose.edge_properties("input_to")
            edge = EdgeFact(source, "input_to", workflow, origin, moment, properties=reported, mode=Mode.DECLARED)
            facts.append(edge)
    if "outputs" in sides:
        listed = choose.some(DATASETS, 2)
        facts += [EdgeFact(workflow, "outputs", uri, origin, moment, mode=Mode.DECLARED) for uri in listed]
    return facts


def fragment_asset(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return the state of an asset."""
    mode = Mode.REPLACE if wire else choose.one((Mode.REPLACE, Mode.PATCH))
    state: dict[str, Any] = {"name": choose.one(("one", "two"))} if choose.one((True, False)) else {}
    if choose.one((True, False)):
        state["properties"] = {choose.one(("k", "l")): choose.one((1, 2))}
    if not wire and choose.chance(3):
        state.setdefault("properties", {})["facets"] = {choose.one(("f", "g")): choose.one((1, 2))}
    uri = choose.one([uri for uri in RETRACTABLE if uri.kind != "run"])
    return [AssetFact(uri, choose.one(ORIGINS), choose.one(TIMES), state, mode)]


def fragment_asset_retraction(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return the retraction of an asset for one origin or for all."""
    del wire
    return [AssetRetraction(choose.one(RETRACTABLE), choose.one((*ORIGINS, "*")), choose.one(TIMES))]


def fragment_edge_retraction(choose: Chooser, *, wire: bool) -> list[Fact]:
    """Return the retraction of an edge for one origin or for all: an edge of a workflow, of a run, or of neither."""
    del wire
    node = choose.one((*WORKFLOWS, *RUNS[:3]))
    triple = choose.one(
        (
            (choose.one(INPUTS), "input_to", node),
            (node, "outputs", choose.one(OUTPUTS)),
            choose.one((*PLAIN_EDGES, *PART_EDGES)),
            (choose.one(RUNS), "run_of", choose.one(WORKFLOWS)),
        )
    )
    return [EdgeRetraction(*triple, choose.one((*ORIGINS, "*")), choose.one(TIMES))]


FRAGMENTS = (
    fragment_run,
    fragment_run,
    fragment_run,
    fragment_series,
    fragment_parameterised,
    fragment_plain,
    fragment_plain,
    fragment_workflow_edge,
    fragment_declaration,
    fragment_declaration,
    fragment_asset,
    fragment_asset_retraction,
    fragment_edge_retraction,
)


@st.composite
def fragments(draw: st.DrawFn, *, wire: bool = False) -> list[Fact]:
    """Draw a few facts that belong together."""
    choose = Chooser(lambda options: draw(st.sampled_from(options)))
    return choose.one(FRAGMENTS)(choose, wire=wire)


def histories(*, wire: bool = False, most: int = 10) -> st.SearchStrategy[list[Fact]]:
    """Return a strategy of histories; with `wire`, only of facts that lines of facts can express."""
    return st.lists(fragments(wire=wire), min_size=1, max_size=most).map(joined)


def random_history(rng: random.Random, *, wire: bool = False, most: int = 10) -> list[Fact]:
    """Return a history from a seeded generator: faster than `histories`, without shrinking."""
    choose = Chooser(rng.choice)
    return joined([choose.one(FRAGMENTS)(choose, wire=wire) for _ in range(rng.randint(1, most))])


def joined(parts: list[list[Fact]]) -> list[Fact]:
    return [fact for part in parts for fact in part]


def shuffled(facts: list[Fact], rng: random.Random) -> list[Fact]:
    """Return the same facts in another order."""
    return rng.sample(facts, len(facts))


def repeated(facts: list[Fact], rng: random.Random) -> list[Fact]:
    """Return the same facts, some of them several times."""
    return facts + [rng.choice(facts) for _ in range(len(facts))] if facts else []


def split(facts: list[Fact], rng: random.Random) -> list[list[Fact]]:
    """Return the same facts in several batches; some batches may be empty."""
    cuts = sorted(rng.randint(0, len(facts)) for _ in range(rng.randint(0, 4)))
    return [facts[start:end] for start, end in zip([0, *cuts], [*cuts, len(facts)], strict=True)]


def moments(facts: list[Fact]) -> list[int]:
    """Return every boundary of a history, and one microsecond before and after each."""
    boundaries = NaiveGraph(facts).boundaries()
    return sorted({boundary + step for boundary in boundaries for step in (-1, 0, 1)})


def line(fact: Fact) -> str | None:
    """Return the fact as a line of NDJSON, or None if no line can express it (patches and declarations)."""
    if isinstance(fact, AssetRetraction):
        reported = {"uri": str(fact.uri), "valid_to": _time(fact.valid_to), "origin": fact.origin}
        return json.dumps({"retract": reported})
    if isinstance(fact, Declaration) or (isinstance(fact, AssetFact | EdgeFact) and fact.mode != Mode.REPLACE):
        return None
    if isinstance(fact, AssetFact):
        start = _time(fact.valid_from)
        return json.dumps({"asset": {"uri": str(fact.uri), **fact.state, "valid_from": start, "origin": fact.origin}})
    ends = {"source": str(fact.source), "relation": fact.relation, "target": str(fact.target), "origin": fact.origin}
    if isinstance(fact, EdgeRetraction):
        return json.dumps({"retract": {**ends, "valid_to": _time(fact.valid_to)}})
    times = {"valid_from": fact.valid_from, "valid_to": fact.valid_to}
    report_times = {key: format_time(moment) for key, moment in times.items() if moment is not None}
    return json.dumps({"edge": {**ends, **report_times, "properties": dict(fact.properties)}})


def lines(facts: list[Fact]) -> list[str]:
    """Return the complete history as NDJSON lines. Raises `ValueError` if a line cannot express one of the facts."""
    found = [line(fact) for fact in facts]
    if None in found:
        raise ValueError("this history has patches or declarations, which lines of facts cannot express")
    return [text for text in found if text is not None]


def _time(moment: int | None) -> str:
    if moment is None:
        raise ValueError("a fact of a history needs its times")
    return format_time(moment)
