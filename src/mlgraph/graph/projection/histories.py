"""Fact histories of runs and workflows: what was reported, declared and retracted, as input to the asset-level rules.

docs/spec.md#2-run-level and #3-asset-level define the rules. Everything here is pure and independent of the source of the facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import (
    EVERY_ORIGIN,
    NO_ENDINGS,
    AssetRecord,
    EdgeInterval,
    EdgeRecord,
    Endings,
    RunOutcome,
    edge_intervals,
    run_outcome,
)
from mlgraph.graph.model.rows import INPUT_TO


class Assets(Protocol):
    """Asset attributes that the asset-level rules need."""

    def kind(self, asset: int) -> int:
        """Return the code of the asset's kind."""

    def dataset_of(self, column: int) -> int:
        """Return the dataset that a column belongs to (0: none)."""

    def uri(self, asset: int) -> str:
        """Return the asset's URI."""

    def number(self, uri: str) -> int | None:
        """Return the asset with this URI, or None."""


RetractionEnds = Mapping[int, Endings]
"""By asset, the times of its retractions; assets that were never retracted are absent."""


class EdgeKey(NamedTuple):
    """One input or output from the view of its workflow or run: the relation, the other end, and the role (outputs have none)."""

    relation: int
    asset: int
    role: str


def key_of(record: EdgeRecord) -> EdgeKey:
    """Return the key of an input or output."""
    if record.relation == INPUT_TO:
        return EdgeKey(INPUT_TO, record.source, record.role or "")
    return EdgeKey(record.relation, record.target, "")


def side_of(relation: int) -> str:
    """Return the side of a run or workflow that edges of `relation` are on."""
    return "inputs" if relation == INPUT_TO else "outputs"


def is_drop(record: EdgeRecord) -> bool:
    """Return whether the record reports an output that was dropped: at asset level it is none."""
    return record.relation != INPUT_TO and bool(record.properties.get("drop"))


Drops = frozenset[tuple[tuple[int, int, int], tuple[int, str, str, int], int]]
"""Reports of dropped outputs, by triple, key and moment."""


def drops_of(records: Iterable[EdgeRecord]) -> Drops:
    """Return the reports of dropped outputs; of several records of one edge and moment, one decides."""
    return frozenset((record.triple, record.key, record.valid_from) for record in records if is_drop(record))


def is_among(record: EdgeRecord, drops: Drops) -> bool:
    """Return whether the record is one of a report of `drops`."""
    return bool(drops) and (record.triple, record.key, record.valid_from) in drops


def cuts_of(records: Iterable[EdgeRecord]) -> dict[tuple[int, int, int], list[tuple[int, int]]]:
    """Return, by triple, the explicit retractions as (origin, moment)."""
    cuts: dict[tuple[int, int, int], list[tuple[int, int]]] = defaultdict(list)
    for record in records:
        if record.mode == Mode.RETRACT:
            cuts[record.triple].append((record.origin, record.valid_from))
    return cuts


def by_key(records: Iterable[EdgeRecord]) -> dict[tuple[tuple[int, int, int], tuple[int, str, str, int]], list[EdgeRecord]]:
    """Return the records of each edge by triple and key, without retractions."""
    groups: dict[tuple[tuple[int, int, int], tuple[int, str, str, int]], list[EdgeRecord]] = defaultdict(list)
    for record in records:
        if record.mode != Mode.RETRACT:
            groups[record[:3], record.key].append(record)
    return groups


def retracted(cuts: Iterable[tuple[int, int]], origin: int) -> list[int]:
    """Return the moments at which retractions end edges of `origin`."""
    return [moment for retracted_by, moment in cuts if retracted_by in (origin, EVERY_ORIGIN)]


def retraction_moments(ends_by_asset: RetractionEnds, assets: Iterable[int], origin: int) -> list[int]:
    """Return the moments at which the retraction of one of `assets` ends edges of `origin`."""
    if not ends_by_asset:
        return []
    return [moment for asset in assets if asset in ends_by_asset for moment in ends_by_asset.get(asset, NO_ENDINGS).of(origin)]


def triple_intervals(
    records: Sequence[EdgeRecord], ends_by_asset: RetractionEnds, *, repeats: bool = False
) -> Iterator[EdgeInterval]:
    """Yield the intervals of one triple that belongs to neither a run nor a workflow, key by key."""
    cuts = cuts_of(records)
    for (triple, (origin, *_rest)), same_key_records in by_key(records).items():
        ends = retracted(cuts[triple], origin) + retraction_moments(ends_by_asset, (triple[0], triple[2]), origin)
        yield from edge_intervals(same_key_records, ends, repeats=repeats)


_EVENT_ORDER: Final = {"START": 0, "FAIL": 2, "ABORT": 2, "COMPLETE": 3}
"""The order of a run's events of one moment, by state; all other states are 1."""


