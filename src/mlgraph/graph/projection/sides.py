"""Computes the sides of a run or workflow: its inputs and outputs with their spans (docs/spec.md#2-run-level, #3-asset-level)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.rows import INPUT_TO, NEVER_CLOSING
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.alias_merging import merge_alias_intervals
from mlgraph.graph.projection.declared import DeclaredInput
from mlgraph.graph.projection.evidence import Reports, RunEvidence
from mlgraph.graph.projection.histories import Assets, EdgeKey, RunHistory, WorkflowHistory, key_of, side_of
from mlgraph.graph.projection.open_intervals import Completion, EdgeEvidence, open_spans
from mlgraph.graph.projection.parameterised import in_order, parameterised_from
from mlgraph.graph.projection.timelines import greatest_over_time

_OriginSpans = tuple[EdgeKey, int, Spans]
"""An edge, one origin that asserts it, and the (sorted, disjoint) spans in which it does."""
_Line = tuple[int, EdgeKey]
"""An edge of a workflow as one origin reports it."""
_BEGINNING: Final = -FOREVER


@dataclass
class Sides:
    """The inputs (by asset and role) and outputs of a workflow or run, each with its spans by origin.

    The properties are cached: do not change `inputs` or `outputs` after reading one.
    """

    inputs: dict[tuple[int, str], dict[int, Spans]] = field(default_factory=dict)
    outputs: dict[int, dict[int, Spans]] = field(default_factory=dict)
    uncertain: dict[int, Spans] = field(default_factory=dict)
    """Of inputs that lineage alone names or named: when they are possible inputs."""

    @cached_property
    def reads(self) -> Mapping[int, Spans]:
        """For each input, when it is read, in any role."""
        found: dict[int, Spans] = {}
        for (source, _role), origins in self.inputs.items():
            spans = _by_any_origin(origins)
            found[source] = union([*found[source], *spans]) if source in found else spans
        return found

    @cached_property
    def writes(self) -> Mapping[int, Spans]:
        """For each output, when it is written."""
        return {output: _by_any_origin(origins) for output, origins in self.outputs.items()}


def _by_any_origin(origins: Mapping[int, Spans]) -> Spans:
    if len(origins) == 1:
        return next(iter(origins.values()))
    return union(span for spans in origins.values() for span in spans)


def run_sides(run: RunHistory, evidence: RunEvidence, *, at_run_level: bool) -> Sides:
    """Return the run's inputs and outputs by origin. Retractions of assets end them at asset level only."""
    intervals = run.intervals(evidence.implied, at_run_level=at_run_level)
    sides = _sides((key_of(each.record), each.record.origin, [(each.start, each.end)]) for each in intervals)
    sides.uncertain = {source: [(_BEGINNING, FOREVER)] for source in evidence.possible}
    return sides


def _sides(origin_spans: Iterable[_OriginSpans]) -> Sides:
    sides = Sides()
    inputs, outputs = sides.inputs, sides.outputs
    for (relation, asset, role), origin, spans in origin_spans:
        if not spans:
            continue
        origins = inputs.setdefault((asset, role), {}) if relation == INPUT_TO else outputs.setdefault(asset, {})
        before = origins.get(origin)
        origins[origin] = spans if before is None else union([*before, *spans])
    return sides


