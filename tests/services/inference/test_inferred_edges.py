"""Inferred edges: budgets are reported, premises are listed, and diffs agree with `why`."""

from __future__ import annotations

import json

import pytest

from mlgraph.domain.errors import NotFound, TooMuch
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.services.common.identity import LOCAL
from mlgraph.services.inference import premise_reader
from tests.services.parts import Json, Serving

HUB = "mlg://dataset/n/hub"
VERSION = "mlg://model_version/n/m%2F1"
AT = "2026-01-01T00:00:00Z"


def append_edge(serving: Serving, *edges: tuple[str, str, str]) -> None:
    lines = [
        {"edge": {"source": source, "relation": relation, "target": target, "valid_from": AT}}
        for source, relation, target in edges
    ]
    append_fact(serving, *lines)


def append_fact(serving: Serving, *lines: Json) -> None:
    taken = serving.intake.facts(iter(json.dumps(line).encode() for line in lines), LOCAL)
    assert taken["rejected"] == []
    serving.follow()


def trained(serving: Serving, versions: int) -> None:
    edges = []
    for number in range(versions):
        run = f"mlg://run/n/r{number}"
        edges += [(HUB, "input_to", run), (run, "outputs", f"mlg://model_version/n/m%2F{number}")]
    edges += [(f"mlg://dataset/n/d{number}", "input_to", f"mlg://run/n/plain{number}") for number in range(5)]
    append_edge(serving, *edges)


def inferred(answer: Json) -> list[Json]:
    return [each for each in answer["relations"] if each["origins"][0].startswith("rule:")]


