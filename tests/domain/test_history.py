"""How facts combine (docs/spec.md#1-state), sentence by sentence."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from mlgraph.domain.facts import Mode
from mlgraph.domain.history import (
    EVERY_ORIGIN,
    AssetRecord,
    EdgeRecord,
    asset_intervals,
    deleted_at,
    edge_intervals,
    endings,
    is_finished,
    merge,
    run_outcome,
    state_at,
)
from mlgraph.domain.timestamps import FOREVER, format_time

ONE, OTHER = 1, 2


def state_record(start: int, state: dict[str, Any], origin: int = ONE, mode: Mode = Mode.REPLACE, tx: int = 0) -> AssetRecord:
    return AssetRecord(7, origin, start, mode, state, tx)


def patch(start: int, state: dict[str, Any], origin: int = ONE) -> AssetRecord:
    return state_record(start, state, origin, Mode.PATCH)


def retract(moment: int, origin: int = ONE) -> AssetRecord:
    return state_record(moment, {}, origin, Mode.RETRACT)


def edge(
    start: int, end: int = FOREVER, mode: Mode = Mode.REPLACE, feeds: frozenset[int] | None = None, **properties: object
) -> EdgeRecord:
    return EdgeRecord(1, 2, 3, ONE, start, end, mode, feeds=feeds, properties=properties)


def with_duration(records: list[AssetRecord]) -> list[tuple[int, int, int]]:
    return [(interval.origin, interval.start, interval.end) for interval in asset_intervals(records)]


def spans(records: list[EdgeRecord], cuts: tuple[int, ...] = ()) -> list[tuple[int, int]]:
    return [(interval.start, interval.end) for interval in edge_intervals(records, cuts)]


# Assets.
def test_an_asset_fact_replaces_the_complete_state_of_its_origin() -> None:
    records = [state_record(10, {"name": "a", "description": "d"}), state_record(20, {"name": "b"})]
    assert with_duration(records) == [(ONE, 10, 20), (ONE, 20, FOREVER)]
    assert state_at(asset_intervals(records), 19) == {"name": "a", "description": "d"}
    assert state_at(asset_intervals(records), 20) == {"name": "b"}
    assert state_at(asset_intervals(records), 9) is None


def test_a_patch_merges_and_one_without_a_new_value_changes_nothing() -> None:
    records = [patch(10, {"properties": {"k": 1}}), patch(20, {"properties": {"l": 2}}), patch(30, {"properties": {"k": 1}})]
    assert with_duration(records) == [(ONE, 10, 20), (ONE, 20, FOREVER)]
    assert state_at(asset_intervals(records), 30) == {"properties": {"k": 1, "l": 2}}


def test_a_retraction_closes_intervals_of_its_origin_that_opened_at_or_before_it() -> None:
    records = [state_record(10, {}), state_record(10, {}, OTHER), retract(20)]
    assert with_duration(records) == [(ONE, 10, 20), (OTHER, 10, FOREVER)]
    assert with_duration([state_record(20, {}), retract(20)]) == []
    assert with_duration([state_record(10, {}), state_record(30, {}), retract(20)]) == [(ONE, 10, 20), (ONE, 30, FOREVER)]


def test_a_retraction_with_a_star_ends_all() -> None:
    records = [state_record(10, {}), state_record(10, {}, OTHER), retract(20, EVERY_ORIGIN)]
    assert with_duration(records) == [(ONE, 10, 20), (OTHER, 10, 20)]


def test_a_state_after_a_retraction_does_not_inherit() -> None:
    records = [state_record(10, {"description": "d"}), retract(20), patch(30, {"name": "a"})]
    assert state_at(asset_intervals(records), 30) == {"name": "a"}


def test_the_origin_that_last_reported_something_new_prevails() -> None:
    records = [state_record(10, {"name": "a", "tags": ["t"]}), state_record(20, {"name": "b"}, OTHER), patch(30, {"name": "a"})]
    assert state_at(asset_intervals(records), 40) == {"name": "b", "tags": ["t"]}


@pytest.mark.parametrize("first", [ONE, OTHER])
def test_of_two_states_of_one_time_the_content_decides_and_not_the_number_of_the_origin(first: int) -> None:
    records = [state_record(10, {"name": "a"}, first), state_record(10, {"name": "b"}, ONE + OTHER - first)]
    assert state_at(asset_intervals(records), 10) == {"name": "b"}


def test_neither_order_nor_repetition_of_facts_changes_the_intervals() -> None:
    reason = [
        state_record(10, {"name": "a"}),
        state_record(10, {"name": "b"}),
        patch(10, {"tags": []}),
        patch(20, {"name": "c"}),
        retract(15),
    ]
    expected = asset_intervals(reason)
    assert all(asset_intervals([*order, order[0]]) == expected for order in permutations(reason))


def test_an_asset_is_deleted_since_the_first_retraction_after_which_no_origin_asserts_it() -> None:
    records = [state_record(10, {}), state_record(10, {}, OTHER), retract(20), retract(30, OTHER), retract(40, EVERY_ORIGIN)]
    assert deleted_at(records, 29) is None
    assert deleted_at(records, 30) == 30
    assert deleted_at(records, 50) == 30
    assert deleted_at([*records, state_record(60, {})], 60) is None
    assert deleted_at([], 60) is None


def test_retracting_an_asset_closes_its_edges_of_that_origin_and_all_if_no_other_origin_asserts_it() -> None:
    ends = endings([state_record(10, {}), state_record(10, {}, OTHER), retract(20), retract(30, OTHER)])
    assert ends.of(ONE) == (20, 30)
    assert ends.of(OTHER) == (30, 30)
    assert ends.of(3) == (30,)
    assert endings([state_record(10, {})]).of(ONE) == ()


# Edges.
def test_a_later_valid_from_ends_the_record_before_it() -> None:
    assert spans([edge(10), edge(20, 40), edge(30, note="x")]) == [(10, 20), (20, 30), (30, FOREVER)]


def test_an_edge_ends_at_its_own_end_or_the_first_retraction_from_its_start_on() -> None:
    assert spans([edge(10, 30)], (20, 25)) == [(10, 20)]
    assert spans([edge(10, 15)], (20,)) == [(10, 15)]
    assert spans([edge(20)], (20,)) == []
    assert spans([edge(21)], (20,)) == [(21, FOREVER)]


def test_sent_again_after_a_retraction_it_opens_a_new_interval() -> None:
    assert spans([edge(10), edge(30)], (20,)) == [(10, 20), (30, FOREVER)]


def test_a_patch_or_declaration_without_a_new_value_changes_nothing() -> None:
    for mode in (Mode.PATCH, Mode.DECLARED):
        assert spans([edge(10, mode=mode), edge(20, mode=mode)]) == [(10, FOREVER)]
    assert spans([edge(10), edge(20)]) == [(10, 20), (20, FOREVER)]


def test_facts_of_one_moment_are_taken_together() -> None:
    reason = [edge(10, feeds=frozenset({4})), edge(10, 30, feeds=frozenset({5})), edge(10, mode=Mode.PATCH, note="x")]
    for order in permutations(reason):
        (interval,) = edge_intervals(order, ())
        assert (interval.start, interval.end) == (10, 30)
        assert interval.feeds == frozenset({4, 5})
        assert interval.properties == {"note": "x"}


# Merging.
def test_properties_facets_and_sides_merge_by_key_and_all_else_is_replaced() -> None:
    before = {"tags": ["a"], "properties": {"facets": {"f": {"x": 1}}, "k": {"x": 1}}}
    after = merge(before, {"tags": ["b"], "properties": {"facets": {"g": 2}, "k": {"y": 2}}})
    assert after == {"tags": ["b"], "properties": {"facets": {"f": {"x": 1}, "g": 2}, "k": {"y": 2}}}
    assert before == {"tags": ["a"], "properties": {"facets": {"f": {"x": 1}}, "k": {"x": 1}}}


# Runs.
def run(moment: int, state: str | None, origin: int = ONE, **reason: object) -> AssetRecord:
    return patch(moment, {"properties": {**({"state": state} if state else {}), **reason}}, origin)


def test_a_run_ends_with_its_latest_terminal_event_and_late_events_do_not_reopen_it() -> None:
    outcome = run_outcome([run(30, "FAIL"), run(20, "COMPLETE"), run(40, "RUNNING")])
    assert (outcome.state, outcome.ended_at) == ("FAIL", 30)
    outcome = run_outcome([run(10, "START")])
    assert (outcome.state, outcome.ended_at) == ("START", None)
    assert run_outcome([]).state is None


def test_a_run_reported_by_facts_ended_at_the_time_in_its_properties() -> None:
    outcome = run_outcome(
        [state_record(90, {"properties": {"state": "COMPLETE", "ended_at": format_time(50), "code_version": "c"}})]
    )
    assert (outcome.state, outcome.ended_at, outcome.code_version) == ("COMPLETE", 50, "c")


def test_a_run_reported_both_sides_unless_its_events_list_them() -> None:
    assert run_outcome([run(10, "COMPLETE")]).reports_side("inputs")
    outcome = run_outcome([run(10, "START", sides={"inputs": True}), run(20, "COMPLETE", sides={})])
    assert outcome.reports_side("inputs")
    assert not outcome.reports_side("outputs")


def test_deleting_a_run_does_not_undo_it() -> None:
    assert run_outcome([run(10, "COMPLETE"), retract(20)]).ended_at == 10


@pytest.mark.parametrize(
    ("properties", "finished"),
    [({}, False), ({"state": "RUNNING"}, False), ({"state": "Complete"}, True), ({"ended_at": "2026-01-01T00:00:00Z"}, True)],
)
def test_an_ended_run_is_recognised_by_state_or_end(properties: dict[str, Any], finished: bool) -> None:
    assert is_finished(properties) == finished
