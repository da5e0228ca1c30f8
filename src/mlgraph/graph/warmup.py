"""Warm-up of the compiled kernels before the first query: loads them from numba's cache, or compiles them."""

from __future__ import annotations

import numpy as np

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.csr.compact import compact, freeze
from mlgraph.graph.csr.grouping_kernel import place_table, places_in
from mlgraph.graph.csr.name_lookup import NameLookup
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.graph.csr.text.text_arena import Pieces
from mlgraph.graph.impact.analysis import ImpactWalk
from mlgraph.graph.model.rows import DERIVES, Layer, NodeKey, Row, edge_flags
from mlgraph.graph.response.edge_listing import edges_between
from mlgraph.graph.response.json_rendering import edges_json, nodes_json, owners_json
from mlgraph.graph.scene.all_time import all_time_closure
from mlgraph.graph.scene.edges_over_time import edges_over_time
from mlgraph.graph.scene.kernels import masks_between, runs_of_prefixes
from mlgraph.graph.scene.moments import ClosureOverTime
from mlgraph.graph.traversal.closures import walk
from mlgraph.graph.traversal.small_closures import is_small_closure
from mlgraph.graph.traversal.source_sets import source_sets
from mlgraph.ports.store import AssetRow

_URIS = ("mlg://dataset/warm/a", "mlg://dataset/warm/b")


def warm() -> None:
    """Run every kind of query on a graph of two assets: takes seconds without numba's cache, less than a second with it."""
    graph = MutableGraph()
    for number, uri in enumerate(_URIS, start=1):
        graph.asset_index.add(AssetRow(number, uri, 1, 0))
    row = Row(Layer.ASSET, NodeKey(1), DERIVES, NodeKey(2), 1, 0, 10, edge_flags(DERIVES, None, {}))
    graph.replace((1, DERIVES, 2), [row])
    graph.publish(1)
    _query(graph.snapshot)
    graph = MutableGraph(compact(freeze(graph)))
    graph.replace((1, DERIVES, 2), [row._replace(end=9)])
    graph.publish(2)
    _query(graph.snapshot)


def _query(snapshot: GraphVersion) -> None:
    asset_index = snapshot.asset_index
    root = asset_index.number(_URIS[0]) or 0
    is_small_closure(snapshot, root, "downstream", Layer.ASSET, 5)
    reached = walk(snapshot, root, "downstream", Layer.ASSET, 5)
    listed = reached.assets[asset_index.sort(reached.assets, reached.distances)]
    listing = edges_between(
        snapshot, Layer.ASSET, 5, {"downstream": reached}, listed, lambda upto: np.arange(upto + 1, dtype=np.int32)
    )
    uris = asset_index.uri_texts(listed)
    names, kinds = asset_index.name_texts(listed, uris), asset_index.kinds(listed)
    nodes_json(uris, names, kinds, reached.distances, reached.certain, reached.certain)
    edges_json(uris, listing, Pieces.of(['"a"', '"b"'], raw=True))
    owners_json(["mlg://team/warm/c"], np.array([0, 2]), np.arange(2), asset_index.uri_texts(listed[:2]))
    asset_index.owned(listed)
    ImpactWalk(snapshot, root, "values", Layer.ASSET, 5).result()
    lookup = NameLookup(asset_index)
    lookup.find("a")
    lookup.similar("b", 2)
    source_sets(snapshot, 5, np.ones(256, np.bool_))
    runs_of_prefixes(uris.starts, uris.ends, uris.data, uris.extra)
    places_in(place_table(listed), listed)
    closure = all_time_closure(snapshot, root, "downstream", Layer.ASSET)
    if closure is not None:
        _, closure = closure.ordered(np.ones(len(closure.assets), np.bool_))
        drawn = np.ones(len(closure.assets), np.bool_)
        edges = edges_over_time(snapshot, Layer.ASSET, [closure], closure.assets, drawn, FOREVER)
        masks_between(ClosureOverTime([closure], closure.assets, drawn, edges, certain=False).timeline().masks, 0, 1)
    marks = np.zeros(len(asset_index), np.uint8)
    walk(snapshot, root, "downstream", Layer.ASSET, 5, marks=marks)
