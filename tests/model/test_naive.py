"""Examples for the naive model itself, sentence by sentence. Times are small integers.

Sections: docs/spec.md#1-state, docs/spec.md#2-run-level, docs/spec.md#3-asset-level, docs/spec.md#8-deleted-assets.
"""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.fact_json import parse_line
from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.payloads.payload import Located
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri
from tests.model import histories
from tests.model.examples import EDGE, READS, A, B, C, R, V, W, declared, edge, run, run_uri, when
from tests.model.naive import NaiveGraph


# docs/spec.md#1-state: facts, intervals, origins, retractions.
def test_an_edge_is_valid_from_its_start_up_to_but_not_at_its_end() -> None:
    assert when([edge(10, 20)], EDGE) == [(10, 20)]


def test_an_edge_is_valid_while_any_origin_asserts_it() -> None:
    facts: list[Fact] = [edge(10, 20, "mlflow"), edge(15, 30)]
    assert when(facts, EDGE) == [(10, 30)]
    assert NaiveGraph(facts).edge_origins("asset", 17) == {EDGE: {"mlflow", "facts"}}


@pytest.mark.parametrize(("origin", "left"), [("facts", [(10, None)]), ("*", [(10, 20)]), ("rest", [(10, None)])])
def test_a_retraction_ends_its_own_origin_or_all(origin: str, left: list[tuple[int, int | None]]) -> None:
    facts: list[Fact] = [edge(10), edge(10, origin="mlflow"), EdgeRetraction(*EDGE, origin, 20)]
    assert when(facts, EDGE) == left


def test_a_retraction_ends_what_began_at_its_moment_and_not_what_begins_later() -> None:
    facts: list[Fact] = [edge(10), EdgeRetraction(*EDGE, "facts", 10), edge(11), EdgeRetraction(*EDGE, "facts", 15)]
    assert when(facts, EDGE) == [(11, 15)]


def test_sent_again_after_a_retraction_opens_a_new_interval() -> None:
    assert when([edge(10), EdgeRetraction(*EDGE, "facts", 20), edge(30)], EDGE) == [(10, 20), (30, None)]


def test_a_later_start_of_the_same_origin_ends_the_record_before() -> None:
    assert when([edge(10, 50), edge(20, 30)], EDGE) == [(10, 30)]


def test_other_roles_and_versions_stand_side_by_side() -> None:
    assert when([edge(10, 50, version="1"), edge(20, 30, version="2")], EDGE) == [(10, 50)]
    assert when([edge(10, 50, role="base"), edge(20, 30)], EDGE) == [(10, 50)]


def test_of_two_ends_given_at_one_start_the_earlier_counts() -> None:
    assert when([edge(10), edge(10, 40), edge(10, 30)], EDGE) == [(10, 30)]


@pytest.mark.parametrize("end", [A, B])
def test_retracting_an_asset_that_others_assert_ends_the_edges_of_its_origin_only(end: AssetUri) -> None:
    facts: list[Fact] = [edge(10), edge(10, origin="mlflow"), AssetFact(end, "mlflow", 1), AssetFact(end, "facts", 1)]
    facts.append(AssetRetraction(end, "facts", 20))
    assert when(facts, EDGE, origin="facts") == [(10, 20)]
    assert when(facts, EDGE, origin="mlflow") == [(10, None)]


def test_retracting_an_asset_that_no_other_origin_asserts_ends_all_its_edges() -> None:
    facts: list[Fact] = [edge(10), edge(10, origin="mlflow"), AssetFact(A, "facts", 1), AssetRetraction(A, "facts", 20)]
    assert when(facts, EDGE) == [(10, 20)]
    # an origin that first asserts the asset at that moment asserts it then
    assert when([*facts, AssetFact(A, "mlflow", 20)], EDGE, origin="mlflow") == [(10, None)]


