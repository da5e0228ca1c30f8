"""Aliases of registered models: `points_to`, and the names of versions that follow from it."""

from __future__ import annotations

from mlgraph.connectors.mlflow import normalise
from mlgraph.domain.facts import AssetFact, EdgeFact, EdgeRetraction, Statement
from mlgraph.domain.timestamps import parse_time
from tests.connectors.mlflow.test_mlflow import edges, recorded


def model_after(known_state: dict[str, list[str]] | None, at: str = "2026-11-22T00:00:00Z") -> list[Statement]:
    payload = recorded("registered_model")
    payload["at"] = at
    if known_state is not None:
        payload["held"] = {
            "since": "2026-11-21T23:00:00Z",
            "points_to": {f"mlg://model_version/mlflow%3Aprod/ranker%2F{n}": names for n, names in known_state.items()},
        }
    return normalise(payload)


def test_aliases_without_a_known_state_are_valid_since_the_models_last_change() -> None:
    statements = model_after(None)
    changed = recorded("registered_model")["data"]["registered_model"]["last_updated_timestamp"] * 1000
    found = [(each.target.name, each.properties["aliases"], each.valid_from) for each in edges(statements, "points_to")]
    assert found == [("ranker/1", ["champion", "stable"], changed), ("ranker/2", ["challenger"], changed)]


def test_moved_aliases_end_at_the_old_version_and_start_at_the_new_one() -> None:
    at = parse_time("2026-11-22T00:00:00Z")
    statements = model_after({"1": ["champion"], "3": ["stable"]})
    found = [(each.target.name, each.properties["aliases"], each.valid_from) for each in edges(statements, "points_to")]
    assert found == [("ranker/1", ["champion", "stable"], at), ("ranker/2", ["challenger"], at)]
    ended = [each for each in statements if isinstance(each, EdgeRetraction)]
    assert [(each.relation, each.source.name, each.target.name, each.valid_to) for each in ended] == [
        ("points_to", "ranker", "ranker/3", at),
        ("alias_of", "ranker@stable", "ranker/3", at),
    ]
    named = [(each.source.name, each.target.name, each.valid_from) for each in edges(statements, "alias_of")]
    assert named == [
        ("ranker@challenger", "ranker/2", at),
        ("ranker@champion", "ranker/1", None),
        ("ranker@stable", "ranker/1", at),
    ]


def test_aliases_that_are_valid_already_have_no_time_so_that_nothing_changes() -> None:
    statements = model_after({"1": ["stable", "champion"], "2": ["challenger"]})
    assert [type(each) for each in statements] == [AssetFact] + [EdgeFact] * 5
    assert {each.valid_from for relation in ("points_to", "alias_of") for each in edges(statements, relation)} == {None}