def executed_workflow(memberships: Sequence[EdgeRecord], uri_of: Callable[[int], str]) -> int | None:
    """Return the one workflow that a run executes, at every time: that of its latest event (docs/spec.md#3-asset-level).

    `memberships` are all records of the run's `run_of` edges. Events of one moment are ordered by state (START first, COMPLETE
    last, FAIL and ABORT before it), then by the URI of the workflow. None: the run has no workflow.
    """
    asserted = [record for record in memberships if record.mode != Mode.RETRACT]
    if len(asserted) == len(memberships) and len({record.target for record in asserted}) < 2:
        return asserted[0].target if asserted else None  # the common case
    by_workflow: dict[int, list[EdgeRecord]] = defaultdict(list)
    for record in memberships:
        by_workflow[record.target].append(record)
    valid_from = {
        (interval.record.origin, interval.record.target, interval.start)
        for records in by_workflow.values()
        for interval in triple_intervals(records, {}, repeats=True)
    }
    events = [each for each in asserted if (each.origin, each.target, each.valid_from) in valid_from]
    latest = max(events, key=lambda each: (each.valid_from, _rank_of_event(each), uri_of(each.target)), default=None)
    return latest.target if latest is not None else None


def latest_state(memberships: Iterable[EdgeRecord]) -> str | None:
    """Return the state of the run in the last of the events of one moment that reported these `run_of` edges."""
    states = (state for each in memberships if isinstance(state := each.properties.get("state"), str))
    return max(states, key=lambda state: (_rank_of_state(state), state), default=None)


def _rank_of_event(membership: EdgeRecord) -> int:
    """Return the order of the event that reported a `run_of` edge among those of its moment, by the edge's property `state`."""
    return _rank_of_state(latest_state([membership]))


def _rank_of_state(state: str | None) -> int:
    return _EVENT_ORDER.get((state or "").upper(), 1)


@dataclass
class RunHistory:
    """All facts of one run: its states, inputs, outputs, and the column edges that it reported."""

    run: int
    uri: str
    states: Sequence[AssetRecord] = ()
    edges: Sequence[EdgeRecord] = ()
    columns: Sequence[EdgeRecord] = ()
    retraction_ends: RetractionEnds = field(default_factory=dict)
    workflow: int | None = None
    """The workflow that the run executes; None: the run stands for itself at asset level."""
    derived: Any = field(default=None, compare=False, repr=False)
    """Cached result that was computed from this history for its workflow: most runs of a workflow no longer change."""

    @cached_property
    def outcome(self) -> RunOutcome:
        """The state, end, code version and reported sides of the run."""
        return run_outcome(self.states)

    @cached_property
    def origins(self) -> frozenset[int]:
        """The origins that reported this run."""
        states = {record.origin for record in self.states if record.mode != Mode.RETRACT}
        return frozenset(states | {record.origin for record in self.edges if record.mode != Mode.RETRACT})

    def outcome_for(self, origin: int) -> RunOutcome:
        """Return the outcome with the sides that `origin` itself reported: both sides if it reported no state of the run."""
        own = [record for record in self.states if record.origin == origin]
        return self.outcome if len(own) == len(self.states) else replace(self.outcome, sides=run_outcome(own).sides)

    def intervals(self, implied: Sequence[EdgeRecord], *, at_run_level: bool) -> Iterator[EdgeInterval]:
        """Yield the run's edges and `implied` ones. Retractions of assets and drops end them at asset level only.

        The run level retains what was reported.
        """
        records = [*self.edges, *implied] if implied else self.edges
        cuts = cuts_of(records)
        drops = [] if at_run_level or not self.drops else [record for record in records if is_among(record, self.drops)]
        for (triple, (origin, *_rest)), same_key_records in by_key(records).items():
            ends = retracted(cuts[triple], origin)
            listed: Sequence[EdgeRecord] = same_key_records
            if not at_run_level:
                ends += retraction_moments(self.retraction_ends, (triple[0], triple[2]), origin)
            if drops:
                ends += [drop.valid_from for drop in drops if (drop.target, drop.origin) == (triple[2], origin)]
                listed = [record for record in same_key_records if not is_among(record, self.drops)]
            yield from edge_intervals(listed, ends)

    @cached_property
    def drops(self) -> Drops:
        """The reports of dropped outputs."""
        return drops_of(self.edges)

    @cached_property
    def first_read(self) -> dict[int, int]:
        """The time of the first report of each input."""
        first: dict[int, int] = {}
        for record in self.edges:
            if record.relation == INPUT_TO and record.mode != Mode.RETRACT:
                first[record.source] = min(first.get(record.source, record.valid_from), record.valid_from)
        return first

    @cached_property
    def outputs(self) -> frozenset[int]:
        """All outputs that the run reported, without dropped ones."""
        listed = (record for record in self.edges if record.relation != INPUT_TO and record.mode != Mode.RETRACT)
        return frozenset(record.target for record in listed if not is_among(record, self.drops))

    @cached_property
    def moments(self) -> Sequence[int]:
        """The times of all facts that the run's events reported, in order."""
        moments = {record.valid_from for record in self.states if record.mode != Mode.RETRACT}
        moments.update(record.valid_from for record in (*self.edges, *self.columns) if record.mode != Mode.RETRACT)
        return sorted(moments)

    @cached_property
    def reports_lineage(self) -> bool:
        """Whether the run reports which inputs feed an output, by a lineage facet or by column edges."""
        return bool(self.columns) or any(record.feeds is not None for record in self.edges)

    def column_intervals(self, *, at_run_level: bool) -> Iterator[EdgeInterval]:
        """Yield the column edges that the run reported. Retractions of columns end them at asset level only."""
        yield from triple_intervals(self.columns, {} if at_run_level else self.retraction_ends)


