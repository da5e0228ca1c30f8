"""Which input feeds which output of a workflow or run, when, and how surely (CONTRACT, Semantics 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mlgraph.domain.times import FOREVER
from mlgraph.graph.spans import Spans, intersect, several, subtract, union

HELD_OUT = frozenset({"validation", "test"})
NOTHING: frozenset[int] = frozenset()


@dataclass(slots=True)
class Sides:
    """What a workflow or run reads and writes: for each input and role, and each output, the spans by origin."""

    inputs: dict[tuple[int, str], dict[int, Spans]] = field(default_factory=dict)
    outputs: dict[int, dict[int, Spans]] = field(default_factory=dict)

    def reads(self) -> dict[int, Spans]:
        """Return, for each input, when it is read in whatever role."""
        return _over_roles(self.inputs)

    def leads(self) -> dict[int, Spans]:
        """Return, for each input, when it is read in a role that leads on to every kind of output."""
        return _over_roles({key: spans for key, spans in self.inputs.items() if key[1] not in HELD_OUT})

    def writes(self) -> dict[int, Spans]:
        """Return, for each output, when it is written."""
        return {output: union(span for spans in origins.values() for span in spans) for output, origins in self.outputs.items()}


@dataclass(frozen=True, slots=True)
class Decision:
    """From `start` on, lineage says that exactly `inputs` feed an output; `by` is the run that said so (0: a declaration)."""

    start: int
    by: int
    inputs: frozenset[int] | None


@dataclass(slots=True)
class Pair:
    """When an input feeds an output: for certain, and possibly."""

    certain: Spans
    possible: Spans


def pair_up(
    sides: Sides,
    decisions: Mapping[int, list[Decision]],
    is_evaluation: Callable[[int], bool],
    certain_in_a_run: Callable[[int, int], Spans] | None = None,
) -> dict[tuple[int, int], Pair]:
    """Return every pair (input, output) that ever holds.

    `decisions` lists for an output, in order of time, what lineage said; before the first, and where a decision's inputs are
    None, all inputs lead to it: possibly where there are several inputs and several outputs at that moment, unless
    `certain_in_a_run` knows better.
    """
    reads, leads, writes = sides.reads(), sides.leads(), sides.writes()
    counted = [spans for output, spans in writes.items() if not is_evaluation(output)]
    many = intersect(several(leads.values()), several(counted))
    pairs: dict[tuple[int, int], Pair] = {}
    for output, written in writes.items():
        sources = reads if is_evaluation(output) else leads
        segments = segments_of(decisions.get(output, ()))
        for source, read in sources.items():
            together = intersect(read, written)
            if not together:
                continue
            said = union((a, b) for a, b, decision in segments if decision and decision.inputs and source in decision.inputs)
            silent = subtract(together, union((a, b) for a, b, decision in segments if decision))
            unsure = intersect(silent, many)
            if unsure and certain_in_a_run is not None:
                unsure = subtract(unsure, certain_in_a_run(source, output))
            certain = subtract(union([*intersect(together, said), *silent]), unsure)
            if certain or unsure:
                pairs[source, output] = Pair(certain, unsure)
    return pairs


def segments_of(decisions: Iterable[Decision]) -> list[tuple[int, int, Decision | None]]:
    """Return the spans for which each decision stands; undecided ones carry None."""
    listed = list(decisions)
    ends = [*(decision.start for decision in listed[1:]), FOREVER]
    return [
        (decision.start, end, decision if decision.inputs is not None else None)
        for decision, end in zip(listed, ends, strict=False)
        if decision.start < end
    ]


def _over_roles(inputs: Mapping[tuple[int, str], Mapping[int, Spans]]) -> dict[int, Spans]:
    gathered: dict[int, list[tuple[int, int]]] = {}
    for (source, _role), origins in inputs.items():
        for spans in origins.values():
            gathered.setdefault(source, []).extend(spans)
    return {source: union(spans) for source, spans in gathered.items()}