def test_a_rule_that_exceeds_the_budget_is_skipped_and_reported(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(premise_reader, "MAX_FACTS", 30)
    trained(serving, 20)
    hub = serving.queries.asset(HUB)
    assert inferred(hub) == []
    assert len(hub["relations"]) == hub["relations_total"] == 20
    assert hub["partial"] is True
    rules = ("trained-on-dataset", "service-depends-on-dataset")
    assert hub["reason"] == "; ".join(f"the rule {rule} needs more than 30 facts here" for rule in rules)
    changes = serving.queries.diff("2025-01-01T00:00:00Z", "2026-02-01T00:00:00Z", HUB)
    assert (changes["partial"], changes["reason"]) == (True, hub["reason"])
    version = serving.queries.asset(VERSION)  # this end is within the budget
    assert [each["target"] for each in inferred(version)] == [HUB]
    assert version["partial"] is False


def test_why_evaluates_from_the_end_with_fewer_edges(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(premise_reader, "MAX_FACTS", 30)
    trained(serving, 20)
    append_edge(serving, *((f"mlg://dataset/n/{number}", "input_to", "mlg://service/n/s") for number in range(40)))
    append_edge(serving, ("mlg://dataset/n/1", "input_to", "mlg://service/n/other"))
    assert serving.queries.why(VERSION, "trained_on", HUB)["holds"] is True
    assert serving.queries.why("mlg://service/n/s", "depends_on", "mlg://dataset/n/1")["holds"] is True
    append_edge(serving, *(("mlg://dataset/n/1", "input_to", f"mlg://service/n/{number}") for number in range(40)))
    with pytest.raises(TooMuch, match="the rule service-depends-on-dataset needs more than 30 facts, from either end"):
        serving.queries.why("mlg://service/n/s", "depends_on", "mlg://dataset/n/1")


def test_runs_without_a_matching_output_are_not_counted(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(premise_reader, "MAX_FACTS", 30)
    append_edge(serving, *((HUB, "input_to", f"mlg://run/n/{number}") for number in range(50)))
    append_edge(serving, (HUB, "input_to", "mlg://run/n/last"), ("mlg://run/n/last", "outputs", VERSION))
    hub = serving.queries.asset(HUB)
    assert [each["source"] for each in inferred(hub)] == [VERSION]
    assert hub["partial"] is False


def test_an_inferred_edge_lists_its_inferred_premises(serving: Serving) -> None:
    deployment, service, run = "mlg://deployment/n/d", "mlg://service/n/s", "mlg://run/n/r"
    append_edge(
        serving,
        (HUB, "input_to", run),
        (run, "outputs", VERSION),
        (VERSION, "deployed_as", deployment),
        (deployment, "serves", service),
    )
    path = serving.queries.why(service, "depends_on", HUB)["path"]
    assert [(each["relation"], each["rule"]) for each in path] == [
        ("serves", None),
        ("deployed_as", None),
        ("trained_on", "trained-on-dataset"),
    ]
    assert [(each["relation"], each["source"]) for each in path[2]["path"]] == [("outputs", run), ("input_to", HUB)]


def edges_of(changes: Json) -> list[tuple[str, str, str, str]]:
    return [(each["change"], each["source"], each["relation"], each["target"]) for each in changes["edges"]]


def at(day: int) -> str:
    return f"2026-01-{day:02}T00:00:00Z"


def test_a_complete_diff_lists_an_inferred_edge_as_removed_with_its_premise(serving: Serving) -> None:
    run = "mlg://run/n/r"
    append_edge(serving, (HUB, "input_to", run), (run, "outputs", VERSION))
    append_edge(
        serving, (VERSION, "deployed_as", "mlg://deployment/n/d"), ("mlg://deployment/n/d", "serves", "mlg://service/n/s")
    )
    gone = {"retract": {"source": HUB, "relation": "input_to", "target": run, "valid_to": at(5)}}
    append_fact(serving, gone)
    changes = serving.queries.diff(at(4), at(6))
    assert edges_of(changes) == [
        ("removed", HUB, "input_to", run),
        ("removed", VERSION, "trained_on", HUB),
        ("removed", "mlg://service/n/s", "depends_on", HUB),
    ]
    assert (changes["partial"], changes["reason"]) == (False, None)
    assert edges_of(serving.queries.diff(at(6), at(4)))[1] == ("added", VERSION, "trained_on", HUB)
    assert edges_of(serving.queries.diff(at(5), at(6))) == []
    assert serving.queries.why(VERSION, "trained_on", HUB, as_of=at(6))["holds"] is False


def test_an_asserted_and_inferred_edge_ends_with_the_later_of_both(serving: Serving) -> None:
    run = "mlg://run/n/r"
    append_edge(serving, (HUB, "input_to", run), (run, "outputs", VERSION), (VERSION, "trained_on", HUB))
    ends = [
        {"retract": {"source": VERSION, "relation": "trained_on", "target": HUB, "valid_to": at(5)}},
        {"retract": {"source": run, "relation": "outputs", "target": VERSION, "valid_to": at(7)}},
    ]
    append_fact(serving, *ends)
    assert edges_of(serving.queries.diff(at(4), at(6))) == []
    assert edges_of(serving.queries.diff(at(6), at(8)))[-1] == ("removed", run, "outputs", VERSION)
    assert ("removed", VERSION, "trained_on", HUB) in edges_of(serving.queries.diff(at(6), at(8)))
    assert edges_of(serving.queries.diff(at(4), at(6), VERSION)) == []


def test_a_retracted_input_does_not_change_the_pairs_of_other_inputs(serving: Serving) -> None:
    """The run names one input as the source of the version: that another one is not stays true once the named one is gone."""
    run, named = "mlg://run/n/r", "mlg://artifact/n/named"
    lines: list[Json] = [
        {"edge": {"source": named, "relation": "input_to", "target": run, "valid_from": AT}},
        {"edge": {"source": HUB, "relation": "input_to", "target": run, "valid_from": AT}},
        {"edge": {"source": run, "relation": "outputs", "target": VERSION, "valid_from": AT, "properties": {"from": [named]}}},
        {"retract": {"uri": named, "valid_to": at(5)}},
    ]
    append_fact(serving, *lines)
    assert edges_of(serving.queries.diff(at(4), at(6))) == [("removed", named, "input_to", run)]


def edge(source: str, relation: str, target: str, day: int, **reported: object) -> Json:
    return {"edge": {"source": source, "relation": relation, "target": target, "valid_from": at(day), **reported}}


def test_an_input_retracted_under_its_new_name_is_in_no_pair(serving: Serving) -> None:
    run, named, renamed = "mlg://run/n/r", "mlg://artifact/n/named", "mlg://artifact/n/renamed"
    append_fact(
        serving,
        edge(named, "input_to", run, 1),
        edge(HUB, "input_to", run, 1),
        edge(run, "outputs", VERSION, 1, properties={"from": [named]}),
        edge(named, "alias_of", renamed, 3),
        {"asset": {"uri": renamed, "valid_from": at(3)}},
        {"retract": {"uri": renamed, "valid_to": at(5)}},
    )
    changed = edges_of(serving.queries.diff(at(4), at(6)))
    assert ("removed", renamed, "input_to", run) in changed
    assert not [edge for edge in changed if edge[1:] == (VERSION, "trained_on", HUB)]


def test_a_decision_apart_does_not_turn_a_retraction_into_a_rename(serving: Serving) -> None:
    team, other = "mlg://team/n/one", "mlg://team/n/other"
    append_fact(serving, {"asset": {"uri": team, "valid_from": at(1)}}, edge(HUB, "owned_by", team, 1))
    append_fact(
        serving, {"retract": {"uri": team, "valid_to": at(5)}}, edge(team, "alias_of", other, 5, properties={"decision": "apart"})
    )
    assert [each["source"] for each in serving.queries.asset(team, as_of=at(4))["relations"]] == [HUB]
    assert HUB not in [each["source"] for each in serving.queries.asset(team, as_of=at(6))["relations"]]
    assert serving.queries.asset(team, as_of=at(6))["deleted_at"] == at(5)


def test_an_asset_renamed_to_its_alias_is_not_deleted(serving: Serving) -> None:
    old, new = "mlg://dataset/n/old", "mlg://dataset/n/new"
    append_fact(serving, {"asset": {"uri": old, "tags": ["gold"], "valid_from": at(1)}}, edge(old, "alias_of", new, 3))
    append_fact(serving, {"retract": {"uri": old, "valid_to": at(5)}}, edge(old, "alias_of", new, 5))
    for day in (4, 6):
        card = serving.queries.asset(old, as_of=at(day))
        assert (card["uri"], card["tags"], card["deleted_at"]) == (new, ["gold"], None)


def test_an_asset_without_graph_edges_resolves_to_itself_before_a_later_merge(
    serving: Serving,
) -> None:
    """Teams have no edges in the graph: an asset merged into a team later must not resolve to it before."""
    team, other, person = "mlg://team/n/one", "mlg://team/n/other", "mlg://person/n/p"
    append_fact(
        serving,
        {"asset": {"uri": team, "name": "One", "valid_from": at(1)}},
        edge(person, "member_of", team, 1),
        {"asset": {"uri": other, "name": "Other", "valid_from": at(1)}},
        edge(other, "alias_of", team, 5),
    )
    for day in (2, 6):
        card = serving.queries.asset(team, as_of=at(day))
        assert card["uri"] == team
        assert [each["source"] for each in card["relations"] if each["relation"] == "member_of"] == [person]
        assert serving.queries.lineage(team, WalkOptions(as_of=at(day)))["root"] == team
        assert serving.queries.why(person, "member_of", team, as_of=at(day))["holds"] is True
    assert serving.queries.asset(other, as_of=at(2))["uri"] == other


def test_a_premise_from_a_state_can_be_queried_like_any_other(serving: Serving) -> None:
    service, team, other = "mlg://service/n/s", "mlg://team/n/one", "mlg://team/n/other"
    append_fact(
        serving,
        {"asset": {"uri": service, "owners": [team], "valid_from": at(1)}},
        edge(HUB, "input_to", service, 1),
        *({"asset": {"uri": HUB, "owners": owners, "valid_from": at(day)}} for day, owners in ((1, [other]), (9, []))),
    )
    path = serving.queries.why(team, "depends_on", other, as_of=at(2))["path"]
    assert [each["relation"] for each in path] == ["owned_by", "depends_on", "owned_by"]
    premise = serving.queries.why(HUB, "owned_by", other, as_of=at(2))
    assert premise["holds"] is True
    assert [(each["origin"], each["valid_from"], each["valid_to"]) for each in premise["origins"]] == [("facts", at(1), at(9))]
    assert serving.queries.why(HUB, "owned_by", other)["holds"] is False
    with pytest.raises(NotFound, match="no fact asserts the edge"):
        serving.queries.why(HUB, "owned_by", team)


def test_an_unknown_end_is_distinguished_from_an_edge_that_was_never_valid(serving: Serving) -> None:
    run = "mlg://run/n/r"
    append_edge(
        serving, (HUB, "input_to", run), ("mlg://dataset/n/other", "input_to", "mlg://run/n/else"), (run, "outputs", VERSION)
    )
    with pytest.raises(NotFound, match="mlg://dataset/n/nowhere is unknown"):
        serving.queries.why(VERSION, "trained_on", "mlg://dataset/n/nowhere")
    with pytest.raises(NotFound, match="and no rule infers it"):
        serving.queries.why(VERSION, "trained_on", "mlg://dataset/n/other")