class WorkflowSides:
    """Computes the inputs and outputs of a workflow: those that its runs report, and those declared on it."""

    def __init__(self, workflow: WorkflowHistory, runs: Sequence[RunEvidence], assets: Assets, aliases: Aliases) -> None:
        self._workflow = workflow
        self._runs = runs
        self._kind = assets.kind
        self._aliases = aliases
        self._complete = in_order(runs)
        first = parameterised_from(self._complete, aliases)
        self.parameterised = FOREVER if first is None else first[0]
        """When the workflow became parameterised."""
        self._lines: dict[int, dict[EdgeKey, EdgeEvidence]] = defaultdict(lambda: defaultdict(EdgeEvidence))
        self._dropped: dict[tuple[int, int], list[int]] = defaultdict(list)
        self._gone: dict[_Line, Sequence[int]] = {}
        self._collect()
        self._completions = self._all_completions()
        self._closing = self._completions
        if first is not None:
            self._closing = {key: listed[: bisect_left(listed, first)] for key, listed in self._completions.items()}

    def sides(self, declared_inputs: Iterable[DeclaredInput]) -> Sides:
        """Return the sides; `declared_inputs` are possible inputs that declared lineage names."""
        by_runs: dict[_Line, Spans] = {}
        for origin in sorted(self._lines):
            by_runs.update(self._before(origin))
        if self.parameterised < FOREVER:
            by_runs = self._with_after(by_runs)
        declared = self._workflow.declared

        def by_origin() -> Iterator[_OriginSpans]:
            for (origin, key), spans in by_runs.items():
                yield key, origin, spans
            for interval in declared:
                yield key_of(interval.record), interval.record.origin, [(interval.start, interval.end)]
            for each in declared_inputs:
                yield EdgeKey(INPUT_TO, each.source, ""), each.origin, [(each.start, each.end)]

        sides = _sides(by_origin())
        sides.uncertain = self._uncertain(declared_inputs)
        return sides

    def _collect(self) -> None:
        for run in self._runs:
            named = run.uri, run.code_version
            for origin, key, moments in run.reports:
                found = self._lines[origin][key]
                found.runs.setdefault(run.run, moments[0])
                for moment in moments:
                    found.record(moment, named)
            for line, moments in run.dropped.items():
                self._dropped[line].extend(moments)

    def _all_completions(self) -> Mapping[tuple[int, str], Sequence[Completion]]:
        """Return, by origin and side, the complete runs that reported the side, in order."""
        listed: dict[tuple[int, str], list[Completion]] = defaultdict(list)
        for moment, uri, run in self._complete:
            completion = Completion(moment, uri, run.run, run.code_version)
            for origin, sides in run.sides.items():
                for side in sides:
                    listed[origin, side].append(completion)
        return listed

    def _gone_at(self, origin: int, key: EdgeKey) -> Sequence[int]:
        """Return when `origin`'s edge was declared gone, or reported as dropped, in order."""
        line = origin, key
        if line not in self._gone:
            moments = self._workflow.gone(origin, key)
            dropped = self._dropped.get((origin, key.asset), ())
            self._gone[line] = sorted({*moments, *dropped}) if dropped else moments
        return self._gone[line]

    def _open(
        self, origin: int, key: EdgeKey, found: EdgeEvidence, completions: Mapping[tuple[int, str], Sequence[Completion]]
    ) -> Spans:
        by = completions.get((origin, side_of(key.relation)), ())
        return open_spans(found, by, self._gone_at(origin, key), closes=self._closes(key))

    def _closes(self, key: EdgeKey) -> bool:
        return key.relation == INPUT_TO or self._kind(key.asset) not in NEVER_CLOSING

    def _never_closed(self, origin: int, key: EdgeKey) -> Spans:
        """Return when the edge is open if omissions do not count."""
        return open_spans(self._lines[origin][key], (), self._gone_at(origin, key), closes=False)

    def _closed_by(self, origin: int, completions: Mapping[tuple[int, str], Sequence[Completion]]) -> Mapping[EdgeKey, Spans]:
        """Return the open spans of each edge if `completions` may close it by omission."""
        lines = self._lines[origin]
        alone = {key: self._open(origin, key, found, completions) for key, found in lines.items()}
        if not self._aliases or not any(self._aliases.is_alias(key.asset) for key in lines):
            return alone
        return merge_alias_intervals(lines, alone, lambda key, found: self._open(origin, key, found, completions), self._aliases)

    def _before(self, origin: int) -> Iterator[tuple[_Line, Spans]]:
        """Yield the open spans of each edge as long as the workflow is not parameterised."""
        retained = self._retained_by_versions
        for key, spans in self._closed_by(origin, self._closing).items():
            if retained and key.relation == INPUT_TO:
                reported = union(
                    (max(start, first), end)
                    for run, first in self._lines[origin][key].runs.items()
                    for start, end in retained.get(run, ())
                )
                lasting = intersect(self._never_closed(origin, key), reported) if reported else []
                yield (origin, key), union([*spans, *lasting]) if lasting else spans
            else:
                yield (origin, key), spans

    @cached_property
    def _retained_by_versions(self) -> Mapping[int, Spans]:
        """For each run, when it is the latest complete run of a version or its like: its inputs do not close then."""
        frozen = {
            key.asset
            for lines in self._lines.values()
            for key in lines
            if key.relation != INPUT_TO and self._kind(key.asset) in NEVER_CLOSING
        }
        return self._latest_of({output: [(_BEGINNING, FOREVER)] for output in frozen}) if frozen else {}

    def _latest_of(self, outputs: Mapping[int, Spans]) -> Mapping[int, Spans]:
        """Return, by run, when it is the latest complete run of one of `outputs`, within their spans."""
        entries: dict[int, list[tuple[int, int, tuple[int, str], int]]] = defaultdict(list)
        within: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for output, spans in outputs.items():
            for start, end, asset in self._denoted(output):
                within[asset].extend(intersect([(start, end)], spans))
        for moment, uri, run in self._complete:
            for output, first in run.outputs.items():
                if output in outputs:
                    for start, end, asset in self._denoted(output):
                        if max(moment, first, start) < end:
                            entries[asset].append((max(moment, first, start), end, (moment, uri), run.run))
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for asset, listed in entries.items():
            written = union(within[asset])
            for start, end, run_of_span in greatest_over_time(listed):
                found[run_of_span].extend(intersect([(start, end)], written))
        return {run: union(spans) for run, spans in found.items()}

    def _denoted(self, name: int) -> Iterator[tuple[int, int, int]]:
        """Yield (start, end, asset) for each span in which a name denotes an asset."""
        if not self._aliases or not self._aliases.is_alias(name):
            yield _BEGINNING, FOREVER, name
        else:
            yield from ((each.start, each.end, each.asset) for each in self._aliases.segments(name))

    def _with_after(self, before: Mapping[_Line, Spans]) -> dict[_Line, Spans]:
        """Return the spans of all edges: until the workflow becomes parameterised those of `before`, then by other rules."""
        until, since = [(_BEGINNING, self.parameterised)], [(self.parameterised, FOREVER)]
        found: dict[_Line, Spans] = {}
        written: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for (origin, key), spans in before.items():
            if key.relation != INPUT_TO:
                after = intersect(self._never_closed(origin, key), since)
                found[origin, key] = union([*intersect(spans, until), *after])
                written[key.asset].extend(after)
        latest = self._latest_of({output: union(spans) for output, spans in written.items()})
        read = self._read_by_latest(latest)
        for origin, lines in self._lines.items():
            unfinished = self._unfinished(origin)
            for key in lines:
                if key.relation == INPUT_TO:
                    after = union([*read.get((origin, key), ()), *unfinished.get(key, ())])
                    found[origin, key] = union([*intersect(before[origin, key], until), *intersect(after, since)])
        return found

    def _read_by_latest(self, latest: Mapping[int, Spans]) -> Mapping[_Line, list[tuple[int, int]]]:
        """Return when each input is one of the latest complete run of an open output, and was not declared gone since."""
        found: dict[_Line, list[tuple[int, int]]] = defaultdict(list)
        for run in self._runs:
            for origin, key, moments in run.reports if run.run in latest else ():
                if key.relation == INPUT_TO:
                    own = EdgeEvidence(dict.fromkeys(moments, (run.uri, None)))
                    alive = open_spans(own, (), self._gone_at(origin, key), closes=False)
                    found[origin, key].extend(intersect(alive, latest[run.run]))
        return found

    def _unfinished(self, origin: int) -> Mapping[EdgeKey, list[tuple[int, int]]]:
        """Return when each input is open because a run that is not complete, or has no outputs, reported it."""
        lasting = self._closed_by(origin, self._completions)
        found: dict[EdgeKey, list[tuple[int, int]]] = defaultdict(list)
        for run in self._runs:
            until = run.completed if run.completed is not None and run.outputs else FOREVER
            for report in run.reports:
                if report.origin == origin and report.key.relation == INPUT_TO:
                    found[report.key].extend(_until_closed(report, lasting.get(report.key, []), until))
        return found

    def _uncertain(self, declared_inputs: Iterable[DeclaredInput]) -> dict[int, Spans]:
        """Return when inputs that lineage alone names are only possible: until a run lists them, or a declaration does."""
        named = {source for run in self._runs for source in run.possible} | {each.source for each in declared_inputs}
        if not named:
            return {}
        listed: dict[int, list[tuple[int, int]]] = {source: [] for source in named}
        for run in self._runs:
            for source in named & run.inputs.keys():
                listed[source].append((run.inputs[source], FOREVER))
        for interval in self._workflow.declared:
            if interval.record.relation == INPUT_TO and interval.record.source in named:
                listed[interval.record.source].append((interval.start, interval.end))
        return {source: subtract([(_BEGINNING, FOREVER)], union(spans)) for source, spans in listed.items()}


def _until_closed(report: Reports, lasting: Spans, until: int) -> Iterator[tuple[int, int]]:
    """Yield the spans from each report to the end of the span of `lasting` that it is in, or to `until`."""
    for moment in report.moments:
        place = bisect_right(lasting, (moment, FOREVER)) - 1
        if place >= 0 and lasting[place][0] <= moment < lasting[place][1]:
            end = min(lasting[place][1], until)
            if moment < end:
                yield moment, end
