"""Changes that transactions made: of the states of assets, of plain edges, and of what workflows read and write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.domain.history import AssetRecord, EdgeRecord, asset_intervals, state_at
from mlgraph.domain.payloads.payload import canonical_json
from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import INPUT_TO, OUTPUTS, WORKFLOW, Layer
from mlgraph.graph.model.spans import union
from mlgraph.graph.projection.histories import triple_intervals
from mlgraph.graph.traversal.edge_spans import spans_at
from mlgraph.ports.recorded_facts import RecordedRange, RunReport

APPEARED: Final = "appeared"
ENDED: Final = "ended"
ALTERED: Final = "altered"
_SCHEMA: Final = "properties.schema"

RecordedAt = Callable[[int], int]
"""Returns when a transaction was recorded (microseconds)."""
Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """A change of an asset, or of an edge from it (`relation` and `target`, else 0), that transaction `tx` made."""

    tx: int
    asset: int
    change: str
    valid_from: int
    origin: int | None
    """None: it follows from the runs of a workflow."""
    relation: int = 0
    target: int = 0
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Value before and after of each field that differs."""


class _Known(NamedTuple):
    """A fact, as far as it decides a state: equal facts of one origin about different times differ in nothing else."""

    asset: int
    origin: int
    mode: int
    state: str


def state_changes(
    known: Iterable[AssetRecord], recorded: Iterable[AssetRecord], asset_of: Callable[[int], int], recorded_at: RecordedAt
) -> Iterator[RecordedChange]:
    """Yield the changes of states by transaction: `known` are the facts before all of `recorded`.

    A transaction's change is the difference between what was known before and after it about the moment of its recording,
    or about a later one if it is about the future.
    """
    before_range: dict[int, list[AssetRecord]] = defaultdict(list)
    in_range: dict[int, list[AssetRecord]] = defaultdict(list)
    for record in known:
        before_range[asset_of(record.asset)].append(record)
    for record in recorded:
        in_range[asset_of(record.asset)].append(record)
    for asset, records in in_range.items():
        deadlines.raise_if_exceeded()
        facts = {(_key(record), record.valid_from): record for record in before_range[asset]}
        for tx, appended in groupby(sorted(records, key=lambda record: record.tx), key=lambda record: record.tx):
            new = list(appended)
            moment = max(recorded_at(tx), *(record.valid_from for record in new))
            old_state = state_at(asset_intervals(facts.values()), moment)
            for record in new:
                _add(facts, record, moment)
            new_state = state_at(asset_intervals(facts.values()), moment)
            change = _kind_of(old_state, new_state)
            if change is not None:
                latest = max(new, key=lambda record: (record.valid_from, record.origin))
                fields = field_differences(old_state or {}, new_state or {}) if change == ALTERED else {}
                yield RecordedChange(tx, asset, change, latest.valid_from, latest.origin, fields=fields)


def _key(record: AssetRecord) -> _Known:
    return _Known(record.asset, record.origin, int(record.mode), canonical_json(dict(record.state)))


def _add(facts: dict[tuple[_Known, int], AssetRecord], record: AssetRecord, moment: int) -> None:
    """Add a fact; an equal one about an earlier time decides nothing any more, unless the new one is about the future."""
    key = _key(record)
    if record.valid_from <= moment:
        for earlier in [each for each in facts if each[0] == key and each[1] < record.valid_from]:
            del facts[earlier]
    facts[key, record.valid_from] = record


