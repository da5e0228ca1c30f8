"""From what a walk reached to what an answer lists: nodes in order, edges between them, a page at a time."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.vocabulary import KIND_NAMES, RELATION_NAMES
from mlgraph.graph.layer import Direction
from mlgraph.graph.rows import CERTAIN, COLUMN, SHOW, WALK, Bools, Bytes, Ints, Layer
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


class Page(NamedTuple):
    """Entries of an answer to list, as a slice of the whole in order, and where to go on if more remain."""

    start: int
    stop: int
    frontier: Frontier | None


def page(
    graph: Snapshot, assets: Ints, distances: Ints, limit: int, after: Frontier | None, moment: int, *,
    path_budget: int | None = None,
) -> Page:  # fmt: skip
    """Return what to list of `assets` (in order, with their distances).

    With a `path_budget` the page also ends before the paths of its entries hold more assets than that together.
    """
    start = 0
    if after is not None:
        where = range(int(np.searchsorted(distances, after.distance)), int(np.searchsorted(distances, after.distance, "right")))
        start = where.start + bisect_right(where, after.uri, key=lambda entry: graph.registry.uri(int(assets[entry])))
    stop = min(start + limit, len(assets))
    if path_budget is not None and stop > start:
        fitting = int(np.searchsorted(np.cumsum(distances[start:stop].astype(np.int64) + 1), path_budget, "right"))
        stop = start + max(1, fitting)
    if stop == len(assets):
        return Page(start, stop, None)
    return Page(start, stop, Frontier(int(distances[stop - 1]), graph.registry.uri(int(assets[stop - 1])), moment))


def node_body(graph: Snapshot, asset: int) -> dict[str, Any]:
    """Return URI, kind and name of an asset, as every answer gives them."""
    registry = graph.registry
    return {"uri": registry.uri(asset), "kind": KIND_NAMES[registry.kind(asset)], "name": registry.name(asset)}


def node_bodies(graph: Snapshot, assets: Ints) -> Iterator[dict[str, Any]]:
    """Yield what `node_body` returns, for many assets."""
    registry = graph.registry
    numbers = assets.tolist()
    named = zip(registry.uris(numbers), registry.kinds(assets).tolist(), registry.names(numbers), strict=True)
    for uri, kind, name in named:
        yield {"uri": uri, "kind": KIND_NAMES[kind], "name": name}


class _Drawn(NamedTuple):
    """Rows between listed assets: ends as assets and nodes, what they are, and the walk's judgement of them."""

    source: Ints
    target: Ints
    near: Ints
    far: Ints
    relation: Bytes
    flags: Bytes
    origin: NDArray[np.int16]


