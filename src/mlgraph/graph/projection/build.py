"""Computes the graph rows of runs, workflows and plain edges from their fact histories.

Incremental projection and a rebuild from the store both call these functions; nothing else makes rows of runs and workflows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial

from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.rows import EVALUATION, Layer, NodeKey, Row, edge_flags, plain_layers
from mlgraph.graph.model.spans import Spans, union
from mlgraph.graph.projection.emission import Column, RowEmitter
from mlgraph.graph.projection.histories import Assets, RetractionEnds, RunHistory, WorkflowHistory, triple_intervals
from mlgraph.graph.projection.lineage_decisions import run_decisions, workflow_decisions
from mlgraph.graph.projection.port_pairs import CertainInRuns, Sides, certain_in_any, certain_pairs, pair_up
from mlgraph.graph.projection.sides import reported_sides, run_sides


def plain_rows(records: Sequence[EdgeRecord], ends_by_asset: RetractionEnds, assets: Assets) -> Iterator[Row]:
    """Yield the rows of one triple that belongs to neither a run nor a workflow: it is valid while any origin asserts it."""
    flags_at: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    triple = records[0].triple
    for interval in triple_intervals(records, ends_by_asset):
        flags = edge_flags(triple[1], interval.record.role, interval.properties)
        flags_at[interval.record.origin, flags].append((interval.start, interval.end))
    source, target = NodeKey(triple[0]), NodeKey(triple[2])
    for (origin, flags), spans in flags_at.items():
        for start, end in union(spans):
            for layer in plain_layers(triple[1], assets.kind(triple[0])):
                yield Row(layer, source, triple[1], target, origin, start, end, flags)


def run_rows(run: RunHistory, assets: Assets, aliases: Aliases, *, standalone: bool) -> Iterator[Row]:
    """Yield the run's rows at run level, and, if `standalone` (it has no workflow), at asset level too."""
    for layer in (Layer.RUN, Layer.ASSET) if standalone else (Layer.RUN,):
        sides = run_sides(run, at_run_level=layer == Layer.RUN)
        decisions = run_decisions(run, sides.reads, assets) if run.reports_lineage else {}
        columns = {run.run: _run_columns(run, assets, at_run_level=layer == Layer.RUN)}
        ports = partial(pair_up, sides, decisions, _evaluations(assets), aliases=aliases)
        yield from RowEmitter(run.run, layer, assets, sides).rows(decisions, columns, ports)


def run_pairs(run: RunHistory, assets: Assets, aliases: Aliases) -> dict[tuple[int, int], tuple[Spans, Spans]]:
    """Return, by (input, output) of the run, when the input feeds the output, and when for certain.

    Retractions end both, but for those of the run itself: what it made remains.
    """
    if run.run in run.retraction_ends:
        run = replace(run, retraction_ends={asset: ends for asset, ends in run.retraction_ends.items() if asset != run.run})
    sides = run_sides(run, at_run_level=False)
    ports = pair_up(sides, run_decisions(run, sides.reads, assets), _evaluations(assets), aliases=aliases)
    return {
        (source, output): (union([*pair.certain, *pair.possible]), pair.certain)
        for port_inputs in ports
        for output in port_inputs.outputs
        for source, pair in port_inputs.sources.items()
    }


def workflow_rows(workflow: WorkflowHistory, sides: Sides, assets: Assets, aliases: Aliases) -> Sequence[Row]:
    """Return the workflow's rows at asset level, computed from its runs and declarations; `sides` are `workflow_sides` of it."""
    parts = {run.run: _part_of(run, assets) for run in workflow.runs}
    decisions = workflow_decisions(workflow, {run: part.decisions for run, part in parts.items()}, sides)
    columns: dict[int, Sequence[Column]] = {run: part.columns for run, part in parts.items() if part.columns}
    columns[0] = [(interval.start, interval.end, interval.record) for interval in workflow.column_intervals()]

    def certain_in_runs() -> CertainInRuns:
        return certain_in_any(part.certain(assets, aliases) for part in parts.values())

    ports = partial(pair_up, sides, decisions, _evaluations(assets), certain_in_runs, aliases)
    return RowEmitter(workflow.workflow, Layer.ASSET, assets, sides).rows(decisions, columns, ports)


def run_feeds(run: RunHistory, assets: Assets) -> dict[int, frozenset[int]]:
    """Return, for each output that the run reported, the inputs that feed it by all its reports (docs/spec.md#4-pairs)."""
    part = _part_of(run, assets)
    return {
        output: frozenset(
            source
            for source, pair in port_inputs.sources.items()
            if any(end == FOREVER for _, end in (*pair.certain, *pair.possible))
        )
        for port_inputs in pair_up(part.reported, part.decisions, _evaluations(assets))
        for output in port_inputs.outputs
    }


class _RunPart:
    """The part of a run from which its workflow is computed: cached, because most runs of a workflow no longer change."""

    def __init__(self, run: RunHistory, assets: Assets) -> None:
        self._edges = run.edges
        self.decisions = run_decisions(run, self.reported.reads, assets) if run.reports_lineage else {}
        self.columns = _run_columns(run, assets, at_run_level=False)
        self._certain: tuple[Aliases, CertainInRuns] | None = None

    @cached_property
    def reported(self) -> Sides:
        """The inputs and outputs that the run ever reported."""
        return reported_sides(self._edges)

    def certain(self, assets: Assets, aliases: Aliases) -> CertainInRuns:
        """Return, by output and input, when the pair was certain in this run."""
        if self._certain is None or self._certain[0] is not aliases:
            ports = pair_up(self.reported, self.decisions, _evaluations(assets), aliases=aliases)
            self._certain = aliases, certain_pairs(ports, self.reported)
        return self._certain[1]


def _part_of(run: RunHistory, assets: Assets) -> _RunPart:
    if run.derived is None:
        run.derived = _RunPart(run, assets)
    part: _RunPart = run.derived
    return part


def _evaluations(assets: Assets) -> Callable[[int], bool]:
    return lambda asset: assets.kind(asset) == EVALUATION


def _run_columns(run: RunHistory, assets: Assets, *, at_run_level: bool) -> Sequence[Column]:
    """Return the run's column edges from columns of its inputs, from the moment at which both were reported."""
    found: list[Column] = []
    for interval in run.column_intervals(at_run_level=at_run_level) if run.columns else ():
        read = run.first_read.get(assets.dataset_of(interval.record.source))
        if read is not None:
            found.append((max(interval.start, read), interval.end, interval.record))
    return found
