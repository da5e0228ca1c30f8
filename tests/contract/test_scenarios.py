"""Runs and declarations of one job, in several orders of arrival, checked at every moment.

See docs/spec.md#2-run-level and docs/spec.md#3-asset-level.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.contract.producing import Intervals, Producer, arrive, facet, valid_intervals
from tests.contract.serving import Api, Json, Names, Triple

Scenario: TypeAlias = Callable[[Producer], tuple[list[Json], dict[Triple, Intervals]]]
ORDERS = ("in order", "backwards", "one by one", "streamed", "streamed again")


def three_omissions_close_at_the_first(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="ab", outputs="xy")]
    events += [p.run(f"r{n}", n, inputs="b", outputs="x") for n in (2, 3, 4)]
    return events, {
        p.reads("a"): [(1, 2)],
        p.writes("y"): [(1, 2)],
        p.reads("b"): [(1, None)],
        p.writes("x"): [(1, None)],
    }


def two_omissions_close_nothing(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="ab", outputs="x"), *(p.run(f"r{n}", n, inputs="b", outputs="x") for n in (2, 3))]
    return events, {p.reads("a"): [(1, None)], p.reads("b"): [(1, None)], p.writes("x"): [(1, None)]}


def failed_aborted_and_unfinished_runs_close_nothing(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    states = ("COMPLETE", "FAIL", "ABORT", "RUNNING", "START", "OTHER", "COMPLETE")
    events = [p.run("r1", 1, inputs="ab"), *(p.run(f"r{n}", n, state, "b") for n, state in enumerate(states, 2))]
    return events, {p.reads("a"): [(1, None)], p.reads("b"): [(1, None)]}


def failed_runs_add_what_they_report(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="b"), p.run("r2", 2, "FAIL", "a", "x")]
    return events, {p.reads("a"): [(2, None)], p.reads("b"): [(1, None)], p.writes("x"): [(2, None)]}


def a_run_that_failed_after_it_completed_does_not_count(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="ab"), *(p.run(f"r{n}", n, inputs="b") for n in (2, 3, 4)), p.run("r2", 5, "FAIL")]
    return events, {p.reads("a"): [(1, None)], p.reads("b"): [(1, None)]}


def other_code_closes_at_once(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="ab", code="v1"), p.run("r2", 2, inputs="b", code="v2")]
    return events, {p.reads("a"): [(1, 2)], p.reads("b"): [(1, None)]}


def unknown_code_is_no_other_code(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="ab"), p.run("r2", 2, inputs="b", code="v2")]
    return events, {p.reads("a"): [(1, None)], p.reads("b"): [(1, None)]}


def other_code_of_a_failed_run_closes_nothing(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="ab", code="v1"), p.run("r2", 2, "FAIL", "b", code="v2")]
    return events, {p.reads("a"): [(1, None)], p.reads("b"): [(1, None)]}


def a_report_restarts_the_count(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="ab"), *(p.run(f"r{n}", n, inputs="b") for n in (2, 3, 5, 6))]
    return [*events, p.run("r4", 4, "FAIL", "a")], {p.reads("a"): [(1, None)], p.reads("b"): [(1, None)]}


def a_third_omission_after_the_report_closes(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events, _ = a_report_restarts_the_count(p)
    return [*events, p.run("r7", 7, inputs="b")], {p.reads("a"): [(1, 5)], p.reads("b"): [(1, None)]}


def what_was_closed_opens_again(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events, _ = three_omissions_close_at_the_first(p)
    return [*events, p.run("r5", 5, inputs="ab", outputs="x")], {
        p.reads("a"): [(1, 2), (5, None)],
        p.writes("y"): [(1, 2)],
        p.reads("b"): [(1, None)],
        p.writes("x"): [(1, None)],
    }


def runs_without_the_key_do_not_report_that_side(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="a", outputs="xy"), *(p.run(f"r{n}", n, outputs="x") for n in (2, 3, 4))]
    return events, {p.reads("a"): [(1, None)], p.writes("x"): [(1, None)], p.writes("y"): [(1, 2)]}


def an_empty_list_leaves_all_out(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, inputs="a", outputs="x"), *(p.run(f"r{n}", n, inputs="", outputs="x") for n in (2, 3, 4))]
    return events, {p.reads("a"): [(1, 2)], p.writes("x"): [(1, None)]}


def start_is_missing(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, "RUNNING", "a"), p.run("r1", 2, "COMPLETE", outputs="x")]
    return events, {p.reads("a"): [(1, None)], p.writes("x"): [(2, None)]}


def inputs_add_up_over_the_events_of_a_run(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 1, "START", "a"), p.run("r1", 2, "RUNNING", "b"), p.run("r1", 3, "COMPLETE", "", "x")]
    for n in (4, 6, 8):
        events += [p.run(f"s{n}", n, "START", "a"), p.run(f"s{n}", n + 1, "COMPLETE", "", "x")]
    return events, {p.reads("a"): [(1, None)], p.reads("b"): [(2, 5)], p.writes("x"): [(3, None)]}


def runs_are_taken_by_time_of_completion(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.run("r1", 2, "START", "b"), p.run("r1", 9, "COMPLETE"), p.run("r0", 1, inputs="ab")]
    events += [p.run("r2", 3, inputs="b"), p.run("r3", 4, inputs="b")]
    return events, {p.reads("a"): [(1, 3)], p.reads("b"): [(1, None)]}


def a_declaration_ends_what_an_earlier_one_listed(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    events = [p.job(1, "ab", "x"), p.job(3, "b", "x"), p.job(5, "ab", "y")]
    return events, {
        p.reads("a"): [(1, 3), (5, None)],
        p.reads("b"): [(1, None)],
        p.writes("x"): [(1, 5)],
        p.writes("y"): [(5, None)],
    }


def a_declaration_of_one_side_leaves_the_other(p: Producer) -> tuple[list[Json], dict[Triple, Intervals]]:
    return [p.job(1, "a", "x"), p.job(2, None, "x"), p.job(3, "a", None)], {
        p.reads("a"): [(1, None)],
        p.writes("x"): [(1, None)],
    }


SCENARIOS: tuple[Scenario, ...] = (
    three_omissions_close_at_the_first,
    two_omissions_close_nothing,
    failed_aborted_and_unfinished_runs_close_nothing,
    failed_runs_add_what_they_report,
    a_run_that_failed_after_it_completed_does_not_count,
    other_code_closes_at_once,
    unknown_code_is_no_other_code,
    other_code_of_a_failed_run_closes_nothing,
    a_report_restarts_the_count,
    a_third_omission_after_the_report_closes,
    what_was_closed_opens_again,
    runs_without_the_key_do_not_report_that_side,
    an_empty_list_leaves_all_out,
    start_is_missing,
    inputs_add_up_over_the_events_of_a_run,
    runs_are_taken_by_time_of_completion,
    a_declaration_ends_what_an_earlier_one_listed,
    a_declaration_of_one_side_leaves_the_other,
)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_asset_level(api: Api, names: Names, scenario: Scenario, order: str) -> None:
    events, expected = scenario(Producer(names))
    arrive(api, events, order)
    assert valid_intervals(api, names.workflow(), range(1, 12)) == expected


@pytest.mark.parametrize("order", ORDERS)
def test_the_run_level_never_closes(api: Api, names: Names, order: str) -> None:
    p = Producer(names)
    events = [p.run("r1", 1, "START", "a"), p.run("r1", 2, "RUNNING", "b"), p.run("r1", 3, "FAIL", "", "x")]
    events += [p.run(f"s{n}", n, "COMPLETE", "", "") for n in (4, 5, 6)]
    events += [p.dataset(8, "a", lifecycleStateChange=facet(lifecycleStateChange="DROP"))]
    arrive(api, events, order)
    a, b, run, x = names.dataset("a"), names.dataset("b"), names.run("r1"), names.dataset("x")
    assert valid_intervals(api, run, range(1, 12)) == {
        (a, "input_to", run): [(1, None)],
        (b, "input_to", run): [(2, None)],
        (run, "outputs", x): [(3, None)],
    }
    assert valid_intervals(api, names.workflow(), range(1, 12)) == {
        Producer(names).reads("a"): [(1, 4)],
        Producer(names).reads("b"): [(2, 4)],
        Producer(names).writes("x"): [(3, 4)],
    }


def test_the_lineage_of_a_run_is_at_run_level_by_default(api: Api, names: Names) -> None:
    api.event(Producer(names).run("r1", 1, inputs="a", outputs="x"))
    answer = api.lineage(names.run("r1"))
    assert answer["level"] == "run"
    assert {node["uri"] for node in answer["nodes"]} == {names.run("r1"), names.dataset("x")}
    assert api.lineage(names.dataset("a"))["level"] == "asset"


def test_a_run_without_a_workflow_is_a_node_at_asset_level(api: Api, names: Names) -> None:
    run, a, x = names.run("alone"), names.dataset("a"), names.dataset("x")
    edges = [{"source": a, "relation": "input_to", "target": run}, {"source": run, "relation": "outputs", "target": x}]
    api.taken(*({"edge": edge} for edge in edges))
    assert set(api.reached(a)) == {a, run, x}
