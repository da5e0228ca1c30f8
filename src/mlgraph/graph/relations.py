"""The edges of one asset as the graph holds them, with their spans and origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mlgraph.graph.layer import Direction
from mlgraph.graph.rows import SHOW, Layer
from mlgraph.graph.snapshot import Snapshot

Triple = tuple[int, int, int]


class Span(NamedTuple):
    """One origin's record of an edge, for [start, end)."""

    triple: Triple
    origin: int
    start: int
    end: int


def spans_at(graph: Snapshot, asset: int, layers: tuple[Layer, ...], *, out: bool, into: bool) -> Iterator[Span]:
    """Yield every record, of whatever time, of the edges in `layers` that lead from (`out`) or to (`into`) the asset."""
    node = graph.find(asset)
    if node is None:
        return
    for layer in layers:
        view = graph.views[layer]
        if out:
            for other, relation, origin, start, end in _shown(view.out, node):
                yield Span((asset, relation, int(graph.asset_of[other])), origin, start, end)
        if into:
            for other, relation, origin, start, end in _shown(view.into, node):
                yield Span((int(graph.asset_of[other]), relation, asset), origin, start, end)


def spans_everywhere(graph: Snapshot, layer: Layer) -> Iterator[Span]:
    """Yield every record of every edge in `layer`."""
    rows = graph.views[layer].out
    for node in range(graph.nodes):
        if graph.port_of[node]:
            continue
        for other, relation, origin, start, end in _shown(rows, node):
            yield Span((int(graph.asset_of[node]), relation, int(graph.asset_of[other])), origin, start, end)


def _shown(rows: Direction, node: int) -> Iterator[tuple[int, int, int, int, int]]:
    if node < len(rows.indptr) - 1:
        a, b = int(rows.indptr[node]), int(rows.indptr[node + 1])
        for row in (np.flatnonzero((rows.flags[a:b] & SHOW != 0) & (rows.dead[a:b] == 0)) + a).tolist():
            yield (
                int(rows.to[row]),
                int(rows.relation[row]),
                int(rows.origin[row]),
                int(rows.start[row]),
                int(rows.end[row]),
            )
    if node < len(rows.patched) and rows.patched[node]:
        slot = int(np.searchsorted(rows.nodes, node))
        for row in range(int(rows.optr[slot]), int(rows.optr[slot + 1])):
            if rows.oflags[row] & SHOW:
                yield (
                    int(rows.oto[row]), int(rows.orelation[row]), int(rows.oorigin[row]), int(rows.ostart[row]),
                    int(rows.oend[row]),
                )  # fmt: skip
