"""Diff of inferred edges between two moments, computed from the changed elements alone.

An edge that a rule infers at only one of the moments follows from a path through a changed element: an edge, a state that a
condition reads, or an input-output pair of a run. Evaluation starts from the changed elements; rules that cannot reach one are
skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from mlgraph.domain.errors import TooMuch
from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, DERIVES, INPUT_TO, OUTPUTS, RUN, Layer
from mlgraph.graph.model.spans import covers
from mlgraph.graph.traversal.edge_spans import Span, inferred_spans_at, inferred_spans_touched, spans_touched, workflows_touched
from mlgraph.inference.diff_seeds import TouchedAssets
from mlgraph.inference.evaluation import Inference
from mlgraph.inference.rules import Rule, Rules
from mlgraph.ports.store import BoundaryChanges, EdgeStep, FactReader
from mlgraph.services.common.chunks import chunks
from mlgraph.services.common.moments import NEVER_VALID, Moments, Triple, ValidityChange
from mlgraph.services.history.asserted_facts import under_names
from mlgraph.services.inference.premise_reader import PremiseReader

MAX_FACTS: Final = 200_000
"""Most facts that one rule may read for one diff: about 3 s."""
MAX_STEPS: Final = 1_000_000
"""Most anchors and traversed edges of one rule."""


class InferredChanges:
    """The diff of inferred edges for one graph version and two moments."""

    def __init__(self, reader: FactReader, graph: GraphVersion, rules: Rules, moments: Moments) -> None:
        self._reader = reader
        self._graph = graph
        self._rules = rules
        self._moments = moments
        self._premises = PremiseReader(reader, graph, MAX_FACTS)
        when = sorted((moment, moment + 1) for moment in set(moments))
        self._inference = Inference(rules, self._premises, when, MAX_STEPS)
        self._found: dict[Triple, ValidityChange] = {}
        self._walked = {origin: number for number, origin in graph.rule_origins.items()}
        """The rules of which the graph has the edges, by the origin: nothing else decides their validity."""

    def everywhere(
        self, touched: BoundaryChanges, moved: Collection[int], asserted: Iterable[Triple]
    ) -> tuple[Mapping[Triple, ValidityChange], str | None]:
        """Return each inferred edge that may differ with its validity at both moments, and why rules were skipped (else None).

        `touched`: facts that changed between the moments. `moved`: names that resolve to another asset at the other moment.
        Those of the edges `asserted` that a rule infers too are always included.
        """
        with self._reader.session():
            seeds = self._seeds(touched, moved)
            by_rule = self._by_rule(asserted)
            cut: dict[str, str] = {}
            for rule in self._rules.in_order:
                if rule.origin in self._walked:
                    self._add_walked(rule, seeds, by_rule.get(rule.name, ()))
                    continue
                suppliers = self._rules.inferring(rule.needed_signatures())
                needed = next((other.name for other in suppliers if other.name in cut), None)
                if needed is not None:
                    cut[rule.name] = f"needs the edges inferred by the rule {needed}"
                elif (reason := self._evaluate(rule, seeds, by_rule.get(rule.name, ()))) is not None:
                    cut[rule.name] = reason
        return self._found, "; ".join(f"the rule {name} {reason}" for name, reason in cut.items()) or None

    @cached_property
    def _walked_touched(self) -> list[Span]:
        return list(inferred_spans_touched(self._graph, *self._moments.span))

    def _add_walked(self, rule: Rule, seeds: TouchedAssets, asserted: Iterable[Triple]) -> None:
        """Add the edges of a rule of which the graph has the edges."""
        number = self._walked[rule.origin]
        spans = [span for span in self._walked_touched if span.origin == number]
        for source in {triple[0] for triple in asserted}:
            spans += [span for span in inferred_spans_at(self._graph, source) if span.origin == number]
        own: dict[Triple, ValidityChange] = {}
        for triple, _, start, end, _ in spans:
            own[triple] = own.get(triple, NEVER_VALID).either(self._moments.validity(start, end))
        self._add(own, seeds)

    def _add(self, own: Mapping[Triple, ValidityChange], seeds: TouchedAssets) -> None:
        """Add the edges of one rule; those that differ are seeds of the rules that depend on it."""
        for triple, validity in own.items():
            self._found[triple] = self._found.get(triple, NEVER_VALID).either(validity)
        seeds.add_edges(triple for triple, validity in own.items() if validity.before != validity.after)

    def _evaluate(self, rule: Rule, seeds: TouchedAssets, asserted: Collection[Triple]) -> str | None:
        """Add the edges that `rule` infers, from either end within the budget; return the reason if both exceed it."""
        reason = None
        for forward in (True, False):
            self._premises.reset_budget()
            self._inference.reset_budget()
            try:
                anchors = self._inference.anchors_through(rule, seeds, forward=forward)
                anchors.update(triple[0 if forward else 2] for triple in asserted)
                edges = list(self._inference.ends(rule, anchors, forward=forward))
            except TooMuch as error:
                reason = f"{error.detail} here"
                continue
            own: dict[Triple, ValidityChange] = {}
            for triple, _, validity in edges:
                own[triple] = ValidityChange(*(covers(validity.spans, moment) for moment in self._moments))
            self._add(own, seeds)
            return None
        return reason

    def _by_rule(self, asserted: Iterable[Triple]) -> Mapping[str, list[Triple]]:
        found: dict[str, list[Triple]] = {}
        for triple in asserted:
            signature = (self._kind_name(triple[0]), RELATION_NAMES[triple[1]], self._kind_name(triple[2]))
            for rule in self._rules.inferring([signature]):
                found.setdefault(rule.name, []).append(triple)
        return found

    def _kind_name(self, asset: int) -> str:
        return KIND_NAMES[self._premises.kind(asset)]

    def _seeds(self, touched: BoundaryChanges, moved: Collection[int]) -> TouchedAssets:
        seeds = TouchedAssets(self._premises.kind)
        seeds.add_edges(self._named(touched.edges))
        for layer in (Layer.ASSET, Layer.ASSET_COLUMNS):
            seeds.add_edges({span.triple for span in spans_touched(self._graph, layer, *self._moments.span)})
        names_of = self._graph.aliases.names_of
        retracted = {name for asset in touched.retracted for name in names_of(asset)}
        seeds.add_assets(self._resolved({*retracted, *moved}))
        seeds.add_assets(self._resolved({*self._runs_of(touched, retracted)}))
        seeds.add_assets(workflows_touched(self._graph, *self._moments.span))
        seeds.add_states(self._resolved(touched.assets))
        return seeds

    def _runs_of(self, touched: BoundaryChanges, retracted: Collection[int]) -> Iterator[int]:
        """Yield the runs whose input-output pairs may differ: one input more or less can change every pair."""
        yield from (owner for owner in touched.seen_by if self._premises.kind(owner) == RUN)
        for source, relation, target in touched.edges:
            if relation in (INPUT_TO, OUTPUTS):
                owner = target if relation == INPUT_TO else source
                if self._premises.kind(owner) == RUN:
                    yield owner
        for part in chunks(retracted):
            for relation, forward in ((INPUT_TO, True), (OUTPUTS, False)):
                for record in self._reader.steps(part, EdgeStep(relation, forward, frozenset({RUN})), MAX_FACTS):
                    yield record.target if forward else record.source
        columns = [asset for asset in retracted if self._premises.kind(asset) == COLUMN]
        seen = (*self._reader.edges_from(columns, [DERIVES]), *self._reader.edges_into(columns, [DERIVES]))
        yield from (record.by for record in seen if record.by and self._premises.kind(record.by) == RUN)

    def _named(self, edges: Iterable[Triple]) -> Iterator[Triple]:
        """Yield the edges between the assets that their ends resolve to, at either moment."""
        for triple in edges:
            for moment in self._moments:
                named = under_names(self._graph, triple, moment)
                if named is not None:
                    yield named

    def _resolved(self, names: Iterable[int]) -> set[int]:
        return {self._graph.aliases.at(name, moment) for name in names for moment in self._moments}
