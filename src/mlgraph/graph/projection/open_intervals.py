"""Computes when an input or output of a workflow is open at asset level, from its runs' reports (docs/spec.md#3-asset-level)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.spans import Spans

OMISSIONS_TO_CLOSE: Final = 3
"""This many consecutive complete runs that omit an edge close it."""


class Completion(NamedTuple):
    """A complete run: its completion time, its URI (which orders runs of one moment), its id and code version."""

    moment: int
    uri: str
    run: int
    code_version: str | None


RunAtMoment = tuple[str, str | None]
"""The URI and code version of the run that counts at a moment: of several runs the one with the greatest URI."""


@dataclass(slots=True)
class EdgeEvidence:
    """Evidence for one edge from a workflow's runs: the moments of all reports, and the runs that reported it, with the first."""

    reports: dict[int, RunAtMoment] = field(default_factory=dict)
    runs: dict[int, int] = field(default_factory=dict)
    under_other_names: dict[int, RunAtMoment] = field(default_factory=dict)
    """Reports under other names of the asset: they open nothing, but the asset is not omitted then."""

    def record(self, moment: int, run: RunAtMoment) -> None:
        """Record that a run reported the edge at `moment`."""
        _record(self.reports, moment, run)

    def record_other_name(self, moment: int, run: RunAtMoment) -> None:
        """Record that a run reported the edge at `moment` under another name of the asset."""
        _record(self.under_other_names, moment, run)

    def latest(self, moment: int) -> RunAtMoment:
        """Return the run that counts at a moment of a report."""
        own, other = self.reports.get(moment), self.under_other_names.get(moment)
        if own is None or (other is not None and other[0] > own[0]):
            return other or ("", None)
        return own


def _record(runs: dict[int, RunAtMoment], moment: int, run: RunAtMoment) -> None:
    before = runs.get(moment)
    if before is None or run[0] > before[0]:
        runs[moment] = run


def open_spans(evidence: EdgeEvidence, completions: Sequence[Completion], gone: Sequence[int], *, closes: bool = True) -> Spans:
    """Return when the edge is open.

    A report opens it. A moment of `gone` (sorted) closes it. If it `closes` by omission, it also ends at the first of three
    consecutive `completions` (sorted; complete runs that reported this side) of runs that never report it, or at one of such a
    run with other code than the last run that reported it. At one moment a report wins over an omission, and `gone` over a
    report.
    """
    spans: Spans = []
    opened: int | None = None
    gone_at = frozenset(gone)
    moments = sorted({*evidence.reports, *evidence.under_other_names})
    for position, moment in enumerate(moments):
        if moment in gone_at:
            if opened is not None:
                spans.append((opened, moment))
            opened = None
            continue
        if opened is None:
            if moment not in evidence.reports:
                continue
            opened = moment
        following = moments[position + 1] if position + 1 < len(moments) else FOREVER
        end = _first_gone(gone, moment, following) if gone else None
        if closes:
            until = following if end is None else end + 1  # an omission at that moment counts: it may end the edge earlier
            omitted = _omitted(completions, moment, until, evidence.latest(moment)[1], evidence.runs)
            end = end if omitted is None else omitted
        if end is not None:
            spans.append((opened, end))
            opened = None
    if opened is not None:
        spans.append((opened, FOREVER))
    return spans


def _first_gone(gone: Sequence[int], after: int, before: int) -> int | None:
    position = bisect_right(gone, after)
    return gone[position] if position < len(gone) and gone[position] < before else None


def _omitted(
    completions: Sequence[Completion], after: int, before: int, code_version: str | None, reporters: Collection[int]
) -> int | None:
    count, first = 0, None
    for place in range(bisect_left(completions, (after + 1,)), len(completions)):
        completion = completions[place]
        if completion.moment >= before:
            return None
        if completion.run in reporters:
            continue
        count += 1
        first = completion.moment if first is None else first
        if count == OMISSIONS_TO_CLOSE:
            return first
        if code_version is not None and completion.code_version not in (None, code_version):
            return completion.moment
    return None