@dataclass
class WorkflowHistory:
    """All facts of one workflow: its runs, the edges declared on it, and the declarations that list its inputs and outputs."""

    workflow: int
    runs: Sequence[RunHistory] = ()
    edges: Sequence[EdgeRecord] = ()
    declarations: Sequence[AssetRecord] = ()
    columns: Sequence[EdgeRecord] = ()
    retraction_ends: RetractionEnds = field(default_factory=dict)

    @cached_property
    def _declared_at(self) -> dict[tuple[int, str], list[int]]:
        found: dict[tuple[int, str], set[int]] = defaultdict(set)
        for record in self.declarations:
            for side in record.state.get("sides", ()):
                found[record.origin, side].add(record.valid_from)
        return {key: sorted(moments) for key, moments in found.items()}

    @cached_property
    def _listed_at(self) -> dict[tuple[int, EdgeKey], set[int]]:
        found: dict[tuple[int, EdgeKey], set[int]] = defaultdict(set)
        for record in self.edges:
            if record.mode == Mode.DECLARED:
                found[record.origin, key_of(record)].add(record.valid_from)
        return found

    def undeclared(self, origin: int, key: EdgeKey) -> list[int]:
        """Return the times of declarations of `origin` that omit the edge after an earlier one listed it."""
        listed = self._listed_at.get((origin, key))
        if not listed:
            return []
        first = min(listed)
        declared = self._declared_at.get((origin, side_of(key.relation)), ())
        return [moment for moment in declared if moment > first and moment not in listed]

    def gone(self, origin: int, key: EdgeKey) -> list[int]:
        """Return, sorted, when `origin`'s edge of the workflow was declared gone: retracted, or omitted by a declaration."""
        source, target = (key.asset, self.workflow) if key.relation == INPUT_TO else (self.workflow, key.asset)
        return sorted({*self._retracted((source, key.relation, target), origin), *self.undeclared(origin, key)})

    def _retracted(self, triple: tuple[int, int, int], origin: int) -> list[int]:
        """Return the moments at which `origin`'s edge or one of its ends was retracted."""
        return retracted(self._cuts.get(triple, ()), origin) + retraction_moments(
            self.retraction_ends, (triple[0], triple[2]), origin
        )

    @cached_property
    def _cuts(self) -> dict[tuple[int, int, int], list[tuple[int, int]]]:
        return cuts_of(self.edges)

    @cached_property
    def declared(self) -> Sequence[EdgeInterval]:
        """The edges declared on the workflow itself, an interval for each declaration: valid until they are declared gone."""
        found: list[EdgeInterval] = []
        ever_ended = bool(self._cuts or self.retraction_ends)
        for (triple, (origin, *_rest)), records in by_key(self.edges).items():
            ends = self._retracted(triple, origin) if ever_ended else []
            if self._listed_at and any(record.mode == Mode.DECLARED for record in records):
                ends += self.undeclared(origin, key_of(records[0]))
            drops = drops_of(records)
            listed = [record for record in records if not is_among(record, drops)] if drops else records
            ends += [moment for *_, moment in drops]
            found += edge_intervals(listed, ends, repeats=True)
        return found

    def columns_undeclared(self, records: Sequence[EdgeRecord]) -> list[int]:
        """Return the times of declarations of outputs that omit a column edge after an earlier one carried it."""
        declared_at = {record.valid_from for record in records if record.mode == Mode.DECLARED}
        if not declared_at:
            return []
        moments = self._declared_at.get((records[0].origin, "outputs"), ())
        return [moment for moment in moments if moment > min(declared_at) and moment not in declared_at]

    def column_intervals(self) -> Iterator[EdgeInterval]:
        """Yield the column edges that declarations of the workflow carry."""
        if not self.columns:
            return
        cuts = cuts_of(self.columns)
        for (triple, (origin, *_rest)), records in by_key(self.columns).items():
            ends = retracted(cuts[triple], origin) + retraction_moments(self.retraction_ends, (triple[0], triple[2]), origin)
            yield from edge_intervals(records, ends + self.columns_undeclared(records), repeats=True)
