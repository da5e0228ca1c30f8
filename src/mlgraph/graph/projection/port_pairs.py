"""Pairs of a workflow or run: when each input feeds each output, and with which certainty (docs/spec.md#4-pairs)."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.rows import EVALUATION
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.declared import Declared, DeclaredSides
from mlgraph.graph.projection.evidence import Evidence
from mlgraph.graph.projection.histories import Assets
from mlgraph.graph.projection.timelines import greatest_over_time

Writer = tuple[int, Evidence]
"""A reporter of an output, and since when it reported the output."""
Decided = Sequence[tuple[int, int, Evidence]]
"""The spans in which a reporter's lineage decides which inputs feed an output, in order of time."""
_BEGINNING: Final = -FOREVER


@dataclass(slots=True)
class Pair:
    """The spans in which an input feeds an output: for certain, and possibly."""

    certain: Spans
    possible: Spans


@dataclass(slots=True)
class PortInputs:
    """Outputs with the same inputs, and those inputs: a pair is valid only while both of its edges are."""

    outputs: tuple[int, ...]
    sources: Mapping[int, Pair]


@dataclass(frozen=True)
class Pairs:
    """The inputs of each output, and the reporters whose lineage decides them."""

    ports: Sequence[PortInputs]
    decided: Mapping[int, Decided]


class _Gathered:
    """Collects when each input feeds an output."""

    def __init__(self) -> None:
        self._certain: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._possible: dict[int, list[tuple[int, int]]] = defaultdict(list)

    def add(self, source: int, spans: Spans, *, certain: bool) -> None:
        if spans:
            (self._certain if certain else self._possible)[source].extend(spans)

    def within(self, spans: Spans) -> Iterator[tuple[int, Spans, Spans]]:
        """Yield (source, certain, possible) within `spans`; what is certain is not listed as possible."""
        for source, pair in self.pairs().items():
            certain, possible = intersect(pair.certain, spans), intersect(pair.possible, spans)
            if certain or possible:
                yield source, certain, possible

    def pairs(self) -> Mapping[int, Pair]:
        """Return all pairs; what is certain is not listed as possible."""
        found: dict[int, Pair] = {}
        for source in {**self._certain, **self._possible}:
            certain = union(self._certain[source]) if source in self._certain else []
            possible = union(self._possible[source]) if source in self._possible else []
            possible = subtract(possible, certain) if possible else []
            if certain or possible:
                found[source] = Pair(certain, possible)
        return found


@dataclass
class PairFinder:
    """Finds the pairs of a workflow, or of one run alone.

    From `parameterised` on, of the runs without lineage only the latest complete one and later ones count.
    """

    runs: Sequence[Evidence]
    assets: Assets
    aliases: Aliases
    parameterised: int = FOREVER
    declared: Declared | None = None

    def pairs(self, outputs: Iterable[int]) -> Pairs:
        """Return the pairs of these outputs. Those with the same inputs share an entry: a run may have thousands of both."""
        declared = self.declared
        same = self._names_of_same_assets() if self.aliases else set()
        if declared is None or not (same or declared.has_lineage or self.parameterised < FOREVER):
            sides = declared.sides if declared is not None and declared.sides.inputs else None
            found = _PairsOfAssets(self.runs, self.assets, self.parameterised, (), sides)
        else:
            reporters = [*self.runs, *(piece for _, _, piece in declared.pieces)]
            found = _PairsOfAssets(reporters, self.assets, self.parameterised, declared.without_outputs())
        return self._under_names(found, outputs, same) if same else found.pairs(outputs)

    def _under_names(self, every: _PairsOfAssets, outputs: Iterable[int], names: Collection[int]) -> Pairs:
        """Return the pairs where some `names` denote one asset at times, for each span in which none changes by itself."""
        listed = list(outputs)
        changes = {moment for name in names for each in self.aliases.segments(name) for moment in (each.start, each.end)}
        gathered: dict[int, list[tuple[Spans, PortInputs]]] = {output: [] for output in listed}
        decided: dict[int, list[tuple[int, int, Evidence]]] = defaultdict(list)
        for start, end in pairwise(sorted({_BEGINNING, *changes, FOREVER})):
            asset_of = {name: self.aliases.at(name, start) for name in names}
            found = every.resolved(asset_of).pairs({asset_of.get(output, output) for output in listed})
            port_of = {output: port for port in found.ports for output in port.outputs}
            named = _by_asset(asset_of)
            expanded = {id(port): _expanded(port, named) for port in found.ports}
            for output in listed:
                asset = asset_of.get(output, output)
                gathered[output].append(([(start, end)], expanded[id(port_of[asset])]))
                spans = found.decided.get(asset, ())
                decided[output] += [(max(s, start), min(e, end), who) for s, e, who in spans if max(s, start) < min(e, end)]
        shared: dict[Hashable, list[int]] = defaultdict(list)
        for output, parts in gathered.items():
            shared[output if decided[output] else tuple(id(part) for _, part in parts)].append(output)
        ports = [PortInputs(tuple(alike), _merged(gathered[alike[0]])) for alike in shared.values()]
        return Pairs(ports, {output: spans for output, spans in decided.items() if spans})

    def _names_of_same_assets(self) -> set[int]:
        """Return the names that denote, at any time, an asset that another name of the reporters denotes too."""
        by_asset: dict[int, set[int]] = defaultdict(set)
        names: set[int] = set()
        declared = [piece for _, _, piece in self.declared.pieces] if self.declared is not None else []
        for reporter in (*self.runs, *declared):
            names.update(reporter.inputs, reporter.outputs, *reporter.names.values())
        for name in names:
            for segment in self.aliases.segments(name):
                by_asset[segment.asset].add(name)
        return {name for same in by_asset.values() if len(same) > 1 for name in same}


