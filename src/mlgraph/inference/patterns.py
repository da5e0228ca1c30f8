"""Path patterns: the sequences of edges that a rule matches, and their parser.

The notation is that of graph patterns in GQL (ISO/IEC 39075): nodes in parentheses, edges in brackets with an arrow, each with an
optional name and, after a colon, the accepted kinds or relations:
`(version:model_version)<-[:outputs]-(:run)<-[read:input_to]-(data:dataset)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.vocabulary import KINDS, RELATIONS

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]*"
_WORDS: Final = rf"{_NAME}(?:\s*\|\s*{_NAME})*"
_NODE: Final = re.compile(rf"\s*\(\s*({_NAME})?\s*:\s*({_WORDS})\s*\)\s*")
_EDGE: Final = re.compile(rf"\s*(<)?-\[\s*({_NAME})?\s*:\s*({_WORDS})\s*\]-(>)?\s*")
_SIDES: Final = frozenset({"input_to", "outputs"})
WITH_PAIRS: Final = frozenset({"run", "workflow"})
"""Kinds through which an input leads only to the outputs that it feeds (docs/spec.md#4-pairs)."""
MAX_EDGES: Final = 8
"""Limit of edges in a path: longer chains infer little and cost much."""


@dataclass(frozen=True, slots=True)
class PatternNode:
    """A node of a path, with the kinds of assets that it matches."""

    name: str | None
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class PatternEdge:
    """An edge of a path, with the relations that it matches, in their direction (`forward`) or against it."""

    name: str | None
    relations: frozenset[str]
    forward: bool

    def turned(self) -> PatternEdge:
        """Return the same edge as part of the reversed path."""
        return PatternEdge(self.name, self.relations, not self.forward)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A pattern: `edges[i]` lies between `nodes[i]` and `nodes[i + 1]`."""

    nodes: tuple[PatternNode, ...]
    edges: tuple[PatternEdge, ...]

    def reversed(self) -> PathPattern:
        """Return the pattern read from its other end."""
        return PathPattern(self.nodes[::-1], tuple(edge.turned() for edge in self.edges[::-1]))

    def names(self) -> Mapping[str, PatternNode | PatternEdge]:
        """Return the elements that have a name."""
        elements: tuple[PatternNode | PatternEdge, ...] = (*self.nodes, *self.edges)
        return {element.name: element for element in elements if element.name is not None}

    def signatures(self) -> Iterator[tuple[str, str, str]]:
        """Yield every (source kind, relation, target kind) that the vocabulary allows an edge of this path to be."""
        for position, edge in enumerate(self.edges):
            yield from allowed(self.nodes[position], edge, self.nodes[position + 1])


@lru_cache(1 << 12)
def allowed(near: PatternNode, edge: PatternEdge, far: PatternNode) -> tuple[tuple[str, str, str], ...]:
    """Return every (source kind, relation, target kind) that the vocabulary allows for an edge between two nodes."""
    source, target = (near, far) if edge.forward else (far, near)
    return tuple(
        (one, relation, other)
        for one, relation, other in product(sorted(source.kinds), sorted(edge.relations), sorted(target.kinds))
        if RELATIONS[relation].allows(one, other)
    )


def parse_path(text: str) -> PathPattern:
    """Return the pattern in `text`. Raises `InvalidInput` with the position of the first character that does not fit."""
    node, position = _node(text, 0)
    nodes, edges = [node], []
    while position < len(text):
        found = _EDGE.match(text, position)
        if found is None or bool(found[1]) == bool(found[4]):
            raise InvalidInput(f"expected an edge at character {position + 1} of {text!r}: -[:RELATION]-> or <-[:RELATION]-")
        edges.append(PatternEdge(found[2], _known(found[3], RELATIONS, "relation"), forward=bool(found[4])))
        node, position = _node(text, found.end())
        nodes.append(node)
    path = PathPattern(tuple(nodes), tuple(edges))
    _check(path, text)
    return path


def _node(text: str, position: int) -> tuple[PatternNode, int]:
    found = _NODE.match(text, position)
    if found is None:
        raise InvalidInput(
            f"expected a node at character {position + 1} of {text!r}: (NAME:KIND) or (:KIND); separate several kinds by |"
        )
    return PatternNode(found[1], _known(found[2], KINDS, "kind")), found.end()


def _known(words: str, known: Mapping[str, object], what: str) -> frozenset[str]:
    listed = [word.strip() for word in words.split("|")]
    for word in listed:
        if word not in known:
            raise InvalidInput(f"unknown {what} {word!r}; one of {', '.join(known)}")
    return frozenset(listed)


def _check(path: PathPattern, text: str) -> None:
    if not path.edges:
        raise InvalidInput(f"{text!r} has no edge; a path needs at least one")
    if len(path.edges) > MAX_EDGES:
        raise InvalidInput(f"{text!r} has {len(path.edges)} edges; a path has at most {MAX_EDGES}")
    elements: tuple[PatternNode | PatternEdge, ...] = (*path.nodes, *path.edges)
    named = [element.name for element in elements if element.name is not None]
    for name in named:
        if named.count(name) > 1:
            raise InvalidInput(f"{name!r} names two elements of {text!r}; give each element its own name")
    for position, edge in enumerate(path.edges):
        near, far = path.nodes[position], path.nodes[position + 1]
        _check_sides(path, position, text)
        if not allowed(near, edge, far):
            ends = (near, far) if edge.forward else (far, near)
            kinds = " to ".join("|".join(sorted(node.kinds)) for node in ends)
            relations = "|".join(sorted(edge.relations))
            raise InvalidInput(f"the relation {relations} does not connect {kinds} in {text!r}; see docs/vocabulary.md")


def _check_sides(path: PathPattern, position: int, text: str) -> None:
    """Raise `InvalidInput` if an edge mixes inputs or outputs of runs and workflows with other edges, which have no pairs."""
    edge, ends = path.edges[position], path.nodes[position : position + 2]
    owners = ends[1 if edge.forward else 0].kinds if "input_to" in edge.relations else ends[0 if edge.forward else 1].kinds
    if edge.relations & _SIDES and owners & WITH_PAIRS and (len(edge.relations) > 1 or not owners <= WITH_PAIRS):
        raise InvalidInput(
            "an edge between a run or workflow and its inputs or outputs must not name other relations or kinds; "
            f"write two paths in place of {text!r}"
        )