def test_a_complete_fact_replaces_the_state_of_its_origin_and_a_patch_adds_to_it() -> None:
    first = AssetFact(A, "facts", 10, {"name": "one", "properties": {"k": 1, "facets": {"f": 1}}})
    patch = AssetFact(A, "facts", 20, {"properties": {"l": 2, "facets": {"g": 2}}}, Mode.PATCH)
    graph = NaiveGraph([first, patch, AssetFact(A, "facts", 30, {"tags": ["t"]})])
    assert graph.asset_state(A, 9) == (None, None)
    assert graph.asset_state(A, 20)[0] == {"name": "one", "properties": {"k": 1, "l": 2, "facets": {"f": 1, "g": 2}}}
    assert graph.asset_state(A, 30)[0] == {"tags": ["t"]}


def test_a_deleted_asset_has_its_time_of_deletion_and_restarts_when_reported_again() -> None:
    facts: list[Fact] = [AssetFact(A, "facts", 10, {"name": "one"}), AssetRetraction(A, "facts", 20)]
    graph = NaiveGraph([*facts, AssetRetraction(A, "*", 25), AssetFact(A, "facts", 30, {"tags": ["t"]}, Mode.PATCH)])
    assert graph.asset_state(A, 19) == ({"name": "one"}, None)
    assert graph.asset_state(A, 20) == (None, 20)
    assert graph.asset_state(A, 29) == (None, 20)
    assert graph.asset_state(A, 30) == ({"tags": ["t"]}, None)


