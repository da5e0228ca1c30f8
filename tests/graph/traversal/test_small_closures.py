"""Small closures are detected without traversing large ones."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.uri import AssetUri
from mlgraph.graph.model.rows import Layer
from mlgraph.graph.traversal import small_closures
from mlgraph.graph.traversal.closures import DirectionName, walk
from mlgraph.graph.traversal.small_closures import SMALL_NODES, is_small_closure
from tests.graph.projected import Projected

NOW = 10


def dataset(number: int) -> AssetUri:
    return AssetUri("dataset", "n", f"d{number}")


def derives(source: int, target: int, start: int = 1) -> EdgeFact:
    return EdgeFact(dataset(source), "derives", dataset(target), "facts", start)


def is_small(graph: Projected, root: AssetUri, direction: DirectionName = "downstream") -> bool:
    return is_small_closure(graph.snapshot, graph.store.assets_by_uri[str(root)].asset, direction, Layer.ASSET, NOW)


@pytest.mark.parametrize("compact_at", [None, 0])
@pytest.mark.parametrize("many", [SMALL_NODES - 1, SMALL_NODES])
def test_a_hub_is_not_small_past_the_limit(many: int, compact_at: int | None) -> None:
    graph = Projected([[derives(0, number + 1) for number in range(many)]], compact_at)
    assert is_small(graph, dataset(0)) == (many < SMALL_NODES)
    assert is_small(graph, dataset(1))
    assert is_small(graph, dataset(1), "upstream"), "one step, to a node with many downstream rows"


def test_rows_to_visited_nodes_count_against_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_closures, "SMALL_ROWS", 100)
    dense = [derives(source, target) for source in range(12) for target in range(source + 1, 12)]
    assert not is_small(Projected([dense], 0), dataset(0))
    assert is_small(Projected([dense[:40]], 0), dataset(0))


def test_columns_and_assets_with_many_parts_are_not_small() -> None:
    column, other = AssetUri("column", "n", "d0#a"), AssetUri("column", "n", "d1#a")
    graph = Projected([[EdgeFact(column, "derives", other, "facts", 1)]])
    assert not is_small(graph, column)
    versions = [AssetUri("dataset_version", "n", f"d0/{number}") for number in range(60)]
    graph = Projected([[EdgeFact(version, "version_of", dataset(0), "facts", 1) for version in versions]])
    assert not is_small(graph, dataset(0))


def test_nodes_beyond_the_end_of_the_downstream_index_have_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_closures, "SMALL_ROWS", 40)
    graph = Projected([[derives(0, number) for number in range(1, 30)]], 0)
    view = graph.snapshot.views[Layer.ASSET]
    assert len(view.out.arrays.indptr) < len(view.into.arrays.indptr)
    for number in range(1, 30):
        assert is_small_closure(
            graph.snapshot, graph.store.assets_by_uri[str(dataset(number))].asset, "upstream", Layer.ASSET, NOW
        )


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(st.lists(st.builds(derives, st.integers(0, 9), st.integers(10, 25), st.integers(1, 20)), max_size=25), max_size=4),
    st.integers(1, 12),
    st.sampled_from([None, 0, 5]),
    st.sampled_from(["downstream", "upstream"]),
)
def test_a_closure_is_small_if_its_traversal_finds_few_assets(
    batches: list[list[EdgeFact]], most: int, compact_at: int | None, direction: DirectionName
) -> None:
    graph = Projected([[derives(0, 10)], *batches], compact_at)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(small_closures, "SMALL_NODES", most)
        for asset in graph.store.assets_by_uri.values():
            found = is_small_closure(graph.snapshot, asset.asset, direction, Layer.ASSET, NOW)
            assert found == (len(walk(graph.snapshot, asset.asset, direction, Layer.ASSET, NOW).assets) <= most)
