"""Diff queries: assets and edges that differ between two moments, around one asset or in the entire graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mlgraph.domain import deadlines
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.history import AssetRecord, asset_intervals, state_at
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.vocabulary import RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.spans import covers
from mlgraph.graph.response.paging import node_body
from mlgraph.inference.rules import Rules
from mlgraph.ports.store import FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.common.moments import NEVER_VALID, Moments, Triple, ValidityChange
from mlgraph.services.diff.asserted_edge_diff import AssertedEdgeDiff
from mlgraph.services.history.asserted_facts import by_asset, records_of
from mlgraph.services.inference.inferred_changes import InferredChanges
from mlgraph.services.inference.inferred_edges import InferredEdges


class DiffQueries:
    """Answers diff queries for one version of the graph and two moments (microseconds)."""

    def __init__(self, reader: FactReader, graph: GraphVersion, rules: Rules, before: int, after: int) -> None:
        self._reader = reader
        self._graph = graph
        self._rules = rules
        self._moments = Moments(before, after)
        self._asserted = AssertedEdgeDiff(reader, graph, self._moments)

    def body(self, assets: Collection[int], uri: str | None, limit: int) -> dict[str, Any]:
        """Return the assets and edges that differ: those of `assets`, to which `uri` resolves, or all if `assets` is empty.

        Raises `InvalidInput` if `limit` is less than 1.
        """
        if limit < 1:
            raise InvalidInput("limit must be at least 1", pointer="limit")
        states, edges, cut = self._around(assets) if assets else self._everywhere()
        reasons = [*(["limit"] if len(states) + len(edges) > limit else []), *([cut] if cut else [])]
        shown_states = states[:limit]
        return {
            "from": format_time(self._moments.before),
            "to": format_time(self._moments.after),
            "uri": uri,
            "assets": shown_states,
            "edges": edges[: limit - len(shown_states)],
            "total": len(states) + len(edges),
            "partial": bool(reasons),
            "reason": "; ".join(reasons) or None,
            "watermark": self._graph.watermark,
        }

    def _around(self, assets: Collection[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str | None]:
        edges = self._asserted.around(assets)
        cuts: list[str] = []
        for asset in assets:
            inferred = InferredEdges(self._reader, self._graph, self._rules).of(asset)
            for triple, _, validity in inferred.edges:
                change = ValidityChange(*(covers(validity.spans, moment) for moment in self._moments))
                edges[triple] = edges.get(triple, NEVER_VALID).either(change)
            cuts += [inferred.cut] if inferred.cut else []
        return self._states(assets), self._edges(edges), "; ".join(dict.fromkeys(cuts)) or None

    def _everywhere(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str | None]:
        low, high = self._moments.span
        aliases, touched = self._graph.aliases, self._reader.boundary_changes(low, high)
        moved = {name for name in aliases.names() if aliases.at(name, low) != aliases.at(name, high)}
        asserted = self._asserted.everywhere(touched, moved)
        changes = InferredChanges(self._reader, self._graph, self._rules, self._moments)
        inferred, cut = changes.everywhere(touched, moved, (triple for triple, change in asserted.items() if _differs(change)))
        only_inferred = [triple for triple, change in inferred.items() if _differs(change) and triple not in asserted]
        edges = {**asserted, **self._asserted.of(only_inferred)}
        edges.update((triple, change.either(edges[triple])) for triple, change in inferred.items() if triple in edges)
        assets = {aliases.at(name, moment) for name in {*touched.assets, *moved} for moment in self._moments}
        return self._states(assets), self._edges(edges), cut

    def _states(self, assets: Collection[int]) -> list[dict[str, Any]]:
        """Return the assets whose state differs between the moments, sorted by URI."""
        aliases, changes = self._graph.aliases, []
        for part in chunks(asset for asset in assets if asset < len(self._graph.asset_index)):
            deadlines.raise_if_exceeded()
            records = by_asset(records_of(self._reader, {name for a in part for name in aliases.names_of(a)}))
            for asset in part:
                old, new = (self._state(records, asset, moment) for moment in self._moments)
                if old != new:
                    change = "added" if old is None else "removed" if new is None else "changed"
                    changes.append({**node_body(self._graph, asset), "change": change, "before": old, "after": new})
        return sorted(changes, key=lambda change: str(change["uri"]))

    def _state(self, records: Mapping[int, list[AssetRecord]], asset: int, moment: int) -> dict[str, Any] | None:
        names = self._graph.aliases.names_at(asset, moment)
        return state_at(asset_intervals([record for name in names for record in records.get(name, ())]), moment)

    def _edges(self, edges: Mapping[Triple, ValidityChange]) -> list[dict[str, Any]]:
        """Return the edges that differ, sorted by source, relation and target."""
        uri = self._graph.asset_index.uri
        changes = [
            {
                "source": uri(source),
                "relation": RELATION_NAMES[relation],
                "target": uri(target),
                "change": "added" if validity.after else "removed",
            }
            for (source, relation, target), validity in edges.items()
            if _differs(validity)
        ]
        return sorted(changes, key=lambda change: (change["source"], change["relation"], change["target"]))


def _differs(validity: ValidityChange) -> bool:
    return validity.before != validity.after
