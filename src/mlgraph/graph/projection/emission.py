"""Emits the rows of one run or workflow: listed edges, traversed ports and column edges, from its sides and pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from mlgraph.graph.model.rows import CERTAIN, DERIVES, HAS_COLUMN_LINEAGE, INPUT_TO, OUTPUTS, SHOW, WALK, Layer, NodeKey, Row
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.histories import Assets
from mlgraph.graph.projection.port_pairs import Pair, Pairs, PortInputs
from mlgraph.graph.projection.sides import Sides

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

    def rows(self, pairs: Pairs) -> list[Row]:
        """Return the rows of listed edges, traversed ports and column edges."""
        me = NodeKey(self._asset)
        ports = [self._restricted(port_inputs) for port_inputs in pairs.ports]
        has_columns = any(reporter.columns for decided in pairs.decided.values() for _, _, reporter in decided)
        uses_ports = has_columns or not self._is_complete(ports)
        for (source, _role), origins in self._sides.inputs.items():
            node = self._nodes[source] = NodeKey(source)
            uncertain = self._sides.uncertain.get(source, [])
            for origin, spans in origins.items():
                self._emit(node, INPUT_TO, me, origin, subtract(spans, uncertain), _ALL_FLAGS)
                self._emit(node, INPUT_TO, me, origin, intersect(spans, uncertain) if uncertain else [], WALK | SHOW)
        flags = SHOW | CERTAIN if uses_ports else _ALL_FLAGS
        for output, origins in self._sides.outputs.items():
            node = self._nodes[output] = NodeKey(output)
            for origin, spans in origins.items():
                self._emit(me, OUTPUTS, node, origin, spans, flags)
        if uses_ports:
            columned = self._emit_columns(pairs, ports) if pairs.decided else {}
            for port_inputs in ports:
                self._emit_port(port_inputs, columned)
        return self._rows

    def _restricted(self, port_inputs: PortInputs) -> PortInputs:
        """Return the pairs while their input edges are valid; a pair is possible while its input edge is."""
        reads, uncertain = self._sides.reads, self._sides.uncertain
        sources: dict[int, Pair] = {}
        for source, pair in port_inputs.sources.items():
            read = reads.get(source)
            if not read:
                continue
            certain = intersect(pair.certain, read) if pair.certain else []
            possible = intersect(pair.possible, read) if pair.possible else []
            if source in uncertain and certain:
                possible = union([*possible, *intersect(certain, uncertain[source])])
                certain = subtract(certain, uncertain[source])
            if certain or possible:
                sources[source] = Pair(certain, possible)
        return PortInputs(port_inputs.outputs, sources)

    def _is_complete(self, ports: Sequence[PortInputs]) -> bool:
        """Return whether each input feeds each output for certain, so that the workflow needs no port."""
        if len(ports) != 1:
            return not ports
        sources, reads = ports[0].sources, self._sides.reads
        return len(sources) == len(reads) and all(
            not pair.possible and pair.certain == reads[source] for source, pair in sources.items()
        )

    def _emit(self, source: NodeKey, relation: int, target: NodeKey, origin: int, spans: Spans, flags: int) -> None:
        for start, end in spans:
            self._rows.append(Row(self._layer, source, relation, target, origin, start, end, flags))

    def _emit_port(self, port_inputs: PortInputs, columned: _Columned) -> None:
        """Emit the rows into and out of the port of outputs with the same inputs; one with column lineage has its own port."""
        writes = self._sides.writes
        first, *others = port_inputs.outputs
        port = NodeKey(self._asset, min(port_inputs.outputs))
        by_source = columned.get(first, {}) if not others else {}
        known = union(span for spans in by_source.values() for span in spans) if by_source else []
        for output in port_inputs.outputs:
            self._emit_split(port, OUTPUTS, self._nodes[output], writes[output], known, WALK | CERTAIN)
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

    def _emit_columns(self, pairs: Pairs, ports: Sequence[PortInputs]) -> _Columned:
        """Emit each column edge while its reporter decides its output; return when each pair has column edges."""
        layer = Layer.ASSET_COLUMNS if self._layer == Layer.ASSET else Layer.RUN_COLUMNS
        dataset_of, writes = self._assets.dataset_of, self._sides.writes
        columned: dict[int, dict[int, Spans]] = defaultdict(lambda: defaultdict(list))
        sources_of = {output: port_inputs.sources for port_inputs in ports for output in port_inputs.outputs}
        for output, decided in pairs.decided.items():
            gathered: dict[tuple[int, int, int, int], list[tuple[int, int]]] = defaultdict(list)
            for start, end, reporter in decided:
                for column in reporter.columns:
                    if dataset_of(column.record.target) == output and max(start, column.start) < min(end, column.end):
                        key = (column.source, column.record.target, column.record.origin, column.dataset)
                        gathered[key].append((max(start, column.start), min(end, column.end)))
            for (left, right, origin, source), spans in gathered.items():
                pair = sources_of[output].get(source)
                if pair is None:
                    continue
                valid = intersect(intersect(union(spans), union([*pair.certain, *pair.possible])), writes[output])
                for start, end in valid:
                    self._rows.append(Row(layer, NodeKey(left), DERIVES, NodeKey(right), origin, start, end, _ALL_FLAGS))
                columned[output][source].extend(valid)
        return columned
