"""Cold runs: those whose run-level rows a base leaves out. They are in the store alone, and are read from it for one answer.

A base says by asset (`Base.cold`) which runs are cold, and which assets they read and write. A run of which more was told since
the base was made has all its rows in the overlay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from mlgraph.graph.assemble import Arcs
from mlgraph.graph.layer import Arc
from mlgraph.graph.overlay import Overlay
from mlgraph.graph.rows import RUN, Bools, Bytes, Ints, Layer, Longs, Row
from mlgraph.graph.snapshot import Snapshot, arcs_of, views_of

COLD: Final = 1
"""The asset is a run, and its rows are left out."""
READ_BY_COLD: Final = 2
"""A cold run reads the asset, or once did."""
WRITTEN_BY_COLD: Final = 4
"""A cold run writes the asset, or once did."""


def leave_out(tables: Sequence[Arcs], kinds: Bytes, before: Bytes, runs: Ints) -> Bytes:
    """Take the rows of `runs` out of `tables` and return the flags by asset; those of `before` hold on.

    Nothing is returned (length 0) where no run is cold. In `tables` asset `a` is node `a`, as `assemble` takes them.
    """
    if not len(before) and not len(runs):
        return np.zeros(0, np.uint8)
    cold = np.zeros(len(kinds), np.uint8)
    cold[: len(before)] = before
    leaving = np.zeros(len(kinds), np.bool_)
    leaving[runs] = True
    for table in tables:
        for sources, targets in table.drop(leaving):
            for ends, flag in ((sources, READ_BY_COLD), (targets, WRITTEN_BY_COLD)):
                assets = ends[ends < len(kinds)]
                cold[assets[kinds[assets] != RUN]] |= flag
    for table in tables:  # of these something was told since they were left out
        for _, _, owners in table.ends():
            cold[owners] &= ~np.uint8(COLD)
    cold[runs] |= COLD
    return cold


def without_rows(tables: Sequence[Arcs], cold: Bytes, ports: Longs) -> Bools:
    """Say of each asset, and then of each port, whether it is of a cold run and no row touches it."""
    owner = np.concatenate([np.arange(len(cold)), ports[:, 0]])
    absent: Bools = cold[owner] & COLD != 0
    for table in tables:
        for sources, targets, _ in table.ends():
            absent[sources] = False
            absent[targets] = False
    return absent


def rows_are_in(graph: Snapshot, run: int) -> bool:
    """Say whether a run that the base leaves out is in the graph all the same: its rows are there all together, or none is."""
    node = graph.find(run)
    view = graph.views[Layer.RUN]
    return node is not None and any(any(True for _ in rows.every_row_of(node)) for rows in (view.out, view.into))


class WithRuns:
    """A published graph with the rows of more runs. What was published stays as it is."""

    def __init__(self, graph: Snapshot) -> None:
        self._graph = graph
        self._registry = graph.registry.apart(graph.nodes)
        self._tables = [
            (Overlay.over(view.out.arrays), Overlay.over(view.into.arrays))
            for view in (graph.views[Layer.RUN], graph.views[Layer.RUN_COLUMNS])
        ]
        self.added: list[dict[int, list[Arc]]] = [{}, {}, {}]
        """The rows by table and run, as `compact` takes them."""

    def add(self, run: int, rows: Iterable[Row]) -> None:
        """Put in all rows of a run."""
        for table, arcs in enumerate(arcs_of(self._registry, rows)):
            self.added[table][run] = arcs
            for arc in arcs:
                out, into = self._tables[table]
                out.add(arc.source, arc.packed(arc.target))
                into.add(arc.target, arc.packed(arc.source))

    def snapshot(self) -> Snapshot:
        """Return the graph with what was added so far."""
        structure = self._graph.views[Layer.STRUCTURE]
        arrays = [(out.publish(), into.publish()) for out, into in self._tables]
        arrays.append((structure.out.arrays, structure.into.arrays))
        registry = self._registry
        return replace(
            self._graph, registry=registry, views=views_of(arrays), downstream=[out for out, _ in arrays],
            asset_of=registry.asset_of, port_of=registry.port_of, nodes=registry.nodes,
        )  # fmt: skip
