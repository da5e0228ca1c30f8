"""The edges of one asset as the graph holds them, with their spans and origins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from mlgraph.graph.kernels import EVER
from mlgraph.graph.layer import Direction
from mlgraph.graph.rows import SHOW, Layer
from mlgraph.graph.snapshot import Snapshot

Triple = tuple[int, int, int]
_BLOCK: Final = 65_536


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
    for start in range(0, graph.nodes, _BLOCK):
        nodes = np.arange(start, min(start + _BLOCK, graph.nodes), dtype=np.int32)
        nodes = nodes[graph.port_of[nodes] == 0]
        rows = graph.views[layer].out.gather(nodes, EVER, SHOW)
        sources, targets = graph.asset_of[nodes[rows.position]].tolist(), graph.asset_of[rows.other].tolist()
        columns = (rows.relation, rows.origin, rows.start, rows.end)
        told = zip(sources, targets, *(column.tolist() for column in columns), strict=True)
        for source, target, relation, origin, begun, ended in told:
            yield Span((source, relation, target), origin, begun, ended)


def _shown(rows: Direction, node: int) -> Iterator[tuple[int, int, int, int, int]]:
    for other, relation, flags, origin, start, end in rows.every_row_of(node):
        if flags & SHOW:
            yield other, relation, origin, start, end