@settings(max_examples=60, deadline=None)
@given(histories.histories(most=6), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(facts: list[Fact], rng: random.Random) -> None:
    graph = NaiveGraph(facts)
    other = NaiveGraph(histories.repeated(histories.shuffled(facts, rng), rng))
    for t in histories.moments(facts):
        assert graph.edge_origins("asset", t) == other.edge_origins("asset", t)
        assert graph.edge_origins("run", t) == other.edge_origins("run", t)
    t = rng.choice(histories.moments(facts))
    for uri in graph.uris():
        assert graph.lineage(uri, "both", "asset", t) == other.lineage(uri, "both", "asset", t)
        assert graph.asset_state(uri, t) == other.asset_state(uri, t)


# docs/spec.md#2-run-level
def test_run_level_is_as_reported_and_has_no_workflows() -> None:
    facts = [*run(1, 10, [A], [B], "FAIL"), *declared(5, [C])]
    assert NaiveGraph(facts).edges("run", 50) == {(A, "input_to", run_uri(1)), (run_uri(1), "outputs", B)}
    assert NaiveGraph(facts).edges("asset", 50) == {READS, (W, "outputs", B), (C, "input_to", W)}


def test_inputs_and_outputs_of_a_run_are_the_union_over_its_events() -> None:
    facts = [*run(1, 10, [A], None, "START"), *run(1, 20, [B], [C]), *run(1, 30, None, None)]
    reads = NaiveGraph(facts).edges("run", 40)
    assert reads == {(A, "input_to", run_uri(1)), (B, "input_to", run_uri(1)), (run_uri(1), "outputs", C)}


def test_run_level_never_closes_but_by_a_retraction_of_the_edge() -> None:
    triple = (A, "input_to", run_uri(1))
    facts = [*run(1, 10, [A]), *run(2, 20, [B]), *run(3, 21, [B]), *run(4, 22, [B]), AssetRetraction(A, "*", 30)]
    assert when(facts, triple, "run") == [(10, None)]
    assert when([*facts, EdgeRetraction(*triple, "*", 40)], triple, "run") == [(10, 40)]


# docs/spec.md#3-asset-level
def test_three_omissions_in_a_row_close_at_the_first() -> None:
    facts = [*run(1, 10, R["A"]), *run(2, 20, R["B"]), *run(3, 30, R["B"])]
    assert when(facts, READS) == [(10, None)]
    assert when([*facts, *run(4, 40, R["B"])], READS) == [(10, 20)]


def test_a_report_by_any_run_restarts_the_count() -> None:
    facts = [*run(1, 10, R["A"]), *run(2, 20, R["B"]), *run(3, 30, R["B"]), *run(5, 35, R["A"], state="RUNNING")]
    assert when([*facts, *run(4, 40, R["B"])], READS) == [(10, None)]
    assert when([*facts, *(fact for n in (6, 7, 8) for fact in run(n, 40 + n, R["B"]))], READS) == [(10, 46)]


@pytest.mark.parametrize("state", ["FAIL", "ABORT", "RUNNING", "START", "OTHER"])
def test_runs_that_did_not_complete_close_nothing_and_still_add(state: str) -> None:
    facts = [*run(1, 10, R["A"]), *(fact for n in (2, 3, 4) for fact in run(n, 10 * n, R["B"], state=state))]
    assert when(facts, READS) == [(10, None)]
    assert when(facts, (B, "input_to", W)) == [(20, None)]


@pytest.mark.parametrize(("codes", "end"), [("12", 20), ("11", None), (("1", None), None), ((None, "2"), None)])
def test_one_omission_closes_where_the_code_is_known_to_differ(codes: tuple[str | None, str | None], end: int | None) -> None:
    facts = [*run(1, 10, R["A"], code=codes[0]), *run(2, 20, R["B"], code=codes[1])]
    assert when(facts, READS) == [(10, end)]


def test_the_code_is_compared_with_the_run_that_last_had_the_edge() -> None:
    facts = [*run(1, 10, R["A"], code="1"), *run(2, 20, R["A"], code="2"), *run(3, 30, R["B"], code="2")]
    assert when(facts, READS) == [(10, None)]
    assert when([*facts, *run(4, 40, R["B"], code="1")], READS) == [(10, 40)]


def test_a_side_that_a_run_did_not_report_has_no_omissions() -> None:
    facts = [*run(1, 10, R["A"]), *(fact for n in (2, 3, 4) for fact in run(n, 10 * n, None, [B]))]
    assert when(facts, READS) == [(10, None)]


def test_at_one_moment_a_report_wins_over_an_omission() -> None:
    facts = [*run(1, 10, R["A"], code="1"), *run(2, 20, R["B"], code="2"), *run(3, 20, R["A"], code="1")]
    assert when(facts, READS) == [(10, None)]


def test_a_completion_of_a_run_that_had_it_is_no_report() -> None:
    late = run(9, 10, R["A"], state="START")
    facts = [*late, *run(2, 20, R["B"]), *run(3, 30, R["B"]), *run(9, 35, None, None)]
    assert when(facts, READS) == [(10, None)]
    assert when([*facts, *run(4, 40, R["B"])], READS) == [(10, 20)]


def test_a_closed_edge_opens_again_when_a_run_reports_it() -> None:
    facts = [*run(1, 10, R["A"]), *(fact for n in (2, 3, 4) for fact in run(n, 10 * n, R["B"]))]
    assert when([*facts, *run(5, 50, R["A"])], READS) == [(10, 20), (50, None)]


def test_a_run_counts_by_its_latest_terminal_event() -> None:
    facts = [*run(1, 10, R["A"]), *(fact for n in (2, 3, 4) for fact in run(n, 10 * n, R["B"]))]
    assert when([*facts, *run(3, 60, None, state="FAIL")], READS) == [(10, None)]
    assert when([*facts, *run(3, 60, None, state="RUNNING")], READS) == [(10, 20)]


def test_versions_and_evaluations_never_close_by_omission() -> None:
    facts = [*run(1, 10, [A], [V, B]), *(fact for n in (2, 3, 4) for fact in run(n, 10 * n, [A], []))]
    assert when(facts, (W, "outputs", V)) == [(10, None)]
    assert when(facts, (W, "outputs", B)) == [(10, 20)]


def test_what_an_earlier_declaration_listed_and_a_later_one_does_not_ends_then() -> None:
    assert when([*declared(10, [A]), *declared(20, [B])], READS) == [(10, 20)]
    assert when([*declared(10, [A]), *declared(20, [], sides=("outputs",))], READS) == [(10, None)]
    assert when([*declared(10, [A]), *declared(20, [], origin="other")], READS) == [(10, None)]
    # What runs reported of it ends too; what no declaration ever listed does not.
    assert when([*declared(10, [A]), *run(1, 15, [A]), *declared(20, [B])], READS) == [(10, 20)]
    assert when([*run(1, 15, [A]), *declared(20, [B])], READS) == [(15, None)]


def test_runs_that_leave_out_what_was_declared_do_not_close_it() -> None:
    facts = [*declared(10, [A]), *(fact for n in (2, 3, 4) for fact in run(n, 10 * n, R["B"]))]
    assert when(facts, READS) == [(10, None)]


def test_a_retraction_declares_gone_until_a_later_report() -> None:
    facts: list[Fact] = [*run(1, 10, R["A"]), EdgeRetraction(*READS, "*", 20), *run(2, 20, R["A"]), *run(3, 30, R["A"])]
    assert when(facts, READS) == [(10, 20), (30, None)]
    facts = [*run(1, 10, R["A"]), AssetFact(A, "facts", 1), AssetRetraction(A, "facts", 20)]
    assert when(facts, READS) == [(10, 20)]


def test_two_origins_are_computed_apart() -> None:
    facts = [*run(1, 10, R["A"]), *run(5, 15, R["A"], origin="facts")]
    facts += [fact for n in (2, 3, 4) for fact in run(n, 10 * n, R["B"])]
    assert when(facts, READS, origin="openlineage") == [(10, 20)]
    assert when(facts, READS) == [(10, None)]


def test_a_run_without_a_workflow_stands_for_itself() -> None:
    facts = [*run(1, 10, [A], workflow=None), AssetRetraction(A, "*", 20)]
    triple = (A, "input_to", run_uri(1))
    assert when(facts, triple, "asset") == [(10, 20)]
    assert when(facts, triple, "run") == [(10, None)]


def test_runs_reported_by_plain_facts_count_as_events_do() -> None:
    facts = run(1, 10, R["A"])
    for number in (2, 3, 4):
        ended = {"state": "COMPLETE", "ended_at": f"1970-01-01T00:00:00.0000{number}0Z"}
        asserted = AssetFact(run_uri(number), "openlineage", 90, {"properties": ended})
        facts += [asserted, EdgeFact(run_uri(number), "run_of", W, "openlineage", 90)]
    assert when(facts, READS) == [(10, 20)]


# The histories.
def test_lines_and_facts_are_equivalent() -> None:
    rng = random.Random(7)
    for _ in range(50):
        facts = histories.random_history(rng, wire=True)
        parsed = [parse_line(Located(json.loads(text)), "facts") for text in histories.lines(facts)]
        assert parsed == [[fact] for fact in facts]
        assert [fact for batch in histories.split(facts, rng) for fact in batch] == facts


def test_the_histories_reach_every_corner() -> None:
    rng = random.Random(3)
    seen: set[object] = set()
    for _ in range(300):
        facts = histories.random_history(rng)
        graph = NaiveGraph(facts)
        for workflow in graph.runs.workflows():
            history = graph.workflows.history(workflow)
            ends = {history.ends(line, reports[0].moment, parameterised=False) for line, reports in history.lines.items()}
            seen |= {"closed" if end < FOREVER else "open" for end in ends}
        t = rng.choice(histories.moments(facts))
        for uri in sorted(graph.uris()):
            found = graph.lineage(uri, "downstream", "asset", t)
            seen |= {(uri.kind == "column", certainty) for _, certainty in found.values()}
            seen |= {target.kind for target in found}
    assert seen >= {"closed", "open", (True, "possible"), (False, "possible"), (False, "certain"), "model", "service"}
