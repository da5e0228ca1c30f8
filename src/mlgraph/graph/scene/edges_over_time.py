"""The edges between the assets of closures over all time, as the answer of lineage lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlgraph.graph.csr.grouping_kernel import places_among
from mlgraph.graph.csr.row_format import EVER
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import SHOW, VERSION_OF, Bools, Bytes, Ints, Layer, Longs
from mlgraph.graph.scene.all_time import AllTimeClosure, TimedArcs

_PART: Final = 0
"""In place of the relation of a part to its parent, of which there is one between two assets."""
_PLACE_BITS, _RELATION_BITS = 27, 8
"""Bits of a position and of a relation in the key of an edge."""


@dataclass(frozen=True, slots=True)
class TimedEdges:
    """Rows of edges as columns, each valid in [start, end). `source` and `target` are positions of assets.

    Rows with the same `number` int64[rows] (below `many`) are of the same edge: reported by several origins, or in several
    intervals.
    """

    source: Ints
    target: Ints
    number: Longs
    many: int
    start: Longs
    end: Longs


def edges_over_time(
    graph: GraphVersion, level: Layer, closures: Sequence[AllTimeClosure], assets: Ints, drawn: Bools, until: int
) -> TimedEdges:
    """Return the edges between those of `assets` (ascending numbers) that are `drawn`, of the time up to `until`."""
    nodes = graph.nodes_of(assets)
    own = np.flatnonzero(drawn & (nodes >= 0)).astype(np.int32)
    rows = graph.views[level].out.gather(nodes[own], EVER, SHOW).up_to(until)
    found = [(own[rows.position], places_among(assets, graph.asset_of[rows.other]), rows.relation, rows.start, rows.end)]
    for closure in closures:
        place = places_among(assets, closure.assets)
        parts = closure.arcs.take((closure.arcs.source < closure.starts) & (closure.arcs.target < closure.starts))
        found.append(_of_arcs(parts, place[closure.vertex_asset], _PART))
        found.append(_of_arcs(closure.models, place, VERSION_OF))
    source, target, relation, start, end = (np.concatenate(column) for column in zip(*found, strict=True))
    between = (target >= 0) & drawn[source] & drawn[target]
    source, target, relation = source[between], target[between], relation[between]
    keys = (source.astype(np.int64) << _PLACE_BITS | target) << _RELATION_BITS | relation
    distinct, number = np.unique(keys, return_inverse=True)
    return TimedEdges(source, target, number.astype(np.int64), len(distinct), start[between], end[between])


def _of_arcs(arcs: TimedArcs, place: Ints, relation: int) -> tuple[Ints, Ints, Bytes, Longs, Longs]:
    """Return arcs as columns of edges; place[i] is the position of the asset at an end `i`."""
    return place[arcs.source], place[arcs.target], np.full(len(arcs.source), relation, np.uint8), arcs.start, arcs.end
