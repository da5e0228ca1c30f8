"""Workflows and views that read given columns, by column lineage: what a change of a column breaks besides other columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.change_effects import Change, Effect, passed_effect
from mlgraph.graph.impact.predecessor_search import GivenStart
from mlgraph.graph.impact.traversal_steps import PositionKind, positions_of
from mlgraph.graph.model.rows import COLUMN, DATASET, HAS_COLUMN_LINEAGE, HUB, OUTPUTS, WALK, Layer
from mlgraph.graph.traversal.column_closures import column_steps, consumers_without_column_lineage, dataset_at


class ReachedColumn(NamedTuple):
    """A changed column, or one computed from it: the path to it from the root, the effect, and whether all steps are certain."""

    path: Sequence[int]
    effect: Effect
    certain: bool


class _DatasetReader(NamedTuple):
    """A workflow, or a dataset derived without one, that reads a dataset, and the datasets that it computes from its columns."""

    asset: int
    relation: int
    flags: int
    outputs: frozenset[int]


class ColumnReaders:
    """The readers of columns at `moment` (microseconds), of the asset level, by the column lineage of what they write."""

    def __init__(self, graph: GraphVersion, change: Change, moment: int) -> None:
        self._graph, self._change, self._moment = graph, change, moment
        self._known: dict[int, list[_DatasetReader]] = {}
        self.certain: set[int] = set()
        """The assets of all starts so far that are affected for certain: readers, and what they compute from the columns."""

    def starts(self, columns: Sequence[ReachedColumn]) -> Iterator[GivenStart]:
        """Yield the starts of a traversal: the readers of the columns, and the datasets that they compute from these.

        Where the shape changes, a reader that breaks breaks all that it writes; where values change, only what is computed from
        them changes, which the columns show already.
        """
        for column in columns:
            dataset = dataset_at(self._graph, column.path[-1], self._moment)
            computed = self._computed_from(column.path[-1]) if dataset else frozenset()
            for reader in self._readers(dataset) if computed else ():
                if reader.outputs & computed:
                    yield from self._through(column, reader, computed)

    def others(self, dataset: int) -> Iterator[GivenStart]:
        """Yield the readers of a dataset of which no column lineage is known: they may read any of its columns."""
        rows = consumers_without_column_lineage(self._graph, dataset, "downstream", Layer.ASSET, self._moment)
        for key, relation, flags in rows:
            node = self._graph.asset_index.find(key)
            effect = passed_effect(self._change, Effect.CHANGED, relation, flags, self._graph.asset_index.kind(key.asset))
            if effect is not None and node is not None and node < self._graph.nodes:
                yield GivenStart((dataset, key.asset), effect, (node,))

    def _through(self, column: ReachedColumn, reader: _DatasetReader, computed: frozenset[int]) -> Iterator[GivenStart]:
        graph = self._graph
        kind = graph.asset_index.kind(reader.asset)
        effect = passed_effect(self._change, column.effect, reader.relation, reader.flags, kind)
        if effect is None:
            return
        path = (*column.path, reader.asset)
        passes_on = self._change != "values"
        yield GivenStart(path, effect, self._nodes(reader.asset) if passes_on else ())
        if column.certain:
            self.certain.add(reader.asset)
        for output in sorted(reader.outputs & computed):
            after = passed_effect(self._change, effect, OUTPUTS, 0, DATASET)
            if column.certain:
                self.certain.add(output)
            if after is not None and output != reader.asset:
                yield GivenStart((*path, output), after, ())

    def _nodes(self, asset: int) -> tuple[int, ...]:
        return tuple(number for place, number in positions_of(self._graph, asset) if place == PositionKind.NODE)

    def _computed_from(self, column: int) -> frozenset[int]:
        """Return the datasets with a column that is computed from this one."""
        graph = self._graph
        steps = column_steps(graph, graph.views[Layer.ASSET_COLUMNS].out, column, self._moment)
        targets = [other for other, _ in steps if graph.asset_index.kind(other) == COLUMN]
        return frozenset(dataset_at(graph, target, self._moment) for target in targets) - {0}

    def _readers(self, dataset: int) -> list[_DatasetReader]:
        """Return the readers of a dataset with column lineage."""
        known = self._known.get(dataset)
        if known is None:
            known = self._known[dataset] = list(self._read_by(dataset))
        return known

    def _read_by(self, dataset: int) -> Iterator[_DatasetReader]:
        graph = self._graph
        node = graph.find(dataset)
        found: dict[int, tuple[int, int, set[int]]] = {}
        rows = graph.views[Layer.ASSET].out.rows_of(node, self._moment) if node is not None else ()
        writers: dict[int, list[int]] = defaultdict(list)
        for other, relation, flags, _ in rows:
            if not flags & WALK or graph.asset_index.kind_at[other] == HUB:
                continue
            asset = int(graph.asset_of[other])
            if graph.asset_index.kind(asset) == DATASET:
                yield _DatasetReader(asset, relation, flags, frozenset({asset}))
            elif flags & HAS_COLUMN_LINEAGE or not graph.port_of[other]:
                found.setdefault(asset, (relation, flags, set()))
                writers[asset].append(other)
        for asset, (relation, flags, outputs) in found.items():
            for writer in writers[asset]:
                gathered = graph.views[Layer.ASSET].out.gather(np.array([writer], np.int32), self._moment, WALK)
                outputs.update(graph.asset_of[gathered.other[gathered.relation == OUTPUTS]].tolist())
            yield _DatasetReader(asset, relation, flags, frozenset(outputs))
