"""Rows of runs, workflows and plain edges: what the arrays of each layer hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.rows import (
    CERTAIN,
    COLUMN,
    COLUMNED,
    DERIVES,
    EVALUATION,
    FEEDS,
    INPUT_TO,
    NEVER_CLOSING,
    OUTPUTS,
    PART_CODES,
    SHOW,
    WALK,
    WALKED_CODES,
    Layer,
    NodeKey,
    Row,
    edge_flags,
)
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.alias_merging import Key, merge_alias_intervals
from mlgraph.graph.projection.histories import (
    Assets,
    RetractionEnds,
    RunHistory,
    WorkflowHistory,
    end_of,
    side_of,
    triple_intervals,
)
from mlgraph.graph.projection.lineage_decisions import run_decisions, workflow_decisions
from mlgraph.graph.projection.open_intervals import Completion, EdgeEvidence, open_spans
from mlgraph.graph.projection.port_pairs import CertainInRuns, Decision, PortInputs, Sides, certain_pairs, pair_up, segments_of

_Column = tuple[int, int, EdgeRecord]
"""A column edge that a run or declaration told, from when and until when."""


def plain_rows(records: Sequence[EdgeRecord], ends_by_asset: RetractionEnds, assets: Assets) -> Iterator[Row]:
    """Yield the rows of one triple that neither a run nor a workflow computes: it holds while any origin holds it."""
    flags_at: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    triple = records[0].triple
    for interval in triple_intervals(records, ends_by_asset):
        flags = edge_flags(triple[1], interval.record.role, interval.properties)
        flags_at[interval.record.origin, flags].append((interval.start, interval.end))
    source, target = NodeKey(triple[0]), NodeKey(triple[2])
    for (origin, flags), spans in flags_at.items():
        for start, end in union(spans):
            for layer in _layers_of(triple[1], assets.kind(triple[0])):
                yield Row(layer, source, triple[1], target, origin, start, end, flags)


def _layers_of(relation: int, source_kind: int) -> tuple[Layer, ...]:
    if relation in WALKED_CODES:
        if source_kind == COLUMN and relation in (DERIVES, FEEDS):
            return Layer.ASSET_COLUMNS, Layer.RUN_COLUMNS
        return Layer.ASSET, Layer.RUN
    return (Layer.STRUCTURE,) if relation in PART_CODES else ()


def run_rows(run: RunHistory, assets: Assets, aliases: Aliases, *, standalone: bool) -> Iterator[Row]:
    """Yield the run's rows at run level, and at asset level too where it has no workflow and stands for itself."""
    for layer in (Layer.RUN, Layer.ASSET) if standalone else (Layer.RUN,):
        sides = _sides_of_run(run, at_run_level=layer == Layer.RUN)
        decisions = run_decisions(run, sides.reads(), assets)
        columns = _run_columns(run, assets, at_run_level=layer == Layer.RUN)
        feedings = pair_up(sides, decisions, _evaluations(assets), aliases=aliases)
        yield from _RowEmitter(run.run, layer, assets, sides, decisions, columns, feedings).rows()


def run_pairs(run: RunHistory, assets: Assets, aliases: Aliases) -> dict[tuple[int, int], tuple[Spans, Spans]]:
    """Return, for each input of the run and each output that it feeds, when it does, and when for certain; retractions end it."""
    sides = _sides_of_run(run, at_run_level=False)
    feedings = pair_up(sides, run_decisions(run, sides.reads(), assets), _evaluations(assets), aliases=aliases)
    return {
        (source, output): (union([*pair.certain, *pair.possible]), pair.certain)
        for port_inputs in feedings
        for output in port_inputs.outputs
        for source, pair in port_inputs.sources.items()
    }


def workflow_rows(workflow: WorkflowHistory, sides: Sides, assets: Assets, aliases: Aliases) -> Iterator[Row]:
    """Yield the workflow's rows at asset level, computed from its runs and declarations; `sides` are `workflow_sides` of it."""
    parts = {run.run: _derived(run, assets) for run in workflow.runs}
    decided = {run: part.decisions for run, part in parts.items()}
    columns = {run: part.columns for run, part in parts.items()}
    columns[0] = [(interval.start, interval.end, interval.record) for interval in workflow.column_intervals()]

    evaluations = _evaluations(assets)

    def certain_in_runs() -> CertainInRuns:
        return certain_pairs((pair_up(p.reported, p.decisions, evaluations, aliases=aliases), p.reported) for p in parts.values())

    decisions = workflow_decisions(workflow, decided, sides)
    feedings = pair_up(sides, decisions, evaluations, certain_in_runs, aliases)
    yield from _RowEmitter(workflow.workflow, Layer.ASSET, assets, sides, decisions, columns, feedings).rows()


def run_feeds(run: RunHistory, assets: Assets) -> dict[int, frozenset[int]]:
    """Return, for each output that the run reported, the inputs that feed it by all that the run told (Semantics 4)."""
    derived = _derived(run, assets)
    return {
        output: frozenset(
            source
            for source, pair in port_inputs.sources.items()
            if any(end == FOREVER for _, end in (*pair.certain, *pair.possible))
        )
        for port_inputs in pair_up(derived.reported, derived.decisions, _evaluations(assets))
        for output in port_inputs.outputs
    }


