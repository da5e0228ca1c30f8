"""Closures (docs/spec.md#5-parts-and-wholes) by small examples; tests/graph/test_against_naive.py has the properties."""

from __future__ import annotations

import numpy as np

from mlgraph.domain.facts import AssetFact, EdgeFact, Fact
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.graph.csr.base import Base
from mlgraph.graph.csr.csr_table import Arc, MutableTable, level_view
from mlgraph.graph.model.rows import AT_ASSET, CERTAIN, WALK, Layer
from mlgraph.graph.traversal.closures import NO_LIMIT, DirectionName, is_run, reachable_nodes, walk
from tests.graph.projected import Level, Projected
from tests.model.examples import A, B, C, V, W, run, run_uri

X, Y = (AssetUri("dataset", "out", name) for name in "XY")
NOW = 99


def plain_edge(source: AssetUri, relation: str, target: AssetUri, **properties: object) -> EdgeFact:
    return EdgeFact(source, relation, target, "facts", 1, properties=properties)


def reached(
    facts: list[Fact], root: AssetUri, direction: DirectionName = "downstream", level: Level = "asset", depth: int | None = None
) -> dict[str, tuple[int, str]]:
    found = Projected([facts]).lineage(root, direction, level, NOW, depth)
    return {uri.name: (distance, certainty[0]) for uri, (distance, certainty) in found.items()}


def test_seeds_of_any_distance_are_visited_in_order() -> None:
    rows = MutableTable(Base.empty().lineage)
    rows.replace(9, [Arc(a, b, 1, 1, WALK | CERTAIN | AT_ASSET, 0, 10) for a, b in ((0, 1), (1, 2), (3, 2), (2, 4))])
    arrays = rows.publish()
    assert arrays is not None
    out = level_view(*arrays, AT_ASSET).out
    nodes, hops, common = reachable_nodes(out, 5, [(3, 4), (0, 0)], 5, WALK, NO_LIMIT)
    assert dict(zip(nodes.tolist(), hops.tolist(), strict=True)) == {0: 0, 1: 1, 2: 2, 4: 3, 3: 4}
    assert common & CERTAIN
    assert np.all(np.diff(hops) >= 0)
    assert reachable_nodes(out, 5, [(0, 0)], 10, WALK, NO_LIMIT)[0].tolist() == [0]
    assert reachable_nodes(out, 5, [(0, 0)], 5, WALK, 1)[0].tolist() == [0, 1]
    assert reachable_nodes(out, 5, [(0, 0)], 5, WALK, 1)[1].tolist() == [0, 1]
    assert reachable_nodes(out, 5, [], 5, WALK, NO_LIMIT)[0].tolist() == []


def test_a_chain_with_more_levels_than_the_workspace_is_traversed_completely() -> None:
    rows = MutableTable(Base.empty().lineage)
    rows.replace(9, [Arc(a, a + 1, 1, 1, WALK | CERTAIN | AT_ASSET, 0, 10) for a in range(9000)])
    arrays = rows.publish()
    assert arrays is not None
    nodes, hops, _ = reachable_nodes(level_view(*arrays, AT_ASSET).out, 9001, [(0, 0)], 5, WALK, NO_LIMIT)
    assert nodes.tolist() == hops.tolist() == list(range(9001))


def test_distance_is_over_all_paths_and_certainty_over_any() -> None:
    facts = [*run(1, 10, [A, B], [X, Y]), plain_edge(A, "derives", C), plain_edge(C, "derives", B), plain_edge(B, "derives", X)]
    assert reached(facts, A) == {"A": (0, "c"), "w": (1, "c"), "C": (1, "c"), "X": (2, "c"), "Y": (2, "p"), "B": (2, "c")}


def test_a_path_of_certain_edges_may_be_longer_than_the_depth() -> None:
    facts = [*run(1, 10, [A, B], [X, Y]), plain_edge(A, "derives", C), plain_edge(C, "derives", B), plain_edge(B, "derives", X)]
    assert reached(facts, A, depth=2) == reached(facts, A)
    assert reached(facts, A, depth=1) == {"A": (0, "c"), "w": (1, "c"), "C": (1, "c")}
    assert reached(facts, A, depth=0) == {"A": (0, "c")}


def test_run_level_walks_runs_and_a_run_is_reported_at_run_level() -> None:
    facts = run(1, 10, [A], [X])
    assert reached(facts, A, level="run") == {"A": (0, "c"), "r1": (1, "c"), "X": (2, "c")}
    assert reached(facts, A) == {"A": (0, "c"), "w": (1, "c"), "X": (2, "c")}
    real = Projected([facts])
    assert is_run(real.snapshot, real.store.assets_by_uri[str(run_uri(1))].asset)
    assert not is_run(real.snapshot, real.store.assets_by_uri[str(W)].asset)


def test_the_parts_of_a_root_are_walked_and_a_reached_version_brings_its_model() -> None:
    model, inner = AssetUri("model", "mlflow", "m"), AssetUri("dataset", "lake", "A/p")
    facts = [*run(1, 10, [inner], [V]), plain_edge(inner, "part_of", A), plain_edge(V, "version_of", model)]
    assert reached(facts, A) == {"A": (0, "c"), "A/p": (1, "c"), "w": (2, "c"), "m/1": (3, "c"), "m": (4, "c")}
    assert reached(facts, model, "upstream") == {"m": (0, "c"), "m/1": (1, "c"), "w": (2, "c"), "A/p": (3, "c")}
    real = Projected([facts])
    numbers = {uri: row.asset for uri, row in real.store.assets_by_uri.items()}
    found = walk(real.snapshot, numbers[str(A)], "downstream", Layer.ASSET, NOW)
    assert {(part, complete) for part, _, complete in found.parts} == {
        (numbers[str(inner)], numbers[str(A)]),
        (numbers[str(V)], numbers[str(model)]),
    }


def test_columns_continue_from_the_dataset_where_a_consumer_has_no_column_lineage() -> None:
    a, x = column_uri(A, "f"), column_uri(X, "f")
    facts = [*run(1, 10, [A], [X]), plain_edge(a, "derives", x, by=str(run_uri(1))), plain_edge(X, "derives", Y)]
    assert reached(facts, a) == {"A#f": (0, "c"), "X#f": (1, "c"), "X": (2, "p"), "Y": (3, "p")}
    assert reached(facts, x, "upstream") == {"X#f": (0, "c"), "A#f": (1, "c")}
    assert reached(facts, A) == {"A": (0, "c"), "w": (1, "c"), "X": (2, "c"), "Y": (3, "c")}


def test_the_closure_of_an_asset_without_edges_is_the_asset() -> None:
    assert reached([AssetFact(A, "facts", 1, {})], A) == {"A": (0, "c")}
