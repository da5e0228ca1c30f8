"""Nested fields: parts and wholes among columns, as the naive model has them (docs/spec.md#9-fields)."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise, product
from typing import Any

import pytest

from mlgraph.domain.facts import AssetFact, AssetRetraction, EdgeFact, Fact, Mode
from mlgraph.domain.history import AssetRecord
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri, column_uri
from tests.graph.noise.test_folding import body, queries
from tests.graph.projected import Level, Projected
from tests.graph.test_against_naive import DIRECTIONS, LEVELS, disagreements, in_batches, some_moments
from tests.model import histories
from tests.model.naive import NaiveGraph, nested_fields
from tests.plugins.amounts import amounts

Json = dict[str, Any]
EVENTS, REPORT, USERS = (AssetUri("dataset", "lake", name) for name in ("events", "report", "users"))
USER: Json = {"name": "user", "fields": [{"name": "id"}, {"name": "address", "fields": [{"name": "city"}, {"name": "zip"}]}]}
ARRAY: Json = {"name": "tags", "fields": [{"name": "_element", "fields": [{"name": "label"}]}]}
MAP: Json = {"name": "counts", "fields": [{"name": "key"}, {"name": "value"}]}
NOW = 9


def has_schema(
    dataset: AssetUri, fields: Sequence[object] | None, moment: int = 1, mode: Mode = Mode.PATCH, origin: str = "openlineage"
) -> Fact:
    return AssetFact(dataset, origin, moment, {"properties": {"schema": fields}}, mode)


def derives(source: AssetUri, target: AssetUri) -> Fact:
    return EdgeFact(source, "derives", target, "facts", 1)


def column(path: str, dataset: AssetUri = EVENTS) -> AssetUri:
    return column_uri(dataset, path)


def reached(
    facts: Sequence[Fact], root: AssetUri, direction: Any = "downstream", moment: int = NOW, level: Level = "asset"
) -> dict[str, tuple[int, str]]:
    """Return what the graph and the naive model both reach, by the last part of the name; the root is left out."""
    real, naive = Projected([facts]), NaiveGraph(list(facts))
    found = real.lineage(root, direction, level, moment)
    assert found == naive.lineage(root, direction, level, moment)
    del found[root]
    return {uri.name: (distance, certainty[0]) for uri, (distance, certainty) in found.items()}


def edges(facts: Sequence[Fact], root: AssetUri, direction: Any = "downstream") -> set[tuple[str, str, str, str]]:
    """Return the edges of the answer, by names."""
    answer = body(queries(Projected([facts]), ()).lineage(str(root), WalkOptions(direction=direction, as_of=format_time(NOW))))
    named = {node["uri"]: AssetUri.parse(node["uri"]).name for node in answer["nodes"]}
    return {(named[e["source"]], e["relation"], named[e["target"]], e["certainty"]) for e in answer["edges"]}


def test_what_hurts_a_struct_hurts_what_is_made_from_its_fields() -> None:
    facts = [has_schema(EVENTS, [USER]), derives(column("user.address.city"), column("town", REPORT))]
    assert reached(facts, column("user")) == {
        "events#user.id": (1, "c"),
        "events#user.address": (1, "c"),
        "events#user.address.city": (2, "c"),
        "events#user.address.zip": (2, "c"),
        "report#town": (3, "c"),
    }
    assert edges(facts, column("user.address")) == {
        ("events#user.address.city", "part_of", "events#user.address", "certain"),
        ("events#user.address.zip", "part_of", "events#user.address", "certain"),
        ("events#user.address", "part_of", "events#user", "possible"),
        ("events#user.address.city", "derives", "report#town", "certain"),
    }


def test_what_hurts_a_field_may_hurt_what_is_made_from_its_struct_but_not_its_siblings() -> None:
    facts = [has_schema(EVENTS, [USER]), derives(column("user"), column("who", REPORT)), derives(column("user.id"), column("n"))]
    assert reached(facts, column("user.address.city")) == {
        "events#user.address": (1, "p"),
        "events#user": (2, "p"),
        "report#who": (3, "p"),
    }


def test_upstream_a_field_leads_to_its_struct_for_certain_and_a_struct_to_its_fields_as_possible() -> None:
    facts = [
        has_schema(EVENTS, [USER]),
        derives(column("person", USERS), column("user")),
        derives(column("number", USERS), column("user.id")),
    ]
    assert reached(facts, column("user.address.city"), "upstream") == {
        "events#user.address": (1, "c"),
        "events#user": (2, "c"),
        "users#person": (3, "c"),
    }
    assert reached(facts, column("user"), "upstream") == {
        "users#person": (1, "c"),
        "events#user.id": (1, "p"),
        "events#user.address": (1, "p"),
        "events#user.address.city": (2, "p"),
        "events#user.address.zip": (2, "p"),
        "users#number": (2, "p"),
    }


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("path", ["tags", "tags._element", "tags._element.label", "counts.key", "user.address.zip", "plain"])
def test_every_field_of_a_schema_is_walked_on_from_its_dataset(path: str, level: Level) -> None:
    reader = AssetUri("run" if level == "run" else "workflow", "etl", "r")
    facts = [
        has_schema(EVENTS, [USER, ARRAY, MAP, {"name": "plain"}]),
        EdgeFact(EVENTS, "input_to", reader, "facts", 1),
        EdgeFact(reader, "outputs", REPORT, "facts", 1),
    ]
    found = reached(facts, column(path), level=level)
    assert (found["report"][1], found["r"][1], found["events"]) == ("p", "p", (1, "p"))


def test_a_field_is_a_part_while_the_schema_lists_it() -> None:
    facts = [
        has_schema(EVENTS, [USER], 2),
        has_schema(EVENTS, [{"name": "user", "fields": [{"name": "id"}]}], 4),
        has_schema(EVENTS, None, 6),
        has_schema(EVENTS, [USER], 7),
        AssetRetraction(EVENTS, "openlineage", 8),
    ]
    parts = {moment: set(reached(facts, column("user"), moment=moment)) for moment in range(1, 9)}
    every = {f"events#user.{path}" for path in ("id", "address", "address.city", "address.zip")}
    only = {"events#user.id"}
    assert parts == {1: set(), 2: every, 3: every, 4: only, 5: only, 6: set(), 7: every, 8: set()}


def test_producers_that_nest_nothing_list_fields_with_paths_as_names() -> None:
    flat = [{"name": name} for name in ("user", "user.id", "user.address.city", "v1.0")]
    assert set(reached([has_schema(EVENTS, flat)], column("user"))) == {"events#user.id", "events#user.address.city"}
    nested = [{"name": "v1"}, {"name": "v1.0"}, USER]
    assert reached([has_schema(EVENTS, nested)], column("v1")) == {}


def test_a_change_of_a_field_is_one_of_its_struct_and_of_its_parts() -> None:
    facts = [
        has_schema(EVENTS, [USER]),
        derives(column("user"), column("who", REPORT)),
        derives(column("user.id"), column("n", REPORT)),
    ]
    service = queries(Projected([facts]), ())
    answer = body(service.impact(str(column("user.id")), WalkOptions(as_of=format_time(NOW)), change="values"))
    assert [(AssetUri.parse(e["uri"]).name, e["effect"], e["certainty"], len(e["path"])) for e in answer["affected"]] == [
        ("events#user", "tainted", "possible", 2),
        ("report#n", "tainted", "certain", 2),
        ("report#who", "tainted", "possible", 3),
    ]
    path = body(service.path(str(column("user")), str(column("n", REPORT)), as_of=format_time(NOW)))
    assert [(AssetUri.parse(step["uri"]).name, step["relation"]) for step in path["path"]] == [
        ("events#user", None),
        ("events#user.id", "part_of"),
        ("report#n", "derives"),
    ]
    assert path["certainty"] == "certain"


def test_details_and_reasons_of_a_nested_field() -> None:
    fields = [{"name": "user", "fields": [{"name": "id", "type": "long", "description": "Who"}]}]
    service = queries(Projected([[has_schema(EVENTS, fields)]]), ())
    shown = body(service.asset(str(column("user.id")), as_of=format_time(NOW)))
    assert (shown["name"], shown["description"], shown["properties"]["type"]) == ("user.id", "Who", "long")
    assert [(e["relation"], e["target"], e["direction"], e["origins"]) for e in shown["relations"]] == [
        ("part_of", str(column("user")), "out", ["openlineage"])
    ]
    why = body(service.why(str(column("user.id")), "part_of", str(column("user")), as_of=format_time(NOW)))
    assert why["holds"]
    assert [origin["origin"] for origin in why["origins"]] == ["openlineage"]
    assert why["origins"][0]["valid_from"] == format_time(1)


RENAMED = AssetUri("dataset", "lake", "renamed")


@pytest.mark.parametrize("both", [False, True])
def test_fields_of_a_dataset_with_two_names_are_one_in_any_order(both: bool) -> None:
    reader = AssetUri("workflow", "etl", "r")
    facts: list[Fact] = [
        has_schema(EVENTS, [USER]),
        EdgeFact(EVENTS, "alias_of", RENAMED, "facts", 1),
        derives(column("user.id", RENAMED), column("n", REPORT)),
        derives(column("user.address"), column("m", REPORT)),
        EdgeFact(RENAMED, "input_to", reader, "facts", 1),
        *([has_schema(RENAMED, [USER], 2)] if both else []),
    ]
    rng, answers = random.Random(7), []
    for number in range(12):
        real = Projected(in_batches(facts, rng))
        if number % 3 == 0:
            real.rebuild()
        for name in (EVENTS, RENAMED):
            answer = body(queries(real, ()).lineage(str(column("user", name)), WalkOptions(as_of=format_time(NOW))))
            answers.append({key: value for key, value in answer.items() if key != "watermark"})
    assert all(answer == answers[0] for answer in answers)
    found = {AssetUri.parse(node["uri"]).name: node["certainty"] for node in answers[0]["nodes"]}
    assert (found["report#n"], found["report#m"], found["r"]) == ("certain", "certain", "possible")


NAMES = ("x", "x.a", "x.a.b", "x.c", "y", "y.a")
FIELDS = (
    [{"name": "x", "fields": [{"name": "a", "fields": [{"name": "b"}]}, {"name": "c"}]}],
    [{"name": "x", "fields": [{"name": "a"}]}, {"name": "y", "fields": [{"name": "a"}]}],
    [{"name": "x"}, {"name": "x.a"}, {"name": "x.a.b"}, {"name": "y.a"}],
    [{"name": "x"}, {"name": "y"}],
    None,
)


def with_schemas(rng: random.Random) -> list[Fact]:
    """Return a random history with schemas of nested fields, and column lineage between them."""
    facts = histories.random_history(rng, most=5)
    for _ in range(rng.randint(2, 8)):
        dataset, moment = rng.choice(histories.DATASETS[:3]), rng.choice(histories.TIMES)
        mode, origin = rng.choice((Mode.PATCH, Mode.PATCH, Mode.PATCH, Mode.REPLACE)), rng.choice(histories.ORIGINS)
        facts.append(has_schema(dataset, rng.choice(FIELDS), moment, mode, origin))
        if rng.random() < 0.2:
            facts.append(AssetRetraction(dataset, rng.choice((*histories.ORIGINS, "*")), rng.choice(histories.TIMES)))
    for _ in range(rng.randint(2, 8)):
        ends = [column_uri(rng.choice(histories.DATASETS[:3]), rng.choice(NAMES)) for _ in range(2)]
        if ends[0] != ends[1]:
            facts.append(EdgeFact(ends[0], "derives", ends[1], rng.choice(histories.ORIGINS), rng.choice(histories.TIMES)))
    return facts


def columns_walked(naive: NaiveGraph) -> Iterator[AssetUri]:
    return (uri for uri in sorted(naive.uris()) if uri.kind == "column")


@amounts(12, 40)
@pytest.mark.parametrize(("compact_at", "from_feed"), [(None, 0.0), (None, 1.0), (3, 0.5), (0, 1.0)])
def test_random_schemas_give_the_parts_and_closures_of_the_naive_model(
    compact_at: int | None, from_feed: float, seeds: range
) -> None:
    parts = 0
    for seed in seeds:
        rng, feed = random.Random(seed), random.Random(seed)
        facts = with_schemas(rng)
        batches = in_batches(facts, rng)
        real = Projected(batches, compact_at, lambda feed=feed: feed.random() < from_feed)  # type: ignore[misc]
        naive = NaiveGraph(facts)
        for moment in some_moments(facts, rng, 2):
            assert list(disagreements(naive, real, moment, rng.randint(0, 3))) == [], f"seed {seed} at {moment}"
            parts += sum(part.kind == parent.kind == "column" for part, _, parent in naive.part_edges(moment))
    assert parts > 60 * len(seeds) // 40


@amounts(10, 30)
def test_a_rebuilt_graph_has_the_same_parts_and_follows_on(seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        facts = with_schemas(rng)
        batches = in_batches(facts, rng)
        naive, real = NaiveGraph(facts), Projected(batches[: len(batches) // 2])
        real.rebuild()
        for batch in batches[len(batches) // 2 :]:
            real.append(batch)
        moments = some_moments(facts, rng, 2)
        assert [real.parts(moment) for moment in moments] == [naive.part_edges(moment) for moment in moments], seed
        real.rebuild()
        assert [real.parts(moment) for moment in moments] == [naive.part_edges(moment) for moment in moments], seed


@amounts(12, 40)
def test_impact_and_paths_over_nested_fields_are_those_of_the_naive_model(seeds: range) -> None:
    compared = 0
    for seed in seeds:
        rng = random.Random(seed)
        facts = with_schemas(rng)
        naive, service = NaiveGraph(facts), queries(Projected(in_batches(facts, rng)), ())
        for moment, level in product(some_moments(facts, rng, 1), LEVELS):
            as_of = format_time(moment)
            for root in rng.sample(list(columns_walked(naive)), 3):
                found = naive.lineage(root, "downstream", level, moment)
                expected = naive.walk(level, moment, downstream=True).paths_from(root)
                answer = body(service.impact(str(root), WalkOptions(level=level, as_of=as_of)))
                for each in answer["affected"]:
                    uri = AssetUri.parse(each["uri"])
                    assert (each["distance"], each["certainty"]) == found[uri], (seed, root, uri)
                    assert each["path"] == list(expected[uri]), (seed, root, uri)
                    compared += 1
                for uri in found:
                    path = body(service.path(str(root), str(uri), level=level, as_of=as_of))
                    assert [step["uri"] for step in path["path"]] == list(expected[uri]), (seed, root, uri)
    assert compared > 200 * len(seeds) // 40


@amounts(12, 40)
def test_the_part_edges_of_an_answer_are_those_of_the_walk(seeds: range) -> None:
    listed = 0
    for seed in seeds:
        rng = random.Random(seed)
        facts = with_schemas(rng)
        naive, service = NaiveGraph(facts), queries(Projected(in_batches(facts, rng)), ())
        for moment, direction in product(some_moments(facts, rng, 1), DIRECTIONS):
            walk = naive.walk("asset", moment, downstream=direction == "downstream")
            for root in rng.sample(list(columns_walked(naive)), 3):
                states, _ = walk.states_from(root)
                steps = {(near[0], far[0]) for near in states for far, _ in walk.next(near)}
                expected = {
                    (str(part), str(parent))
                    for part, _, parent in naive.part_edges(moment)
                    if part.kind == parent.kind == "column" and {(part, parent), (parent, part)} & steps
                }
                answer = body(service.lineage(str(root), WalkOptions(direction=direction, as_of=format_time(moment))))
                edges = {(e["source"], e["target"]) for e in answer["edges"] if e["relation"] == "part_of"}
                assert {edge for edge in edges if "column" in edge[0] and "column" in edge[1]} == expected, (seed, root)
                listed += len(expected)
    assert listed > len(seeds)


def test_a_wide_schema_that_events_repeat_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [{"name": f"c{number}", "fields": [{"name": "v"}]} for number in range(300)]
    real = Projected([[has_schema(EVENTS, fields, 1)]])
    read: list[int] = []
    plain = real.store.asset_records

    def asset_records(assets: Collection[int]) -> list[AssetRecord]:
        read.extend(assets)
        return plain(assets)

    monkeypatch.setattr(real.store, "asset_records", asset_records)
    for moment in range(2, 40):
        real.append([has_schema(EVENTS, fields, moment)])
    assert read == []
    assert len(real.parts(NOW)) == 300
    assert len(nested_fields(fields)) == 300


def test_each_level_is_a_step_however_deep() -> None:
    field: Json = {"name": "leaf"}
    for depth in range(20, 0, -1):
        field = {"name": f"s{depth}", "fields": [field]}
    paths = [".".join([*(f"s{each}" for each in range(1, depth + 1))]) for depth in range(1, 21)]
    facts = [has_schema(EVENTS, [field])]
    found = reached(facts, column(f"{paths[-1]}.leaf"))
    assert [found[f"events#{path}"] for path in reversed(paths)] == [(depth, "p") for depth in range(1, 21)]
    assert all(len(near) < len(far) for near, far in pairwise(paths))
