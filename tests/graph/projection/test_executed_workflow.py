"""A run executes one workflow, at every time, and its deletion does not undo what it did (docs/spec.md#3-asset-level)."""

from __future__ import annotations

from itertools import permutations

import pytest

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, EdgeRetraction, Fact, Mode
from mlgraph.domain.uri import AssetUri
from tests.graph.projected import Projected
from tests.model.examples import A, B, W, run, run_uri

OTHER = AssetUri("workflow", "jobs", "a")
GREATER = AssetUri("workflow", "jobs", "z")
NOW = 99


def named(moment: int, workflow: AssetUri, state: str | None = None) -> Fact:
    """Return the report of a run's workflow by one event."""
    properties = {"state": state} if state else {}
    return EdgeFact(run_uri(1), "run_of", workflow, "openlineage", moment, properties=properties, mode=Mode.PATCH)


def reader_of(facts: list[Fact], moment: int = NOW) -> set[AssetUri]:
    """Return the workflows and runs that read A, the same in every order of the facts about the workflow."""
    found = Projected([[fact] for fact in facts]).lineage(A, "downstream", "asset", moment)
    return {uri for uri in found if uri.kind in ("workflow", "run")}


@pytest.mark.parametrize(
    ("reports", "executed"),
    [
        ([(10, OTHER, "START"), (20, W, "COMPLETE")], W),
        ([(10, W, "START"), (20, OTHER, "RUNNING"), (30, W, "COMPLETE")], W),
        ([(10, GREATER, "START"), (10, W, "RUNNING")], W),
        ([(10, GREATER, "RUNNING"), (10, W, "FAIL")], W),
        ([(10, GREATER, "ABORT"), (10, W, "COMPLETE")], W),
        ([(10, OTHER, "OTHER"), (10, W, None)], W),
        ([(10, OTHER, "FAIL"), (10, W, "ABORT")], W),
    ],
)
def test_the_latest_event_names_the_workflow(reports: list[tuple[int, AssetUri, str | None]], executed: AssetUri) -> None:
    base = run(1, 10, [A], [B], "START", workflow=None)
    for order in permutations([named(*each) for each in reports]):
        facts = [*base, *order]
        assert reader_of(facts) == {executed}
        assert reader_of(facts, 10) == {executed}, "at every time"
        assert Projected([facts]).lineage(B, "upstream", "asset", NOW).keys() == {A, B, executed}


def test_a_later_event_moves_the_run_from_one_workflow_to_the_other() -> None:
    real = Projected([[*run(1, 10, [A], [B], workflow=OTHER)]])
    assert OTHER in real.lineage(A, "downstream", "asset", NOW)
    real.append([named(20, W)])
    assert set(real.lineage(A, "downstream", "asset", NOW)) == {A, B, W}
    assert set(real.lineage(OTHER, "downstream", "asset", NOW)) == {OTHER}


def test_a_retracted_edge_to_a_workflow_still_names_it_unless_it_never_was_valid() -> None:
    facts = run(1, 10, [A], [B])
    assert reader_of([*facts, EdgeRetraction(run_uri(1), "run_of", W, "openlineage", 20)]) == {W}
    assert reader_of([*facts, EdgeRetraction(run_uri(1), "run_of", W, "openlineage", 10)]) == {run_uri(1)}


@pytest.mark.parametrize("origin", ["openlineage", "*"])
def test_what_a_deleted_run_made_stays(origin: str) -> None:
    deleted = AssetRetraction(run_uri(1), origin, 20)
    assert reader_of([*run(1, 10, [A], [B]), deleted]) == {W}
    standalone = [*run(1, 10, [A], [B], workflow=None), deleted]
    for level in ("asset", "run"):
        real = Projected([standalone])
        assert set(real.lineage(A, "downstream", level, NOW)) == {A, run_uri(1), B}
    assert Projected([standalone]).state(run_uri(1), NOW) == (None, 20)


def test_a_run_that_is_asserted_again_is_not_deleted() -> None:
    again = AssetFact(run_uri(1), "openlineage", 30, {"name": "again"}, Mode.PATCH)
    real = Projected([[*run(1, 10, [A], [B], workflow=None), AssetRetraction(run_uri(1), "*", 20), again]])
    assert real.state(run_uri(1), NOW)[1] is None


def test_the_retraction_of_an_edge_of_a_run_ends_it() -> None:
    facts = [*run(1, 10, [A], [B], workflow=None), EdgeRetraction(A, "input_to", run_uri(1), "openlineage", 20)]
    for level in ("asset", "run"):
        assert set(Projected([facts]).lineage(A, "downstream", level, NOW)) == {A}


def test_an_output_reported_with_drop_is_none_at_asset_level_and_listed_at_run_level() -> None:
    dropped = EdgeFact(run_uri(2), "outputs", B, "openlineage", 20, properties={"drop": True}, mode=Mode.PATCH)
    facts = [*run(1, 10, [A], [B]), *run(2, 20, [], workflow=GREATER), dropped]
    real = Projected([facts])
    assert GREATER not in real.lineage(B, "upstream", "asset", NOW)
    assert run_uri(2) in real.lineage(B, "upstream", "run", NOW)
