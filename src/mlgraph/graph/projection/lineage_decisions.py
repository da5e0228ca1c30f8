"""Whose lineage decides which inputs feed an output (docs/spec.md#4-pairs)."""

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
"""What lineage named, by moment, in order of time: each stands until the next."""


def run_decisions(run: RunHistory, reads: Mapping[int, Spans], assets: Assets) -> dict[int, list[Decision]]:
    """Return, by output, what the run's own lineage said over time.

    A lineage facet (`from`) decides; where it names no input of the run, the datasets of the run's column edges do; where those
    name none either, nothing is decided. `reads` says when each input is one.
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
    """Return the decisions of the first of `report_sources` that names an input, moment by moment."""
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
    """A moment at which what a voice (a run, or what was declared of the workflow at one moment) says of an output changes."""

    moment: int
    reported_at: int
    """When the voice last told of the output, or completed: the later voice decides."""
    declared: bool
    uri: str
    by: int
    inputs: frozenset[int] | None

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Return what the latest voice is greatest in."""
        return self.reported_at, self.declared, self.uri

    @property
    def reporter(self) -> tuple[int, int]:
        """Return whose event it is."""
        return self.by, self.reported_at if self.declared else 0


def workflow_decisions(
    workflow: WorkflowHistory, decided: Mapping[int, Mapping[int, list[Decision]]], sides: Sides
) -> dict[int, list[Decision]]:
    """Return, by output, whose lineage stands over time: that of the latest run that reported the output with lineage.

    `decided` holds each run's own decisions (`run_decisions`), by run. Runs are taken by time of report and completion, then URI.
    What is declared of the workflow itself takes part while it holds and names an input that does.
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
    standing: list[Decision] = []
    for event in sorted(events, key=lambda event: (event.moment, event.rank)):
        if event.inputs:
            known[event.reporter] = event
            if latest is None or event.rank >= latest.rank:
                latest = event
        elif known.pop(event.reporter, None) is latest:
            latest = max(known.values(), key=lambda event: event.rank, default=None)
        decision = Decision(event.moment, latest.by if latest else 0, latest.inputs if latest else None)
        if not standing or (standing[-1].by, standing[-1].inputs) != (decision.by, decision.inputs):
            standing.append(decision)
    return standing
