"""Whether a run changes what its workflow leads to. Most do not: they read and write what the runs before them did.

A workflow's rows follow from all of its runs (CONTRACT, Semantics 3 and 4), which are many. What is kept here of them is enough
to see that one more report changes no row: it mentions only edges that hold, at or after they began; a completion comes after all
others and leaves none of them out; the code version is that of all runs; no lineage is told; and a run that read and wrote the
same came before, so that its certain pairs are known already. Wherever that cannot be seen, the rows are computed anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord, RunOutcome
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.rows import INPUT_TO, NEVER_CLOSING, OUTPUTS
from mlgraph.graph.projection.histories import Assets, EdgeEnd, RunHistory, WorkflowHistory, end_of, side_of
from mlgraph.graph.projection.port_pairs import Sides

Key = tuple[int, EdgeEnd]
"""An edge of a workflow: its relation and other end."""
Shape = frozenset[Key]
"""All that a run reads and writes."""


@dataclass(frozen=True, slots=True)
class Steady:
    """A workflow whose runs one origin tells of, of one code version, with no job event, lineage or retraction.

    Edges may be told of the workflow itself: they hold whatever its runs say, so that a report within such a span of the same
    origin adds nothing to it either.

    `opened` says since when each edge holds that does; `shapes` from when on a run of that shape reported all of it; `completed`
    when each complete run did, `latest` when the last of them.
    """

    origin: int
    code_version: str | None
    opened: Mapping[Key, int]
    shapes: Mapping[Shape, int]
    completed: Mapping[int, int]
    latest: int


def steady_of(workflow: WorkflowHistory, sides: Sides) -> Steady | None:
    """Return what must be known to see that a run changes nothing; None where that cannot be seen of this workflow."""
    if workflow.declarations or workflow.columns or workflow.retraction_ends or not workflow.runs:
        return None
    if not all(edge.feeds is None and edge.mode in (Mode.REPLACE, Mode.PATCH) for edge in workflow.edges):
        return None
    origins = {origin for run in workflow.runs for origin in run.origins}
    versions = {run.outcome.code_version for run in workflow.runs}
    if len(origins) != 1 or len(versions) != 1 or not all(_plain(run) for run in workflow.runs):
        return None
    (origin,), (version,) = origins, versions
    shapes: dict[Shape, int] = {}
    completed: dict[int, int] = {}
    for run in workflow.runs:
        first = _first_reports(run)
        shape = frozenset(first)
        if first:
            shapes[shape] = min(max(first.values()), shapes.get(shape, FOREVER))
        outcome = run.outcome_for(origin)
        if outcome.state == "COMPLETE" and outcome.ended_at is not None:
            completed[run.run] = outcome.ended_at
    return Steady(origin, version, _opened(sides, origin), shapes, completed, max(completed.values(), default=0))


def after(steady: Steady, run: RunHistory, assets: Assets) -> Steady | None:
    """Return what is known with `run` as it is told now, if that changes none of the workflow's rows; else None."""
    outcome, first = run.outcome_for(steady.origin), _first_reports(run)
    in_line = _plain(run) and run.origins == {steady.origin} and outcome.code_version == steady.code_version
    mentions_others = any(record.valid_from < steady.opened.get(_key(record), FOREVER) for record in run.edges)
    if not in_line or mentions_others or (first and min(first.values()) < steady.shapes.get(frozenset(first), FOREVER)):
        return None
    ended_at = outcome.ended_at if outcome.state == "COMPLETE" else None
    if ended_at == steady.completed.get(run.run):
        return steady
    if (
        ended_at is None
        or run.run in steady.completed
        or ended_at <= steady.latest
        or _leaves_out(steady, outcome, first, assets)
    ):
        return None
    return replace(steady, completed={**steady.completed, run.run: ended_at}, latest=ended_at)


def _leaves_out(steady: Steady, outcome: RunOutcome, mentioned: Mapping[Key, int], assets: Assets) -> bool:
    """Say whether a complete run leaves out an edge that this could end."""
    for key in steady.opened.keys() - mentioned.keys():
        relation, edge = key
        closes = relation == INPUT_TO or assets.kind(edge.asset) not in NEVER_CLOSING
        if closes and outcome.reports_side(side_of(relation)):
            return True
    return False


def _plain(run: RunHistory) -> bool:
    """Say whether a run reports inputs and outputs alone: no lineage, no columns, nothing retracted."""
    return not (run.columns or run.retraction_ends) and all(e.feeds is None and e.mode != Mode.RETRACT for e in run.edges)


def _key(record: EdgeRecord) -> Key:
    return record.relation, end_of(record)


def _first_reports(run: RunHistory) -> dict[Key, int]:
    first: dict[Key, int] = {}
    for record in run.edges:
        key = _key(record)
        first[key] = min(first.get(key, record.valid_from), record.valid_from)
    return first


def _opened(sides: Sides, origin: int) -> dict[Key, int]:
    """Return the edges that hold from some moment on without end."""
    inputs = (((INPUT_TO, EdgeEnd(asset, role)), spans) for (asset, role), spans in sides.inputs.items())
    outputs = (((OUTPUTS, EdgeEnd(asset, "")), spans) for asset, spans in sides.outputs.items())
    listed = ((key, spans.get(origin)) for key, spans in (*inputs, *outputs))
    return {key: spans[-1][0] for key, spans in listed if spans and spans[-1][1] == FOREVER}
