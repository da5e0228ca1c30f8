"""The diff of asserted edges: their validity at two moments, under the names of each moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from mlgraph.domain import deadlines
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import ALIAS_OF, Layer
from mlgraph.graph.traversal.edge_spans import Span, spans_at, spans_touched
from mlgraph.ports.store import BoundaryChanges, FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.common.moments import NEVER_VALID, Moments, Triple, ValidityChange
from mlgraph.services.history.alias_table import intervals_under_names
from mlgraph.services.history.asserted_facts import UNWALKED

_ALL_LAYERS: Final = (Layer.ASSET, Layer.RUN, Layer.ASSET_COLUMNS, Layer.RUN_COLUMNS, Layer.STRUCTURE)
_DIFF_LAYERS: Final = (Layer.ASSET, Layer.ASSET_COLUMNS, Layer.STRUCTURE)
"""Layers of a diff of all assets. The run level, where each run has edges of its own, is part of diffs of single assets only."""


class AssertedEdgeDiff:
    """Computes diffs of asserted edges for one version of the graph and two moments."""

    def __init__(self, reader: FactReader, graph: GraphVersion, moments: Moments) -> None:
        self._reader = reader
        self._graph = graph
        self._moments = moments

    def around(self, assets: Collection[int]) -> dict[Triple, ValidityChange]:
        """Return the validity of all edges of `assets`, at both levels."""
        names = {name for asset in assets for name in self._graph.aliases.names_of(asset)}
        found: dict[Triple, ValidityChange] = {}
        for asset in assets:
            self._add(found, spans_at(self._graph, asset, _ALL_LAYERS, out=True, into=True))
        records = (*self._reader.edges_from(names, UNWALKED), *self._reader.edges_into(names, UNWALKED))
        self._add_unwalked(found, {record.triple for record in records})
        return {triple: validity for triple, validity in found.items() if triple[0] in assets or triple[2] in assets}

    def everywhere(self, touched: BoundaryChanges, moved: Collection[int]) -> dict[Triple, ValidityChange]:
        """Return the asset-level edges that may differ. `moved`: names that resolve to another asset at the other moment."""
        found: dict[Triple, ValidityChange] = {}
        for layer in _DIFF_LAYERS:
            self._add(found, spans_touched(self._graph, layer, *self._moments.span))
        triples = {triple for triple in touched.edges if triple[1] in UNWALKED}
        names = {name for asset in touched.retracted for name in self._graph.aliases.names_of(asset)} | set(moved)
        for part in chunks(names):
            deadlines.raise_if_exceeded()
            records = (*self._reader.edges_from(part, UNWALKED), *self._reader.edges_into(part, UNWALKED))
            triples.update(record.triple for record in records)
        self._add_unwalked(found, triples)
        return found

    def of(self, triples: Collection[Triple]) -> dict[Triple, ValidityChange]:
        """Return the validity of these edges, from asserted facts alone."""
        found: dict[Triple, ValidityChange] = {}
        for source in {source for source, relation, _ in triples if relation not in UNWALKED}:
            self._add(found, spans_at(self._graph, source, _DIFF_LAYERS, out=True, into=False))
        self._add_unwalked(found, {triple for triple in triples if triple[1] in UNWALKED})
        return {triple: found.get(triple, NEVER_VALID) for triple in triples}

    def _add(self, found: dict[Triple, ValidityChange], spans: Iterable[Span]) -> None:
        for triple, _, start, end, _ in spans:
            found[triple] = found.get(triple, NEVER_VALID).either(self._moments.validity(start, end))

    def _add_unwalked(self, found: dict[Triple, ValidityChange], triples: Iterable[Triple]) -> None:
        """Add edges of relations that only the store has, under all names that they may have been reported by."""
        aliases = self._graph.aliases
        edges_of_names = {other for triple in triples for other in self._by_all_names(triple)} if aliases else set(triples)
        for part in chunks(edges_of_names):
            deadlines.raise_if_exceeded()
            for triple, interval in intervals_under_names(self._reader, aliases, self._reader.edges(part)):
                found[triple] = found.get(triple, NEVER_VALID).either(self._moments.validity(interval.start, interval.end))

    def _by_all_names(self, triple: Triple) -> Iterator[Triple]:
        aliases, (source, relation, target) = self._graph.aliases, triple
        if relation == ALIAS_OF:
            yield triple
            return
        ends = [{name for m in self._moments for name in aliases.names_of(aliases.at(end, m))} for end in (source, target)]
        yield from ((one, relation, other) for one in ends[0] | {source} for other in ends[1] | {target})
