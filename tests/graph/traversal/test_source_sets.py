"""Sources of all assets in one pass, against a search from each."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import MutableGraph
from mlgraph.graph.model.rows import DERIVES, INPUT_TO, OUTPUTS, Layer, NodeKey, Row, edge_flags
from mlgraph.graph.traversal.source_sets import MOST, SourceSets, source_sets
from mlgraph.ports.store import AssetRow

DATASETS, JOBS = range(1, 9), range(9, 13)
EDGES = st.sets(
    st.one_of(
        st.tuples(st.sampled_from(DATASETS), st.sampled_from(DATASETS)),
        st.tuples(st.sampled_from(DATASETS), st.sampled_from(JOBS)),
        st.tuples(st.sampled_from(JOBS), st.sampled_from(DATASETS)),
    ),
    max_size=25,
)


def sets_of(edges: set[tuple[int, int]], datasets: range = DATASETS) -> SourceSets:
    graph = MutableGraph()
    for number in (*datasets, *JOBS):
        kind = "dataset" if number in datasets else "workflow"
        graph.asset_index.add(AssetRow(number, f"mlg://{kind}/t/{number}", KINDS[kind].code, 0))
    for source, target in edges:
        relation = INPUT_TO if target in JOBS else OUTPUTS if source in JOBS else DERIVES
        row = Row(Layer.ASSET, NodeKey(source), relation, NodeKey(target), 1, 0, 10, edge_flags(relation, None, {}))
        graph.replace((source, relation, target), [row])
    graph.publish(1)
    kinds = np.zeros(256, np.bool_)
    kinds[KINDS["dataset"].code] = True
    return source_sets(graph.snapshot, 5, kinds)


def ancestors(edges: set[tuple[int, int]], root: int) -> set[int]:
    found: set[int] = set()
    frontier = [root]
    while frontier:
        node = frontier.pop()
        for source, target in edges:
            if target == node and source not in found:
                found.add(source)
                frontier.append(source)
    return found


@settings(max_examples=150, deadline=None)
@given(EDGES)
def test_sources_are_the_ancestors_without_data_above_them(edges: set[tuple[int, int]]) -> None:
    found = sets_of(edges)
    for dataset in DATASETS:
        if not any(dataset in edge for edge in edges):
            continue  # without edges, an asset has no node
        above = ancestors(edges, dataset)
        data = above & set(DATASETS)
        tops = {each for each in data | {dataset} if not (ancestors(edges, each) & set(DATASETS)) - {each}}
        in_cycles = {each for each in data | {dataset} if each in ancestors(edges, each)}
        leaves = set(found.leaves_of(dataset))
        assert leaves, dataset
        assert tops - in_cycles <= leaves
        assert leaves <= data | {dataset}
        assert leaves - tops <= in_cycles  # a cycle that nothing feeds has one of its members for its source
        direct = {s for s, t in edges if t == dataset and s in DATASETS}
        jobs = {s for s, t in edges if t == dataset and s in JOBS}
        direct |= {s for s, t in edges if t in jobs and s in DATASETS}
        assert set(found.inputs_of(dataset)) == direct - {dataset}


def test_what_is_below_a_cycle_has_the_source_of_the_cycle() -> None:
    assert sets_of({(1, 1), (1, 4)}).leaves_of(4) == [1]
    found = sets_of({(5, 6), (6, 5), (6, 2), (2, 3), (3, 2), (3, 1)})
    assert [found.leaves_of(each) for each in (1, 2, 3, 6)] == [[5]] * 4


def test_equal_sets_beyond_the_bound_have_equal_samples() -> None:
    many = range(100, 140)
    edges = {(source, target) for source in many for target in (1, 2)}
    graph_edges = {*edges, *((source, 3) for source in range(100, 104))}
    found = sets_of(graph_edges, range(1, 140))
    assert len(found.leaves_of(1)) == MOST
    assert found.leaves_of(1) == found.leaves_of(2)
    assert set(found.leaves_of(3)) == {100, 101, 102, 103}
