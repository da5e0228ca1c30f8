"""Pairs of a workflow or run: when each input feeds each output, and with which certainty (docs/spec.md#4-pairs)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.vocabulary import HELD_OUT_ROLES
from mlgraph.graph.model.aliases import BEGINNING, NO_ALIASES, Aliases, split
from mlgraph.graph.model.spans import Spans, intersect, overlapping, subtract, union


@dataclass
class Sides:
    """The inputs (by asset and role) and outputs of a workflow or run, each with its spans by origin.

    The properties are cached: do not change `inputs` or `outputs` after reading one.
    """

    inputs: dict[tuple[int, str], dict[int, Spans]] = field(default_factory=dict)
    outputs: dict[int, dict[int, Spans]] = field(default_factory=dict)

    @cached_property
    def reads(self) -> Mapping[int, Spans]:
        """For each input, when it is read, in any role."""
        return _over_roles(self.inputs)

    @cached_property
    def leading_inputs(self) -> Mapping[int, Spans]:
        """For each input, when it is read in a role that feeds outputs of every kind (not held-out data)."""
        if not self.has_held_out:
            return self.reads
        return _over_roles({key: spans for key, spans in self.inputs.items() if key[1] not in HELD_OUT_ROLES})

    @cached_property
    def writes(self) -> Mapping[int, Spans]:
        """For each output, when it is written."""
        return {output: _by_any_origin(origins) for output, origins in self.outputs.items()}

    @cached_property
    def has_held_out(self) -> bool:
        """Whether an input is read as held-out data, which feeds evaluations only."""
        return any(role in HELD_OUT_ROLES for _, role in self.inputs)


def _by_any_origin(origins: Mapping[int, Spans]) -> Spans:
    if len(origins) == 1:
        return next(iter(origins.values()))
    return union(span for spans in origins.values() for span in spans)


def _over_roles(inputs: Mapping[tuple[int, str], Mapping[int, Spans]]) -> Mapping[int, Spans]:
    found: dict[int, Spans] = {}
    for (source, _role), origins in inputs.items():
        spans = _by_any_origin(origins)
        found[source] = union([*found[source], *spans]) if source in found else spans
    return found


@dataclass(frozen=True, slots=True)
class Decision:
    """From `start` on, exactly `inputs` feed an output (None: undecided); `by` is the reporting run (0: a declaration)."""

    start: int
    by: int
    inputs: frozenset[int] | None


@dataclass(slots=True)
class Pair:
    """The spans in which an input feeds an output: for certain, and possibly."""

    certain: Spans
    possible: Spans


@dataclass(slots=True)
class PortInputs:
    """Outputs with the same inputs, and those inputs: a pair is valid only while its output is written too."""

    outputs: tuple[int, ...]
    sources: dict[int, Pair]


CertainInRuns = Mapping[int, Mapping[int, Spans]]
"""By output and source: when the pair was certain in some run."""


def pair_up(
    sides: Sides,
    decisions: Mapping[int, list[Decision]],
    is_evaluation: Callable[[int], bool],
    certain_in_runs: Callable[[], CertainInRuns] = dict,
    aliases: Aliases = NO_ALIASES,
) -> list[PortInputs]:
    """Return the inputs of each output. Outputs with the same inputs share an entry, since a run may have thousands of both.

    `decisions` lists, for an output in order of time, the lineage that decides. Before the first decision, and where a decision's
    inputs are None, all inputs feed the output: possibly, if there are several inputs and several outputs at that moment and no
    run was certain of the pair (`certain_in_runs`), else certainly. Several names of one asset count as one.
    """
    reads, leading, writes = sides.reads, sides.leading_inputs, sides.writes
    many: Spans = []
    if len(leading) > 1 and len(writes) > 1:
        counted = {output: spans for output, spans in writes.items() if not is_evaluation(output)}
        many = intersect(overlapping(_of_assets(leading, aliases)), overlapping(_of_assets(counted, aliases)))
    certain_elsewhere = _under_all_names(certain_in_runs(), reads, writes, aliases) if many else {}
    same_inputs: dict[bool, list[int]] = {}
    found: list[PortInputs] = []
    for output in writes:
        measures = is_evaluation(output)
        segments = segments_of(decisions.get(output, ()))
        if segments or output in certain_elsewhere:
            sources = reads if measures else leading
            found.append(PortInputs((output,), _port_inputs(sources, segments, many, certain_elsewhere.get(output, {}))))
        else:
            same_inputs.setdefault(measures, []).append(output)
    for measures, outputs in same_inputs.items():
        found.append(PortInputs(tuple(outputs), _port_inputs(reads if measures else leading, [], many, {})))
    return found


def _of_assets(names: Mapping[int, Spans], aliases: Aliases) -> Collection[Spans]:
    """Return when each asset is read or written, under any of its names."""
    if not aliases or not any(map(aliases.is_alias, names)):
        return names.values()
    gathered: dict[int, list[tuple[int, int]]] = {}
    for name, spans in names.items():
        for segment in aliases.segments(name):
            gathered.setdefault(segment.asset, []).extend(intersect(spans, [(segment.start, segment.end)]))
    return [union(spans) for spans in gathered.values()]


def _under_all_names(
    certain_elsewhere: CertainInRuns, reads: Collection[int], writes: Collection[int], aliases: Aliases
) -> CertainInRuns:
    """Return, by output and source name, when some run was certain of the pair under any names of the two assets."""
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
            resolved = split(aliases, source, output, BEGINNING, FOREVER)
            as_these = union((start, end) for *ends, start, end in resolved if ends == [left, right])
            gathered.setdefault(output, {}).setdefault(source, []).extend(intersect(union(spans), as_these))
    return {output: {source: union(spans) for source, spans in sources.items()} for output, sources in gathered.items()}


def _names_of(names: Iterable[int], aliases: Aliases) -> dict[int, set[int]]:
    """Return, by asset, the `names` that ever denoted it."""
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
    if not segments:  # the common case
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


def certain_pairs(ports: Iterable[PortInputs], sides: Sides) -> CertainInRuns:
    """Return, by output and source, when a run with these sides was certain that the source feeds the output."""
    found: dict[int, dict[int, Spans]] = {}
    for port_inputs in ports:
        for source, pair in port_inputs.sources.items():
            for output in port_inputs.outputs if pair.certain else ():
                both_valid = intersect(pair.certain, sides.writes[output])
                if both_valid:
                    found.setdefault(output, {})[source] = both_valid
    return found


def certain_in_any(runs: Iterable[CertainInRuns]) -> CertainInRuns:
    """Return, by output and source, when at least one of the runs was certain of the pair."""
    gathered: dict[int, dict[int, list[tuple[int, int]]]] = {}
    for pairs in runs:
        for output, sources in pairs.items():
            for source, spans in sources.items():
                gathered.setdefault(output, {}).setdefault(source, []).extend(spans)
    return {output: {source: union(spans) for source, spans in sources.items()} for output, sources in gathered.items()}


def segments_of(decisions: Iterable[Decision]) -> list[tuple[int, int, Decision | None]]:
    """Return (start, end, decision) for the span of each decision; None in place of an undecided one."""
    listed = list(decisions)
    ends = [*(decision.start for decision in listed[1:]), FOREVER]
    return [
        (decision.start, end, decision if decision.inputs is not None else None)
        for decision, end in zip(listed, ends, strict=False)
        if decision.start < end
    ]