def _kind_of(before: object, after: object) -> str | None:
    if before == after:
        return None
    return APPEARED if before is None else ENDED if after is None else ALTERED


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return [old, new] of each field of a state that differs, of properties by name; null: it had or has none."""
    found: dict[str, Any] = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == "properties":
            found |= {f"properties.{key}": pair for key, pair in differences(old or {}, new or {}).items()}
        else:
            found[name] = [old, new]
    return found


def field_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    """Return value before and after of each field that differs: properties by name, a schema by column; None: no value."""
    found: dict[str, Sequence[Any]] = differences(before, after)
    old, new = found.get(_SCHEMA, (None, None))
    columns = [_columns(schema) for schema in (old, new)]
    if all(each is not None for each in columns) and any(columns):
        del found[_SCHEMA]
        one, other = (each or {} for each in columns)
        for name in sorted({*one, *other}):
            if one.get(name) != other.get(name):
                found[f"{_SCHEMA}.{name}"] = [one.get(name), other.get(name)]
    return found


def _columns(schema: object) -> dict[str, Any] | None:
    """Return the columns of a schema by name; None for what is no list of named columns."""
    if schema is None:
        return {}
    listed = schema if isinstance(schema, list) else None
    if listed is None or not all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in listed):
        return None
    named = {each["name"]: each for each in listed}
    return named if len(named) == len(listed) else None


def plain_edge_changes(
    graph: GraphVersion, records: Iterable[EdgeRecord], recorded: Iterable[EdgeRecord], recorded_at: RecordedAt
) -> Iterator[RecordedChange]:
    """Yield the changes of edges that single facts decide; `records` are all facts of the edges of `recorded`.

    Edges that end because an end of them was retracted are not listed: the end is.
    """
    every: dict[Triple, list[EdgeRecord]] = defaultdict(list)
    for record in records:
        every[record.triple].append(record)
    in_range: dict[tuple[Triple, int], list[EdgeRecord]] = defaultdict(list)
    for record in recorded:
        if not _is_of_workflow(graph, record):
            in_range[record.triple, record.tx].append(record)
    for (triple, tx), new in in_range.items():
        deadlines.raise_if_exceeded()
        moment = max(recorded_at(tx), *(record.valid_from for record in new))
        before = _valid_properties([record for record in every[triple] if record.tx < tx], moment)
        after = _valid_properties([record for record in every[triple] if record.tx <= tx], moment)
        change = _kind_of(before, after)
        if change is not None:
            latest = max(new, key=lambda record: (record.valid_from, record.origin))
            source, relation, target = triple
            fields = differences(before or {}, after or {}) if change == ALTERED else {}
            yield RecordedChange(tx, source, change, latest.valid_from, latest.origin, relation, target, fields)


def _is_of_workflow(graph: GraphVersion, record: EdgeRecord) -> bool:
    owner = record.target if record.relation == INPUT_TO else record.source
    return record.relation in (INPUT_TO, OUTPUTS) and graph.asset_index.kind(owner) == WORKFLOW


def _valid_properties(records: Sequence[EdgeRecord], moment: int) -> dict[str, Any] | None:
    """Return the properties of an edge at `moment`, of all origins, with roles and versions; None if it is not valid then."""
    valid = [each for each in triple_intervals(records, {}) if each.start <= moment < each.end]
    if not valid:
        return None
    found: dict[str, Any] = {}
    for interval in sorted(valid, key=lambda each: (each.start, each.record.origin)):
        found |= interval.properties
    for name in ("role", "version"):
        if values := sorted({value for each in valid if (value := getattr(each.record, name)) is not None}):
            found[name] = ", ".join(values)
    return found


def workflow_edge_changes(
    graph: GraphVersion, recorded: RecordedRange, upto: int, runs_from: Callable[[int, int], Sequence[RunReport]]
) -> Iterator[RecordedChange]:
    """Yield the edges of workflows that began or ended by what was recorded about them or their runs, up to transaction `upto`.

    Such an edge begins with the first report about its moment. It ends with the declaration that it is gone, else with the
    third run that leaves it out, or the last one if there are fewer: `runs_from` returns the first three runs of a workflow that
    were reported from a moment on.
    """
    latest, declared = _moments(graph, recorded)
    for workflow, reported in latest.items():
        deadlines.raise_if_exceeded()
        starts, ends = _boundaries(graph, workflow)
        for moment in starts.keys() & reported.keys():
            for source, relation, target in starts[moment]:
                yield RecordedChange(reported[moment], source, APPEARED, moment, None, relation, target)
        for moment in sorted(ends, reverse=True):
            runs = () if (workflow, moment) in declared else runs_from(workflow, moment)
            tx = runs[-1].tx if runs else declared.get((workflow, moment), 0)
            if tx <= recorded.after:
                break  # what ended earlier was decided earlier
            for source, relation, target in ends[moment] if tx <= upto else ():
                yield RecordedChange(tx, source, ENDED, moment, None, relation, target)


def _boundaries(graph: GraphVersion, workflow: int) -> tuple[dict[int, list[Triple]], dict[int, list[Triple]]]:
    """Return the edges of a workflow by the moments at which they begin, and by those at which they end."""
    found: dict[Triple, list[tuple[int, int]]] = defaultdict(list)
    for span in spans_at(graph, workflow, (Layer.ASSET,), out=True, into=True):
        if span.triple[1] in (INPUT_TO, OUTPUTS):
            found[span.triple].append((span.start, span.end))
    starts: dict[int, list[Triple]] = defaultdict(list)
    ends: dict[int, list[Triple]] = defaultdict(list)
    for triple, spans in found.items():
        for start, end in union(spans):
            starts[start].append(triple)
            if end != FOREVER:
                ends[end].append(triple)
    return starts, ends


def _moments(graph: GraphVersion, recorded: RecordedRange) -> tuple[dict[int, dict[int, int]], dict[tuple[int, int], int]]:
    """Return the last transaction that reported each moment, by workflow, and those that reported on a workflow itself."""
    owners = np.array(sorted({report.asset for report in recorded.reports}), np.int32)
    is_workflow = graph.asset_index.kinds(owners) == WORKFLOW
    workflows = np.where(is_workflow, owners, graph.asset_index.workflows_of(owners))
    workflow_of = dict(zip(owners.tolist(), workflows.tolist(), strict=True))
    latest: dict[int, dict[int, int]] = defaultdict(dict)
    declared: dict[tuple[int, int], int] = {}
    for report in recorded.reports:
        if workflow := workflow_of[report.asset]:
            latest[workflow][report.moment] = max(latest[workflow].get(report.moment, 0), report.tx)
            if workflow == report.asset:
                declared[workflow, report.moment] = max(declared.get((workflow, report.moment), 0), report.tx)
    return latest, declared
