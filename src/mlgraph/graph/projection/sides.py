"""Computes the sides of a run or workflow: its inputs and outputs with their spans (docs/spec.md#2-run-level, #3-asset-level)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.rows import INPUT_TO, NEVER_CLOSING
from mlgraph.graph.model.spans import Spans, union
from mlgraph.graph.projection.alias_merging import merge_alias_intervals
from mlgraph.graph.projection.histories import Assets, EdgeKey, RunHistory, WorkflowHistory, key_of, side_of
from mlgraph.graph.projection.open_intervals import Completion, EdgeEvidence, open_spans
from mlgraph.graph.projection.port_pairs import Sides

_OriginSpans = tuple[EdgeKey, int, Spans]
"""An edge, one origin that asserts it, and the (sorted, disjoint) spans in which it does."""


def run_sides(run: RunHistory, *, at_run_level: bool) -> Sides:
    """Return the run's inputs and outputs by origin. Retractions of assets end them at asset level only."""
    return _sides(
        (key_of(interval.record), interval.record.origin, [(interval.start, interval.end)])
        for interval in run.intervals(at_run_level=at_run_level)
    )


def reported_sides(edges: Iterable[EdgeRecord]) -> Sides:
    """Return all inputs and outputs that a run with these `edges` ever reported, each from its first report on, without end."""
    first: dict[EdgeKey, int] = {}
    for record in edges:
        if record.mode != Mode.RETRACT:
            key = key_of(record)
            first[key] = min(first.get(key, record.valid_from), record.valid_from)
    return _sides((key, 0, [(moment, FOREVER)]) for key, moment in first.items())


def workflow_sides(workflow: WorkflowHistory, assets: Assets, aliases: Aliases) -> Sides:
    """Return the workflow's inputs and outputs by origin: those that its runs report, and those declared on it."""

    def by_origin() -> Iterator[_OriginSpans]:
        for origin in sorted({origin for run in workflow.runs for origin in run.origins}):
            for key, spans in _spans_by_runs(workflow, origin, assets, aliases).items():
                yield key, origin, spans
        for interval in workflow.declared:
            yield key_of(interval.record), interval.record.origin, [(interval.start, interval.end)]

    return _sides(by_origin())


def _sides(origin_spans: Iterable[_OriginSpans]) -> Sides:
    sides = Sides()
    inputs, outputs = sides.inputs, sides.outputs
    for (relation, asset, role), origin, spans in origin_spans:
        origins = inputs.setdefault((asset, role), {}) if relation == INPUT_TO else outputs.setdefault(asset, {})
        before = origins.get(origin)
        origins[origin] = spans if before is None else union([*before, *spans])
    return sides


def _spans_by_runs(workflow: WorkflowHistory, origin: int, assets: Assets, aliases: Aliases) -> Mapping[EdgeKey, Spans]:
    evidence, completions = _run_evidence(workflow, origin)

    def spans(key: EdgeKey, found: EdgeEvidence) -> Spans:
        closes = key.relation == INPUT_TO or assets.kind(key.asset) not in NEVER_CLOSING
        return open_spans(found, completions[side_of(key.relation)], workflow.gone(origin, key), closes=closes)

    alone = {key: spans(key, found) for key, found in evidence.items()}
    if aliases and any(aliases.is_alias(key.asset) for key in evidence):
        return merge_alias_intervals(evidence, alone, spans, aliases)
    return alone


def _run_evidence(
    workflow: WorkflowHistory, origin: int
) -> tuple[Mapping[EdgeKey, EdgeEvidence], Mapping[str, Sequence[Completion]]]:
    """Return `origin`'s evidence of each edge, and the complete runs that reported each side, in order."""
    evidence: dict[EdgeKey, EdgeEvidence] = defaultdict(EdgeEvidence)
    completions: dict[str, list[Completion]] = {"inputs": [], "outputs": []}
    for run in workflow.runs:
        outcome = run.outcome_for(origin)
        named = run.uri, outcome.code_version
        seen: set[EdgeKey] = set()
        for record in run.edges:
            if record.origin == origin and record.mode != Mode.RETRACT:
                key = key_of(record)
                seen.add(key)
                evidence[key].record_report(record.valid_from, named)
        if origin not in run.origins or outcome.state != "COMPLETE" or outcome.ended_at is None:
            continue
        for key in seen:
            evidence[key].record_completion(outcome.ended_at, named)
        for side, listed in completions.items():
            if outcome.reports_side(side):
                listed.append(Completion(outcome.ended_at, run.uri, run.run, outcome.code_version))
    for listed in completions.values():
        listed.sort(key=lambda completion: completion[:2])
    return evidence, completions
