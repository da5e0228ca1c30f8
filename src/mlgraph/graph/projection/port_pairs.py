"""Which input feeds which output of a workflow or run, when, and how surely (docs/spec.md#4-pairs)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import HELD_OUT_ROLES
from mlgraph.graph.model.aliases import BEGINNING, NO_ALIASES, Aliases, split
from mlgraph.graph.model.spans import Spans, intersect, several, subtract, union


@dataclass
class Sides:
    """What a workflow or run reads and writes: for each input and role, and each output, the spans by origin.

    Its properties are computed once: neither part changes after one of them is asked for.
    """

    inputs: dict[tuple[int, str], dict[int, Spans]] = field(default_factory=dict)
    outputs: dict[int, dict[int, Spans]] = field(default_factory=dict)

    @cached_property
    def reads(self) -> Mapping[int, Spans]:
        """For each input, when it is read in whatever role."""
        return _over_roles(self.inputs)

    @cached_property
    def leading_inputs(self) -> Mapping[int, Spans]:
        """For each input, when it is read in a role that leads on to every kind of output."""
        if not self.has_held_out:
            return self.reads
        return _over_roles({key: spans for key, spans in self.inputs.items() if key[1] not in HELD_OUT_ROLES})

    @cached_property
    def writes(self) -> Mapping[int, Spans]:
        """For each output, when it is written."""
        return {output: _by_anybody(origins) for output, origins in self.outputs.items()}

    @cached_property
    def has_held_out(self) -> bool:
        """Whether an input is read in a role that leads to evaluations alone."""
        return any(role in HELD_OUT_ROLES for _, role in self.inputs)


def _by_anybody(origins: Mapping[int, Spans]) -> Spans:
    if len(origins) == 1:
        return next(iter(origins.values()))
    return union(span for spans in origins.values() for span in spans)


def _over_roles(inputs: Mapping[tuple[int, str], Mapping[int, Spans]]) -> Mapping[int, Spans]:
    found: dict[int, Spans] = {}
    for (source, _role), origins in inputs.items():
        spans = _by_anybody(origins)
        found[source] = union([*found[source], *spans]) if source in found else spans
    return found


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


@dataclass(slots=True)
class PortInputs:
    """Outputs that are fed alike, and by what: each pair holds while its output is written too."""

    outputs: tuple[int, ...]
    sources: dict[int, Pair]


CertainInRuns = Mapping[int, Mapping[int, Spans]]
"""By output and source: when some run was certain of the pair."""


def pair_up(
    sides: Sides,
    decisions: Mapping[int, list[Decision]],
    is_evaluation: Callable[[int], bool],
    certain_in_runs: Callable[[], CertainInRuns] = dict,
    aliases: Aliases = NO_ALIASES,
) -> list[PortInputs]:
    """Return what feeds each output, outputs that are fed alike together: a run may have thousands of both.

    `decisions` lists for an output, in order of time, what lineage said; before the first, and where a decision's inputs are
    None, all inputs lead to it: possibly where there are several inputs and several outputs at that moment, unless
    `certain_in_runs` knows better. Names that stand for one asset then are not several.
    """
    reads, leading, writes = sides.reads, sides.leading_inputs, sides.writes
    many: Spans = []
    if len(leading) > 1 and len(writes) > 1:
        counted = {output: spans for output, spans in writes.items() if not is_evaluation(output)}
        many = intersect(several(_of_assets(leading, aliases)), several(_of_assets(counted, aliases)))
    certain_elsewhere = _whatever_called(certain_in_runs(), reads, writes, aliases) if many else {}
    same_inputs: dict[bool, list[int]] = {}
    found: list[PortInputs] = []
    for output in writes:
        measures = is_evaluation(output)
        segments = segments_of(decisions.get(output, ()))
        if segments or output in certain_elsewhere:
            found.append(
                PortInputs(
                    (output,), _port_inputs(reads if measures else leading, segments, many, certain_elsewhere.get(output, {}))
                )
            )
        else:
            same_inputs.setdefault(measures, []).append(output)
    for measures, outputs in same_inputs.items():
        found.append(PortInputs(tuple(outputs), _port_inputs(reads if measures else leading, [], many, {})))
    return found


def _of_assets(names: Mapping[int, Spans], aliases: Aliases) -> Collection[Spans]:
    """Return when each asset is read or written, under whatever name."""
    if not aliases or not any(map(aliases.is_alias, names)):
        return names.values()
    gathered: dict[int, list[tuple[int, int]]] = {}
    for name, spans in names.items():
        for segment in aliases.segments(name):
            gathered.setdefault(segment.asset, []).extend(intersect(spans, [(segment.start, segment.end)]))
    return [union(spans) for spans in gathered.values()]


def _whatever_called(
    certain_elsewhere: CertainInRuns, reads: Collection[int], writes: Collection[int], aliases: Aliases
) -> CertainInRuns:
    """Return when some run was certain of each pair of names, under whatever names of the same assets it told of them."""
    if not certain_elsewhere or not aliases or not any(map(aliases.is_alias, (*reads, *writes))):
        return certain_elsewhere
    of_assets: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for output, sources in certain_elsewhere.items():
        for source, spans in sources.items():
            for span in spans:
                for left, right, start, end in split(aliases, source, output, *span):
                    of_assets.setdefault((left, right), []).append((start, end))
    readers, writers = _names_of(reads, aliases), _names_of(writes, aliases)
    gathered: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for (left, right), spans in of_assets.items():
        for source, output in product(readers.get(left, ()), writers.get(right, ())):
            pieces = split(aliases, source, output, BEGINNING, FOREVER)
            while_those = union((start, end) for *ends, start, end in pieces if ends == [left, right])
            gathered.setdefault(output, {}).setdefault(source, []).extend(intersect(union(spans), while_those))
    return {output: {source: union(spans) for source, spans in sources.items()} for output, sources in gathered.items()}


def _names_of(names: Iterable[int], aliases: Aliases) -> dict[int, set[int]]:
    """Return which of the names ever stood for each asset."""
    found: dict[int, set[int]] = {}
    for name in names:
        for segment in aliases.segments(name):
            found.setdefault(segment.asset, set()).add(name)
    return found


def _port_inputs(
    sources: Mapping[int, Spans],
    segments: list[tuple[int, int, Decision | None]],
    many: Spans,
    certain_elsewhere: Mapping[int, Spans],
) -> dict[int, Pair]:
    pairs: dict[int, Pair] = {}
    if not segments:  # as with most
        for source, read in sources.items():
            if read:
                possible = subtract(intersect(read, many), certain_elsewhere.get(source, [])) if many else []
                pairs[source] = Pair(subtract(read, possible) if possible else read, possible)
        return pairs
    decided = union((start, end) for start, end, decision in segments if decision)
    for source, read in sources.items():
        named = ((start, end) for start, end, decision in segments if decision and source in (decision.inputs or ()))
        silent = subtract(read, decided)
        possible = subtract(intersect(silent, many), certain_elsewhere.get(source, []))
        certain = subtract(union([*intersect(read, union(named)), *silent]), possible)
        if certain or possible:
            pairs[source] = Pair(certain, possible)
    return pairs


def certain_pairs(feedings: Iterable[PortInputs], sides: Sides) -> CertainInRuns:
    """Return, by output and source, when a run with these sides was certain that the one feeds the other."""
    found: dict[int, dict[int, Spans]] = {}
    for port_inputs in feedings:
        for source, pair in port_inputs.sources.items():
            for output in port_inputs.outputs if pair.certain else ():
                both_valid = intersect(pair.certain, sides.writes[output])
                if both_valid:
                    found.setdefault(output, {})[source] = both_valid
    return found


def certain_in_any(runs: Iterable[CertainInRuns]) -> CertainInRuns:
    """Return, by output and source, when one of the runs at least was certain of the pair."""
    gathered: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for pairs in runs:
        for output, sources in pairs.items():
            for source, spans in sources.items():
                gathered.setdefault(output, {}).setdefault(source, []).extend(spans)
    return {output: {source: union(spans) for source, spans in sources.items()} for output, sources in gathered.items()}


def segments_of(decisions: Iterable[Decision]) -> list[tuple[int, int, Decision | None]]:
    """Return the spans for which each decision stands; undecided ones carry None."""
    listed = list(decisions)
    ends = [*(decision.start for decision in listed[1:]), FOREVER]
    return [
        (decision.start, end, decision if decision.inputs is not None else None)
        for decision, end in zip(listed, ends, strict=False)
        if decision.start < end
    ]
