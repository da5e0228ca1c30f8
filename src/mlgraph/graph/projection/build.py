"""Computes the graph rows of runs, workflows and plain edges from their fact histories.

Incremental projection and a rebuild from the store both call these functions; nothing else makes rows of runs and workflows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.aliases import NO_ALIASES, Aliases
from mlgraph.graph.model.rows import Layer, NodeKey, Row, edge_flags, plain_layers
from mlgraph.graph.model.spans import Spans, intersect, union
from mlgraph.graph.projection.declared import Declared
from mlgraph.graph.projection.emission import RowEmitter
from mlgraph.graph.projection.evidence import evidence_of
from mlgraph.graph.projection.histories import Assets, RetractionEnds, RunHistory, WorkflowHistory, triple_intervals
from mlgraph.graph.projection.port_pairs import PairFinder
from mlgraph.graph.projection.sides import WorkflowSides, run_sides


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


def run_rows(run: RunHistory, assets: Assets, aliases: Aliases) -> Iterator[Row]:
    """Yield the run's rows at run level, and at asset level too if it has no workflow."""
    evidence = evidence_of(run, assets)
    for layer in (Layer.RUN, Layer.ASSET) if run.workflow is None else (Layer.RUN,):
        at_run_level = layer == Layer.RUN
        sides = run_sides(run, evidence, at_run_level=at_run_level)
        reporter = evidence.at_run_level(run, assets) if at_run_level else evidence
        pairs = PairFinder([reporter], assets, aliases).pairs(sides.writes)
        yield from RowEmitter(run.run, layer, assets, sides).rows(pairs)


def run_pairs(run: RunHistory, assets: Assets, aliases: Aliases) -> dict[tuple[int, int], tuple[Spans, Spans]]:
    """Return, by (input, output) of the run, when the input feeds the output, and when for certain. Retractions end both."""
    evidence = evidence_of(run, assets)
    sides = run_sides(run, evidence, at_run_level=False)
    found: dict[tuple[int, int], tuple[Spans, Spans]] = {}
    for port_inputs in PairFinder([evidence], assets, aliases).pairs(sides.writes).ports:
        for source, pair in port_inputs.sources.items():
            either, read = union([*pair.certain, *pair.possible]), sides.reads.get(source, [])
            for output in port_inputs.outputs:
                found[source, output] = intersect(either, read), intersect(pair.certain, read)
    return found


def workflow_rows(workflow: WorkflowHistory, assets: Assets, aliases: Aliases) -> Sequence[Row]:
    """Return the workflow's rows at asset level, computed from its runs and declarations."""
    runs = [evidence_of(run, assets) for run in workflow.runs]
    declared = Declared(workflow, assets.uri(workflow.workflow), assets)
    by_runs = WorkflowSides(workflow, runs, assets, aliases)
    sides = by_runs.sides(declared.possible_inputs())
    pairs = PairFinder(runs, assets, aliases, by_runs.parameterised, declared).pairs(sides.writes)
    return RowEmitter(workflow.workflow, Layer.ASSET, assets, sides).rows(pairs)


def run_feeds(run: RunHistory, assets: Assets) -> dict[int, frozenset[int]]:
    """Return, for each output that the run reported, the inputs that feed it by all its reports (docs/spec.md#4-pairs)."""
    evidence = evidence_of(run, assets)
    return {
        output: frozenset(
            source
            for source, pair in port_inputs.sources.items()
            if any(end == FOREVER for _, end in (*pair.certain, *pair.possible))
        )
        for port_inputs in PairFinder([evidence], assets, NO_ALIASES).pairs(evidence.outputs).ports
        for output in port_inputs.outputs
    }
