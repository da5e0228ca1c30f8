"""Selects the lineage report that decides which inputs feed an output at each moment (docs/spec.md#4-pairs)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mlgraph.domain.facts import Mode
from mlgraph.graph.model.rows import OUTPUTS
from mlgraph.graph.model.spans import Spans, covers, intersect, union
from mlgraph.graph.projection.histories import Assets, RunHistory, WorkflowHistory
from mlgraph.graph.projection.port_pairs import Decision, Sides

Reports = list[tuple[int, frozenset[int]]]
"""The inputs that lineage named, by moment, in order of time: each report is valid until the next."""


def run_decisions(run: RunHistory, reads: Mapping[int, Spans], assets: Assets) -> dict[int, list[Decision]]:
    """Return, by output, the decisions of the run's own lineage over time.

    A lineage facet (`from`) decides. If it names no input of the run, the datasets of the run's column edges decide; if those
    name none either, the output is undecided. `reads` has the spans in which each input is read.
    """
    facets, columns = run.lineage_reports, _column_reports(run, assets)
    return {
        output: _effective(run.run, reads, (_in_order(facets.get(output, {})), columns.get(output, [])))
        for output in sorted({*facets, *columns})
        if output in run.outputs
    }


def _in_order(reports: Mapping[int, set[int]]) -> Reports:
    return [(moment, frozenset(named)) for moment, named in sorted(reports.items())]


def _column_reports(run: RunHistory, assets: Assets) -> dict[int, Reports]:
    named: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for column in run.columns:
        if column.mode != Mode.RETRACT:
            named[assets.dataset_of(column.target)][column.valid_from].add(assets.dataset_of(column.source))
    reports: dict[int, Reports] = {}
    for output, moments in named.items():
        seen: set[int] = set()
        reports[output] = []
        for moment in sorted(moments):
            seen |= moments[moment]
            reports[output].append((moment, frozenset(seen)))
    return reports


def _effective(run: int, reads: Mapping[int, Spans], report_sources: Sequence[Reports]) -> list[Decision]:
    """Return the decisions of the first of `report_sources` that names an input at each moment."""
    reports = [report for source_reports in report_sources for report in source_reports]
    moments = {moment for moment, _ in reports}
    moments.update(edge for _, named in reports for source in named for span in reads.get(source, ()) for edge in span)
    decisions: list[Decision] = []
    for moment in sorted(moments):
        known = next(filter(None, (_known(reads, source_reports, moment) for source_reports in report_sources)), None)
        if not decisions or decisions[-1].inputs != known:
            decisions.append(Decision(moment, run, known))
    return decisions


def _known(reads: Mapping[int, Spans], reports: Reports, moment: int) -> frozenset[int]:
    position = bisect_right(reports, moment, key=lambda report: report[0])
    named = reports[position - 1][1] if position else frozenset()
    return frozenset(source for source in named if covers(reads.get(source, []), moment))


class _LineageChange(NamedTuple):
    """A moment at which a reporter (a run, or a declaration of the workflow) changes its lineage of an output."""

    moment: int
    reported_at: int
    """When the reporter last reported the output, or completed: the later reporter decides."""
    declared: bool
    uri: str
    by: int
    inputs: frozenset[int] | None

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Return the sort key of reporters: the greatest decides."""
        return self.reported_at, self.declared, self.uri

    @property
    def reporter(self) -> tuple[int, int]:
        """Return the run, or 0 and the time of the declaration."""
        return self.by, self.reported_at if self.declared else 0


def workflow_decisions(
    workflow: WorkflowHistory, decided: Mapping[int, Mapping[int, list[Decision]]], sides: Sides
) -> dict[int, list[Decision]]:
    """Return, by output, the decisions over time: those of the latest run that reported the output with lineage.

    `decided` has each run's own decisions (`run_decisions`), by run. Runs are ordered by time of report and completion, then URI.
    A declaration of the workflow itself takes part while it is valid and names an input that is valid too.
    """
    events: dict[int, list[_LineageChange]] = defaultdict(list)
    for run in workflow.runs:
        for output, decisions in decided[run.run].items():
            events[output].extend(_run_events(run, decisions, run.outputs[output]))
    for output, event in _declared_events(workflow, sides.reads):
        events[output].append(event)
    return {output: _latest(changes) for output, changes in events.items()}


def _run_events(run: RunHistory, decisions: list[Decision], reports: Iterable[int]) -> Iterator[_LineageChange]:
    reported_at = sorted({*reports, *(() if run.outcome.ended_at is None else (run.outcome.ended_at,))})
    first = min(reports)
    for moment in sorted({*reported_at, *(decision.start for decision in decisions)}):
        position = bisect_right(decisions, moment, key=lambda decision: decision.start)
        if position and moment >= first:
            reported = reported_at[bisect_right(reported_at, moment) - 1]
            yield _LineageChange(moment, reported, declared=False, uri=run.uri, by=run.run, inputs=decisions[position - 1].inputs)


def _declared_events(workflow: WorkflowHistory, reads: Mapping[int, Spans]) -> Iterator[tuple[int, _LineageChange]]:
    declared_at: dict[tuple[int, int], list[tuple[frozenset[int], Spans]]] = defaultdict(list)
    for interval in workflow.declared:
        if interval.feeds and interval.record.relation == OUTPUTS:
            named = union(span for source in interval.feeds for span in reads.get(source, ()))
            counts = intersect([(interval.start, interval.end)], named)
            declared_at[interval.record.target, interval.start].append((interval.feeds, counts))
    for (output, start), inputs_with_spans in declared_at.items():
        for moment in sorted({edge for _, counts in inputs_with_spans for span in counts for edge in span}):
            now = frozenset(source for feeds, counts in inputs_with_spans if covers(counts, moment) for source in feeds)
            yield output, _LineageChange(moment, start, declared=True, uri="", by=0, inputs=now or None)


def _latest(events: Iterable[_LineageChange]) -> list[Decision]:
    known: dict[tuple[int, int], _LineageChange] = {}
    latest: _LineageChange | None = None
    effective: list[Decision] = []
    for event in sorted(events, key=lambda event: (event.moment, event.rank)):
        if event.inputs:
            known[event.reporter] = event
            if latest is None or event.rank >= latest.rank:
                latest = event
        elif known.pop(event.reporter, None) is latest:
            latest = max(known.values(), key=lambda event: event.rank, default=None)
        decision = Decision(event.moment, latest.by if latest else 0, latest.inputs if latest else None)
        if not effective or (effective[-1].by, effective[-1].inputs) != (decision.by, decision.inputs):
            effective.append(decision)
    return effective
