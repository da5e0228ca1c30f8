"""The surroundings of an asset in the graph: its versions, what uses it, and what is related to it and so no duplicate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, MODEL, MODEL_VERSION, PART_CODES, VERSION_OF, WALK, Layer
from mlgraph.graph.traversal.closures import walk
from mlgraph.ports.store import FactReader
from mlgraph.search.similarity.sources import SourceIndex
from mlgraph.services.history.asserted_facts import asserted_intervals
from mlgraph.services.queries.scope import BOTH

_DATASET_VERSION: Final = KINDS["dataset_version"].code
_EVALUATED_BY: Final = RELATIONS["evaluated_by"].code
_SUCCESSION: Final = tuple(RELATIONS[name].code for name in ("promoted_to", "supersedes"))
_DATA: Final = frozenset(KINDS[name].code for name in ("dataset", "dataset_version", "feature", "feature_view", "index"))
_MAX_VERSIONS: Final = 200
_MAX_STEPS: Final = 20
_MAX_CONSUMERS: Final = 2_000
_PASSED: Final = frozenset(KINDS[name].code for name in ("evaluation", "variant", "experiment", "rollout"))
"""Kinds that do not use what they read: they measure or release it."""


def parent_of(graph: GraphVersion, asset: int, moment: int) -> int:
    """Return the model of a version, the dataset of a version or column; any other asset itself."""
    index = graph.asset_index
    kind = index.kind(asset)
    if kind == COLUMN and (dataset := index.dataset_of(asset)):
        return graph.aliases.at(dataset, moment)
    node = graph.find(asset)
    if kind in (MODEL_VERSION, _DATASET_VERSION) and node is not None:
        for other, relation, _, _ in graph.views[Layer.STRUCTURE].out.rows_of(node, moment):
            if relation == VERSION_OF:
                return int(graph.asset_of[other])
    return asset


def versions_of(graph: GraphVersion, model: int, moment: int) -> list[int]:
    """Return the versions of a model, at most `_MAX_VERSIONS`, the newest in the store first; none for other assets."""
    node = graph.find(model) if graph.asset_index.kind(model) == MODEL else None
    if node is None:
        return []
    rows = graph.views[Layer.STRUCTURE].into.rows_of(node, moment)
    return sorted({int(graph.asset_of[other]) for other, relation, _, _ in rows if relation == VERSION_OF}, reverse=True)[
        :_MAX_VERSIONS
    ]


def consumers_of(graph: GraphVersion, asset: int, moment: int) -> list[int]:
    """Return the assets that use an asset, or a version of it, directly: at most `_MAX_CONSUMERS`."""
    found: dict[int, None] = {}
    for part in (asset, *versions_of(graph, asset, moment)):
        for other in _next(graph, part, moment):
            if graph.asset_index.kind(other) not in _PASSED:
                found[other] = None
            if len(found) >= _MAX_CONSUMERS:
                return list(found)
    return list(found)


def measured_by(graph: GraphVersion, model: int, moment: int) -> list[int]:
    """Return the versions of a model and their evaluations: what may have metrics of it."""
    found: list[int] = []
    for version in versions_of(graph, model, moment)[:_MAX_STEPS]:
        node = graph.find(version)
        found.append(version)
        if node is not None:
            rows = graph.views[Layer.ASSET].out.rows_of(node, moment)
            found += [int(graph.asset_of[other]) for other, relation, _, _ in rows if relation == _EVALUATED_BY]
    return found


def parts_and_writers(graph: GraphVersion, asset: int, moment: int) -> list[int]:
    """Return the versions of an asset, and what it or a version of it is written by or made from."""
    versions = versions_of(graph, asset, moment)
    return [*versions, *(parent for part in (asset, *versions) for parent in _previous(graph, part, moment))]


def sources_now(graph: GraphVersion, sources: SourceIndex, asset: int, moment: int) -> tuple[frozenset[int], frozenset[int]]:
    """Return the sources and the direct inputs of an asset in a graph that may be newer than `sources`.

    The search goes upstream, only to assets whose sources are known: of a new asset these are its inputs, as a rule.
    """
    leaves: set[int] = set()
    inputs: set[int] = set()
    seen = {asset, *versions_of(graph, asset, moment)}
    frontier = [(each, True) for each in sorted(seen)]
    while frontier and len(seen) < _MAX_CONSUMERS:
        part, is_direct = frontier.pop()
        parents = [parent for parent in _previous(graph, part, moment) if parent not in seen]
        seen.update(parents)
        for parent in parents:
            is_data = graph.asset_index.kind(parent) in _DATA
            if is_data and is_direct:
                inputs.add(parent)
            if is_data and sources.knows(parent):
                leaves.update(sources.leaves(parent) or {parent})
            else:
                frontier.append((parent, is_direct and not is_data))
                if is_data and not any(True for _ in _previous(graph, parent, moment)):
                    leaves.add(parent)
    return frozenset(leaves - {asset}), frozenset(inputs - {asset})


def related_to(reader: FactReader, graph: GraphVersion, asset: int, moment: int) -> set[int]:
    """Return what can be no duplicate of an asset, itself included.

    That is all up- and downstream of it, its parts and parents, and what it was promoted to or took the place of, through any
    number of steps.
    """
    found: set[int] = {asset}
    for direction in BOTH:
        found.update(walk(graph, asset, direction, Layer.ASSET, moment).assets.tolist())
    found.update(_structure(graph, asset, moment))
    found.update(_succession(reader, graph, asset, moment))
    return found


def _next(graph: GraphVersion, asset: int, moment: int) -> Iterator[int]:
    node = graph.find(asset)
    nodes = ([] if node is None else [node]) + [port for port in graph.asset_index.ports_of(asset) if port < graph.nodes]
    for each in nodes:
        for other, _, flags, _ in graph.views[Layer.ASSET].out.rows_of(each, moment):
            if flags & WALK:
                yield int(graph.asset_of[other])


def _previous(graph: GraphVersion, asset: int, moment: int) -> Iterator[int]:
    node = graph.find(asset)
    nodes = ([] if node is None else [node]) + [port for port in graph.asset_index.ports_of(asset) if port < graph.nodes]
    for each in nodes:
        for other, _, flags, _ in graph.views[Layer.ASSET].into.rows_of(each, moment):
            if flags & WALK:
                yield int(graph.asset_of[other])


def _structure(graph: GraphVersion, asset: int, moment: int) -> set[int]:
    """Return the parts and parents of an asset, through any number of steps in one direction."""
    found: set[int] = set()
    structure = graph.views[Layer.STRUCTURE]
    for rows in (structure.into, structure.out):
        frontier = [asset]
        for _ in range(_MAX_STEPS):
            reached: set[int] = set()
            for each in frontier:
                node = graph.find(each)
                if node is not None and len(found) < _MAX_CONSUMERS:
                    listed = rows.rows_of(node, moment)
                    reached.update(int(graph.asset_of[other]) for other, relation, _, _ in listed if relation in PART_CODES)
            frontier = [each for each in reached - found if graph.asset_index.kind(each) != COLUMN]
            found.update(reached)
            if not frontier:
                break
    return found


def _succession(reader: FactReader, graph: GraphVersion, asset: int, moment: int) -> set[int]:
    """Return the assets before and after an asset in promotions and successions, its versions' included."""
    found: set[int] = set()
    frontier = {asset, *versions_of(graph, asset, moment)}
    for _ in range(_MAX_STEPS):
        records = [*reader.edges_from(frontier, _SUCCESSION), *reader.edges_into(frontier, _SUCCESSION)]
        if not records:
            break
        ends = {end for each in asserted_intervals(reader, records) for end in (each.record.source, each.record.target)}
        ends |= {parent_of(graph, end, moment) for end in ends}
        frontier = ends - found - frontier
        found |= ends
        if not frontier or len(found) > _MAX_CONSUMERS:
            break
    return found
