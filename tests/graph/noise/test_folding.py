"""Answers fold the same assets as the naive model; folding changes nothing else in an answer."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from mlgraph.domain.configuration import NoiseRule
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.facts import EdgeFact, Fact
from mlgraph.domain.options.walk_options import WalkOptions
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri, column_uri, dataset_of_column
from mlgraph.graph.impact.change_effects import CHANGES
from mlgraph.graph.noise import bridges
from mlgraph.graph.noise.rules import Noise
from mlgraph.inference.rules import NO_RULES
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.query import Queries
from tests.graph.projected import Level, Projected
from tests.graph.test_against_naive import in_batches, some_moments
from tests.model import histories
from tests.model.folding import folded_edges, superseded
from tests.model.naive import Certainty, NaiveGraph
from tests.plugins.amounts import amounts

Json = dict[str, Any]
RULES = (
    ("dataset", "b"),
    ("dataset", "[bd]"),
    ("dataset", "[^a]"),
    ("workflow", "load"),
    ("workflow", ".*"),
    ("run", "r[1-4]"),
    ("evaluation", "auc"),
    ("deployment", ".*"),
    ("feature", ".*clicks"),
    ("service", ".*"),
    ("feature_view", "view"),
)
LEVELS: tuple[Level, ...] = ("asset", "run")


def queries(of: Projected, rules: Iterable[NoiseRule]) -> Queries:
    follower = cast("Follower", SimpleNamespace(snapshot=lambda: of.snapshot, rules=NO_RULES))
    return Queries(of.store, follower, noise=Noise(rules))


def rule(kind: str, match: str, name: str = "") -> NoiseRule:
    return NoiseRule(name or f"{kind} {match}", kind, re.compile(match))


def body(answer: Json) -> Json:
    read: Json = orjson.loads(orjson.dumps(answer))
    return read


def hidden_from(naive: NaiveGraph, rules: Iterable[NoiseRule], root: AssetUri, moment: int) -> set[AssetUri]:
    """Return the assets that the rules hide, except the root and its parts; columns are hidden with their datasets."""
    found = {
        uri
        for uri in naive.uris()
        for candidate in [dataset_of_column(uri) if uri.kind == "column" else uri]
        if candidate is not None
        and any(rule.kind == candidate.kind and rule.match and rule.match.fullmatch(candidate.name) for rule in rules)
    }
    requested = {root} if root.kind == "column" else set(naive.walk("asset", moment, downstream=True).parents_and_parts(root))
    return found - requested


def expected_nodes(
    naive: NaiveGraph, root: AssetUri, direction: Any, level: Level, moment: int, depth: int | None, hidden: set[AssetUri]
) -> tuple[dict[str, tuple[int, Certainty]], int]:
    """Return the nodes to list, with distance and certainty, and the number of folded assets on the paths to them."""
    reached = naive.lineage(root, direction, level, moment, None, hidden)
    shown = {
        str(uri): reported for uri, reported in reached.items() if uri not in hidden and (depth is None or reported[0] <= depth)
    }
    return shown, sum(uri in hidden and (depth is None or reported[0] < depth) for uri, reported in reached.items())


def check_lineage(
    naive: NaiveGraph, service: Queries, rules: list[NoiseRule], root: AssetUri, moment: int, rng: random.Random
) -> int:
    """Query lineage with all combinations of options; return how many assets were folded."""
    hidden = hidden_from(naive, rules, root, moment)
    total = 0
    for level in LEVELS:
        for direction in ("downstream", "upstream", "both"):
            depth = rng.choice((None, None, 0, 1, 2))
            reported = body(
                service.lineage(str(root), WalkOptions(direction=direction, level=level, as_of=format_time(moment), depth=depth))
            )
            nodes, count = expected_nodes(naive, root, direction, level, moment, depth, hidden)
            where = f"{direction} of {root} at {level} level to depth {depth} at {moment}"
            assert {node["uri"]: (node["distance"], node["certainty"]) for node in reported["nodes"]} == nodes, where
            assert reported["folded"]["count"] == sum(reported["folded"]["by_rule"].values()) == count, where
            total += count
            if direction != "both" and root.kind != "column":
                listed = {AssetUri.parse(uri) for uri in nodes}
                edges = folded_edges(naive, level, moment, root, listed, hidden, downstream=direction == "downstream")
                facts_of_runs = reported_edges(reported)
                assert {triple: edge[:2] for triple, edge in facts_of_runs.items()} == {
                    (str(source), relation, str(target)): (edge.between, sorted(edge.origins))
                    for (source, relation, target), edge in edges.items()
                }, where
                if depth is None:  # else the walk did not take them all
                    assert {triple: edge[2] for triple, edge in facts_of_runs.items()} == {
                        (str(source), relation, str(target)): edge.certain for (source, relation, target), edge in edges.items()
                    }, where
    return total


def reported_edges(reported: Json) -> dict[tuple[str, str, str], tuple[int, list[str], bool]]:
    """Return the folded edges of an answer."""
    return {
        (edge["source"], edge["relation"], edge["target"]): (edge["folded"], edge["origins"], edge["certainty"] == "certain")
        for edge in reported["edges"]
        if "folded" in edge
    }


def check_impact(service: Queries, hidden: set[AssetUri], root: AssetUri, as_of: str, level: Level) -> None:
    """Check that folding changes distances and paths of affected assets, but not which assets are affected."""
    for change in (None, *CHANGES):
        plain = body(service.impact(str(root), WalkOptions(level=level, as_of=as_of, fold=False), change=change))
        folded = body(service.impact(str(root), WalkOptions(level=level, as_of=as_of), change=change))
        gone = {str(uri) for uri in hidden}
        assert unmeasured(each for each in plain["affected"] if each["uri"] not in gone) == unmeasured(folded["affected"])
        walked = body(service.lineage(str(root), WalkOptions(level=level, as_of=as_of)))
        counts = folded["folded"]["count"], walked["folded"]["count"]
        assert counts[0] == counts[1] if change is None else counts[0] <= counts[1]
        assert folded["total"] == sum(folded["by_severity"].values()) == len(folded["affected"])
        distances = {node["uri"]: node["distance"] for node in walked["nodes"]}
        for each in folded["affected"]:
            assert (each["path"][0], each["path"][-1]) == (str(root), each["uri"])
            assert len(each["path"]) == each["distance"] + 1
            assert not gone & set(each["path"])
            assert each["distance"] == distances[each["uri"]] if change is None else each["distance"] >= distances[each["uri"]]


def unmeasured(affected: Iterable[Json]) -> dict[str, Json]:
    return {
        each["uri"]: {key: reported for key, reported in each.items() if key not in ("distance", "path")} for each in affected
    }


def check_path(naive: NaiveGraph, service: Queries, rules: list[NoiseRule], ends: tuple[AssetUri, AssetUri], moment: int) -> None:
    start, end = ends
    hidden = hidden_from(naive, rules, start, moment) - {end}
    reported = body(service.path(str(start), str(end), level="asset", as_of=format_time(moment)))
    found = naive.lineage(start, "downstream", "asset", moment, None, hidden).get(end)
    if found is None:
        found = naive.lineage(start, "upstream", "asset", moment, None, hidden).get(end)
    if found is None:
        assert reported["path"] == []
        return
    assert len(reported["path"]) == found[0] + 1, (ends, moment)
    assert not {step["uri"] for step in reported["path"]} & {str(uri) for uri in hidden}
    assert sum(step.get("folded", 0) for step in reported["path"]) == reported["folded"]["count"]


@amounts(12, 60)
@pytest.mark.parametrize("compact_at", [None, 3])
def test_answers_fold_what_the_naive_model_folds(compact_at: int | None, seeds: range) -> None:
    folded = 0
    for seed in seeds:
        rng = random.Random(seed)
        facts = histories.random_history(rng)
        naive, real = NaiveGraph(facts), Projected(in_batches(facts, rng), compact_at)
        rules = [rule(*reported) for reported in rng.sample(RULES, rng.choice((1, 2, 3)))]
        service = queries(real, rules)
        uris = sorted(uri for uri in naive.uris() if str(uri) in real.store.assets_by_uri)
        for moment in some_moments(facts, rng, 2):
            for root in rng.sample(uris, min(4, len(uris))):
                folded += check_lineage(naive, service, rules, root, moment, rng)
                hidden = hidden_from(naive, rules, root, moment)
                check_impact(service, hidden, root, format_time(moment), rng.choice(LEVELS))
                check_path(naive, service, rules, (root, rng.choice(uris)), moment)
    assert folded > (200 if len(seeds) >= 60 else 20)


def retried(rng: random.Random) -> list[Fact]:
    """Return a history with failed runs that were retried, with the same or other inputs and outputs."""
    facts = histories.random_history(rng, most=4)
    choose = histories.Chooser(rng.choice)
    workflow, parent = rng.choice(histories.WORKFLOWS), rng.choice((None, histories.RUNS[7]))
    inputs, outputs = choose.some(histories.INPUTS, 2), choose.some(histories.OUTPUTS, 2)
    moments = sorted(rng.sample(histories.TIMES, 4))
    for run, moment in zip(histories.RUNS, moments, strict=False):
        state = rng.choice(("FAIL", "ABORT", "COMPLETE", "COMPLETE", "RUNNING"))
        facts_of_runs = {"event": True, "origin": "openlineage", "workflow": workflow, "state": state, "code": None}
        read = inputs if rng.random() < 0.8 else choose.some(histories.INPUTS, 1)
        written = outputs if rng.random() < 0.6 else []
        facts += histories.run_facts(choose, run, moment, facts_of_runs, read, written)
        if parent is not None and rng.random() < 0.8:
            facts.append(EdgeFact(run, "part_of", parent, "openlineage", moment))
    return facts


@amounts(40, 200)
def test_exactly_the_failed_runs_that_a_retry_supersedes_are_excluded(seeds: range) -> None:
    left_out = 0
    for seed in seeds:
        rng = random.Random(seed)
        facts = retried(rng)
        naive, real = NaiveGraph(facts), Projected(in_batches(facts, rng))
        service = queries(real, [NoiseRule("retries", "run", None)])
        for moment in (*some_moments(facts, rng, 1), histories.TIMES[-1]):
            gone = superseded(naive, moment)
            for root in rng.sample(sorted(uri for uri in naive.uris() if str(uri) in real.store.assets_by_uri), 3):
                requested = (
                    {root} if root.kind == "column" else set(naive.walk("run", moment, downstream=True).parents_and_parts(root))
                )
                for direction in ("downstream", "upstream"):
                    where = f"seed {seed}: {direction} of {root} at {moment}"
                    reported = body(
                        service.lineage(str(root), WalkOptions(direction=direction, level="run", as_of=format_time(moment)))
                    )
                    reached = naive.lineage(root, direction, "run", moment)
                    assert {node["uri"]: (node["distance"], node["certainty"]) for node in reported["nodes"]} == {
                        str(uri): found for uri, found in reached.items() if uri not in gone - requested
                    }, where
                    assert reported["folded"]["count"] == len(reached.keys() & gone - requested), where
                    left_out += reported["folded"]["count"]
    assert left_out > (30 if len(seeds) >= 200 else 4)


A, B, C, D = (AssetUri("dataset", "postgres://db:5432", name) for name in ("shop.a", "shop.b__dbt_tmp", "shop.c", "shop.d"))
W, V = (AssetUri("workflow", "dbt", name) for name in ("w", "v"))
NOW = format_time(histories.TIMES[5])


def chain(*uris: AssetUri) -> list[Fact]:
    """Return edges that connect each dataset or workflow to the next."""
    return [
        EdgeFact(near, "outputs" if near.kind == "workflow" else "input_to", far, "facts", histories.TIMES[0])
        for near, far in pairwise(uris)
    ]


def test_a_temporary_table_of_dbt_is_folded_by_default() -> None:
    service = queries(Projected([chain(A, W, B, V, C)]), ())
    reported = body(service.lineage(str(A), WalkOptions(as_of=NOW)))
    assert [(node["uri"], node["distance"]) for node in reported["nodes"]] == [(str(A), 0), (str(W), 1), (str(V), 2), (str(C), 3)]
    assert reported["folded"] == {"count": 1, "by_rule": {"dbt-temporary": 1}}
    assert reported_edges(reported) == {(str(W), "input_to", str(V)): (1, ["facts"], True)}
    plain = body(service.lineage(str(A), WalkOptions(as_of=NOW, fold=False)))
    assert (plain["total"], plain["folded"]) == (5, {"count": 0, "by_rule": {}})
    assert not reported_edges(plain)
    path = body(service.path(str(A), str(C), as_of=NOW))
    assert [(step["relation"], step.get("folded")) for step in path["path"]] == [
        (None, None),
        ("input_to", None),
        ("input_to", 1),
        ("outputs", None),
    ]


def test_the_assets_that_a_query_names_are_shown_under_any_name() -> None:
    service = queries(Projected([chain(A, W, B, V, C)]), ())
    reported = body(service.lineage(str(B), WalkOptions(direction="both", as_of=NOW)))
    assert (reported["total"], reported["folded"]["count"]) == (5, 0)
    assert [step["uri"] for step in body(service.path(str(A), str(B), as_of=NOW))["path"]] == [str(A), str(W), str(B)]


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("shop.orders__dbt_tmp", "dbt-temporary"),
        ("SHOP.ORDERS__DBT_TMP", "dbt-temporary"),
        ("shop.orders__dbt_tmp20261121093000123456", "dbt-temporary"),
        ("shop.orders__dbt_backup", "dbt-temporary"),
        ("out/_temporary/0/part", "job-staging"),
        ("_temporary", "job-staging"),
        ("out/.spark-staging-6f2a", "job-staging"),
        ("out/.hive-staging_hive_2026/x", "job-staging"),
        ("shop.orders__dbt_tmp_kept", None),
        ("shop.orders_tmp", None),
        ("my_temporary/x", None),
        ("out/spark-staging", None),
    ],
)
def test_shipped_rules_know_the_names_that_tools_give(name: str, by: str | None) -> None:
    hidden = AssetUri("dataset", "s3://lake", name)
    reported = body(queries(Projected([chain(A, W, hidden)]), ()).lineage(str(A), WalkOptions(as_of=NOW)))
    assert reported["folded"]["by_rule"] == ({by: 1} if by else {})
    assert reported["total"] == (2 if by else 3)


def test_a_rule_with_the_name_of_a_shipped_one_takes_its_place() -> None:
    real, now = Projected([chain(A, W, B, V, C)]), WalkOptions(as_of=NOW)
    assert body(queries(real, [rule("dataset", ".*_scratch", "dbt-temporary")]).lineage(str(A), now))["total"] == 5
    assert body(queries(real, [rule("dataset", r"shop\.c", "dbt-temporary")]).lineage(str(A), now))["folded"] == {
        "count": 1,
        "by_rule": {"dbt-temporary": 1},
    }


def test_an_asserted_edge_is_listed_beside_the_one_over_hidden_assets() -> None:
    reported = body(
        queries(Projected([chain(A, W, B, V, C), chain(W, C), chain(W, D, V)]), [rule("dataset", "shop.d")]).lineage(
            str(A), WalkOptions(as_of=NOW)
        )
    )
    assert [(edge["relation"], edge["target"], edge.get("folded")) for edge in reported["edges"] if edge["source"] == str(W)] == [
        ("input_to", str(V), 1),
        ("outputs", str(C), None),
    ]


def test_hidden_assets_in_a_row_and_in_a_circle_are_one_edge() -> None:
    names = [AssetUri("dataset", "file", name) for name in ("tmp1", "tmp2", "tmp3")]
    circle = [EdgeFact(near, "derives", far, "dbt", histories.TIMES[0]) for near, far in pairwise((A, *names))]
    facts = [
        *circle,
        EdgeFact(names[2], "derives", names[0], "airflow", histories.TIMES[0]),
        EdgeFact(names[1], "derives", C, "spark", histories.TIMES[0]),
    ]
    reported = body(queries(Projected([facts]), [rule("dataset", "tmp.")]).lineage(str(A), WalkOptions(as_of=NOW)))
    assert [(node["uri"], node["distance"]) for node in reported["nodes"]] == [(str(A), 0), (str(C), 1)]
    assert reported_edges(reported) == {(str(A), "derives", str(C)): (2, ["airflow", "dbt", "spark"], True)}
    assert reported["folded"]["count"] == 3


def test_hidden_assets_beyond_the_depth_still_join_listed_ones() -> None:
    real = Projected([[*chain(A, W, C, V, B), EdgeFact(B, "derives", D, "facts", histories.TIMES[0]), *chain(A, W, D)]])
    service = queries(real, [rule("workflow", "v")])
    reported = body(service.lineage(str(A), WalkOptions(as_of=NOW, depth=2)))
    assert {node["uri"] for node in reported["nodes"]} == {str(uri) for uri in (A, W, C, D)}
    assert reported_edges(reported) == {(str(C), "derives", str(D)): (2, ["facts"], True)}


def test_a_node_certain_upstream_is_certain_in_both_directions_at_any_depth() -> None:
    x, y, z, c, d = (AssetUri("dataset", "file", name) for name in "xyzcd")
    facts = [*chain(A, W, x), *chain(z, W, y), *(EdgeFact(*ends, "facts", histories.TIMES[0]) for ends in derived(x, c, d, A))]
    service = queries(Projected([facts]), ())
    for depth, found in ((None, "certain"), (2, "certain")):
        reported = body(service.lineage(str(A), WalkOptions(direction="both", as_of=NOW, depth=depth)))
        assert [node["certainty"] for node in reported["nodes"] if node["uri"] == str(x)] == [found]
    [downstream] = [n for n in body(service.lineage(str(A), WalkOptions(as_of=NOW)))["nodes"] if n["uri"] == str(x)]
    assert downstream["certainty"] == "possible"


def derived(*uris: AssetUri) -> Iterable[tuple[AssetUri, str, AssetUri]]:
    return ((near, "derives", far) for near, far in pairwise(uris))


@pytest.mark.parametrize("first", [0, 1])
def test_origins_of_a_detour_among_hidden_assets_count_in_any_order(first: int) -> None:
    names = [AssetUri("dataset", "file", name) for name in ("tmp1", "tmp2")]
    near, far = names[first], names[1 - first]
    detour = [EdgeFact(*ends, "airflow", histories.TIMES[0]) for ends in derived(names[0], names[1], names[0])]
    facts = [*detour, *(EdgeFact(*ends, "dbt", histories.TIMES[0]) for ends in derived(A, near, C))]
    reported = body(
        queries(Projected([[fact] for fact in facts]), [rule("dataset", "tmp.")]).lineage(str(A), WalkOptions(as_of=NOW))
    )
    assert reported_edges(reported) == {(str(A), "derives", str(C)): (1, ["airflow", "dbt"], True)}
    assert reported["folded"]["count"] == len({near, far})


def test_pages_of_a_folded_answer_are_complete() -> None:
    service = queries(Projected([chain(A, W, B, V, C, V, D)]), ())
    complete, cursor, seen = body(service.lineage(str(A), WalkOptions(as_of=NOW))), None, []
    while True:
        reported = body(service.lineage(str(A), WalkOptions(as_of=NOW, limit=2, cursor=cursor)))
        assert (reported["total"], reported["folded"]) == (complete["total"], complete["folded"])
        seen += [node["uri"] for node in reported["nodes"] if node["uri"] not in seen]
        cursor = reported["frontier"]
        if cursor is None:
            break
    assert seen == [node["uri"] for node in complete["nodes"]]


def test_more_joined_edges_than_the_limit_are_refused_and_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = [fact for number in range(4) for fact in chain(A, AssetUri("workflow", "dbt", f"w{number}"), B)]
    facts += [fact for number in range(4) for fact in chain(B, AssetUri("workflow", "dbt", f"v{number}"))]
    service = queries(Projected([facts]), ())
    assert len(reported_edges(body(service.lineage(str(A), WalkOptions(as_of=NOW))))) == 16
    monkeypatch.setattr(bridges, "MAX_BRIDGES", 15)
    with pytest.raises(InvalidInput, match=r"more than 15 pairs .*fold=false"):
        service.lineage(str(A), WalkOptions(as_of=NOW))
    assert body(service.lineage(str(A), WalkOptions(as_of=NOW, fold=False)))["total"] == 10


def test_columns_of_a_folded_dataset_are_folded() -> None:
    columns = [column_uri(dataset, "id") for dataset in (A, B, C)]
    facts = [EdgeFact(near, "derives", far, "facts", histories.TIMES[0]) for near, far in pairwise(columns)]
    reported = body(queries(Projected([facts]), ()).lineage(str(columns[0]), WalkOptions(as_of=NOW)))
    assert [(node["uri"], node["distance"]) for node in reported["nodes"]] == [(str(columns[0]), 0), (str(columns[2]), 1)]
    assert reported_edges(reported) == {(str(columns[0]), "derives", str(columns[2])): (1, ["facts"], True)}
