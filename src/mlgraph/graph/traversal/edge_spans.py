"""Validity intervals of asserted and of inferred edges, read from the graph for one asset or for a range of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from mlgraph.domain import deadlines
from mlgraph.graph.csr.csr_table import DirectedRows, Gathered
from mlgraph.graph.csr.row_format import EVER
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import CERTAIN, FIRST_RULE_ORIGIN, SHOW, WALK, WORKFLOW, Bools, Ints, Layer

Triple = tuple[int, int, int]
_BLOCK: Final = 65_536


class Span(NamedTuple):
    """An interval [start, end) during which one origin asserts an edge, and whether the edge is certain then."""

    triple: Triple
    origin: int
    start: int
    end: int
    certain: bool = True


def spans_at(graph: GraphVersion, asset: int, layers: tuple[Layer, ...], *, out: bool, into: bool) -> Iterator[Span]:
    """Yield the intervals, of any time, of asserted edges in `layers` from the asset (`out`) and to the asset (`into`)."""
    return (span for span in _spans(graph, asset, layers, out=out, into=into) if span.origin < FIRST_RULE_ORIGIN)


def inferred_spans_at(graph: GraphVersion, asset: int) -> Iterator[Span]:
    """Yield the intervals, of any time, of the inferred edges that traversals follow from and to the asset."""
    if not graph.rule_origins:
        return iter(())
    found = _spans(graph, asset, (Layer.ASSET,), out=True, into=True)
    return (span for span in found if span.origin >= FIRST_RULE_ORIGIN)


def _spans(graph: GraphVersion, asset: int, layers: tuple[Layer, ...], *, out: bool, into: bool) -> Iterator[Span]:
    node = graph.find(asset)
    if node is None:
        return
    for layer in layers:
        view = graph.views[layer]
        if out:
            for other, relation, origin, start, end, certain in _shown(view.out, node):
                yield Span((asset, relation, int(graph.asset_of[other])), origin, start, end, certain)
        if into:
            for other, relation, origin, start, end, certain in _shown(view.into, node):
                yield Span((int(graph.asset_of[other]), relation, asset), origin, start, end, certain)


def spans_touched(graph: GraphVersion, layer: Layer, after: int, upto: int) -> Iterator[Span]:
    """Yield all intervals of each asserted edge in `layer` that has one which begins or ends in (`after`, `upto`]."""
    return (span for span in _spans_touched(graph, layer, after, upto) if span.origin < FIRST_RULE_ORIGIN)


def inferred_spans_touched(graph: GraphVersion, after: int, upto: int) -> Iterator[Span]:
    """Yield all intervals of each walked inferred edge that has one which begins or ends in (`after`, `upto`]."""
    if not graph.rule_origins:
        return iter(())
    return (span for span in _spans_touched(graph, Layer.ASSET, after, upto) if span.origin >= FIRST_RULE_ORIGIN)


def _spans_touched(graph: GraphVersion, layer: Layer, after: int, upto: int) -> Iterator[Span]:
    for nodes, rows in _blocks(graph, layer, SHOW):
        targets = graph.asset_of[rows.other]
        edges = rows.position.astype(np.int64) << 40 | rows.relation.astype(np.int64) << 32 | targets
        chosen = np.flatnonzero(np.isin(edges, np.unique(edges[_touched(rows, after, upto)])))
        sources = graph.asset_of[nodes[rows.position]]
        columns = (sources, targets, rows.relation, rows.origin, rows.start, rows.end)
        rows_of_node = zip(*(column[chosen].tolist() for column in columns), strict=True)
        for source, target, relation, origin, start, ended in rows_of_node:
            yield Span((source, relation, target), origin, start, ended)


def workflows_touched(graph: GraphVersion, after: int, upto: int) -> set[int]:
    """Return the workflows whose pairs of inputs and outputs, at the asset level, may differ between `after` and `upto`."""
    found: set[int] = set()
    for nodes, rows in _blocks(graph, Layer.ASSET, WALK):
        chosen = _touched(rows, after, upto)
        for ends in (nodes[rows.position[chosen]], rows.other[chosen]):
            assets = np.unique(graph.asset_of[ends])
            found.update(assets[graph.asset_index.kinds(assets) == WORKFLOW].tolist())
    return found


def _blocks(graph: GraphVersion, layer: Layer, need: int) -> Iterator[tuple[Ints, Gathered]]:
    """Yield blocks of nodes with all their rows in `layer` that have the flags of `need`; ports are left out for `SHOW`."""
    for start in range(0, graph.nodes, _BLOCK):
        deadlines.raise_if_exceeded()
        nodes = np.arange(start, min(start + _BLOCK, graph.nodes), dtype=np.int32)
        if need == SHOW:
            nodes = nodes[graph.port_of[nodes] == 0]
        yield nodes, graph.views[layer].out.gather(nodes, EVER, need)


def _touched(rows: Gathered, after: int, upto: int) -> Bools:
    """Return of each row whether it begins or ends after `after`, up to and including `upto`."""
    touched: Bools = (rows.start > after) & (rows.start <= upto) | (rows.end > after) & (rows.end <= upto)
    return touched


def _shown(rows: DirectedRows, node: int) -> Iterator[tuple[int, int, int, int, int, bool]]:
    for other, relation, flags, origin, start, end in rows.every_row_of(node):
        if flags & SHOW:
            yield other, relation, origin, start, end, bool(flags & CERTAIN)
