"""Semantics 3, read naively: what a workflow's runs make of it."""

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
    patched,
    spans,
    spoke_at,
    triple_of,
)

Report: TypeAlias = tuple[int, AssetUri]
"""When a run reported."""


def side_of(triple: Triple) -> tuple[str, AssetUri, AssetUri] | None:
    """(side, run or workflow, the other asset) where the triple is an input or output of one."""
    source, relation, target = triple
    if relation == "input_to" and target.kind in ("run", "workflow"):
        return "inputs", target, source
    if relation == "outputs" and source.kind in ("run", "workflow"):
        return "outputs", source, target
    return None


class Runs:
    """What is known of each run: its workflows, how it ended, what it told."""

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
        """The run's latest terminal event: its state and when the run ended by it."""
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
        """When the run ended, in whatever state."""
        end = self.terminal(run)
        return end[1] if end else None

    def completion(self, run: AssetUri) -> int | None:
        """When the run completed; None where its latest terminal state is another one, or there is none."""
        end = self.terminal(run)
        return end[1] if end and end[0] == "COMPLETE" else None

    def properties(self, run: AssetUri, origin: str | None = None) -> dict[str, Any]:
        """What is known of the run in the end, by one origin or by all together."""
        facts = self.facts_of(run)
        origins = {fact.origin for fact in facts} if origin is None else {origin}
        merged: dict[str, Any] = {}
        report_sources = [[fact for fact in facts if fact.origin == name] for name in origins]
        reporting = [
            (spoke_at(report_source), fold(report_source).get("properties", {}))
            for report_source in report_sources
            if report_source
        ]
        for _, properties in sorted(reporting, key=lambda reported: (reported[0], canonical_json(reported[1]))):
            merged = patched(merged, {"properties": properties})
        known: dict[str, Any] = merged.get("properties", {})
        return known

    def code_version(self, run: AssetUri) -> str | None:
        return self.properties(run).get("code_version") or None

    def spoke_of(self, run: AssetUri, origin: str, side: str) -> bool:
        """Whether `origin` knows the run and told this side of it; where `sides` is absent it told both."""
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
        """Every interval of every workflow, computed origin by origin."""
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
        """When a declaration left out what an earlier one of the same job and origin had listed."""
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
        """(start, end, inputs named) of every record of this output, told of the workflow itself, that carries `from`."""
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
        """Walk through all moments in order, opening at reports, closing at omissions and declared ends."""
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
            elif done is not None and self.runs.spoke_of(run, origin, side):
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
    """One edge of a workflow while its moments pass by."""

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
        """Three omissions in a row close at the first of them; one by other code closes at once."""
        self.streak.append(moment)
        ends = [self.streak[0]] if len(self.streak) >= 3 else []
        before, now = self.runs.code_version(self.last) if self.last else None, self.runs.code_version(run)
        if before is not None and now is not None and before != now:
            ends.append(moment)
        if ends and self.closable:
            self.close(min(ends))
