"""Rows of the inferred edges that traversals follow: all those of a graph, or those that a batch of facts may change.

The rows of one asset, its edges of all rules, are one group. A batch changes the edges of the assets at the start of the paths
through its facts: from each such fact the rules are evaluated backwards. Facts are only appended, so the first fact of the batch
along a path has its beginning unchanged, and leads there even if the path itself is no longer valid (docs/adr/0037).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.rows import CERTAIN, COLUMN, DERIVES, SHOW, WALK, Layer, NodeKey, Row, plain_layers
from mlgraph.graph.traversal.edge_spans import spans_at
from mlgraph.inference.diff_seeds import TouchedAssets
from mlgraph.inference.evaluation import Inference, as_links
from mlgraph.inference.walked_rules import Neighbour, WalkedRules
from mlgraph.ports.store import FactReader, GroupReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.history.display_attributes import OWNED_BY
from mlgraph.services.inference.premise_reader import PremiseReader, PremiseSource
from mlgraph.services.projection.cached_premises import CachedPremises

ANCHORS: Final = 2_000
"""Assets whose edges are evaluated together."""
_UNLIMITED: Final = 1 << 40
"""In place of a budget: a graph without some of the edges would be wrong without notice."""

Triple = tuple[int, int, int]


@dataclass(slots=True)
class TouchedFacts:
    """What a batch of facts may have changed: edges, and assets by what may differ about them."""

    edges: set[Triple] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)
    workflows: set[int] = field(default_factory=set)
    states: set[int] = field(default_factory=set)
    """Assets with a new fact or retraction."""
    moved: set[int] = field(default_factory=set)
    """Names that resolve to another asset than before at some moment."""


def inferred_rows(
    rules: WalkedRules, reader: PremiseSource, graph: GraphVersion, anchors: Iterable[int]
) -> Iterator[tuple[int, list[Row]]]:
    """Yield each of `anchors` with the rows of the walked edges that rules infer from it, of all time."""
    for part in chunks(anchors, ANCHORS):
        yield from _Evaluation(rules, reader, graph).rows(part)


class _Evaluation:
    """The rules over the facts of one transaction, without a budget. What is read remains in memory."""

    def __init__(self, rules: WalkedRules, reader: PremiseSource, graph: GraphVersion) -> None:
        self._rules = rules
        self._kind = graph.asset_index.kind
        self._inference = Inference(rules.rules, PremiseReader(reader, graph, _UNLIMITED), max_steps=_UNLIMITED)

    def rows(self, anchors: Collection[int]) -> Iterator[tuple[int, list[Row]]]:
        """Yield each of `anchors` with its rows."""
        rows: dict[int, list[Row]] = defaultdict(list)
        for rule in self._rules.concluding:
            for triple, _, validity in self._inference.ends(rule, anchors, forward=True):
                source, relation, target = triple
                layers = plain_layers(relation, self._kind(source))
                for link in as_links(triple, rule.origin, validity):
                    flags = WALK | SHOW | (CERTAIN if link.certain else 0)
                    ends = NodeKey(source), relation, NodeKey(target), self._rules.origin_number(rule)
                    rows[source] += [Row(layer, *ends, link.start, link.end, flags) for layer in layers]
        yield from ((anchor, rows.get(anchor, [])) for anchor in anchors)

    def anchors(self, touched: TouchedAssets) -> set[int]:
        """Return the assets at the start of the paths through what is `touched`, to which edges of other rules are added."""
        anchors: set[int] = set()
        for rule in self._rules.in_order:
            found = self._inference.anchors_through(rule, touched, forward=True)
            if rule in self._rules.concluding:
                anchors |= found
            if rule is not self._rules.in_order[-1]:
                # an edge that this rule no longer infers does not lead from the one end to the other
                touched.add_assets(found | self._inference.anchors_through(rule, touched, forward=False))
        return anchors


class InferredRows:
    """Replaces the groups of inferred edges of a graph as facts arrive."""

    def __init__(self, rules: WalkedRules, graph: MutableGraph) -> None:
        self.rules = rules
        self._graph = graph
        self._premises = CachedPremises(graph.asset_index.kind)

    def replace_all(self, reader: FactReader) -> None:
        """Replace the groups of all assets from which rules can infer walked edges."""
        index = self._graph.asset_index
        anchors = (int(asset) for kind in self.rules.anchor_kinds for asset in index.of_kind(kind))
        for anchor, rows in inferred_rows(self.rules, reader, self._graph.draft(), anchors):
            self._graph.replace(anchor, rows)

    def replace_touched(self, reader: FactReader, groups: GroupReader, facts: TouchedFacts) -> None:
        """Replace the groups that `facts` may change, once all other groups of the batch are replaced, before it is published.

        `groups` and `reader` read the facts up to the batch.
        """
        touched = self._touched(reader, groups, facts)
        if touched is None:
            return
        graph = replace(self._graph.snapshot, aliases=self._graph.aliases)
        if self.rules.reads_computed:
            graph = self._graph.draft()
        evaluation = _Evaluation(self.rules, self._premises.open(reader, groups), graph)
        for part in chunks(evaluation.anchors(touched), ANCHORS):
            for anchor, rows in evaluation.rows(part):
                self._graph.replace(anchor, rows)

    def _touched(self, reader: FactReader, groups: GroupReader, facts: TouchedFacts) -> TouchedAssets | None:
        """Return the facts from which a path of the rules may be found; None without any."""
        rules, names = self.rules, _Names(self._graph.snapshot.aliases, self._graph.aliases)
        edges = self._on_paths(groups, facts.edges, names)
        if rules.reads_owners:
            edges |= self._owners(reader, facts, names)
        if rules.reads_computed:
            edges |= self._computed(groups, facts)
        junctions = {*(facts.runs if rules.reads_pairs else ()), *(facts.workflows if rules.reads_computed else ())}
        conditions = rules.reads_states
        if not (edges or junctions or (conditions and facts.states)):
            return None
        touched = TouchedAssets(self._graph.asset_index.kind)
        touched.add_edges(named for edge in edges for named in names.edges(edge))
        touched.add_assets(asset for junction in junctions for asset in names.assets(junction))
        if conditions:
            touched.add_states(asset for name in facts.states | facts.moved for asset in names.assets(name))
        return touched

    def _on_paths(self, groups: GroupReader, edges: Iterable[Triple], names: _Names) -> set[Triple]:
        """Return the edges that have, at a position of some path, the neighbours that the path needs there.

        Almost no run is executed for an experiment, so almost no fact of a run passes.
        """
        kind = self._graph.asset_index.kind
        positions: dict[Triple, list[tuple[Neighbour, ...]]] = {}
        wanted: dict[tuple[int, bool], set[int]] = defaultdict(set)
        for edge in edges:
            source, relation, target = edge
            alternatives = self.rules.neighbours.get((kind(source), relation, kind(target)))
            if alternatives:
                positions[edge] = alternatives
                for neighbour in {each for needed in alternatives for each in needed}:
                    for code in neighbour.relations:
                        wanted[code, neighbour.out].update(names.joined(source if neighbour.at_source else target))
        existing: dict[tuple[int, bool], set[int]] = {}
        for (code, out), assets in wanted.items():
            known = existing[code, out] = set()
            for part in chunks(assets):
                records = groups.edges_from(part, (code,)) if out else groups.edges_into(part, (code,))
                known.update(record.source if out else record.target for record in records)

        def has(edge: Triple, neighbour: Neighbour) -> bool:
            at = names.joined(edge[0] if neighbour.at_source else edge[2])
            return any(not existing[code, neighbour.out].isdisjoint(at) for code in neighbour.relations)

        return {
            edge
            for edge, alternatives in positions.items()
            if any(all(has(edge, neighbour) for neighbour in needed) for needed in alternatives)
        }

    def _owners(self, reader: FactReader, facts: TouchedFacts, names: _Names) -> set[Triple]:
        """Return an edge to each owner that the state of a touched asset ever named, and to each touched owner."""
        number = self._graph.asset_index.number
        known = {name for asset in facts.states | facts.moved for name in names.joined(asset)}
        assets = known | {asset for part in chunks(known) for asset in reader.owned(part, _UNLIMITED)}
        found: set[Triple] = set()
        for part in chunks(assets):
            for record in reader.asset_records(part):
                owners = (number(uri) for uri in record.state.get("owners", ()))
                found.update((record.asset, OWNED_BY, owner) for owner in owners if owner is not None)
        return found

    def _computed(self, groups: GroupReader, facts: TouchedFacts) -> set[Triple]:
        """Return the edges of the recomputed workflows before and after, and all column edges of the recomputed groups."""
        graphs = (self._graph.snapshot, self._graph.draft())
        found = {
            span.triple
            for workflow in facts.workflows
            for graph in graphs
            for span in spans_at(graph, workflow, (Layer.ASSET,), out=True, into=True)
        }
        for part in chunks(facts.runs | facts.workflows):
            found.update(record.triple for record in groups.columns_seen_by(part))
        kind = self._graph.asset_index.kind
        found.update(edge for edge in facts.edges if edge[1] == DERIVES and kind(edge[0]) == COLUMN)
        return found


class _Names:
    """The assets that names resolve to, at any time, before a batch of facts or after it."""

    def __init__(self, before: Aliases, after: Aliases) -> None:
        self._tables = tuple(table for table in (before, after) if table)

    def assets(self, name: int) -> Collection[int]:
        """Return the assets that `name` resolves to at any time, itself included."""
        return {name, *(segment.asset for table in self._tables for segment in table.segments(name))}

    def joined(self, asset: int) -> Collection[int]:
        """Return all names that may denote the same asset as `asset` at some time."""
        found = {asset}
        for table in self._tables:
            found |= {name for each in table.targets_of(asset) for name in table.names_of(each)}
        return found

    def edges(self, edge: Triple) -> Iterator[Triple]:
        """Yield the edges between the assets that the ends of `edge` resolve to."""
        if not self._tables:
            yield edge
            return
        for source, target in product(self.assets(edge[0]), self.assets(edge[2])):
            yield source, edge[1], target
