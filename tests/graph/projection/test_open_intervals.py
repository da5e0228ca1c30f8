"""When an edge of a workflow is open (docs/spec.md#3-asset-level), sentence by sentence."""

from __future__ import annotations

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model.spans import Spans
from mlgraph.graph.projection.open_intervals import Completion, EdgeEvidence, open_spans


def open_intervals_of(
    reports: dict[int, str], completions: list[tuple[int, str]], *, gone: tuple[int, ...] = (), closes: bool = True
) -> Spans:
    """Return the open spans for reports and completions by moment, each of a run given as `URI` or `URI@CODE`."""
    evidence = EdgeEvidence()
    numbers: dict[str, int] = {}
    for moment, run in reports.items():
        uri, _, code = run.partition("@")
        evidence.record(moment, (uri, code or None))
        evidence.runs[numbers.setdefault(uri, len(numbers))] = moment
    listed = [
        Completion(moment, uri, numbers.setdefault(uri, len(numbers)), code or None)
        for moment, (uri, _, code) in ((moment, run.partition("@")) for moment, run in completions)
    ]
    return open_spans(evidence, sorted(listed), gone, closes=closes)


def test_every_run_adds_what_it_reports_from_the_time_it_does() -> None:
    assert open_intervals_of({10: "a"}, []) == [(10, FOREVER)]


def test_three_consecutive_complete_runs_that_leave_it_out_end_it_at_the_first() -> None:
    assert open_intervals_of({10: "a"}, [(20, "b"), (30, "c")]) == [(10, FOREVER)]
    assert open_intervals_of({10: "a"}, [(20, "b"), (30, "c"), (40, "d")]) == [(10, 20)]


def test_one_run_ends_it_if_its_code_differs_from_that_of_the_run_that_last_had_it() -> None:
    assert open_intervals_of({10: "a@1"}, [(20, "b@2")]) == [(10, 20)]
    assert open_intervals_of({10: "a@1"}, [(20, "b@1"), (30, "c@2")]) == [(10, 30)]


def test_code_versions_differ_only_if_both_are_known() -> None:
    assert open_intervals_of({10: "a"}, [(20, "b@2")]) == [(10, FOREVER)]
    assert open_intervals_of({10: "a@1"}, [(20, "b")]) == [(10, FOREVER)]


def test_a_report_by_any_run_restarts_the_count() -> None:
    assert open_intervals_of({10: "a", 35: "x"}, [(20, "b"), (30, "c"), (40, "d")]) == [(10, FOREVER)]


def test_the_completion_of_a_run_that_reported_it_neither_omits_it_nor_restarts_the_count() -> None:
    assert open_intervals_of({10: "a"}, [(20, "b"), (30, "c"), (35, "a")]) == [(10, FOREVER)]
    assert open_intervals_of({10: "a"}, [(20, "b"), (30, "c"), (35, "a"), (40, "d")]) == [(10, 20)]


def test_at_one_moment_a_report_wins_over_an_omission() -> None:
    assert open_intervals_of({10: "a", 20: "x"}, [(20, "b"), (30, "c"), (40, "d")]) == [(10, FOREVER)]
    assert open_intervals_of({10: "a@1", 20: "x@1"}, [(20, "b@2")]) == [(10, FOREVER)]


def test_an_edge_closes_when_it_is_declared_gone_and_a_later_report_opens_it_again() -> None:
    assert open_intervals_of({10: "a", 30: "b"}, [], gone=(20,)) == [(10, 20), (30, FOREVER)]
    assert open_intervals_of({10: "a", 20: "b"}, [], gone=(20,)) == [(10, 20)]


def test_an_omission_at_the_moment_it_is_declared_gone_still_counts() -> None:
    assert open_intervals_of({10: "a"}, [(20, "b"), (30, "c"), (40, "d")], gone=(40,)) == [(10, 20)]
    assert open_intervals_of({10: "a"}, [(20, "b"), (30, "c"), (50, "d")], gone=(40,)) == [(10, 40)]


def test_outputs_that_are_versions_never_close() -> None:
    assert open_intervals_of({10: "a"}, [(20, "b"), (30, "c"), (40, "d")], closes=False) == [(10, FOREVER)]


def test_runs_at_one_moment_are_taken_by_uri() -> None:
    # "z" is the last run that reported the edge: its code version counts, not that of "a"
    evidence = EdgeEvidence()
    evidence.record(10, ("z", "2"))
    evidence.record(10, ("a", "1"))
    assert open_spans(evidence, [Completion(20, "b", 1, "2")], ()) == [(10, FOREVER)]
