"""Seeds of a diff of inferred edges: changed edges, assets and states, by the positions of a path at which they can occur."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES
from mlgraph.inference.patterns import PathPattern, allowed
from mlgraph.inference.rules import Rule, Signature

OWNED_BY: Final = "owned_by"

Triple = tuple[int, int, int]


class TouchedAssets:
    """Edges and assets that may differ between two moments. A path that is valid at only one of them contains at least one."""

    def __init__(self, kind: Callable[[int], int]) -> None:
        self._kind = kind
        self._edges: dict[Signature, set[Triple]] = defaultdict(set)
        self._assets: dict[str, set[int]] = defaultdict(set)
        self._states: dict[str, set[int]] = defaultdict(set)

    def add_edges(self, edges: Iterable[Triple]) -> None:
        """Add edges, as triples of store numbers, that may differ."""
        for triple in edges:
            self._edges[self._word(triple[0]), RELATION_NAMES[triple[1]], self._word(triple[2])].add(triple)

    def add_assets(self, assets: Iterable[int]) -> None:
        """Add assets whose edges or input-output pairs may differ."""
        for asset in assets:
            self._assets[self._word(asset)].add(asset)

    def add_states(self, assets: Iterable[int]) -> None:
        """Add assets whose state may differ: the values that conditions read, and the owners that it names."""
        for asset in assets:
            self._states[self._word(asset)].add(asset)

    def _word(self, asset: int) -> str:
        return KIND_NAMES[self._kind(asset)]

    def at(self, rule: Rule, path: PathPattern, position: int) -> set[int]:
        """Return the touched assets that can occur at this position of a path of `rule`.

        A touched edge is returned at the position before it only: that asset is in the path too.
        """
        node = path.nodes[position]
        found = {asset for kind in node.kinds for asset in self._assets[kind]}
        if any(condition.about == node.name for condition in rule.where) or self._is_owned(path, position):
            found |= {asset for kind in node.kinds for asset in self._states[kind]}
        if position < len(path.edges):
            edge = path.edges[position]
            near = 0 if edge.forward else 2
            for signature in allowed(node, edge, path.nodes[position + 1]):
                found |= {triple[near] for triple in self._edges.get(signature, ())}
        return found

    @staticmethod
    def _is_owned(path: PathPattern, position: int) -> bool:
        """Return whether an edge of the path leads from this position to an owner, whom the asset's state may name."""
        leads_to_owner = (
            position < len(path.edges) and path.edges[position].forward and OWNED_BY in path.edges[position].relations
        )
        before = position > 0 and not path.edges[position - 1].forward and OWNED_BY in path.edges[position - 1].relations
        return leads_to_owner or before
