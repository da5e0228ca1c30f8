"""Extracts the affected subgraph: the edges and workflows that a change of one asset can reach."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import CERTAIN, NEVER_CLOSING, PART_CODES, RUN, WALK, WORKFLOW, Ints, Layer
from mlgraph.graph.propagation.rebuild_status import AffectedSubgraph, PropagationLink
from mlgraph.graph.traversal.closures import NO_LIMIT, Closure, starts_of

PROCESS_KINDS: Final = frozenset({WORKFLOW, RUN})
"""Kinds that read and write at the asset level: workflows, and runs without a workflow."""
_NEVER_CLOSING: Final = np.array(sorted(NEVER_CLOSING), np.uint8)

_Pairs = dict[int, dict[int, dict[int, bool]]]


def affected_subgraph(graph: GraphVersion, root: int, since: int, moment: int, reached: Closure) -> AffectedSubgraph:
    """Return the subgraph that a change of `root` at `since` affects.

    `reached` is the downstream closure of the root at asset level at `moment`. Times are in microseconds.
    """
    changed = _changed(graph, root, since, moment)
    nodes = reached.nodes
    rows = graph.views[Layer.ASSET].out.gather(nodes, moment, WALK)
    sources, targets = nodes[rows.position], rows.other
    source_assets, target_assets = graph.asset_of[sources], graph.asset_of[targets]
    makes, made = _are_processes(graph, source_assets), _are_processes(graph, target_assets)
    into: dict[int, dict[int, bool]] = defaultdict(dict)
    reads: dict[int, set[int]] = defaultdict(set)
    is_certain = rows.flags & CERTAIN != 0
    for asset, node, workflow, certain in zip(
        source_assets[made].tolist(), targets[made].tolist(), target_assets[made].tolist(), is_certain[made].tolist(), strict=True
    ):
        reads[workflow].add(asset)
        into[node][asset] = into[node].get(asset, False) or certain
    pairs: _Pairs = defaultdict(lambda: defaultdict(dict))
    for node, workflow, output, certain in zip(
        sources[makes].tolist(),
        source_assets[makes].tolist(),
        target_assets[makes].tolist(),
        is_certain[makes].tolist(),
        strict=True,
    ):
        known = pairs[workflow][output]
        for asset, input_certain in into.get(node, {}).items():
            known[asset] = known.get(asset, False) or (input_certain and certain)
    neither = ~makes & ~made
    links = _links(graph, source_assets[neither], target_assets[neither], rows.start[neither].tolist())
    _exclude_own_outputs(reads, pairs, {link.target for link in links} | changed.keys())
    for asset in changed:
        if graph.asset_index.kind(asset) in PROCESS_KINDS:
            reads[asset].add(asset)
            for inputs in pairs[asset].values():
                inputs[asset] = True
    frozen = reached.assets[np.isin(graph.asset_index.kinds(reached.assets), _NEVER_CLOSING)]
    uris = {asset: graph.asset_index.uri(asset) for asset in changed.keys() | {link.source for link in links}}
    return AffectedSubgraph(changed, links, reads, pairs, frozenset(frozen.tolist()), uris)


def _are_processes(graph: GraphVersion, assets: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(graph.asset_index.kinds(assets), np.array(sorted(PROCESS_KINDS), np.uint8))


def _links(graph: GraphVersion, sources: Ints, targets: Ints, starts: list[int]) -> list[PropagationLink]:
    """Return each edge once, from the earliest moment at which some origin asserted it."""
    valid_since: dict[tuple[int, int], int] = {}
    for source, target, start in zip(sources.tolist(), targets.tolist(), starts, strict=True):
        valid_since[source, target] = min(valid_since.get((source, target), start), start)
    return [PropagationLink(*ends, _first_valid(graph, Layer.ASSET, *ends, start)) for ends, start in valid_since.items()]


def _first_valid(graph: GraphVersion, layer: Layer, source: int, target: int, start: int) -> int:
    """Return when an edge between two assets became valid, where these names have it from `start` on.

    Earlier intervals that adjoin may belong to other names (aliases) of the two assets.
    """
    aliases = graph.aliases
    if not aliases:
        return start
    targets = aliases.names_of(target)
    nodes = [node for name in aliases.names_of(source) if (node := graph.find(name)) is not None]
    if len(nodes) == len(targets) == 1:
        return start
    rows = graph.views[layer].out
    before = {
        end: valid_since
        for node in nodes
        for other, _, _, _, valid_since, end in rows.every_row_of(node)
        if int(graph.asset_of[other]) in targets
    }
    while start in before:
        start = before.pop(start)
    return start


def _changed(graph: GraphVersion, root: int, since: int, moment: int) -> dict[int, int | None]:
    """Return when the root and its parts became new.

    That is `since`; for a frozen part it is the time of its creation, or None if it was created before `since`.
    """
    starts = starts_of(graph, root, moment, NO_LIMIT, Closure())
    parts = np.array([start.asset for start in starts], np.int32)
    nodes = graph.nodes_of(parts)
    known = np.flatnonzero(nodes >= 0)
    rows = graph.views[Layer.STRUCTURE].out.gather(nodes[known], moment)
    chosen = np.isin(rows.relation, np.array(sorted(PART_CODES), np.uint8)) & np.isin(graph.asset_of[rows.other], parts)
    since_by_part: dict[int, int] = {}
    edges = (parts[known[rows.position[chosen]]], graph.asset_of[rows.other[chosen]], rows.start[chosen])
    for part, parent, start in zip(*(column.tolist() for column in edges), strict=True):
        valid_since = _first_valid(graph, Layer.STRUCTURE, part, parent, start)
        since_by_part[part] = min(since_by_part.get(part, valid_since), valid_since)
    changed: dict[int, int | None] = {root: since}
    for part in parts.tolist():
        if part == root:
            continue
        valid_since = since_by_part.get(part, since)
        is_frozen = graph.asset_index.kind(part) in NEVER_CLOSING
        changed[part] = since if not is_frozen else valid_since if valid_since >= since else None
    return changed


def _exclude_own_outputs(reads: dict[int, set[int]], pairs: _Pairs, others: set[int]) -> None:
    """Remove inputs that only the reading workflow writes: they would otherwise keep its outputs partly old forever."""
    writers: dict[int, set[int]] = defaultdict(set)
    for workflow, outputs in pairs.items():
        for output in outputs:
            writers[output].add(workflow)
    for workflow, outputs in pairs.items():
        own = {output for output in outputs if writers[output] == {workflow} and output not in others} & reads[workflow]
        reads[workflow] -= own
        for inputs in outputs.values():
            for asset in own & inputs.keys():
                del inputs[asset]