class _OfRun(NamedTuple):
    """What a workflow needs of one of its runs."""

    reported: Sides
    decisions: dict[int, list[Decision]]
    columns: list[_Column]


def _derived(run: RunHistory, assets: Assets) -> _OfRun:
    if run.derived is None:
        reported = _reported_sides(run)
        columns = _run_columns(run, assets, at_run_level=False)[run.run]
        run.derived = _OfRun(reported, run_decisions(run, reported.reads(), assets), columns)
    derived: _OfRun = run.derived
    return derived


def _evaluations(assets: Assets) -> Callable[[int], bool]:
    return lambda asset: assets.kind(asset) == EVALUATION


def _sides_of_run(run: RunHistory, *, at_run_level: bool) -> Sides:
    sides = Sides()
    gathered: dict[tuple[int, int, str], dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for interval in run.intervals(at_run_level=at_run_level):
        edge = end_of(interval.record)
        gathered[interval.record.relation, edge.asset, edge.role][interval.record.origin].append((interval.start, interval.end))
    for (relation, asset, role), origins in gathered.items():
        spans = {origin: union(listed) for origin, listed in origins.items()}
        if relation == INPUT_TO:
            sides.inputs[asset, role] = spans
        else:
            sides.outputs[asset] = spans
    return sides


def _reported_sides(run: RunHistory) -> Sides:
    """Return all that the run ever reported, each from when it first was: what the run itself did never ends."""
    first: dict[tuple[int, int, str], int] = {}
    for record in run.edges:
        if record.mode != Mode.RETRACT:
            edge = end_of(record)
            key = (record.relation, edge.asset, edge.role)
            first[key] = min(first.get(key, record.valid_from), record.valid_from)
    sides = Sides()
    for (relation, asset, role), moment in first.items():
        spans = {0: [(moment, FOREVER)]}
        if relation == INPUT_TO:
            sides.inputs[asset, role] = spans
        else:
            sides.outputs[asset] = spans
    return sides


def _run_columns(run: RunHistory, assets: Assets, *, at_run_level: bool) -> dict[int, list[_Column]]:
    """Return the column edges of the run that lead from its inputs: from when both were reported."""
    found: list[_Column] = []
    for interval in run.column_intervals(at_run_level=at_run_level):
        read = run.first_read.get(assets.dataset_of(interval.record.source))
        if read is not None:
            found.append((max(interval.start, read), interval.end, interval.record))
    return {run.run: found}


def workflow_sides(workflow: WorkflowHistory, assets: Assets, aliases: Aliases) -> Sides:
    """Return what the workflow reads and writes, and when."""
    gathered: dict[tuple[int, int, str], dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for origin in sorted({origin for run in workflow.runs for origin in run.origins}):
        for (relation, asset, role), spans in _open_intervals(workflow, origin, assets, aliases):
            gathered[relation, asset, role][origin].extend(spans)
    for interval in workflow.declared_intervals():
        record, edge = interval.record, end_of(interval.record)
        gathered[record.relation, edge.asset, edge.role][record.origin].append((interval.start, interval.end))
    sides = Sides()
    for (relation, asset, role), origins in gathered.items():
        spans_by_origin = {origin: union(listed) for origin, listed in origins.items()}
        if relation == INPUT_TO:
            sides.inputs[asset, role] = spans_by_origin
        else:
            sides.outputs[asset] = spans_by_origin
    return sides


def _open_intervals(
    workflow: WorkflowHistory, origin: int, assets: Assets, aliases: Aliases
) -> Iterator[tuple[tuple[int, int, str], Spans]]:
    evidence, completions = _spans_of_runs(workflow, origin)

    def spans(key: Key, key_evidence: EdgeEvidence) -> Spans:
        relation, edge = key
        closes = relation == INPUT_TO or assets.kind(edge.asset) not in NEVER_CLOSING
        return open_spans(key_evidence, completions[side_of(relation)], workflow.gone(origin, relation, edge), closes=closes)

    found = {key: spans(key, key_evidence) for key, key_evidence in evidence.items()}
    if any(aliases.is_alias(edge.asset) for _, edge in evidence):
        found = merge_alias_intervals(evidence, found, spans, aliases)
    for (relation, edge), key_spans in found.items():
        yield (relation, edge.asset, edge.role), key_spans


def _spans_of_runs(workflow: WorkflowHistory, origin: int) -> tuple[dict[Key, EdgeEvidence], dict[str, list[Completion]]]:
    """Return what runs said of each edge, as `origin` told it, and the complete runs that told each side, in order."""
    evidence: dict[Key, EdgeEvidence] = defaultdict(EdgeEvidence)
    completions: dict[str, list[Completion]] = {"inputs": [], "outputs": []}
    for run in workflow.runs:
        outcome = run.outcome_for(origin)
        seen: set[Key] = set()
        for record in run.edges:
            if record.origin == origin and record.mode != Mode.RETRACT:
                key = (record.relation, end_of(record))
                seen.add(key)
                evidence[key].record_report(record.valid_from, run.uri, outcome.code_version)
        if origin not in run.origins or outcome.state != "COMPLETE" or outcome.ended_at is None:
            continue
        for key in seen:
            evidence[key].record_completion(outcome.ended_at, run.uri, outcome.code_version)
        for side, listed in completions.items():
            if outcome.reports_side(side):
                listed.append(Completion(outcome.ended_at, run.uri, run.run, outcome.code_version))
    for listed in completions.values():
        listed.sort(key=lambda completion: completion[:2])
    return evidence, completions


class _RowEmitter:
    """A workflow or run with its sides and pairs, as rows of one layer."""

    def __init__(
        self,
        asset: int,
        layer: Layer,
        assets: Assets,
        sides: Sides,
        decisions: Mapping[int, list[Decision]],
        columns: Mapping[int, Sequence[_Column]],
        feedings: Sequence[PortInputs],
    ) -> None:
        self.asset = asset
        self.layer = layer
        self.assets = assets
        self.sides = sides
        self.decisions = decisions
        self.columns = columns
        self.feedings = feedings
        self.reads, self.writes = sides.reads(), sides.writes()

    def rows(self) -> Iterator[Row]:
        """Yield edges to show, ports to walk, and column edges."""
        me = NodeKey(self.asset)
        ports = self._needs_ports()
        for (source, _role), origins in self.sides.inputs.items():
            yield from self._row(NodeKey(source), INPUT_TO, me, origins, WALK | SHOW | CERTAIN)
        for output, origins in self.sides.outputs.items():
            flags = SHOW if ports else WALK | SHOW | CERTAIN
            yield from self._row(me, OUTPUTS, NodeKey(output), origins, flags)
        if not ports:
            return
        columned: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for row, (source, output) in self._column_rows():
            yield row
            columned[output][source].append((row.start, row.end))
        for port_inputs in self.feedings:
            yield from self._port_rows(port_inputs, columned)

    def _port_rows(self, port_inputs: PortInputs, columned: Mapping[int, Mapping[int, Spans]]) -> Iterator[Row]:
        """Yield the rows into and out of the port of outputs that are fed alike. One with column lineage has its own."""
        port = NodeKey(self.asset, min(port_inputs.outputs))
        columns_of_output = columned.get(port.port, {})
        for output in port_inputs.outputs:
            spans, known = self.writes[output], union(span for listed in columns_of_output.values() for span in listed)
            yield from self._row(port, OUTPUTS, NodeKey(output), {0: intersect(spans, known)}, WALK | CERTAIN | COLUMNED)
            yield from self._row(port, OUTPUTS, NodeKey(output), {0: subtract(spans, known)}, WALK | CERTAIN)
        written = union(span for output in port_inputs.outputs for span in self.writes[output])
        for source, pair in port_inputs.sources.items():
            known = union(columns_of_output.get(source, ()))
            for key_spans, flags in ((pair.certain, WALK | CERTAIN), (pair.possible, WALK)):
                spans = intersect(key_spans, written)
                yield from self._row(NodeKey(source), INPUT_TO, port, {0: intersect(spans, known)}, flags | COLUMNED)
                yield from self._row(NodeKey(source), INPUT_TO, port, {0: subtract(spans, known)}, flags)

    def _needs_ports(self) -> bool:
        held_out = any(role in ("validation", "test") for _, role in self.sides.inputs)
        return len(self.sides.outputs) > 1 or held_out or any(self.decisions.values())

    def _row(self, source: NodeKey, relation: int, target: NodeKey, origins: Mapping[int, Spans], flags: int) -> Iterator[Row]:
        for origin, spans in origins.items():
            for start, end in spans:
                yield Row(self.layer, source, relation, target, origin, start, end, flags)

    def _column_rows(self) -> Iterator[tuple[Row, tuple[int, int]]]:
        """Yield each column edge while the run that saw it decides its output, with the pair of datasets it belongs to."""
        layer = Layer.ASSET_COLUMNS if self.layer == Layer.ASSET else Layer.RUN_COLUMNS
        gathered: dict[tuple[int, int, int, int, int], list[tuple[int, int]]] = defaultdict(list)
        for output, decisions in self.decisions.items():
            for start, end, decision in segments_of(decisions):
                if decision is None or decision.inputs is None:
                    continue
                for reported, until, column in self.columns.get(decision.by, ()):
                    if self.assets.dataset_of(column.target) == output:
                        key = (column.source, column.target, column.origin, self.assets.dataset_of(column.source), output)
                        gathered[key].append((max(start, reported), min(end, until)))
        for (left, right, origin, source, output), spans in gathered.items():
            key_spans = intersect(union(spans), intersect(self.writes.get(output, []), self.reads.get(source, [])))
            for start, end in key_spans:
                flags = WALK | SHOW | CERTAIN
                yield Row(layer, NodeKey(left), DERIVES, NodeKey(right), origin, start, end, flags), (source, output)
