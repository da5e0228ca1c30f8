"""The sources of every asset, in one pass over the graph: its ancestors without parents, and the data that it is made from.

A set has at most `MOST` assets. Of more, those with the least hashes are retained: a uniform sample, the same for equal sets, so
that the overlap of two samples estimates the overlap of the sets (bottom-k sketches, Cohen and Kaplan 2007).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np

from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.grouping_kernel import grouped
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import (
    COLUMN,
    DATASET,
    HUB,
    MODEL,
    MODEL_VERSION,
    VERSION_OF,
    WALK,
    Bools,
    Bytes,
    Ints,
    Layer,
    Longs,
)

MOST: Final = 12
_NONE: Final = -1
_BLOCK: Final = 65_536
_DATASET_VERSION: Final = KINDS["dataset_version"].code
_PASSED, _IS_DATA, _IS_VERSION, _IS_MODEL = 0, 1, 2, 3
_DATA_KINDS: Final = ("dataset", "dataset_version", "feature", "feature_view", "feature_service", "index")


def _roles() -> Bytes:
    found = np.zeros(256, np.uint8)
    found[[KINDS[name].code for name in _DATA_KINDS]] = _IS_DATA
    found[MODEL_VERSION], found[MODEL] = _IS_VERSION, _IS_MODEL
    return found


_ROLES: Final = _roles()
"""By code of a kind: data that others are made from, or what is passed through (workflows, runs).

