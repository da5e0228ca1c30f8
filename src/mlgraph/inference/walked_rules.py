"""The rules whose edges traversals follow, and the facts on which these edges depend (docs/spec.md#7-inferred-relations)."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from mlgraph.domain.errors import StartError
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.model.rows import FIRST_RULE_ORIGIN
from mlgraph.inference.diff_seeds import OWNED_BY
from mlgraph.inference.evaluation import is_junction
from mlgraph.inference.patterns import PathPattern, PatternEdge, PatternNode, allowed
from mlgraph.inference.rules import NO_RULES, Rule, Rules, Signature

WALKED_RELATIONS: Final = frozenset({"tested_in"})
"""Relations whose inferred edges traversals follow."""
MAX_RULES: Final = 2_000
"""Limit of rules with such a relation: their origins share the 15 bits of a row's origin with those of the store."""
_SIDES: Final = frozenset({"input_to", "outputs"})

Codes = tuple[int, int, int]
"""A signature as codes: source kind, relation, target kind."""


class Neighbour(NamedTuple):
    """An edge that a path has next to another edge, at its source (`at_source`) or target.

    It has one of `relations` (codes), and leads away from the common asset (`out`) or to it.
    """

    at_source: bool
    relations: frozenset[int]
    out: bool


class WalkedRules:
    """The rules of `rules` that infer a walked relation (`concluding`, by name), with those on whose edges they depend."""

    def __init__(self, rules: Rules) -> None:
        """Raises `StartError` if too many rules infer a walked relation."""
        self.rules = rules
        self.concluding = tuple(sorted((r for r in rules if r.relation in WALKED_RELATIONS), key=lambda rule: rule.name))
        if len(self.concluding) > MAX_RULES:
            raise StartError(f"{len(self.concluding)} rules infer {', '.join(sorted(WALKED_RELATIONS))}; at most {MAX_RULES} can")
        self._numbers = {rule.name: number for number, rule in enumerate(self.concluding, FIRST_RULE_ORIGIN)}
        needed: set[str] = set()
        for rule in reversed(rules.in_order):  # each before the rules on which it depends
            if rule.name in self._numbers or rule.name in needed:
                needed |= {rule.name, *(other.name for other in rules.inferring(rule.needed_signatures()))}
        self.in_order = tuple(rule for rule in rules.in_order if rule.name in needed)
        """All these rules, each after those on whose edges it depends."""
        signatures = {signature for rule in self.in_order for signature in rule.needed_signatures()}
        self.relations = frozenset(RELATIONS[relation].code for _, relation, _ in signatures)
        """The codes of all relations that the paths of these rules have."""
        self.anchor_kinds = frozenset(
            KINDS[source].code for rule in self.concluding for source, _, _ in rule.inferred_signatures()
        )
        """The codes of the kinds of assets from which these rules infer walked edges."""
        self.reads_owners = any(relation == OWNED_BY for _, relation, _ in signatures)
        self.reads_computed = any(map(_is_computed, signatures))
        """Whether paths have edges of workflows or between columns, whose validity the graph computes."""
        self.reads_pairs = any(
            is_junction(path, position) and "run" in path.nodes[position].kinds
            for rule in self.in_order
            for path in rule.paths
            for position in range(1, len(path.edges))
        )
        """Whether paths may lead through a run, from an input to an output or back."""
        self.reads_states = self.reads_owners or any(rule.where for rule in self.in_order)
        """Whether edges may depend on the states of assets."""
        self.neighbours = self._neighbours()
        """By signature: for each position of a path at which such an edge can be, the neighbours that it must have there."""

    @property
    def origins(self) -> Mapping[int, str]:
        """The origins of the concluded edges, by their numbers in rows; the order of names decides the number."""
        return {self._numbers[rule.name]: rule.origin for rule in self.concluding}

    def origin_number(self, rule: Rule) -> int:
        """Return the number of the origin of a concluding rule."""
        return self._numbers[rule.name]

    @property
    def digest(self) -> str:
        """A text that differs if any of these rules does, apart from its description and place."""
        text = "\n".join(line for rule in sorted(self.in_order, key=lambda rule: rule.name) for line in _lines(rule))
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()

    def _neighbours(self) -> Mapping[Codes, list[tuple[Neighbour, ...]]]:
        found: dict[Codes, list[tuple[Neighbour, ...]]] = defaultdict(list)
        for rule in self.in_order:
            for path in rule.paths:
                for position, edge in enumerate(path.edges):
                    neighbours = tuple(self._beside(path, position))
                    for source, relation, target in allowed(path.nodes[position], edge, path.nodes[position + 1]):
                        codes = KINDS[source].code, RELATIONS[relation].code, KINDS[target].code
                        if neighbours not in found[codes]:
                            found[codes].append(neighbours)
        return found

    def _beside(self, path: PathPattern, position: int) -> Iterator[Neighbour]:
        """Yield the neighbours of an edge that only records of the store can be: not inferred, owned or computed ones."""
        forward = path.edges[position].forward
        if position > 0:
            before = path.edges[position - 1]
            if self._is_asserted(path.nodes[position - 1], before, path.nodes[position]):
                yield Neighbour(forward, _codes(before), not before.forward)
        if position + 1 < len(path.edges):
            after = path.edges[position + 1]
            if self._is_asserted(path.nodes[position + 1], after, path.nodes[position + 2]):
                yield Neighbour(not forward, _codes(after), after.forward)

    def _is_asserted(self, near: PatternNode, edge: PatternEdge, far: PatternNode) -> bool:
        signatures = allowed(near, edge, far)
        computed = any(map(_is_computed, signatures))
        return not computed and OWNED_BY not in edge.relations and not self.rules.inferring(signatures)


def _codes(edge: PatternEdge) -> frozenset[int]:
    return frozenset(RELATIONS[relation].code for relation in edge.relations)


def _is_computed(signature: Signature) -> bool:
    source, relation, target = signature
    if relation == "derives":
        return source == "column"
    return relation in _SIDES and (target if relation == "input_to" else source) == "workflow"


def _lines(rule: Rule) -> Sequence[str]:
    """Return a rule as text, independent of the order in which sets are stored."""
    paths = [
        " ".join(
            [
                *(f"({node.name}:{'|'.join(sorted(node.kinds))})" for node in path.nodes),
                *(f"[{edge.name}:{'|'.join(sorted(edge.relations))}:{edge.forward}]" for edge in path.edges),
            ]
        )
        for path in rule.paths
    ]
    return [f"{rule.name} {rule.relation}", *paths, *(condition.text for condition in rule.where)]


NO_WALKED_RULES: Final = WalkedRules(NO_RULES)
