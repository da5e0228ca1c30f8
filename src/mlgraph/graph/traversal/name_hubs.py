"""Hubs of ambiguous names in traversals: which assets a traversal over hubs lists, and the claims that it used (ADR 0035)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, HUB, WALK, Bools, Bytes, Ints, Layer

NOT_LISTED: Final = 0
"""In place of an asset: the node is not listed."""


def are_hubs(graph: GraphVersion, nodes: Ints) -> Bools:
    """Return of each node whether it is a hub."""
    if not graph.asset_index.has_hubs:
        return np.zeros(len(nodes), np.bool_)
    hubs: Bools = graph.asset_index.kind_at[nodes] == HUB
    return hubs


def is_hub(graph: GraphVersion, node: int) -> bool:
    """Return whether a node is a hub."""
    return graph.asset_index.has_hubs and bool(graph.asset_index.kind_at[node] == HUB)


def marks_with_hubs(graph: GraphVersion, marks: Bytes) -> Bytes:
    """Return `marks` for a search that contracts hubs: one for each asset, even if nothing is hidden."""
    return marks if len(marks) or not graph.asset_index.has_hubs else np.zeros(len(graph.asset_index), np.uint8)


def assets_listed(graph: GraphVersion, level: Layer, moment: int, nodes: Ints, starts: Ints) -> Ints:
    """Return the asset of each node that a traversal from the nodes `starts` reached; `NOT_LISTED` for those not to list.

    These are hubs, and names that only a hub leads to: nothing reads or writes them.
    """
    assets: Ints = graph.asset_of[nodes]
    hubs = are_hubs(graph, nodes)
    if not hubs.any():
        return assets
    names = graph.nodes_of(np.unique(assets[hubs]))
    unused = np.setdiff1d(names[~_are_used(graph, level, moment, names)], starts)
    assets[hubs | np.isin(nodes, unused)] = NOT_LISTED
    return assets


def _are_used(graph: GraphVersion, level: Layer, moment: int, names: Ints) -> Bools:
    """Return of each name (node) whether a row other than those of its own hub leads from it or to it."""
    used = np.zeros(len(names), np.bool_)
    view = graph.views[level]
    for rows in (view.out, view.into):
        gathered = rows.gather(names, moment)
        of_own_hub = are_hubs(graph, gathered.other) & (
            graph.asset_of[gathered.other] == graph.asset_of[names[gathered.position]]
        )
        used[gathered.position[~of_own_hub]] = True
    return used


def claims_used(graph: GraphVersion, moment: int, nodes: Ints, listed: Ints) -> Iterator[tuple[int, int, int]]:
    """Yield (name, `ALIAS_OF`, claimant) of the claims on names whose hubs are among `nodes`, between `listed` assets."""
    hubs = are_hubs(graph, nodes)
    if not hubs.any():
        return
    names = np.intersect1d(graph.asset_of[nodes[hubs]], listed)
    rows = graph.views[Layer.STRUCTURE].out.gather(graph.nodes_of(names), moment)
    claimants = graph.asset_of[rows.other]
    chosen = (rows.relation == ALIAS_OF) & np.isin(claimants, listed)
    for name, claimant in zip(names[rows.position[chosen]].tolist(), claimants[chosen].tolist(), strict=True):
        yield name, ALIAS_OF, claimant


def hubs_of(graph: GraphVersion, level: Layer, moment: int, asset: int) -> list[int]:
    """Return the hubs of the names that `asset` is or claims at `moment`."""
    node = graph.find(asset)
    if node is None:
        return []
    others = graph.views[level].out.gather(np.array([node], np.int32), moment, WALK).other
    hubs: list[int] = others[are_hubs(graph, others)].tolist()
    return hubs


def members_of(graph: GraphVersion, level: Layer, moment: int, hub: int) -> list[int]:
    """Return the name of a hub and the claimants at `moment`."""
    rows = graph.views[level].out.gather(np.array([hub], np.int32), moment, WALK)
    members: list[int] = graph.asset_of[rows.other].tolist()
    return members