A version is passed through on the way to its own model only.
"""


class SourceSets(NamedTuple):
    """Sets of assets: `leaves` and `inputs` are int32[n, MOST], filled with -1; `rows` is the row of each asset, or -1."""

    rows: Ints
    leaves: Ints
    inputs: Ints
    watermark: int

    def leaves_of(self, asset: int) -> list[int]:
        """Return the sources that an asset is made from in the end; of a source itself, that asset alone."""
        return self._of(self.leaves, asset)

    def inputs_of(self, asset: int) -> list[int]:
        """Return the data that an asset is made from directly."""
        return [each for each in self._of(self.inputs, asset) if each != asset]

    def _of(self, sets: Ints, asset: int) -> list[int]:
        row = int(self.rows[asset]) if asset < len(self.rows) else _NONE
        return [] if row < 0 else [each for each in sets[row].tolist() if each >= 0]


NO_SOURCE_SETS: Final = SourceSets(np.zeros(0, np.int32), np.zeros((0, MOST), np.int32), np.zeros((0, MOST), np.int32), 0)


class _Edges(NamedTuple):
    """The parents of node `n` are parents[up[n]:up[n + 1]], its children children[down[n]:down[n + 1]]."""

    up: Longs
    parents: Ints
    down: Longs
    children: Ints


def source_sets(graph: GraphVersion, moment: int, kinds: Bools) -> SourceSets:
    """Return the sources at `moment` (microseconds) of all assets of the kinds with `kinds` (bool by code) set."""
    children, parents = _edges(graph, moment)
    nodes = graph.nodes
    assets = graph.asset_of[:nodes].copy()
    roles = _ROLES[graph.asset_index.kind_at[:nodes]]
    up, up_positions = grouped(children, nodes)
    down, down_positions = grouped(parents, nodes)
    leaves, inputs = _propagated(_Edges(up, parents[up_positions], down, children[down_positions]), assets, roles)
    wanted = np.flatnonzero(kinds[graph.asset_index.kind_at[:nodes]] & (graph.port_of[:nodes] == 0))
    rows = np.full(len(graph.asset_index), _NONE, np.int32)
    rows[assets[wanted]] = np.arange(len(wanted), dtype=np.int32)
    return SourceSets(rows, leaves[wanted], inputs[wanted], graph.watermark)


def _edges(graph: GraphVersion, moment: int) -> tuple[Ints, Ints]:
    """Return (child, parent) nodes of all edges that are followed.

    A model has its versions for parents, and a version of a dataset has the dataset: both have the sources of these.
    """
    found: list[tuple[Ints, Ints]] = [(np.zeros(0, np.int32), np.zeros(0, np.int32))]
    index = graph.asset_index
    for start in range(0, graph.nodes, _BLOCK):
        nodes = np.arange(start, min(start + _BLOCK, graph.nodes), dtype=np.int32)
        walked = graph.views[Layer.ASSET].into.gather(nodes, moment, WALK)
        found.append((nodes[walked.position], walked.other))
        columns = graph.views[Layer.ASSET_COLUMNS].into.gather(nodes, moment, WALK)
        of_column = (index.kind_at[columns.other] == COLUMN) & (index.kind_at[nodes[columns.position]] != COLUMN)
        datasets = [index.dataset_of(each) for each in graph.asset_of[columns.other[of_column]].tolist()]
        with_node = graph.nodes_of(np.array(datasets, np.int32))
        found.append((nodes[columns.position[of_column]][with_node >= 0], with_node[with_node >= 0]))
        parts = graph.views[Layer.STRUCTURE].into.gather(nodes, moment)
        version, parent = parts.other, nodes[parts.position]
        kind = index.kind_at[version]
        of_model = (parts.relation == VERSION_OF) & (kind == MODEL_VERSION) & (index.kind_at[parent] == MODEL)
        of_dataset = (parts.relation == VERSION_OF) & (kind == _DATASET_VERSION) & (index.kind_at[parent] == DATASET)
        found.append((parent[of_model], version[of_model]))
        found.append((version[of_dataset], parent[of_dataset]))
    children, parents = (np.concatenate([each[side] for each in found]).astype(np.int32) for side in (0, 1))
    real = (index.kind_at[children] != HUB) | (index.kind_at[parents] != HUB)
    return children[real], parents[real]


@numba.njit(cache=True, nogil=True, inline="always")
def _hash(asset: int) -> int:
    value = np.uint64(asset) * np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return value ^ (value >> np.uint64(32))  # type: ignore[return-value] # compiled code returns the uint64 itself


@numba.njit(cache=True, nogil=True)
def _insert(sets: Ints, node: int, asset: int) -> bool:
    """Insert an asset into the set of a node, ordered by hash; return whether the set changed."""
    row = sets[node]
    most = len(row)
    place = 0
    while place < most and row[place] >= 0 and row[place] != asset and _hash(row[place]) < _hash(asset):
        place += 1
    if place == most or row[place] == asset:
        return False
    for later in range(most - 1, place, -1):
        row[later] = row[later - 1]
    row[place] = asset
    return True


@numba.njit(cache=True, nogil=True)
def _take(sets: Ints, node: int, parent: int) -> bool:
    """Add the set of a parent to that of a node; return whether this changed."""
    changed = False
    for asset in sets[parent]:
        if asset < 0:
            break
        if _insert(sets, node, asset):
            changed = True
    return changed


@numba.njit(cache=True, nogil=True)
def _visit(node: int, parents: Ints, leaves: Ints, inputs: Ints, assets: Ints, roles: Bytes) -> bool:
    """Recompute the sets of a node from its parents; return whether one changed."""
    changed = False
    for parent in parents:
        changed = _take(leaves, node, parent) or changed
        passed = roles[parent] == 0 or (roles[parent] == 2 and roles[node] == 3)
        if passed:
            changed = _take(inputs, node, parent) or changed
        elif assets[parent] != assets[node]:
            changed = _insert(inputs, node, assets[parent]) or changed
    return changed


@numba.njit(cache=True, nogil=True)
def _propagated(edges: _Edges, assets: Ints, roles: Bytes) -> tuple[Ints, Ints]:
    """Return the leaves and the direct inputs of each node."""
    count = len(assets)
    leaves, inputs = np.full((count, MOST), -1, np.int32), np.full((count, MOST), -1, np.int32)
    unsettled = _in_order(edges, assets, roles, leaves, inputs)
    _along_cycles(edges, assets, roles, leaves, inputs, unsettled)
    return leaves, inputs


@numba.njit(cache=True, nogil=True)
def _in_order(edges: _Edges, assets: Ints, roles: Bytes, leaves: Ints, inputs: Ints) -> Ints:
    """Compute the sets of nodes in topological order (Kahn 1962); return the nodes on cycles and below them."""
    up, parents, down, children = edges
    count = len(assets)
    waiting = np.empty(count, np.int32)
    queue = np.empty(count, np.int32)
    head, tail = 0, 0
    for node in range(count):
        waiting[node] = up[node + 1] - up[node]
        if waiting[node] == 0:
            queue[tail] = node
            tail += 1
    while head < tail:
        node = queue[head]
        head += 1
        _visit(node, parents[up[node] : up[node + 1]], leaves, inputs, assets, roles)
        if roles[node] > 0 and leaves[node, 0] < 0:
            leaves[node, 0] = assets[node]
        for child in children[down[node] : down[node + 1]]:
            waiting[child] -= 1
            if waiting[child] == 0:
                queue[tail] = child
                tail += 1
    return np.flatnonzero(waiting > 0).astype(np.int32)


@numba.njit(cache=True, nogil=True)
def _along_cycles(edges: _Edges, assets: Ints, roles: Bytes, leaves: Ints, inputs: Ints, unsettled: Ints) -> None:
    """Compute the sets of the other nodes: visit them until nothing changes.

    A cycle of data that nothing else feeds has a source of its own: that of its assets with the least number.
    """
    up, parents, down, children = edges
    count = len(assets)
    ring = np.empty(count, np.int32)
    queued = np.zeros(count, np.uint8)
    head, size = 0, len(unsettled)
    ring[:size] = unsettled
    queued[unsettled] = 1
    first = 0
    while True:
        while size:
            node = ring[head]
            head = (head + 1) % count
            size -= 1
            queued[node] = 0
            if _visit(node, parents[up[node] : up[node + 1]], leaves, inputs, assets, roles):
                size = _enqueue(children[down[node] : down[node + 1]], ring, queued, head, size)
        while first < len(unsettled) and (roles[unsettled[first]] == 0 or leaves[unsettled[first], 0] >= 0):
            first += 1
        if first == len(unsettled):
            return
        node = _source_of_cycle(unsettled[first], edges, assets, roles, leaves, unsettled)
        leaves[node, 0] = assets[node]
        size = _enqueue(children[down[node] : down[node + 1]], ring, queued, head, size)


@numba.njit(cache=True, nogil=True)
def _source_of_cycle(start: int, edges: _Edges, assets: Ints, roles: Bytes, leaves: Ints, unsettled: Ints) -> int:
    """Return the source of a cycle above `start`, or around it, that nothing feeds; all nodes above are without leaves."""
    up, parents, down, children = edges
    is_open = np.zeros(len(assets), np.uint8)
    for node in unsettled:
        is_open[node] = leaves[node, 0] < 0
    node = start
    while True:
        above = _reached(node, up, parents, is_open)
        is_above = np.zeros(len(assets), np.uint8)
        is_above[above] = 1
        below = _reached(node, down, children, is_above)
        if len(below) == len(above):  # all that is above is below too: the cycle
            found = -1
            for each in above:
                if roles[each] > 0 and (found < 0 or assets[each] < assets[found]):
                    found = each
            return start if found < 0 else found
        is_above[below] = 0
        node = np.flatnonzero(is_above)[0]


@numba.njit(cache=True, nogil=True)
def _reached(start: int, offsets: Longs, targets: Ints, allowed: Bytes) -> Ints:
    """Return the allowed nodes that edges lead to from `start`, with `start` if one leads back to it."""
    found = np.empty(len(allowed), np.int32)
    seen = np.zeros(len(allowed), np.uint8)
    count, place, node = 0, -1, start
    while True:
        for target in targets[offsets[node] : offsets[node + 1]]:
            if allowed[target] and not seen[target]:
                seen[target] = 1
                found[count] = target
                count += 1
        place += 1
        if place == count:
            return found[:count]
        node = found[place]


@numba.njit(cache=True, nogil=True)
def _enqueue(nodes: Ints, ring: Ints, queued: Bytes, head: int, size: int) -> int:
    """Append those of `nodes` that are not in the ring; return its new size."""
    for node in nodes:
        if not queued[node]:
            ring[(head + size) % len(ring)] = node
            queued[node] = 1
            size += 1
    return size
