"""Emits the rows of one run or workflow: listed edges, traversed ports and column edges, from its sides and pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from mlgraph.domain.history import EdgeRecord
from mlgraph.graph.model.rows import CERTAIN, DERIVES, HAS_COLUMN_LINEAGE, INPUT_TO, OUTPUTS, SHOW, WALK, Layer, NodeKey, Row
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.histories import Assets
from mlgraph.graph.projection.port_pairs import Decision, PortInputs, Sides, segments_of

Column = tuple[int, int, EdgeRecord]
"""The start, end and record of a column edge that a run or declaration reported."""
_ALL_FLAGS = WALK | SHOW | CERTAIN
_Columned = Mapping[int, Mapping[int, Spans]]
"""By output and input, the spans in which column lineage between the two is known."""


class RowEmitter:
    """Emits the rows of one workflow or run in one layer."""

    def __init__(self, asset: int, layer: Layer, assets: Assets, sides: Sides) -> None:
        self._asset = asset
        self._nodes: dict[int, NodeKey] = {}
        self._layer = layer
        self._assets = assets
        self._sides = sides
        self._rows: list[Row] = []

    def rows(
        self,
        decisions: Mapping[int, list[Decision]],
        columns: Mapping[int, Sequence[Column]],
        ports: Callable[[], Iterable[PortInputs]],
    ) -> list[Row]:
        """Return the rows of listed edges, traversed ports and column edges.

        `columns` has column edges by their reporter: a run, or 0 for declarations. `ports` computes the inputs of each output;
        it is called only if ports are needed.
        """
        me = NodeKey(self._asset)
        uses_ports = self._needs_ports(decisions)
        for (source, _role), origins in self._sides.inputs.items():
            node = self._nodes[source] = NodeKey(source)
            for origin, spans in origins.items():
                self._emit(node, INPUT_TO, me, origin, spans, _ALL_FLAGS)
        flags = SHOW if uses_ports else _ALL_FLAGS
        for output, origins in self._sides.outputs.items():
            node = self._nodes[output] = NodeKey(output)
            for origin, spans in origins.items():
                self._emit(me, OUTPUTS, node, origin, spans, flags)
        if uses_ports:
            columned = self._emit_columns(decisions, columns) if decisions else {}
            for port_inputs in ports():
                self._emit_port(port_inputs, columned)
        return self._rows

    def _needs_ports(self, decisions: Mapping[int, list[Decision]]) -> bool:
        return len(self._sides.outputs) > 1 or self._sides.has_held_out or any(decisions.values())

    def _emit(self, source: NodeKey, relation: int, target: NodeKey, origin: int, spans: Spans, flags: int) -> None:
        for start, end in spans:
            self._rows.append(Row(self._layer, source, relation, target, origin, start, end, flags))

    def _emit_port(self, port_inputs: PortInputs, columned: _Columned) -> None:
        """Emit the rows into and out of the port of outputs with the same inputs; one with column lineage has its own port."""
        writes = self._sides.writes
        port = NodeKey(self._asset, min(port_inputs.outputs))
        by_source = columned.get(port.port, {})
        known = union(span for spans in by_source.values() for span in spans) if by_source else []
        for output in port_inputs.outputs:
            self._emit_split(port, OUTPUTS, self._nodes[output], writes[output], known, WALK | CERTAIN)
        first, *others = port_inputs.outputs
        written = union(span for output in port_inputs.outputs for span in writes[output]) if others else writes[first]
        for source, pair in port_inputs.sources.items():
            node, known = self._nodes[source], union(by_source[source]) if source in by_source else []
            self._emit_split(node, INPUT_TO, port, intersect(pair.certain, written), known, WALK | CERTAIN)
            if pair.possible:
                self._emit_split(node, INPUT_TO, port, intersect(pair.possible, written), known, WALK)

    def _emit_split(self, source: NodeKey, relation: int, target: NodeKey, spans: Spans, known: Spans, flags: int) -> None:
        """Emit computed rows, flagged `HAS_COLUMN_LINEAGE` in the spans in which column lineage is `known`."""
        if known:
            self._emit(source, relation, target, 0, intersect(spans, known), flags | HAS_COLUMN_LINEAGE)
            spans = subtract(spans, known)
        self._emit(source, relation, target, 0, spans, flags)

    def _emit_columns(self, decisions: Mapping[int, list[Decision]], columns: Mapping[int, Sequence[Column]]) -> _Columned:
        """Emit each column edge while its reporter decides its output; return when each pair has column edges."""
        layer = Layer.ASSET_COLUMNS if self._layer == Layer.ASSET else Layer.RUN_COLUMNS
        dataset_of = self._assets.dataset_of
        gathered: dict[tuple[int, int, int, int, int], list[tuple[int, int]]] = defaultdict(list)
        for output, decided in decisions.items():
            for start, end, decision in segments_of(decided):
                if decision is None or decision.inputs is None:
                    continue
                for reported, until, column in columns.get(decision.by, ()):
                    if dataset_of(column.target) == output:
                        key = (column.source, column.target, column.origin, dataset_of(column.source), output)
                        gathered[key].append((max(start, reported), min(end, until)))
        reads, writes = self._sides.reads, self._sides.writes
        columned: dict[int, dict[int, Spans]] = defaultdict(lambda: defaultdict(list))
        for (left, right, origin, source, output), spans in gathered.items():
            valid = intersect(union(spans), intersect(writes.get(output, []), reads.get(source, [])))
            for start, end in valid:
                self._rows.append(Row(layer, NodeKey(left), DERIVES, NodeKey(right), origin, start, end, _ALL_FLAGS))
            columned[output][source].extend(valid)
        return columned