def edge_bodies(
    graph: Snapshot, level: Layer, moment: int, walks: Mapping[DirectionName, Reached], listed: Ints, origins: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Return the edges that hold at `moment` between `listed` assets, with origins, sorted by source, relation and target.

    All edges of walked relations count, needed by the walk or not, and the part edges that the walk used. An edge is `possible`
    where the walk took it on ways that are only possible.
    """
    edges: dict[Triple, set[int]] = {}
    sure: dict[Triple, bool] = {}
    walked = {name: _Walked.of(graph, reached) for name, reached in walks.items()}
    for layer in _layers(graph, level, listed):
        drawn = _rows(graph, graph.views[layer].out, listed, walks, moment)
        said = drawn.flags & SHOW != 0
        triples = zip(drawn.source.tolist(), drawn.relation.tolist(), drawn.target.tolist(), strict=True)
        for triple, shown, origin in zip(triples, said.tolist(), drawn.origin.tolist(), strict=True):
            if shown:
                known = edges.get(triple)
                if known is None:
                    edges[triple] = {origin}
                else:
                    known.add(origin)
        _judge(sure, drawn, walked)
    inside = set(listed.tolist())
    for reached in walks.values():
        for triple, certain in reached.parts.items():
            if triple[0] in inside and triple[2] in inside:
                edges.setdefault(triple, set()).update(_part_origins(graph, triple, moment))
                sure[triple] = certain or sure.get(triple, False)
    return _told(graph, edges, sure, listed, origins)


def _told(
    graph: Snapshot, edges: Mapping[Triple, set[int]], sure: Mapping[Triple, bool], listed: Ints, origins: Mapping[int, str]
) -> list[dict[str, Any]]:
    numbers = listed.tolist()
    uris = dict(zip(numbers, graph.registry.uris(numbers), strict=True))
    names: dict[frozenset[int], list[str]] = {}
    told = []
    for (source, relation, target), said in edges.items():
        key = frozenset(said)
        if key not in names:
            names[key] = sorted(origins[origin] for origin in said if origin)
        certain = sure.get((source, relation, target), True)
        told.append((uris[source], RELATION_NAMES[relation], uris[target], names[key], CERTAINTY[certain]))
    told.sort(key=itemgetter(0, 1, 2))
    return [
        {"source": source, "relation": relation, "target": target, "origins": said, "certainty": certainty}
        for source, relation, target, said, certainty in told
    ]


def _part_origins(graph: Snapshot, triple: Triple, moment: int) -> set[int]:
    part, relation, whole = triple
    node = graph.find(part)
    rows = () if node is None else graph.views[Layer.STRUCTURE].out.rows_of(node, moment)
    return {origin for other, code, _, origin in rows if code == relation and int(graph.asset_of[other]) == whole}


def _layers(graph: Snapshot, level: Layer, listed: Ints) -> tuple[Layer, ...]:
    if not (graph.registry.kinds(listed) == COLUMN).any():
        return (level,)
    return level, (Layer.ASSET_COLUMNS if level == Layer.ASSET else Layer.RUN_COLUMNS)


class _Walked(NamedTuple):
    """Marks by node: visited, and visited on ways that are certain throughout. `all_sure`: every visit was."""

    visited: Bools
    surely: Bools
    all_sure: bool

    @classmethod
    def of(cls, graph: Snapshot, reached: Reached) -> _Walked:
        """Return the marks of one walk."""
        visited, surely = np.zeros(graph.nodes, np.bool_), np.zeros(graph.nodes, np.bool_)
        visited[reached.nodes] = True
        surely[reached.sure_nodes] = True
        return cls(visited, surely, len(reached.nodes) == len(reached.sure_nodes))


def _judge(sure: dict[Triple, bool], drawn: _Drawn, walked: Mapping[DirectionName, _Walked]) -> None:
    """Note of each edge that a walk took whether it was certain; where all is certain nothing need be noted."""
    walks = drawn.flags & WALK != 0
    for direction, marks in walked.items():
        if marks.all_sure and (drawn.flags[walks] & CERTAIN).all() and not sure:
            continue
        taken = np.flatnonzero(walks & marks.visited[drawn.near] & marks.visited[drawn.far])
        from_node = (drawn.near if direction == "downstream" else drawn.far)[taken]
        certain = (drawn.flags[taken] & CERTAIN != 0) & marks.surely[from_node]
        triples = zip(drawn.source[taken].tolist(), drawn.relation[taken].tolist(), drawn.target[taken].tolist(), strict=True)
        for triple, is_sure in zip(triples, certain.tolist(), strict=True):
            sure[triple] = sure.get(triple, False) or is_sure


def _rows(graph: Snapshot, rows: Direction, listed: Ints, walks: Mapping[DirectionName, Reached], moment: int) -> _Drawn:
    """Return the rows among the listed assets' nodes."""
    inside = np.zeros(len(graph.registry), np.bool_)
    inside[listed] = True
    own = graph.nodes_of(listed)
    found = [own[own >= 0], *(reached.nodes[inside[graph.asset_of[reached.nodes]]] for reached in walks.values())]
    chosen = np.unique(np.concatenate(found))
    marks = np.zeros(graph.nodes, np.uint8)
    marks[chosen] = 1
    gathered = rows.gather(chosen, moment, marks=(marks, 1))
    near = chosen[gathered.position]
    return _Drawn(
        graph.asset_of[near], graph.asset_of[gathered.other], near, gathered.other, gathered.relation, gathered.flags,
        gathered.origin,
    )  # fmt: skip
