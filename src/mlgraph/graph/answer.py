"""From what a walk reached to what an answer lists: nodes in order, edges between them, a page at a time."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES
from mlgraph.graph.kernels import Ints, rows_between
from mlgraph.graph.layer import Direction
from mlgraph.graph.rows import CERTAIN, COLUMN, SHOW, WALK, Layer, NodeKey
from mlgraph.graph.snapshot import Snapshot
from mlgraph.graph.walk import DirectionName, Reached

Triple = tuple[int, int, int]

CERTAINTY: Final = {True: "certain", False: "possible"}


@dataclass(frozen=True, slots=True)
class Frontier:
    """Where a page ended: the last node listed, and the moment asked for, so that the pages are of one state."""

    distance: int
    uri: str
    moment: int

    def encode(self) -> str:
        """Return the opaque text that callers hand back as `cursor`."""
        return base64.urlsafe_b64encode(json.dumps([self.distance, self.uri, self.moment]).encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Frontier:
        """Read what `encode` wrote. Raises `InvalidInput` for anything else."""
        try:
            distance, uri, moment = json.loads(base64.urlsafe_b64decode(text.encode()))
        except (binascii.Error, ValueError, TypeError) as error:
            raise InvalidInput("cursor is not the frontier of an earlier answer") from error
        if not (isinstance(distance, int) and isinstance(uri, str) and isinstance(moment, int)):
            raise InvalidInput("cursor is not the frontier of an earlier answer")
        return cls(distance, uri, moment)


class Listed(NamedTuple):
    """One node of an answer."""

    distance: int
    uri: str
    asset: int


def page(
    nodes: Sequence[Listed], limit: int, after: Frontier | None, moment: int, *, path_budget: int | None = None
) -> tuple[Sequence[Listed], Frontier | None]:
    """Return the nodes (sorted) to list, and the frontier if more remain.

    With a `path_budget` the page also ends before the paths of its nodes hold more assets than that together.
    """
    if after is not None:
        nodes = [node for node in nodes if (node.distance, node.uri) > (after.distance, after.uri)]
    count = min(limit, len(nodes))
    if path_budget is not None:
        lengths = accumulate(node.distance + 1 for node in nodes[:count])
        count = max(1, sum(1 for length in lengths if length <= path_budget)) if count else 0
    if count == len(nodes):
        return nodes, None
    last = nodes[count - 1]
    return nodes[:count], Frontier(last.distance, last.uri, moment)


def name_of(graph: Snapshot, asset: int) -> str:
    """Return the name that a source gave the asset, else the name in its URI."""
    card = graph.registry.cards.get(asset)
    return (card.name if card else None) or AssetUri.parse(graph.registry.uris[asset]).name


def node_body(graph: Snapshot, asset: int) -> dict[str, Any]:
    """Return URI, kind and name of an asset, as every answer gives them."""
    return {
        "uri": graph.registry.uris[asset],
        "kind": KIND_NAMES[graph.registry.kinds[asset]],
        "name": name_of(graph, asset),
    }


def edge_bodies(
    graph: Snapshot,
    level: Layer,
    moment: int,
    walks: Mapping[DirectionName, Reached],
    listed: Collection[int],
    origins: Mapping[int, str],
) -> list[dict[str, Any]]:
    """Return the edges that hold at `moment` between `listed` assets, with origins, sorted by source, relation and target.

    All edges of walked relations count, needed by the walk or not, and the part edges that the walk used. An edge is `possible`
    where the walk took it on ways that are only possible.
    """
    edges: dict[Triple, set[int]] = {}
    sure: dict[Triple, bool] = {}
    inside = set(listed)
    for layer in _layers(graph, level, inside):
        for triple, origin, flags, source, target in _rows(graph, graph.views[layer].out, inside, walks, moment):
            if flags & SHOW:
                edges.setdefault(triple, set()).add(origin)
            if flags & WALK:
                _judge(sure, triple, flags, source, target, walks)
    for reached in walks.values():
        for triple, certain in reached.parts.items():
            if triple[0] in inside and triple[2] in inside:
                edges.setdefault(triple, set()).update(_part_origins(graph, triple, moment))
                sure[triple] = certain or sure.get(triple, False)
    uris = graph.registry.uris
    return sorted(
        (
            {
                "source": uris[source],
                "relation": RELATION_NAMES[relation],
                "target": uris[target],
                "origins": sorted(origins[origin] for origin in said if origin),
                "certainty": CERTAINTY[sure.get((source, relation, target), True)],
            }
            for (source, relation, target), said in edges.items()
        ),
        key=lambda edge: (edge["source"], edge["relation"], edge["target"]),
    )


def _part_origins(graph: Snapshot, triple: Triple, moment: int) -> set[int]:
    part, relation, whole = triple
    node = graph.find(part)
    rows = () if node is None else graph.views[Layer.STRUCTURE].out.rows_of(node, moment)
    return {origin for other, code, _, origin in rows if code == relation and int(graph.asset_of[other]) == whole}


def _layers(graph: Snapshot, level: Layer, inside: Collection[int]) -> tuple[Layer, ...]:
    if not any(graph.registry.kinds[asset] == COLUMN for asset in inside):
        return (level,)
    return level, (Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS)


def _judge(
    sure: dict[Triple, bool],
    triple: Triple,
    flags: int,
    source: int,
    target: int,
    walks: Mapping[DirectionName, Reached],
) -> None:
    for direction, reached in walks.items():
        if source not in reached.visited or target not in reached.visited:
            continue
        near = source if direction == "downstream" else target
        sure[triple] = sure.get(triple, False) or (bool(flags & CERTAIN) and near in reached.visited_surely)


def _rows(
    graph: Snapshot, rows: Direction, inside: Collection[int], walks: Mapping[DirectionName, Reached], moment: int
) -> Iterator[tuple[Triple, int, int, int, int]]:
    """Yield (triple of assets, origin, flags, source node, target node) of the rows among the listed assets' nodes."""
    nodes = {node for asset in inside if (node := graph.registry.nodes.get(NodeKey(asset))) is not None}
    for reached in walks.values():
        nodes.update(node for node in reached.visited if int(graph.asset_of[node]) in inside)
    chosen = np.array(sorted(node for node in nodes if node < graph.nodes), np.int32)
    mark = np.zeros(graph.nodes, np.int32)
    mark[chosen] = 1
    base, over, sources = _collect(rows, chosen, mark, moment)
    columns = [
        (rows.to[base], rows.relation[base], rows.origin[base], rows.flags[base], sources[: len(base)]),
        (rows.oto[over], rows.orelation[over], rows.oorigin[over], rows.oflags[over], sources[len(base) :]),
    ]
    for to, relation, origin, flags, source in columns:
        table = zip(source.tolist(), relation.tolist(), to.tolist(), origin.tolist(), flags.tolist(), strict=True)
        for left, kind, right, said_by, flag in table:
            yield (int(graph.asset_of[left]), kind, int(graph.asset_of[right])), said_by, flag, left, right


def _collect(rows: Direction, chosen: Ints, mark: Ints, moment: int) -> tuple[Any, Any, Any]:
    size = 1024 + 4 * len(chosen)
    while True:
        base, over, sources = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(2 * size, np.int32)
        count, added = rows_between(*rows.kernel_arrays(), chosen, mark, 1, moment, base, over, sources)
        if count <= size and added <= size:
            return base[:count], over[:added], sources[: count + added]
        size = max(count, added)
