"""When an input or output of a workflow holds at asset level, told by its runs (CONTRACT, Semantics 3)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.spans import Spans

OMISSIONS_TO_CLOSE: Final = 3
"""So many consecutive complete runs that leave an edge out end it."""


class Completion(NamedTuple):
    """A complete run: when it completed, its URI (the order of runs at one moment), its id and code version."""

    moment: int
    uri: str
    run: int
    code_version: str | None


@dataclass(slots=True)
class EdgeEvidence:
    """What runs said of one edge: reports by any run, and completions of complete runs that have it.

    Both map a moment to the greatest run URI at that moment with its code version.
    """

    reports: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    completions: dict[int, tuple[str, str | None]] = field(default_factory=dict)

    def record_report(self, moment: int, uri: str, code_version: str | None) -> None:
        """Note that a run reported the edge at `moment`."""
        self.reports[moment] = max(self.reports.get(moment, ("", None)), (uri, code_version), key=lambda run: run[0])

    def record_completion(self, moment: int, uri: str, code_version: str | None) -> None:
        """Note that a run that has the edge completed at `moment`."""
        self.completions[moment] = max(self.completions.get(moment, ("", None)), (uri, code_version), key=lambda run: run[0])


def open_spans(evidence: EdgeEvidence, completions: Sequence[Completion], gone: Sequence[int], *, closes: bool = True) -> Spans:
    """Return when the edge holds.

    A report opens it. It ends at a moment of `gone` (sorted), or, where it `closes`, when three consecutive `completions`
    (sorted; complete runs that told this side) leave it out: at the first of them; or at one that ran other code than the run
    that had it last. At one moment a report wins over an omission, and being declared gone wins over a report.
    """
    spans: Spans = []
    opened: int | None = None
    gone_at = frozenset(gone)
    moments = sorted({*evidence.reports, *evidence.completions})
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
        end = _first_gone(gone, moment, following)
        if closes:
            last = max(
                evidence.reports.get(moment, ("", None)), evidence.completions.get(moment, ("", None)), key=lambda run: run[0]
            )
            until = following if end is None else end + 1  # an omission at that moment counts: it may end the edge earlier
            omitted = _omitted(completions, moment, until, last[1])
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


def _omitted(completions: Sequence[Completion], after: int, before: int, code_version: str | None) -> int | None:
    position = bisect_left(completions, (after + 1,))
    first: int | None = None
    for count, completion in enumerate(completions[position : position + OMISSIONS_TO_CLOSE], start=1):
        if completion.moment >= before:
            return None
        first = completion.moment if first is None else first
        if count == OMISSIONS_TO_CLOSE:
            return first
        if code_version is not None and completion.code_version not in (None, code_version):
            return completion.moment
    return None
