"""Origins, retractions, deletions and renames (docs/spec.md#1-state, docs/spec.md#8-deleted-assets)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.producing import Producer, arrive, at, facet, valid_intervals
from tests.contract.serving import Api, Names, asset, edge, retract

ORDERS = ("in order", "backwards", "streamed", "streamed again")


def origins(api: Api, root: str, as_of: str | None = None) -> dict[tuple[str, str, str], list[str]]:
    return {(e["source"], e["relation"], e["target"]): e["origins"] for e in api.lineage(root, as_of)["edges"]}


@pytest.mark.parametrize("facts_first", [True, False])
def test_an_edge_of_two_origins_stays_open_until_both_close_it(api: Api, names: Names, facts_first: bool) -> None:
    p = Producer(names)
    reads = p.reads("a")
    lines = [edge(*reads, at(2)), retract(*reads, at=at(6))]
    events = [p.run("r1", 4, inputs="a"), *(p.run(f"r{n}", n, inputs="") for n in (7, 8, 9))]
    if facts_first:
        api.taken(*lines)
    arrive(api, events, "streamed")
    if not facts_first:
        api.taken(*lines[::-1])
    a = names.dataset("a")
    assert valid_intervals(api, a, range(1, 12)) == {reads: [(2, 7)]}
    assert [origins(api, a, at(minute)).get(reads) for minute in (1, 2, 4, 6, 7)] == [
        None,
        ["facts"],
        ["facts", "openlineage"],
        ["openlineage"],
        None,
    ]
    record = api.ask("why", source=reads[0], relation=reads[1], target=reads[2], as_of=at(5))
    assert record["holds"] is True
    assert {each["origin"] for each in record["origins"]} == {"facts", "openlineage"}


def test_a_retraction_closes_earlier_intervals_of_its_origin_only(api: Api, names: Names) -> None:
    a, b = names.dataset("a"), names.dataset("b")
    triple = (a, "derives", b)
    api.taken(
        edge(*triple, at(1)),
        edge(*triple, at(5)),
        edge(*triple, at(2), origin="dbt"),
        retract(*triple, at=at(3)),
        retract(*triple, at=at(4), origin="dbt"),
    )
    assert valid_intervals(api, a, range(1, 9)) == {triple: [(1, 4), (5, None)]}
    assert [origins(api, a, at(minute)).get(triple) for minute in (1, 2, 3, 4, 5)] == [
        ["facts"],
        ["dbt", "facts"],
        ["dbt"],
        None,
        ["facts"],
    ]


def test_a_star_retracts_for_all_origins(api: Api, names: Names) -> None:
    a, b = names.dataset("a"), names.dataset("b")
    triple = (a, "derives", b)
    lines = [edge(*triple, at(n), origin=origin) for n, origin in enumerate(("facts", "dbt", "hand"), 1)]
    api.taken(*lines, retract(*triple, at=at(5), origin="*"))
    assert valid_intervals(api, a, range(1, 9)) == {triple: [(1, 5)]}


def test_retracting_an_asset_ends_its_edges_of_that_origin(api: Api, names: Names) -> None:
    a, b, c = (names.dataset(name) for name in "abc")
    api.taken(
        asset(a, at(1)),
        asset(a, at(1), origin="dbt"),
        edge(a, "derives", b, at(1)),
        edge(a, "derives", c, at(1), origin="dbt"),
        retract(a, at=at(3)),
    )
    assert valid_intervals(api, a, range(1, 9)) == {(a, "derives", b): [(1, 3)], (a, "derives", c): [(1, None)]}
    assert api.ask("asset", uri=a)["deleted_at"] is None
    api.taken(retract(a, at=at(5), origin="dbt"))
    assert valid_intervals(api, a, range(1, 9)) == {(a, "derives", b): [(1, 3)], (a, "derives", c): [(1, 5)]}
    assert api.ask("asset", uri=a)["deleted_at"] == at(5)


def test_retracting_an_asset_of_one_origin_closes_all_its_edges(api: Api, names: Names) -> None:
    a, b, c = (names.dataset(name) for name in "abc")
    api.taken(
        asset(a, at(1)),
        edge(a, "derives", b, at(1)),
        edge(a, "derives", c, at(1), origin="dbt"),
        retract(a, at=at(3)),
    )
    assert valid_intervals(api, a, range(1, 9)) == {(a, "derives", b): [(1, 3)], (a, "derives", c): [(1, 3)]}


def test_a_later_valid_from_closes_the_previous_interval_and_roles_are_independent(api: Api, names: Names) -> None:
    a, w = names.dataset("a"), names.workflow()
    reported: list[dict[str, Any]] = [{"role": "training"}, {"role": "validation"}, {}]
    api.taken(*(edge(a, "input_to", w, at(n), properties=answer) for n, answer in enumerate(reported, 1)))
    api.taken(edge(a, "input_to", w, at(4), properties={"role": "training", "rows": 9}, valid_to=at(5)))
    records = api.ask("why", source=a, relation="input_to", target=w)["origins"]
    assert [(r["properties"].get("role"), r["valid_from"], r["valid_to"]) for r in records] == [
        ("training", at(1), at(4)),
        ("validation", at(2), None),
        (None, at(3), None),
        ("training", at(4), at(5)),
    ]


def test_a_fact_without_a_time_adds_nothing_if_it_is_valid_and_opens_again_after_a_retraction(api: Api, names: Names) -> None:
    a, b = names.dataset("a"), names.dataset("b")
    line = edge(a, "derives", b)
    assert [api.taken(line)["accepted"] for _ in range(2)] == [1, 0]
    api.taken(retract(a, "derives", b))
    assert api.edges(a) == set()
    assert [api.taken(line)["accepted"] for _ in range(2)] == [1, 0]
    assert api.edges(a) == {(a, "derives", b)}
    assert len(api.ask("why", source=a, relation="derives", target=b)["origins"]) == 2


def test_unknown_referenced_and_retracted_assets_are_distinguished(api: Api, names: Names) -> None:
    a, b = names.dataset("a"), names.dataset("b")
    for call in ("asset", "lineage", "impact"):
        response = api.get(call, uri=a)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
    api.taken(edge(a, "derives", b, at(1)), retract(b, at=at(3)))
    referenced, retracted = api.ask("asset", uri=a), api.ask("asset", uri=b)
    assert (referenced["referenced_only"], referenced["deleted_at"]) == (True, None)
    assert retracted["deleted_at"] == at(3)
    assert api.http.get("/api/v1/assets/" + a.replace("%", "%25").replace("/", "%2F").replace(":", "%3A")).json()["uri"] == a


@pytest.mark.parametrize("order", ORDERS)
def test_a_dropped_dataset(api: Api, names: Names, order: str) -> None:
    p, x = Producer(names), names.dataset("x")
    drop = p.dataset(5, "x", lifecycleStateChange=facet(lifecycleStateChange="DROP"))
    arrive(api, [p.run("r1", 1, inputs="a", outputs="x"), p.run("r2", 2, inputs="x", outputs="y", job="next"), drop], order)
    card = api.ask("asset", uri=x)
    assert card["deleted_at"] == at(5)
    assert [entry["valid_to"] for entry in card["history"]][-1] == at(5)
    assert api.reached(names.dataset("a")).keys() == {names.dataset("a"), names.workflow()}
    assert names.dataset("y") in api.reached(names.dataset("a"), at(4))
    assert api.reached(x, level="run").keys() == {x, names.run("r2"), names.dataset("y")}
    api.event(p.run("r3", 7, inputs="a", outputs="x"))
    assert api.ask("asset", uri=x)["deleted_at"] is None
    assert x in api.reached(names.dataset("a"))
    assert x not in api.reached(names.dataset("a"), at(6))


@pytest.mark.parametrize("order", ORDERS)
def test_renamed_twice_and_back(api: Api, names: Names, order: str) -> None:
    p = Producer(names)

    def rename(minute: int, before: str, now: str) -> dict[str, Any]:
        reported = facet(lifecycleStateChange="RENAME", previousIdentifier=p.named(before))
        return p.dataset(minute, now, lifecycleStateChange=reported)

    arrive(
        api,
        [
            p.run("r0", 1, inputs="s", outputs="a"),
            rename(2, "a", "b"),
            rename(4, "b", "c"),
            rename(6, "c", "a"),
        ],
        order,
    )
    for minute, living in ((1, "a"), (2, "b"), (3, "b"), (4, "c"), (6, "a"), (9, "a")):
        cards = [api.ask("asset", uri=names.dataset(name), as_of=at(minute)) for name in "abc"]
        assert {card["uri"] for card in cards} == {names.dataset(living)}, minute  # every name resolves to the one table
        assert all(card["valid_from"] and not card["deleted_at"] for card in cards), minute


def test_why_of_a_relation_outside_lineage_has_its_retraction(api: Api, names: Names) -> None:
    model, version = names.of("model", "m"), names.of("model_version", "m/1")
    triple = (model, "points_to", version)
    api.taken(edge(*triple, at(1), properties={"alias": "champion"}), retract(*triple, at=at(3)))
    reported = api.ask("why", source=model, relation="points_to", target=version)
    assert reported["holds"] is False
    assert [(each["valid_from"], each["valid_to"], each["properties"]) for each in reported["origins"]] == [
        (at(1), at(3), {"alias": "champion"})
    ]
    before = api.ask("why", source=model, relation="points_to", target=version, as_of=at(2))
    assert before["holds"] is True
