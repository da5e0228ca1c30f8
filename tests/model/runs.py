"""Naive model of docs/spec.md#3-asset-level: the workflow of each run, its outcome, and what it reported.

How sentences that can be read in two ways are read here:

- A run has one workflow for all moments, past ones included: a job name that a later event corrected never had the run. The
  latest `run_of` fact decides; at one moment its property `state` (the type of the event) does, then the greater URI. A fact
  without `state` stands between START and ABORT. A later retraction of the edge does not take the run away; one at the moment
  of the fact does, because that fact never was valid.
- What a run reported is the union over all its events, of every origin. A name in its lineage is matched against all inputs
  that the run ever reports, whenever it reports them. `from` of an outputs edge and column edges name inputs alike.
- The last event of a run is its last report of a state, input, output or column edge.
- A report counts at its moment only: the completion of a run is no report of what the run reported earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact, Mode, is_terminal
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import parse_time
from mlgraph.domain.uri import AssetUri, dataset_of_column
from tests.model.matching import matched
from tests.model.records import (
    Assets,
    Endings,
    Triple,
    asserted_by,
    by_key,
    fact_order,
    fold,
    last_change_at,
    patched,
    spans,
    triple_of,
)

EVENT_RANKS: Final = {"START": 0, "ABORT": 2, "FAIL": 2, "COMPLETE": 3}
"""The order of events at one moment, by type; every other type has rank 1."""


class Report(NamedTuple):
    """A report of an input or output by a run; `possible`: only its lineage names the input."""

    moment: int
    run: AssetUri
    origin: str
    side: str
    other: AssetUri
    role: str | None
    possible: bool


class Named(NamedTuple):
    """A dataset that lineage names as a source of an output."""

    moment: int
    output: AssetUri
    name: AssetUri
    origin: str


def side_of(triple: Triple) -> tuple[str, AssetUri, AssetUri] | None:
    """Return (side, run or workflow, other asset) if the triple is an input or output of a run or workflow."""
    source, relation, target = triple
    if relation == "input_to" and target.kind in ("run", "workflow"):
        return "inputs", target, source
    if relation == "outputs" and source.kind in ("run", "workflow"):
        return "outputs", source, target
    return None


def is_column_lineage(triple: Triple, by: str | None) -> bool:
    """Return whether the edge is column lineage that a run or workflow reported."""
    source, relation, target = triple
    return relation == "derives" and source.kind == target.kind == "column" and by is not None


def is_drop(fact: EdgeFact) -> bool:
    """Return whether the fact reports that a run dropped an output."""
    return fact.relation == "outputs" and bool(fact.properties.get("drop"))


def names_in(fact: EdgeFact) -> list[tuple[AssetUri, AssetUri]]:
    """Return (output, source dataset) for each dataset that the lineage in this fact names."""
    if fact.relation == "outputs" and not is_drop(fact):
        return [(fact.target, AssetUri.parse(text)) for text in fact.properties.get("from") or ()]
    if is_column_lineage(triple_of(fact), fact.properties.get("by")):
        source, output = dataset_of_column(fact.source), dataset_of_column(fact.target)
        return [(output, source)] if source and output else []
    return []


def decisive_names(facts: list[EdgeFact]) -> list[tuple[EdgeFact, AssetUri, AssetUri]]:
    """Return (fact, output, source dataset): column edges count for the outputs alone of which no `from` names an input."""
    named = [(fact, output, name) for fact in facts for output, name in names_in(fact)]
    decided = {output for fact, output, _ in named if fact.relation == "outputs"}
    return [each for each in named if each[0].relation == "outputs" or each[1] not in decided]


class Runs:
    """Computes the workflow, the outcome and the reports of each run."""

    def __init__(self, facts: list[Fact], assets: Assets, endings: Endings) -> None:
        self.asset_facts = [fact for fact in assets.facts if fact.uri.kind == "run"]
        self.edge_facts = [fact for fact in facts if isinstance(fact, EdgeFact)]
        self._workflows = self._executed(endings)
        self.completion = cache(self._completion)
        self.code_version = cache(self._code_version)
        self.reports_side = cache(self._reports_side)
        self.edges_of = cache(self._edges_of)
        self.named = cache(self._named)
        self.reports = cache(self._reports)

    def _executed(self, endings: Endings) -> dict[AssetUri, AssetUri]:
        """Return the workflow of each run: the one that the latest fact names which was valid at any time."""
        latest: dict[AssetUri, tuple[int, int, str, AssetUri]] = {}
        run_of = [fact for fact in self.edge_facts if fact.relation == "run_of"]
        for (run, relation, workflow, _, _, _, origin), assertions in by_key(run_of).items():
            valid = {start for start, _ in spans(assertions, endings.explicit((run, relation, workflow), origin))}
            for fact in assertions:
                moment, state = asserted_by(fact.valid_from), fact.properties.get("state")
                event = (moment, EVENT_RANKS.get(str(state).upper(), 1), str(workflow), workflow)
                if moment in valid and (run not in latest or event > latest[run]):
                    latest[run] = event
        return {run: event[-1] for run, event in latest.items()}

    def workflow_of(self, run: AssetUri) -> AssetUri | None:
        return self._workflows.get(run)

    def workflows(self) -> list[AssetUri]:
        return sorted(set(self._workflows.values()))

    def members(self, workflow: AssetUri) -> list[AssetUri]:
        return sorted(run for run, executed in self._workflows.items() if executed == workflow)

    def all(self) -> list[AssetUri]:
        """Return every run that a fact about it, or about an edge of it, names."""
        ends = {end for fact in self.edge_facts for end in (fact.source, fact.target) if end.kind == "run"}
        return sorted(ends | {fact.uri for fact in self.asset_facts})

    def facts_of(self, run: AssetUri) -> list[AssetFact]:
        return sorted((fact for fact in self.asset_facts if fact.uri == run), key=fact_order)

    def terminal(self, run: AssetUri) -> tuple[str, int] | None:
        """Return the state in the run's latest terminal event, and the end of the run."""
        ends = [
            (fact, properties)
            for fact in self.facts_of(run)
            if is_terminal((properties := fact.state.get("properties", {})).get("state"))
        ]
        if not ends:
            return None
        fact, properties = ends[-1]
        ended_at = properties.get("ended_at")
        return properties["state"].upper(), parse_time(ended_at) if ended_at else asserted_by(fact.valid_from)

    def _completion(self, run: AssetUri) -> int | None:
        """Return when the run completed; None if its latest terminal state is another one, or there is none."""
        end = self.terminal(run)
        return end[1] if end and end[0] == "COMPLETE" else None

    def complete_by(self, run: AssetUri, t: int) -> bool:
        done = self.completion(run)
        return done is not None and done <= t

    def order(self, run: AssetUri, t: int) -> tuple[int, str]:
        """Return the sort key of runs at `t`: the completion up to then, else the last event up to then; then the URI."""
        done = self.completion(run)
        if done is not None and done <= t:
            return done, str(run)
        edges = [fact for fact in self.edges_of(run) if fact.relation in ("input_to", "outputs", "derives")]
        moments = [asserted_by(fact.valid_from) for facts in (self.facts_of(run), edges) for fact in facts]
        return max(moment for moment in moments if moment <= t), str(run)

    def properties(self, run: AssetUri, origin: str | None = None) -> dict[str, Any]:
        """Return the final properties of the run, by one origin or by all together."""
        facts = self.facts_of(run)
        origins = {fact.origin for fact in facts} if origin is None else {origin}
        merged: dict[str, Any] = {}
        report_sources = [[fact for fact in facts if fact.origin == name] for name in origins]
        reporting = [
            (last_change_at(report_source), fold(report_source).get("properties", {}))
            for report_source in report_sources
            if report_source
        ]
        for _, properties in sorted(reporting, key=lambda reported: (reported[0], canonical_json(reported[1]))):
            merged = patched(merged, {"properties": properties})
        known: dict[str, Any] = merged.get("properties", {})
        return known

    def _code_version(self, run: AssetUri) -> str | None:
        return self.properties(run).get("code_version") or None

    def _reports_side(self, run: AssetUri, side: str, origin: str | None = None) -> bool:
        """Return whether `origin` (None: any) reported this side of the run; without `sides`, it reported both."""
        if origin is None:
            origins = {fact.origin for facts in (self.facts_of(run), self.edges_of(run)) for fact in facts}
            return any(self.reports_side(run, side, name) for name in origins)
        reports_of_it = any(fact.origin == origin for fact in self.facts_of(run)) or any(
            fact.origin == origin and (fact.relation == "run_of" or side_of(triple_of(fact)) is not None)
            for fact in self.edges_of(run)
        )
        sides = self.properties(run, origin).get("sides")
        return reports_of_it and (sides is None or bool(sides.get(side)))

    def _edges_of(self, run: AssetUri) -> list[EdgeFact]:
        """Return the facts about edges that the run reported: its own, and its column lineage."""
        return [
            fact
            for fact in self.edge_facts
            if run in (fact.source, fact.target)
            or (is_column_lineage(triple_of(fact), by := fact.properties.get("by")) and by == str(run))
        ]

    def inputs(self, run: AssetUri) -> set[AssetUri]:
        """Return the inputs that any event of the run lists, whenever it does."""
        return {fact.source for fact in self.edges_of(run) if (fact.relation, fact.target) == ("input_to", run)}

    def outputs(self, run: AssetUri) -> set[AssetUri]:
        """Return the outputs that any event of the run lists, whenever it does; those listed as dropped only are none."""
        return {
            fact.target for fact in self.edges_of(run) if (fact.source, fact.relation) == (run, "outputs") and not is_drop(fact)
        }

    def _named(self, run: AssetUri) -> list[Named]:
        """Return the datasets that the run's lineage of its outputs names."""
        outputs = self.outputs(run)
        facts = [fact for fact in self.edges_of(run) if fact.relation != "outputs" or fact.source == run]
        return [
            Named(asserted_by(fact.valid_from), output, name, fact.origin)
            for fact, output, name in decisive_names(facts)
            if output in outputs
        ]

    def implied(self, run: AssetUri) -> Iterator[EdgeFact]:
        """Yield an edge, with the property `possible`, for each name in the run's lineage that is no input of the run."""
        for named in self.named(run):
            if matched(named.name, self.inputs(run)) is None:
                properties = {"possible": True}
                yield EdgeFact(named.name, "input_to", run, named.origin, named.moment, properties=properties, mode=Mode.PATCH)

    def _reports(self, run: AssetUri) -> list[Report]:
        """Return all reports of inputs and outputs; one of a dropped output is none."""
        found = []
        for fact in (*self.edges_of(run), *self.implied(run)):
            place = side_of(triple_of(fact))
            if place and place[1] == run and not is_drop(fact):
                role = fact.properties.get("role") if place[0] == "inputs" else None  # an output has none
                possible = bool(fact.properties.get("possible"))
                found.append(Report(asserted_by(fact.valid_from), run, fact.origin, place[0], place[2], role, possible))
        return found
