"""What is declared of a workflow, by JobEvents and facts: it counts as one further complete run (docs/spec.md#4-pairs)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from mlgraph.domain.history import EdgeInterval
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import HELD_OUT_ROLES
from mlgraph.graph.model.rows import EVALUATION, INPUT_TO
from mlgraph.graph.model.spans import Spans, intersect, overlapping, subtract, union
from mlgraph.graph.projection.evidence import Column, Evidence, matcher, resolved_columns
from mlgraph.graph.projection.histories import Assets, WorkflowHistory


class DeclaredInput(NamedTuple):
    """A possible input of a workflow: a name in declared lineage that is no declared input."""

    source: int
    origin: int
    start: int
    end: int


class Declared:
    """What is declared of one workflow over time."""

    def __init__(self, workflow: WorkflowHistory, uri: str, assets: Assets) -> None:
        self._workflow = workflow
        self._uri = uri
        self._assets = assets
        self.has_lineage = bool(workflow.columns) or any(interval.feeds for interval in workflow.declared)
        """Whether anything declared names the inputs that feed an output."""

    @cached_property
    def pieces(self) -> Sequence[tuple[int, int, Evidence]]:
        """The evidence, for each span in which nothing changes."""
        return [(piece.start, piece.end, piece.evidence(self._uri)) for piece in self._constant_pieces]

    @cached_property
    def _constant_pieces(self) -> Sequence[_Piece]:
        found: list[_Piece] = []
        for start, end, intervals in _constant(self._workflow):
            edges = [interval for interval in intervals if interval.record.by is None]
            if edges:
                columns = [interval for interval in intervals if interval.record.by is not None]
                found.append(_Piece(start, end, edges, columns, self._assets))
        return found

    def without_outputs(self) -> Sequence[tuple[int, int, Evidence]]:
        """Return the pieces without an output: their inputs lead to all outputs without lineage, possibly."""
        return [each for each in self.pieces if not each[2].outputs]

    def possible_inputs(self) -> Sequence[DeclaredInput]:
        """Return the names in declared lineage that are no declared input."""
        return [each for piece in self._constant_pieces for each in piece.possible_inputs()] if self.has_lineage else ()

    @cached_property
    def sides(self) -> DeclaredSides:
        """The declared edges without their lineage."""
        gathered: tuple[dict[int, list[tuple[int, int]]], ...] = (defaultdict(list), defaultdict(list), defaultdict(list))
        inputs, leading, outputs = gathered
        for interval in self._workflow.declared:
            record, span = interval.record, (interval.start, interval.end)
            if record.relation != INPUT_TO:
                outputs[record.target].append(span)
            else:
                inputs[record.source].append(span)
                if record.role not in HELD_OUT_ROLES:
                    leading[record.source].append(span)
        reads, leads, writes = ({asset: union(spans) for asset, spans in each.items()} for each in gathered)
        counted = [spans for output, spans in writes.items() if self._assets.kind(output) != EVALUATION]
        several = intersect(overlapping(leads.values()), overlapping(counted)) if len(leads) > 1 and len(counted) > 1 else []
        return DeclaredSides(reads, leads, writes, several)


@dataclass(eq=False)
class DeclaredSides:
    """Declared inputs (all, and those not held out) and outputs with their spans, and when there are several of both."""

    inputs: Mapping[int, Spans]
    leading: Mapping[int, Spans]
    outputs: Mapping[int, Spans]
    several: Spans

    @cached_property
    def without_outputs(self) -> Spans:
        """When inputs, but no output, may be declared."""
        return subtract([(-FOREVER, FOREVER)], union(span for spans in self.outputs.values() for span in spans))

    def feeding(self, output: int, *, evaluation: bool, alone: bool) -> Iterator[tuple[int, Spans, Spans]]:
        """Yield (source, certain, possible) of the declared inputs that feed an output; `alone`: no run writes it."""
        written = self.outputs.get(output)
        for source, spans in (self.inputs if evaluation else self.leading).items():
            read = spans if alone else intersect(spans, written) if written else []
            possible = intersect(read, self.several) if self.several and not evaluation else []
            certain = subtract(read, possible) if possible else read
            yield source, certain, possible if alone else [*possible, *intersect(spans, self.without_outputs)]


def _constant(workflow: WorkflowHistory) -> Iterator[tuple[int, int, Sequence[EdgeInterval]]]:
    """Yield (start, end, intervals) for each span in which the same intervals of declared edges and columns are valid."""
    starting: dict[int, list[EdgeInterval]] = defaultdict(list)
    ending: dict[int, list[EdgeInterval]] = defaultdict(list)
    for interval in (*workflow.declared, *workflow.column_intervals()):
        starting[interval.start].append(interval)
        ending[interval.end].append(interval)
    moments = sorted({*starting, *ending})
    valid: dict[int, EdgeInterval] = {}
    for moment, following in pairwise(moments):
        for interval in ending.get(moment, ()):
            valid.pop(id(interval), None)
        valid.update((id(interval), interval) for interval in starting.get(moment, ()))
        yield moment, following, list(valid.values())


class _Piece:
    """What is declared for one span."""

    def __init__(
        self, start: int, end: int, edges: Sequence[EdgeInterval], columns: Sequence[EdgeInterval], assets: Assets
    ) -> None:
        self.start, self.end = start, end
        self._edges = edges
        self._assets = assets
        read = [interval.record for interval in edges if interval.record.relation == INPUT_TO]
        self._inputs = dict.fromkeys((record.source for record in read), start)
        self._leading = dict.fromkeys((record.source for record in read if record.role not in HELD_OUT_ROLES), start)
        self._outputs: dict[int, int] = {}
        """Since when each output is declared."""
        for interval in edges:
            if interval.record.relation != INPUT_TO:
                output = interval.record.target
                self._outputs[output] = max(interval.start, self._outputs.get(output, interval.start))
        dataset_of = assets.dataset_of
        self._columns = [
            interval
            for interval in columns
            if dataset_of(interval.record.source)
            and interval.start >= self._outputs.get(dataset_of(interval.record.target), interval.start + 1)
        ]
        self._meant: Callable[[int], int | None] = matcher(self._inputs, assets)

    def evidence(self, uri: str) -> Evidence:
        names: dict[int, dict[int, int]] = {}
        for _, output, name in self._named():
            source = self._meant(name)
            names.setdefault(output, {})[name if source is None else source] = self.start
        return Evidence(
            0,
            uri,
            self._inputs,
            self._leading,
            dict.fromkeys(self._outputs, self.start),
            names,
            frozenset(each.source for each in self.possible_inputs()),
            self._resolved(),
            max(interval.start for interval in self._edges),
            (),
            self._assets.kind,
            self.end,
        )

    def possible_inputs(self) -> Iterator[DeclaredInput]:
        """Yield the names in declared lineage that mean no declared input."""
        for origin, _, name in self._named():
            if self._meant(name) is None:
                yield DeclaredInput(name, origin, self.start, self.end)

    def _named(self) -> Iterator[tuple[int, int, int]]:
        """Yield (origin, output, name) for each dataset that declared lineage names."""
        decided: set[int] = set()
        for interval in self._edges:
            for name in interval.feeds or ():
                decided.add(interval.record.target)
                yield interval.record.origin, interval.record.target, name
        for interval in self._columns:
            record = interval.record
            if (output := self._assets.dataset_of(record.target)) not in decided:
                yield record.origin, output, self._assets.dataset_of(record.source)

    def _resolved(self) -> Sequence[Column]:
        records = ((self.start, self.end, interval.record) for interval in self._columns)
        return list(resolved_columns(records, self._assets, self._meant))
