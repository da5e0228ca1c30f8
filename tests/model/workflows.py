"""Naive model of docs/spec.md#3-asset-level: the edges of a workflow from the reports of its runs."""

from __future__ import annotations

from typing import Any, TypeAlias

from mlgraph.domain.facts import AssetFact, Declaration, EdgeFact, Fact, Mode, is_terminal
from mlgraph.domain.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER, parse_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import NEVER_CLOSING_OUTPUTS
from tests.model.records import (
    Assets,
    Endings,
    Record,
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

Report: TypeAlias = tuple[int, AssetUri]
"""The time of a report, and the run."""


def side_of(triple: Triple) -> tuple[str, AssetUri, AssetUri] | None:
    """Return (side, run or workflow, other asset) if the triple is an input or output of a run or workflow."""
    source, relation, target = triple
    if relation == "input_to" and target.kind in ("run", "workflow"):
        return "inputs", target, source
    if relation == "outputs" and source.kind in ("run", "workflow"):
        return "outputs", source, target
    return None


class Runs:
    """Computes the workflows, the outcome and the reported sides of each run."""

    def __init__(self, facts: list[Fact], assets: Assets, endings: Endings) -> None:
        self.asset_facts = [fact for fact in assets.facts if fact.uri.kind == "run"]
        self.edge_facts = [fact for fact in facts if isinstance(fact, EdgeFact)]
        run_of = [fact for fact in self.edge_facts if fact.relation == "run_of"]
        self.memberships = {
            (key[0], key[2])
            for key, assertions in by_key(run_of).items()
            if spans(assertions, endings.all((key[0], key[1], key[2]), key[-1]), [])
        }

    def workflows_of(self, run: AssetUri) -> set[AssetUri]:
        return {workflow for member, workflow in self.memberships if member == run}

    def members(self, workflow: AssetUri) -> set[AssetUri]:
        return {run for run, parent in self.memberships if parent == workflow}

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

    def ended_at(self, run: AssetUri) -> int | None:
        """Return when the run ended, in any state."""
        end = self.terminal(run)
        return end[1] if end else None

    def completion(self, run: AssetUri) -> int | None:
        """Return when the run completed; None if its latest terminal state is another one, or there is none."""
        end = self.terminal(run)
        return end[1] if end and end[0] == "COMPLETE" else None

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

    def code_version(self, run: AssetUri) -> str | None:
        return self.properties(run).get("code_version") or None

    def reports_side(self, run: AssetUri, origin: str, side: str) -> bool:
        """Return whether `origin` reported this side of the run; without `sides`, it reported both."""
        reports_of_it = any(fact.origin == origin for fact in self.facts_of(run)) or any(
            fact.origin == origin
            and (fact.relation == "run_of" or side_of(triple_of(fact)) is not None)
            and run in (fact.source, fact.target)
            for fact in self.edge_facts
        )
        sides = self.properties(run, origin).get("sides")
        return reports_of_it and (sides is None or bool(sides.get(side)))


class Workflows:
    """The asset-level edges of workflows that come from their runs' reports."""

    def __init__(self, facts: list[Fact], runs: Runs, endings: Endings) -> None:
        self.runs = runs
        self.endings = endings
        self.edge_facts = [fact for fact in facts if isinstance(fact, EdgeFact)]
        self.declarations = [fact for fact in facts if isinstance(fact, Declaration)]

    def records(self) -> list[Record]:
        """Return every interval of every workflow, computed origin by origin."""
        found = []
        for workflow in sorted({workflow for _, workflow in self.runs.memberships}):
            reports: dict[tuple[str, str, AssetUri, str | None], list[Report]] = {}
            for fact in self.edge_facts:
                place = side_of(triple_of(fact))
                if place and place[1] in self.runs.members(workflow):
                    side, run, other = place
                    line = (fact.origin, side, other, fact.properties.get("role"))
                    reports.setdefault(line, []).append((asserted_by(fact.valid_from), run))
            for (origin, side, other, role), moments in reports.items():
                triple = (other, "input_to", workflow) if side == "inputs" else (workflow, "outputs", other)
                for start, end in self._spans(workflow, triple, role, origin, moments):
                    found.append(Record(triple, role, None, origin, start, end))
        return found

    def declared_gone(self, triple: Triple, role: str | None, origin: str) -> list[int]:
        """Return when a declaration omitted the edge after an earlier one of the same job and origin had listed it."""
        place = side_of(triple)
        if place is None:
            return []
        side, workflow, _ = place
        listed = [
            asserted_by(fact.valid_from)
            for fact in self.edge_facts
            if fact.mode == Mode.DECLARED
            and triple_of(fact) == triple
            and fact.properties.get("role") == role
            and fact.origin == origin
        ]
        return [
            reported.valid_from
            for reported in self.declarations
            if reported.uri == workflow
            and reported.origin == origin
            and side in reported.sides
            and reported.valid_from not in listed
            and any(earlier < reported.valid_from for earlier in listed)
        ]

    def declared_lineage(self, workflow: AssetUri, output: AssetUri) -> list[tuple[int, int, set[AssetUri]]]:
        """Return (start, end, inputs named) of every record of this output on the workflow itself that has `from`."""
        found = []
        triple = (workflow, "outputs", output)
        for key, assertions in by_key(fact for fact in self.edge_facts if triple_of(fact) == triple).items():
            gone = self.declared_gone(triple, key[3], key[-1])
            for start, end in spans(assertions, self.endings.all(triple, key[-1]), gone):
                named = [fact.properties["from"] for fact in assertions if fact.valid_from == start and "from" in fact.properties]
                if named:
                    found.append((start, end, {AssetUri.parse(text) for texts in named for text in texts}))
        return found

    def _spans(
        self, workflow: AssetUri, triple: Triple, role: str | None, origin: str, reports: list[Report]
    ) -> list[tuple[int, int]]:
        """Return the intervals of the edge: all moments in order, opening at reports, closing at omissions and declared ends."""
        side, other = ("inputs", triple[0]) if triple[1] == "input_to" else ("outputs", triple[2])
        reporters = {run for _, run in reports}
        having: dict[int, set[AssetUri]] = {}
        omitting: dict[int, set[AssetUri]] = {}
        for moment, run in reports:
            having.setdefault(moment, set()).add(run)
        for run in self.runs.members(workflow):
            done = self.runs.completion(run)
            if done is not None and run in reporters:
                having.setdefault(done, set()).add(run)
            elif done is not None and self.runs.reports_side(run, origin, side):
                omitting.setdefault(done, set()).add(run)
        gone = {*self.endings.all(triple, origin), *self.declared_gone(triple, role, origin)}
        opening = {moment for moment, _ in reports} - gone
        line = _Line(self.runs, closable=not (side == "outputs" and other.kind in NEVER_CLOSING_OUTPUTS))
        for moment in sorted({*having, *omitting, *gone}):
            if moment in having:  # at one moment a report wins over omissions
                line.had(having[moment])
            else:
                for run in sorted(omitting.get(moment, ()), key=str):
                    line.omitted(moment, run)
            if moment in gone:
                line.close(moment)
            if moment in opening:
                line.open(moment)
        line.close(FOREVER)
        return line.closed


class _Line:
    """The state of one edge of a workflow during the replay of its moments."""

    def __init__(self, runs: Runs, *, closable: bool) -> None:
        self.runs = runs
        self.closable = closable
        self.closed: list[tuple[int, int]] = []
        self.opened: int | None = None
        self.streak: list[int] = []
        self.last: AssetUri | None = None

    def open(self, moment: int) -> None:
        if self.opened is None:
            self.opened = moment

    def close(self, moment: int) -> None:
        if self.opened is not None:
            self.closed.append((self.opened, moment))
            self.opened = None

    def had(self, runs: set[AssetUri]) -> None:
        self.last = max(runs, key=str)
        self.streak = []

    def omitted(self, moment: int, run: AssetUri) -> None:
        """Record an omission: three in a row close the edge at the first; one with another code version closes it at once."""
        self.streak.append(moment)
        ends = [self.streak[0]] if len(self.streak) >= 3 else []
        before, now = self.runs.code_version(self.last) if self.last else None, self.runs.code_version(run)
        if before is not None and now is not None and before != now:
            ends.append(moment)
        if ends and self.closable:
            self.close(min(ends))
