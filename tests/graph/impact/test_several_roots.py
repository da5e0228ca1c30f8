"""An impact that begins at several assets is the union of the impacts of each: beside single impacts, in random graphs."""

from __future__ import annotations

import random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.facts import EdgeFact
from mlgraph.domain.uri import AssetUri, column_uri
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.analysis import ImpactWalk
from mlgraph.graph.impact.change_effects import CHANGES, Change
from mlgraph.graph.impact.predecessor_search import NO_ASSET
from mlgraph.graph.model.rows import Layer
from tests.graph.projected import Projected

DATASETS = [AssetUri("dataset", "n", f"d{number}") for number in range(7)]
JOBS = [AssetUri("workflow", "n", f"j{number}") for number in range(5)]
SERVICES = [AssetUri("service", "n", f"s{number}") for number in range(3)]


class Entry(NamedTuple):
    distance: int
    effect: int
    certain: bool
    path: tuple[str, ...]


def random_edges(rng: random.Random) -> list[tuple[AssetUri, str, AssetUri]]:
    edges: list[tuple[AssetUri, str, AssetUri]] = []
    for job in JOBS:
        edges += [(each, "input_to", job) for each in rng.sample(DATASETS, rng.randint(1, 3))]
        edges += [(job, "outputs", each) for each in rng.sample(DATASETS, rng.randint(1, 2))]
    for _ in range(4):
        one, other = rng.sample(DATASETS, 2)
        edges.append((one, "derives", other))
        edges.append((column_uri(one, rng.choice("xy")), "derives", column_uri(other, rng.choice("xy"))))
    edges += [(rng.choice(DATASETS), "input_to", service) for service in SERVICES]
    return edges


def impact(graph: GraphVersion, roots: list[int], change: Change) -> dict[str, Entry]:
    single = len(roots) == 1
    walk = ImpactWalk(graph, roots[0] if single else NO_ASSET, change, Layer.ASSET, 1, roots=() if single else tuple(roots))
    found = walk.result()
    uri = graph.asset_index.uri
    rows = zip(found.assets.tolist(), found.distances.tolist(), found.effects.tolist(), found.certain.tolist(), strict=True)
    return {
        uri(asset): Entry(distance, effect, certain, tuple(map(uri, found.path(entry))))
        for entry, (asset, distance, effect, certain) in enumerate(rows)
    }


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(CHANGES))
def test_several_roots_are_the_union_of_single_ones(seed: int, change: Change) -> None:
    rng = random.Random(seed)
    edges = random_edges(rng)
    graph = Projected([[EdgeFact(source, relation, target, "facts", 0) for source, relation, target in edges]]).snapshot
    index = graph.asset_index
    columns = sorted({str(each) for edge in edges for each in edge[::2] if each.kind == "column"})
    for names in (rng.sample([str(each) for each in DATASETS], 3), rng.sample(columns, min(3, len(columns)))):
        roots = [number for name in names if (number := index.number(name)) is not None]
        if len(roots) < 2:
            continue
        changed = {index.uri(each) for root in roots for each in (root, index.dataset_of(root)) if each}
        expected: dict[str, list[Entry]] = {}
        for root in roots:
            for uri, entry in impact(graph, [root], change).items():
                if uri not in changed:  # a dataset whose column changes is not hurt by its own change
                    expected.setdefault(uri, []).append(entry)
        found = {uri: entry for uri, entry in impact(graph, roots, change).items() if uri not in changed}
        assert set(found) == set(expected)
        for uri, entries in expected.items():
            nearest = min(entry.distance for entry in entries)
            first = min(entry.path for entry in entries if entry.distance == nearest)
            worst, certain = min(entry.effect for entry in entries), any(entry.certain for entry in entries)
            assert found[uri] == Entry(nearest, worst, certain, first), uri
