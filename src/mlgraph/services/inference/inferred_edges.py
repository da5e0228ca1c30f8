"""Inferred edges of one asset or between two assets: validity intervals and explanations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mlgraph.domain.errors import TooMuch
from mlgraph.domain.timestamps import format_end, format_time
from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.spans import covers, union
from mlgraph.graph.traversal.edge_spans import Span, inferred_spans_at
from mlgraph.inference.evaluation import Inference, Inferred, Link, Validity
from mlgraph.inference.rules import Rule, Rules
from mlgraph.ports.store import FactReader
from mlgraph.services.inference.premise_reader import PremiseReader

Triple = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class InferenceResult:
    """The inferred edges of an asset; `cut` names the rules that exceeded the budget and were skipped (None: no rule)."""

    edges: list[Inferred]
    cut: str | None


class InferredEdges:
    """Evaluation of rules over the facts of one graph version."""

    def __init__(self, reader: FactReader, graph: GraphVersion, rules: Rules) -> None:
        self._reader = reader
        self._graph = graph
        self._rules = rules

    def of(self, asset: int) -> InferenceResult:
        """Return every edge that rules infer from or to the asset, at any time."""
        kind = KIND_NAMES[self._graph.asset_index.kind(asset)]
        edges: list[Inferred] = []
        cut: list[str] = []
        walked = self._graph.rule_origins.values()
        with self._reader.session():
            premises = PremiseReader(self._reader, self._graph)
            inference = Inference(self._rules, premises)
            for rule in self._rules:
                if rule.origin not in walked and any(kind in path.nodes[0].kinds | path.nodes[-1].kinds for path in rule.paths):
                    premises.reset_budget()
                    inference.reset_budget()
                    try:
                        edges += inference.of(asset, rule)
                    except TooMuch as error:
                        cut.append(f"the rule {rule.name} {error.detail} here")
        return InferenceResult([*edges, *self._walked(asset)], "; ".join(cut) or None)

    def _walked(self, asset: int) -> list[Inferred]:
        """Return the inferred edges that traversals follow, as the graph has them: nothing else decides their validity."""
        if not self._graph.rule_origins:
            return []
        gathered: dict[tuple[int, Triple], list[Span]] = defaultdict(list)
        for span in inferred_spans_at(self._graph, asset):
            gathered[span.origin, span.triple].append(span)
        rules = {rule.origin: rule for rule in self._rules}
        found = []
        for (origin, triple), spans in gathered.items():
            certain = union((span.start, span.end) for span in spans if span.certain)
            validity = Validity(union((span.start, span.end) for span in spans), certain)
            found.append(Inferred(triple, rules[self._graph.rule_origins[origin]], validity))
        return found

    def between(self, triple: Triple) -> list[Explanation]:
        """Return an explanation for each rule that infers this edge at any time. Raises `TooMuch`."""
        source, relation, target = triple
        if not source or not target or source == target:
            return []
        kinds = [KIND_NAMES[self._graph.asset_index.kind(asset)] for asset in (source, target)]
        found = []
        with self._reader.session():
            for rule in self._rules.inferring([(kinds[0], RELATION_NAMES[relation], kinds[1])]):
                explanation = self._explain(rule, triple)
                if explanation is not None:
                    found.append(explanation)
        return found

    def _explain(self, rule: Rule, triple: Triple) -> Explanation | None:
        """Evaluate from the source, and from the target if the source exceeds the budget."""
        for forward in (True, False):
            premises = PremiseReader(self._reader, self._graph)
            inference = Inference(self._rules, premises)
            try:
                validity = inference.between(triple[0], triple[2], rule, forward=forward)
            except TooMuch as error:
                if forward:
                    continue
                raise TooMuch(f"the rule {rule.name} {error.detail}, from either end") from None
            if rule.origin in self._graph.rule_origins.values():
                walked = (edge for edge in self._walked(triple[0]) if edge.triple == triple and edge.rule is rule)
                validity = next((edge.validity for edge in walked), None)
            return (
                None
                if not validity
                else Explanation(self._graph, self._rules, triple, rule, validity, inference, premises, forward)
            )
        return None


@dataclass(frozen=True)
class Explanation:
    """One rule that infers an edge, with the validity of the edge and its premises."""

    graph: GraphVersion
    rules: Rules
    triple: Triple
    rule: Rule
    validity: Validity
    inference: Inference
    premises: PremiseReader
    forward: bool

    def shown_at(self, moment: int) -> int:
        """Return the moment for the path: `moment` if the edge is valid then, else the last earlier valid one, else the first."""
        if covers(self.validity.spans, moment):
            return moment
        before = [end for _, end in self.validity.spans if end <= moment]
        return before[-1] - 1 if before else self.validity.spans[0][0]

    def origins(self) -> list[dict[str, Any]]:
        """Return the validity intervals of the edge as records of the origin of the rule."""
        return [record_of(self.rule.origin, start, end) for start, end in self.validity.spans]

    def path(self, moment: int) -> list[dict[str, Any]]:
        """Return the edges of one path that the edge follows from at `moment`, from its source to its target."""
        return self._path(self.triple, self.rule, moment, forward=self.forward)

    def _path(self, triple: Triple, rule: Rule, moment: int, *, forward: bool) -> list[dict[str, Any]]:
        witness = self.inference.witness_path(triple[0], triple[2], rule, moment, forward=forward)
        return [self._edge(link, moment, forward=forward) for link in witness.links] if witness is not None else []

    def _edge(self, link: Link, moment: int, *, forward: bool) -> dict[str, Any]:
        """Return an edge of a path; if it is inferred itself, with the path that it follows from."""
        uri, (source, relation, target) = self.graph.asset_index.uri, link.triple
        rule = next((each for each in self.rules if each.origin == link.origin), None)
        asserted = [link] if rule is not None else self.premises.asserted_at(link.triple, moment)
        return {
            "source": uri(source),
            "relation": RELATION_NAMES[relation],
            "target": uri(target),
            "origins": sorted({each.origin for each in asserted}),
            "valid_from": format_time(min(each.start for each in asserted)),
            "valid_to": format_end(max(each.end for each in asserted)),
            "certainty": "certain" if link.certain else "possible",
            "rule": rule.name if rule is not None else None,
            "path": self._nested(link.triple, rule, moment, forward=forward) if rule is not None else [],
        }

    def _nested(self, triple: Triple, rule: Rule, moment: int, *, forward: bool) -> list[dict[str, Any]]:
        """Return the path of an inferred premise, preferably from the end whose edges are read; empty if over budget."""
        for direction in (forward, not forward):
            self.premises.reset_budget()
            self.inference.reset_budget()
            with suppress(TooMuch):
                return self._path(triple, rule, moment, forward=direction)
        return []


def record_of(origin: str, start: int, end: int) -> dict[str, Any]:
    """Return an origin record of an edge for [start, end) without a fact of its own."""
    return {
        "origin": origin,
        "valid_from": format_time(start),
        "valid_to": format_end(end),
        "recorded_at": None,
        "actor": None,
        "event": None,
        "runs": [],
        "runs_total": 0,
        "properties": {},
        "start": start,
        "end": end,
    }


def origins_at(edges: Iterable[Inferred], moment: int) -> Iterator[tuple[Triple, str, tuple[int, int], bool]]:
    """Yield triple, origin, span and certainty of each inferred edge that is valid at `moment`."""
    for triple, rule, validity in edges:
        for start, end in validity.spans:
            if start <= moment < end:
                yield triple, rule.origin, (start, end), covers(validity.certain, moment)
