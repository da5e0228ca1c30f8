"""Compaction: merges the base and overlay of a published graph into a new base. No answer changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlgraph.graph.csr.assemble import Allocate, Arcs, AssetArrays, DisplayAttributeArrays, assemble
from mlgraph.graph.csr.asset_index import AssetIndex
from mlgraph.graph.csr.base import Base, BaseTable
from mlgraph.graph.csr.csr_table import Arc
from mlgraph.graph.csr.patches import merge_patches
from mlgraph.graph.csr.row_format import TO_MASK, Arrays
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.graph.csr.text.string_index import Strings
from mlgraph.graph.csr.text.text_arena import Pieces
from mlgraph.graph.model.rows import Ints

_ROWS_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class FrozenGraph:
    """The input of a compaction: a published graph version, and by table the rows of `MutableGraph.added`."""

    snapshot: GraphVersion
    assets: int
    added: list[Mapping[int, list[Arc]]]


def freeze(graph: MutableGraph) -> FrozenGraph:
    """Return the current graph for `compact`. To be called by the writer's thread, between two publications."""
    return FrozenGraph(graph.snapshot, len(graph.asset_index), graph.added())


def compact(frozen: FrozenGraph, allocate: Allocate = np.zeros) -> Base:
    """Return a new base with the contents of the frozen graph. The graph itself may change meanwhile."""
    snapshot, asset_index = frozen.snapshot, frozen.snapshot.asset_index
    numbers = np.arange(frozen.assets, dtype=np.int32)
    is_port = np.flatnonzero(snapshot.port_of[: snapshot.nodes])
    out_of_base = snapshot.asset_of[: snapshot.nodes].copy()
    out_of_base[is_port] = frozen.assets + np.arange(len(is_port), dtype=np.int32)
    ports = np.column_stack([snapshot.asset_of[is_port], snapshot.port_of[is_port]]).astype(np.int64)
    base = asset_index.base
    tables = [
        _arcs(old, arrays, computed, out_of_base)
        for old, arrays, computed in zip(
            (base.lineage, base.column_lineage, base.structure), snapshot.downstream, frozen.added, strict=True
        )
    ]
    fresh = range(base.assets, frozen.assets)
    datasets = np.concatenate([base.dataset, np.fromiter(map(asset_index.dataset_of, fresh), np.int32, len(fresh))])
    return assemble(
        AssetArrays(_uris(asset_index, frozen.assets), asset_index.kinds(numbers), datasets, asset_index.workflows_of(numbers)),
        ports,
        tables,
        _changed_attributes(asset_index, frozen.assets),
        snapshot.watermark,
        allocate,
    )


def _uris(asset_index: AssetIndex, assets: int) -> Strings:
    base = asset_index.base.uris
    fresh = Pieces.of((asset_index.uri(asset) for asset in range(len(base), assets)), raw=True)
    offsets = np.concatenate([base.offsets, fresh.offsets[1:] + base.offsets[-1]])
    return Strings(offsets, np.concatenate([base.data, fresh.data]))


def _changed_attributes(asset_index: AssetIndex, assets: int) -> DisplayAttributeArrays:
    arrays = DisplayAttributeArrays(assets, asset_index.base)
    for asset, attributes in asset_index.changed_attributes():
        if asset < assets:
            arrays.set(asset, attributes)
    return arrays


def _arcs(base: BaseTable, arrays: Arrays, computed: Mapping[int, list[Arc]], out_of_base: Ints) -> Arcs:
    """Return all rows of a table with the runs and workflows that they are computed from."""
    arcs = Arcs()
    patched, mask_index, masked, add_index, added = merge_patches(arrays.older, arrays.newer)
    del mask_index
    owner = np.zeros(len(arrays.rows), np.int32)
    owner[base.owned] = base.owner
    retain = np.ones(len(arrays.rows), np.bool_)
    retain[masked] = False
    nodes = (len(arrays.indptr) - 1) // 3
    sources = np.repeat(np.arange(nodes, dtype=np.int32), np.diff(arrays.indptr[::3]))
    for low in range(0, len(retain), _ROWS_AT_ONCE):
        retained = low + np.flatnonzero(retain[low : low + _ROWS_AT_ONCE])
        rows = arrays.rows[retained]
        arcs.extend(out_of_base[sources[retained]], out_of_base[rows[:, 0] & TO_MASK], rows, owner[retained])
    owners: dict[tuple[int, int, int, int], list[int]] = {}
    for group, arcs_of_group in computed.items():
        for arc in arcs_of_group:
            owners.setdefault((arc.source, *arc.packed(arc.target)), []).append(group)
    near = np.repeat(patched, np.diff(add_index))
    for source, row in zip(near.tolist(), added.tolist(), strict=True):
        row_owners = owners.get((source, *row))
        ends = int(out_of_base[source]), int(out_of_base[row[0] & TO_MASK])
        arcs.add([(*ends, *row, row_owners.pop() if row_owners else 0)])
    return arcs
