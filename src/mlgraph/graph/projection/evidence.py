"""What one run, or the declaration of a workflow, reported: its inputs, its outputs, and the lineage between them."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from heapq import nsmallest
from typing import NamedTuple

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.naming.name_matching import NameMatcher
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, column_uri, field_of_column
from mlgraph.domain.vocabulary import HELD_OUT_ROLES
from mlgraph.graph.model.rows import EVALUATION, INPUT_TO, NEVER_CLOSING
from mlgraph.graph.model.spans import Spans
from mlgraph.graph.projection.histories import Assets, EdgeKey, RunHistory, is_among, key_of


class Column(NamedTuple):
    """A column edge that a run or declaration reported: its span, its record, and the column and dataset that it starts from.

    The dataset is the input that the reported name means, else the name itself.
    """

    start: int
    end: int
    record: EdgeRecord
    source: int
    dataset: int


class Rank(NamedTuple):
    """The order of reporters at a moment: complete ones last, by completion, else by their last event; then by URI."""

    complete: bool
    moment: int
    uri: str


@dataclass(eq=False)
class Evidence:
    """What a run reported, or what a workflow declared until `end`: each asset with the time of its first report."""

    run: int
    """The run; 0: a declaration of the workflow."""
    uri: str
    inputs: Mapping[int, int]
    leading: Mapping[int, int]
    """The inputs in a role that feeds outputs of every kind (not held-out data)."""
    outputs: Mapping[int, int]
    """The outputs, without dropped ones."""
    names: Mapping[int, Mapping[int, int]]
    """By output, the inputs that lineage named: the input that a name means, else the name itself."""
    possible: frozenset[int]
    """The names in lineage that mean no input: they are possible inputs."""
    columns: Sequence[Column]
    completed: int | None
    moments: Sequence[int]
    """The times of all events of the run, in order."""
    kind: Callable[[int], int]
    end: int = FOREVER

    def is_evaluation(self, output: int) -> bool:
        """Return whether the output is an evaluation, which held-out data feeds too."""
        return self.kind(output) == EVALUATION

    def sources(self, *, evaluation: bool) -> Mapping[int, int]:
        """Return the inputs that feed outputs without lineage: all inputs feed an evaluation."""
        return self.inputs if evaluation else self.leading

    @cached_property
    def leading_set(self) -> tuple[frozenset[int], int]:
        """The inputs that feed outputs of every kind, and when the last of them was first reported."""
        return frozenset(self.leading), max(self.leading.values(), default=0)

    @cached_property
    def input_set(self) -> tuple[frozenset[int], int]:
        """All inputs, and when the last of them was first reported."""
        return frozenset(self.inputs), max(self.inputs.values(), default=0)

    @cached_property
    def several_since(self) -> int:
        """Since when there are several inputs and several outputs: what is left to evaluations, and they, are not counted."""
        counted = {output: first for output, first in self.outputs.items() if not self.is_evaluation(output)}
        if len(self.leading) < 2 or len(counted) < 2:
            return FOREVER
        return max(nsmallest(2, self.leading.values())[1], nsmallest(2, counted.values())[1])

    def resolved(self, asset_of: Mapping[int, int]) -> Evidence:
        """Return the evidence under the assets that some names denote: several names of one asset count as one."""
        inputs = _resolved(self.inputs, asset_of)
        possible = frozenset(asset_of.get(name, name) for name in self.possible)
        names: dict[int, dict[int, int]] = {}
        for output, named in self.names.items():
            known = names.setdefault(asset_of.get(output, output), {})
            for source, first in named.items():
                _first(known, asset_of.get(source, source), first)
        return Evidence(
            self.run,
            self.uri,
            inputs,
            _resolved(self.leading, asset_of),
            _resolved(self.outputs, asset_of),
            names,
            possible - inputs.keys(),
            self.columns,
            self.completed,
            self.moments,
            self.kind,
            self.end,
        )

    def held_out(self, source: int) -> Spans:
        """Return when an input is known as held-out data alone."""
        first = self.inputs.get(source)
        leading = self.leading.get(source, FOREVER)
        return [(first, leading)] if first is not None and first < leading else []

    def lineage_since(self, output: int) -> int | None:
        """Return since when the reporter has lineage of the output; None if it never has."""
        named = self.names.get(output)
        return max(self.outputs[output], min(named.values())) if named else None

    def ranks(self, since: int) -> Iterator[tuple[int, int, Rank]]:
        """Yield (start, end, rank) for the time from `since` on."""
        until = self.end if self.completed is None else max(since, self.completed)
        if self.completed is not None and until < self.end:
            yield until, self.end, Rank(complete=True, moment=self.completed, uri=self.uri)
        if since < until:
            later = self.moments[bisect_left(self.moments, since + 1) :]
            starts = [moment for moment in later if moment < until]
            first = max((moment for moment in self.moments if moment <= since), default=since)
            for event, start, end in zip((first, *starts), (since, *starts), (*starts, until), strict=True):
                yield start, end, Rank(complete=False, moment=event, uri=self.uri)


def _resolved(moments: Mapping[int, int], asset_of: Mapping[int, int]) -> Mapping[int, int]:
    if not any(name in asset_of for name in moments):
        return moments
    found: dict[int, int] = {}
    for name, moment in moments.items():
        _first(found, asset_of.get(name, name), moment)
    return found


class Reports(NamedTuple):
    """All reports of one input or output by a run, by one origin, in order."""

    origin: int
    key: EdgeKey
    moments: Sequence[int]


@dataclass(eq=False)
class RunEvidence(Evidence):
    """The evidence of a run, with its reports by origin and the facts about it that concern its workflow."""

    reports: Sequence[Reports] = ()
    implied: Sequence[EdgeRecord] = ()
    """An edge for each report of a possible input."""
    dropped: Mapping[tuple[int, int], Sequence[int]] = field(default_factory=dict)
    """By origin and output, when the run reported that it dropped the output."""
    code_version: str | None = None
    sides: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """By origin, the sides that it reported."""

    @cached_property
    def closable_outputs(self) -> frozenset[int]:
        """The outputs that a later run can rewrite: not versions and their like."""
        return frozenset(output for output in self.outputs if self.kind(output) not in NEVER_CLOSING)

    @cached_property
    def reports_outputs(self) -> bool:
        """Whether the run reported its outputs, if only that there are none."""
        return any("outputs" in sides for sides in self.sides.values())

    def at_run_level(self, run: RunHistory, assets: Assets) -> RunEvidence:
        """Return the evidence with the column edges of the run level, which retractions of columns do not end."""
        return (
            self
            if not run.columns
            else replace(self, columns=_columns(run, assets, matcher(self.inputs, assets), at_run_level=True))
        )


def evidence_of(run: RunHistory, assets: Assets) -> RunEvidence:
    """Return the evidence of a run: cached in its history, because most runs of a workflow no longer change."""
    if run.derived is None:
        run.derived = _evidence(run, assets)
    found: RunEvidence = run.derived
    return found


class _Listed:
    """The inputs and outputs that a run lists."""

    def __init__(self, run: RunHistory) -> None:
        self.inputs: dict[int, int] = {}
        self.leading: dict[int, int] = {}
        self.outputs: dict[int, int] = {}
        self.reports: dict[tuple[int, EdgeKey], set[int]] = defaultdict(set)
        self.dropped: dict[tuple[int, int], list[int]] = defaultdict(list)
        for record in run.edges:
            if record.mode == Mode.RETRACT:
                continue
            if is_among(record, run.drops):
                self.dropped[record.origin, record.target].append(record.valid_from)
            else:
                self.add(record)

    def add(self, record: EdgeRecord) -> None:
        moment = record.valid_from
        if record.relation != INPUT_TO:
            _first(self.outputs, record.target, moment)
        else:
            _first(self.inputs, record.source, moment)
            if record.role not in HELD_OUT_ROLES:
                _first(self.leading, record.source, moment)
        self.reports[record.origin, key_of(record)].add(moment)


def _evidence(run: RunHistory, assets: Assets) -> RunEvidence:
    listed = _Listed(run)
    names: dict[int, dict[int, int]] = {}
    implied: list[EdgeRecord] = []
    columns: Sequence[Column] = ()
    if run.reports_lineage:
        meant = matcher(listed.inputs, assets)
        for origin, moment, output, name in _named(run, assets):
            if output in listed.outputs:
                source = meant(name)
                _first(names.setdefault(output, {}), name if source is None else source, moment)
                if source is None:
                    implied.append(EdgeRecord(name, INPUT_TO, run.run, origin, moment, FOREVER, Mode.PATCH))
        columns = _columns(run, assets, meant, at_run_level=False)
    for record in implied:
        listed.reports[record.origin, key_of(record)].add(record.valid_from)
    outcome = run.outcome
    return RunEvidence(
        run.run,
        run.uri,
        listed.inputs,
        listed.leading,
        listed.outputs,
        names,
        frozenset(record.source for record in implied),
        columns,
        outcome.ended_at if outcome.state == "COMPLETE" else None,
        run.moments,
        assets.kind,
        reports=[Reports(origin, key, sorted(moments)) for (origin, key), moments in listed.reports.items()],
        implied=implied,
        dropped=listed.dropped,
        code_version=outcome.code_version,
        sides={origin: _sides_of(run, origin) for origin in run.origins},
    )


def _first(moments: dict[int, int], asset: int, moment: int) -> None:
    known = moments.get(asset)
    if known is None or moment < known:
        moments[asset] = moment


def _sides_of(run: RunHistory, origin: int) -> frozenset[str]:
    outcome = run.outcome_for(origin)
    return frozenset(side for side in ("inputs", "outputs") if outcome.reports_side(side))


def _named(run: RunHistory, assets: Assets) -> Iterator[tuple[int, int, int, int]]:
    """Yield (origin, moment, output, name) for each dataset that lineage of the run names.

    Column edges name the inputs of those outputs alone of which no `from` does.
    """
    decided: set[int] = set()
    for record in run.edges:
        if record.feeds and record.mode != Mode.RETRACT and record.relation != INPUT_TO and not is_among(record, run.drops):
            decided.add(record.target)
            yield from ((record.origin, record.valid_from, record.target, name) for name in record.feeds)
    for record in run.columns:
        output, name = assets.dataset_of(record.target), assets.dataset_of(record.source)
        if output and name and output not in decided and record.mode != Mode.RETRACT:
            yield record.origin, record.valid_from, output, name


def _columns(run: RunHistory, assets: Assets, meant: Callable[[int], int | None], *, at_run_level: bool) -> Sequence[Column]:
    intervals = run.column_intervals(at_run_level=at_run_level) if run.columns else ()
    return list(resolved_columns(((each.start, each.end, each.record) for each in intervals), assets, meant))


def resolved_columns(
    intervals: Iterable[tuple[int, int, EdgeRecord]], assets: Assets, meant: Callable[[int], int | None]
) -> Iterator[Column]:
    """Yield column edges from the columns of the datasets that are `meant`; those of unknown columns are left out."""
    for start, end, record in intervals:
        name = assets.dataset_of(record.source)
        dataset = meant(name) if name else None
        if dataset is None or dataset == name:
            yield Column(start, end, record, record.source, name)
            continue
        field_name = field_of_column(AssetUri.parse(assets.uri(record.source)))
        source = assets.number(str(column_uri(AssetUri.parse(assets.uri(dataset)), field_name)))
        if source is not None:
            yield Column(start, end, record, source, dataset)


def matcher(inputs: Collection[int], assets: Assets) -> Callable[[int], int | None]:
    """Return a function from a name to the one of `inputs` that it means, or None."""
    matched: dict[int, int | None] = {}
    by_uri: dict[AssetUri, int] = {}
    matchers: list[NameMatcher] = []

    def meant(name: int) -> int | None:
        if name in inputs:
            return name
        if name not in matched:
            if not matchers:
                by_uri.update((AssetUri.parse(assets.uri(asset)), asset) for asset in inputs)
                matchers.append(NameMatcher(by_uri))
            uri = matchers[0].match(AssetUri.parse(assets.uri(name)))
            matched[name] = None if uri is None else by_uri[uri]
        return matched[name]

    return meant