@dataclass
class _PairsOfAssets:
    """Finds the pairs of reporters of which no two names denote one asset: runs, and what is declared."""

    reporters: Sequence[Evidence]
    assets: Assets
    parameterised: int
    inputs_alone: Sequence[tuple[int, int, Evidence]]
    """What was declared without any output."""
    declared: DeclaredSides | None = None
    """What was declared, if it is not among the reporters."""

    def resolved(self, asset_of: Mapping[int, int]) -> _PairsOfAssets:
        """Return the same with the assets that some names denote."""
        return replace(
            self,
            reporters=[reporter.resolved(asset_of) for reporter in self.reporters],
            inputs_alone=[(start, end, reporter.resolved(asset_of)) for start, end, reporter in self.inputs_alone],
        )

    def pairs(self, outputs: Iterable[int]) -> Pairs:
        """Return the pairs of these outputs."""
        writers: dict[int, list[Writer]] = {output: [] for output in outputs}
        for reporter in self.reporters:
            for output, first in reporter.outputs.items():
                if output in writers:
                    writers[output].append((first, reporter))
        shared: dict[Hashable, list[int]] = defaultdict(list)
        sources: dict[Hashable, Mapping[int, Pair]] = {}
        decided: dict[int, Decided] = {}
        for output, own in writers.items():
            is_evaluation = self.assets.kind(output) == EVALUATION
            written = self.declared.outputs.get(output, ()) if self.declared is not None and own else ()
            key: Hashable = is_evaluation, tuple((first, id(reporter)) for first, reporter in own), tuple(written)
            if any(output in reporter.names for _, reporter in own):
                key = output
                decided[output] = self._decided(output, own)
            if key not in sources:
                sources[key] = self._sources(output, own, decided.get(output, ()), evaluation=is_evaluation)
            shared[key].append(output)
        return Pairs([PortInputs(tuple(listed), sources[key]) for key, listed in shared.items()], decided)

    def _decided(self, output: int, writers: Sequence[Writer]) -> Decided:
        """Return whose lineage of the output decides: the latest complete reporter's, else the latest one's."""
        return greatest_over_time(
            (start, end, rank, reporter)
            for _, reporter in writers
            if (since := reporter.lineage_since(output)) is not None
            for start, end, rank in reporter.ranks(since)
        )

    def _sources(self, output: int, writers: Sequence[Writer], decided: Decided, *, evaluation: bool) -> Mapping[int, Pair]:
        found = _Gathered()
        for start, end, reporter in decided:
            for source, first in reporter.names[output].items():
                spans = [(max(first, start), end)] if first < end else []
                held_out = [] if evaluation else reporter.held_out(source)
                found.add(source, subtract(spans, held_out), certain=source not in reporter.possible)
        if not decided and self.parameterised == FOREVER and not self.inputs_alone:  # the common case
            return self._of_all(output, writers, evaluation=evaluation).pairs()
        undecided = subtract([(_BEGINNING, FOREVER)], [(start, end) for start, end, _ in decided])
        if undecided:
            for source, certain, possible in self._combined(output, writers, undecided, evaluation=evaluation):
                found.add(source, certain, certain=True)
                found.add(source, possible, certain=False)
            for start, end, declared in self.inputs_alone:
                for source in declared.sources(evaluation=evaluation):
                    found.add(source, intersect([(start, end)], undecided), certain=False)
        return found.pairs()

    def _combined(
        self, output: int, writers: Sequence[Writer], undecided: Spans, *, evaluation: bool
    ) -> Iterator[tuple[int, Spans, Spans]]:
        """Yield (source, certain, possible) of the inputs with which the runs without lineage made an output."""
        before = intersect(undecided, [(_BEGINNING, self.parameterised)])
        if before:
            yield from self._of_all(output, writers, evaluation=evaluation).within(before)
        if self.parameterised < FOREVER:
            after = intersect(undecided, [(self.parameterised, FOREVER)])
            yield from self._of_latest(writers, evaluation=evaluation).within(after)

    def _of_all(self, output: int, writers: Sequence[Writer], *, evaluation: bool) -> _Gathered:
        found = _Gathered()
        if self.declared is not None:
            for source, *spans in self.declared.feeding(output, evaluation=evaluation, alone=not writers):
                found.add(source, spans[0], certain=True)
                found.add(source, spans[1], certain=False)
        usual: dict[tuple[frozenset[int], bool, int], int] = {}
        for first, reporter in writers:
            inputs, last = reporter.input_set if evaluation else reporter.leading_set
            several = FOREVER if evaluation else reporter.several_since
            if last <= first and (several <= first or several == FOREVER):
                key = inputs, several == FOREVER, reporter.end  # the common case, and most runs of a workflow are alike
                usual[key] = min(first, usual.get(key, first))
            else:
                self._add(found, reporter, first, [(_BEGINNING, FOREVER)], evaluation=evaluation)
        for (inputs, certain, end), first in usual.items():
            for source in inputs:
                found.add(source, [(first, end)], certain=certain)
        return found

    def _of_latest(self, writers: Sequence[Writer], *, evaluation: bool) -> _Gathered:
        """Gather the inputs of the latest complete run at each moment, and of later ones that are not complete."""
        found = _Gathered()
        ranked = [(*rank, (first, reporter)) for first, reporter in writers for rank in reporter.ranks(first)]
        latest = greatest_over_time(each for each in ranked if each[2].complete)
        for start, end, (first, reporter) in latest:
            self._add(found, reporter, first, [(start, end)], evaluation=evaluation)
        starts = [start for start, _, _ in latest]
        for start, end, rank, (first, reporter) in ranked:
            if not rank.complete:
                spans = list(_later_than(latest, starts, start, end, (rank.moment, rank.uri)))
                self._add(found, reporter, first, spans, evaluation=evaluation)
        return found

    def _add(self, found: _Gathered, reporter: Evidence, first: int, within: Spans, *, evaluation: bool) -> None:
        """Add the inputs with which a reporter alone made an output that it reported at `first`."""
        several: Spans = [] if evaluation else [(reporter.several_since, FOREVER)]
        for source, since in reporter.sources(evaluation=evaluation).items():
            spans = intersect([(max(first, since), reporter.end)], within) if max(first, since) < reporter.end else []
            possible = intersect(spans, several)
            found.add(source, possible, certain=False)
            found.add(source, subtract(spans, possible), certain=True)


