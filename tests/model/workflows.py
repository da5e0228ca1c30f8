"""Naive model of docs/spec.md#3-asset-level: the edges of a workflow from the reports of its runs, moment by moment.

How sentences that can be read in two ways are read here:

- Reports, omissions and endings are those of one origin and role. Completions, code versions, the sets of outputs that make a
  workflow parameterised, and the latest complete run of an output are those of all origins together.
- Declared gone means all of: omitted by a later JobEvent of the same origin, retracted (the edge, or the asset or the workflow),
  dropped by a run of the workflow. It counts at the moment of a report too, and omissions after it close nothing.
- What omission never closes (inputs of the latest complete run of a version and its like) is closed by being declared gone.
- Versions and their like are left out of both tests for parameterised workflows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from mlgraph.domain.facts import Declaration, EdgeFact, Fact, Mode
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import NEVER_CLOSING_OUTPUTS
from tests.model.records import Endings, Record, Triple, asserted_by, by_key, spans, triple_of
from tests.model.runs import Report, Runs, is_drop, side_of

WINDOW = 10
"""The complete runs, up to and with one, among which distinct sets of outputs are counted."""
DISTINCT = 3
"""The distinct sets of outputs that make a workflow parameterised, and the omissions in a row that close an edge."""


class Line(NamedTuple):
    """What is computed by itself: one input or output in one role, as one origin reports it."""

    origin: str
    side: str
    other: AssetUri
    role: str | None

    def triple(self, workflow: AssetUri) -> Triple:
        return (self.other, "input_to", workflow) if self.side == "inputs" else (workflow, "outputs", self.other)


class Workflows:
    """The asset-level edges of workflows: those that runs reported, and those that are declared of the workflow itself."""

    def __init__(self, facts: list[Fact], runs: Runs, endings: Endings) -> None:
        self.runs = runs
        self.endings = endings
        self.edge_facts = [fact for fact in facts if isinstance(fact, EdgeFact)]
        self.declarations = [fact for fact in facts if isinstance(fact, Declaration)]
        self.history = cache(self._history)

    def valid(self, t: int) -> list[Record]:
        """Return the edges that runs reported and that are valid at `t`; each record has the length 1."""
        return [record for workflow in self.runs.workflows() for record in self.history(workflow).valid(t)]

    def _history(self, workflow: AssetUri) -> WorkflowHistory:
        return WorkflowHistory(workflow, self)

    def declared_records(self) -> Iterator[tuple[Record, list[EdgeFact]]]:
        """Yield every interval of every edge that is declared of a workflow, with the facts that asserting it."""
        own = [fact for fact in self.edge_facts if (place := side_of(triple_of(fact))) and place[1].kind == "workflow"]
        for key, assertions in by_key(own).items():
            triple, role, origin = (key[0], key[1], key[2]), key[3], key[-1]
            dropped = [asserted_by(fact.valid_from) for fact in assertions if is_drop(fact)]
            listed = [fact for fact in assertions if not is_drop(fact)]
            gone = [*self.endings.all(triple, origin), *self.declared_gone(triple, role, origin), *dropped]
            for start, end in spans(listed, gone):
                asserting = [fact for fact in listed if fact.valid_from == start]
                yield Record(triple, role, None, origin, start, end), asserting

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
            and (side == "outputs" or fact.properties.get("role") == role)
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


class WorkflowHistory:
    """The runs of one workflow and their reports (the names follow the naive code of the rules)."""

    def __init__(self, workflow: AssetUri, workflows: Workflows) -> None:
        self.workflow = workflow
        self.workflows = workflows
        self.runs = workflows.runs
        self.members = self.runs.members(workflow)
        self.reports = [report for run in self.members for report in self.runs.reports(run)]
        self.done_runs = sorted(
            (run for run in self.members if self.runs.completion(run) is not None), key=lambda run: (self.done(run), str(run))
        )
        first = next((k for k in range(len(self.done_runs)) if self._varies(k) or self._returns(k)), None)
        self.closing_runs = self.done_runs[:first]
        self.parameterised_from = FOREVER if first is None else self.done(self.done_runs[first])
        self.lines: dict[Line, list[Report]] = {}
        for report in self.reports:
            line = Line(report.origin, report.side, report.other, report.role)
            self.lines.setdefault(line, []).append(report)
        self.gone_moments = cache(self._gone_moments)
        self.ends = cache(self._ends)

    def done(self, run: AssetUri) -> int:
        return asserted_by(self.runs.completion(run))

    def closable_outputs(self, run: AssetUri) -> frozenset[AssetUri]:
        return frozenset(output for output in self.runs.outputs(run) if output.kind not in NEVER_CLOSING_OUTPUTS)

    def _varies(self, k: int) -> bool:
        window = self.done_runs[max(0, k - WINDOW + 1) : k + 1]
        return len({outputs for run in window if (outputs := self.closable_outputs(run))}) >= DISTINCT

    def _returns(self, k: int) -> bool:
        """Return whether run `k` has an output that the three complete runs before it omitted and an earlier one had."""
        before = [run for run in self.done_runs[:k] if self.runs.reports_side(run, "outputs")]
        last = before[-DISTINCT:]
        return len(last) == DISTINCT and any(
            all(output not in self.closable_outputs(run) for run in last)
            and any(output in self.closable_outputs(run) for run in before[:-DISTINCT])
            for output in self.closable_outputs(self.done_runs[k])
        )

    def valid(self, t: int) -> list[Record]:
        found = []
        for line in self.lines:
            if self.output_open(line, t) if line.side == "outputs" else self.input_open(line, t):
                certain = line.side == "outputs" or any(
                    report.other == line.other and report.side == "inputs" and report.moment <= t and not report.possible
                    for report in self.reports
                )
                found.append(Record(line.triple(self.workflow), line.role, None, line.origin, t, t + 1, certain))
        return found

    def last(self, line: Line, t: int, run: AssetUri | None = None) -> int | None:
        """Return the latest report, by any run or by one, up to `t`."""
        moments = [report.moment for report in self.lines[line] if report.moment <= t and run in (None, report.run)]
        return max(moments, default=None)

    def _gone_moments(self, line: Line) -> list[int]:
        triple = line.triple(self.workflow)
        dropped = [
            asserted_by(fact.valid_from)
            for run in self.members
            for fact in self.runs.edges_of(run)
            if is_drop(fact) and fact.target == line.other and fact.origin == line.origin
        ]
        declared = self.workflows.declared_gone(triple, line.role, line.origin)
        return [*self.workflows.endings.all(triple, line.origin), *declared, *dropped]

    def gone(self, line: Line, since: int, t: int) -> bool:
        return any(since <= moment <= t for moment in self.gone_moments(line))

    def _ends(self, line: Line, since: int, *, parameterised: bool) -> int:
        """Return when omission ends what was reported at `since`: by all complete runs, or by those that may close outputs."""
        by: Sequence[AssetUri] = self.done_runs if parameterised else self.closing_runs
        reports = self.lines[line]
        until = min((moment for moment in self.gone_moments(line) if moment >= since), default=FOREVER)
        reported_at, reporters = {report.moment for report in reports}, {report.run for report in reports}
        omissions = [
            run
            for run in by
            if run not in reporters
            and self.runs.reports_side(run, line.side, line.origin)
            and since < self.done(run) <= until
            and self.done(run) not in reported_at
        ]
        code = self.runs.code_version(max((report.run for report in reports if report.moment == since), key=str))
        first, count = FOREVER, 0
        following = [(report.moment, str(report.run), report.run) for report in reports if since < report.moment <= until]
        omitted = [(self.done(run), str(run), run) for run in omissions]
        for moment, _, run in sorted({*following, *omitted}):
            if moment in reported_at:
                count, code = 0, self.runs.code_version(run)
                continue
            count += 1
            first = moment if count == 1 else first
            own = self.runs.code_version(run)
            if count == DISTINCT:
                return first
            if code is not None and own is not None and code != own:
                return moment
        return FOREVER

    def output_open(self, line: Line, t: int) -> bool:
        last = self.last(line, t)
        if last is None or self.gone(line, last, t):
            return False
        lasting = t >= self.parameterised_from or line.other.kind in NEVER_CLOSING_OUTPUTS
        return lasting or self.ends(line, last, parameterised=False) > t

    def input_open(self, line: Line, t: int) -> bool:
        last = self.last(line, t)
        if last is None:
            return False
        outputs = {output for output in self.lines if output.side == "outputs"}
        if t < self.parameterised_from:
            versions = {output.other for output in outputs if output.other.kind in NEVER_CLOSING_OUTPUTS}
            lasting = any(self._read_by_latest(line, output, t) is not None for output in versions)
            return not self.gone(line, last, t) and (lasting or self.ends(line, last, parameterised=False) > t)
        for output in {output.other for output in outputs if self.output_open(output, t)}:
            read = self._read_by_latest(line, output, t)
            if read is not None and not self.gone(line, read, t):
                return True
        return any(
            report.moment <= t
            and (not self.runs.complete_by(report.run, t) or not self.runs.outputs(report.run))
            and not self.gone(line, report.moment, t)
            and self.ends(line, report.moment, parameterised=True) > t
            for report in self.lines[line]
        )

    def latest_complete(self, output: AssetUri, t: int) -> AssetUri | None:
        """Return the latest run complete by `t` that had reported the output by then."""
        wrote = {
            report.run for report in self.reports if (report.side, report.other) == ("outputs", output) and report.moment <= t
        }
        return next((run for run in reversed(self.done_runs) if run in wrote and self.done(run) <= t), None)

    def _read_by_latest(self, line: Line, output: AssetUri, t: int) -> int | None:
        """Return when the latest complete run of the output last reported this input."""
        run = self.latest_complete(output, t)
        return None if run is None else self.last(line, t, run)
