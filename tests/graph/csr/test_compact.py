"""Compaction retains the attributes of every asset: names with any characters, owners, states and columns."""

from __future__ import annotations

import random

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.asset_index import DisplayAttributes
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.snapshot import MutableGraph
from mlgraph.ports.store import AssetRow

NAMES = (None, "plain", 'with "quotes" and \\', "naïve ☃ \n", "")
OWNERS = ((), ("mlg://team/a/x",), ("mlg://team/a/y", "mlg://team/a/x"))
STATES = (None, "retired", "läuft")
DATASET, COLUMN = KINDS["dataset"].code, KINDS["column"].code


def attributes_of(graph: MutableGraph) -> dict[int, tuple[str, str, int, bool, tuple[str, ...], str | None, list[int]]]:
    asset_index = graph.asset_index
    found = {}
    for asset in range(1, len(asset_index)):
        attributes = asset_index.display_attributes(asset) or DisplayAttributes()
        found[asset] = (
            asset_index.uri(asset),
            asset_index.name(asset),
            asset_index.kind(asset),
            attributes.finished,
            attributes.owners,
            attributes.state,
            asset_index.columns_of(asset),
        )
    return found


def test_attributes_of_assets_are_as_before() -> None:
    for seed in range(40):
        rng = random.Random(seed)
        graph = MutableGraph()
        for _ in range(4):
            for _ in range(rng.randint(0, 6)):
                number = len(graph.asset_index)
                dataset = rng.randrange(1, number) if number > 1 and rng.random() < 0.3 else 0
                uri = f"mlg://{'column' if dataset else 'dataset'}/n/a{number}{rng.choice(['', '%2Fb%20c', '%C3%AF'])}"
                graph.asset_index.add(AssetRow(number, uri, COLUMN if dataset else DATASET, dataset))
            for asset in range(1, len(graph.asset_index)):
                if rng.random() < 0.4:
                    attributes = DisplayAttributes(rng.choice(NAMES), rng.choice(OWNERS), rng.random() < 0.5, rng.choice(STATES))
                    graph.asset_index.set_display_attributes(asset, attributes)
            before = attributes_of(graph)
            graph.publish(graph.snapshot.watermark + 1)
            graph = MutableGraph(compact(freeze(graph)))
            assert attributes_of(graph) == before, f"seed {seed}"
            assert all(graph.asset_index.number(uri) == asset for asset, (uri, *_) in before.items())