def _by_asset(asset_of: Mapping[int, int]) -> Mapping[int, Sequence[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for name, asset in asset_of.items():
        found[asset].append(name)
    return found


def _expanded(port: PortInputs, named: Mapping[int, Sequence[int]]) -> PortInputs:
    """Return the inputs of a port under all of their names."""
    return PortInputs(port.outputs, {name: pair for asset, pair in port.sources.items() for name in named.get(asset, (asset,))})


def _merged(parts: Iterable[tuple[Spans, PortInputs]]) -> Mapping[int, Pair]:
    """Return the pairs of several spans together, each within its span."""
    found = _Gathered()
    for spans, port in parts:
        for source, pair in port.sources.items():
            found.add(source, intersect(pair.certain, spans), certain=True)
            found.add(source, intersect(pair.possible, spans), certain=False)
    return found.pairs()


def _later_than(
    latest: Sequence[tuple[int, int, Writer]], starts: Sequence[int], start: int, end: int, order: tuple[int, str]
) -> Iterator[tuple[int, int]]:
    """Yield the parts of [start, end) in which no complete run is latest, or one that comes before `order`."""
    place = max(0, bisect_right(starts, start) - 1)
    at = start
    for begins, ends, (_, reporter) in latest[place:]:
        if begins >= end:
            break
        if at < begins:
            yield at, begins
        at = max(at, ends)
        if ends > start and (reporter.completed or 0, reporter.uri) < order:
            yield max(start, begins), min(end, ends)
    if at < end:
        yield at, end
