"""What a change of an asset can reach, as edges and workflows: the part of the graph that its propagation is followed in."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import numpy as np

from mlgraph.graph.csr.snapshot import Snapshot
from mlgraph.graph.model.rows import CERTAIN, NEVER_CLOSING, PART_CODES, RUN, WALK, WORKFLOW, Ints, Layer
from mlgraph.graph.propagation.rebuild_status import Concerned, Link
from mlgraph.graph.traversal.walk import NO_LIMIT, Reached, starts_of

MAKERS: Final = frozenset({WORKFLOW, RUN})
"""Kinds that read and write at the asset level: workflows, and runs without one."""
_NEVER_CLOSING: Final = np.array(sorted(NEVER_CLOSING), np.uint8)

_Pairs = dict[int, dict[int, dict[int, bool]]]


def concerned_by(graph: Snapshot, root: int, since: int, moment: int, reached: Reached) -> Concerned:
    """Return what a change of `root` at `since` can reach, of all that was `reached` from it at `moment` at the asset level."""
    changed = _changed(graph, root, since, moment)
    nodes = reached.nodes
    rows = graph.views[Layer.ASSET].out.gather(nodes, moment, WALK)
    sources, targets = nodes[rows.position], rows.other
    source_assets, target_assets = graph.asset_of[sources], graph.asset_of[targets]
    makes, made = _are_makers(graph, source_assets), _are_makers(graph, target_assets)
    into: dict[int, dict[int, bool]] = defaultdict(dict)
    reads: dict[int, set[int]] = defaultdict(set)
    sure = rows.flags & CERTAIN != 0
    for asset, node, workflow, certain in zip(
        source_assets[made].tolist(), targets[made].tolist(), target_assets[made].tolist(), sure[made].tolist(), strict=True
    ):
        reads[workflow].add(asset)
        into[node][asset] = into[node].get(asset, False) or certain
    pairs: _Pairs = defaultdict(lambda: defaultdict(dict))
    for node, workflow, output, certain in zip(
        sources[makes].tolist(), source_assets[makes].tolist(), target_assets[makes].tolist(), sure[makes].tolist(), strict=True
    ):
        known = pairs[workflow][output]
        for asset, is_sure in into.get(node, {}).items():
            known[asset] = known.get(asset, False) or (is_sure and certain)
    plain = ~makes & ~made
    links = _links(graph, source_assets[plain], target_assets[plain], rows.start[plain].tolist())
    _leave_out_own_outputs(reads, pairs, {link.target for link in links} | changed.keys())
    for asset in changed:
        if graph.registry.kind(asset) in MAKERS:
            reads[asset].add(asset)
            for inputs in pairs[asset].values():
                inputs[asset] = True
    frozen = reached.assets[np.isin(graph.registry.kinds(reached.assets), _NEVER_CLOSING)]
    return Concerned(changed, links, reads, pairs, frozenset(frozen.tolist()))


def _are_makers(graph: Snapshot, assets: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(graph.registry.kinds(assets), np.array(sorted(MAKERS), np.uint8))


def _links(graph: Snapshot, sources: Ints, targets: Ints, starts: list[int]) -> list[Link]:
    """Return each edge once, from the earliest moment at which some origin has held it."""
    begun: dict[tuple[int, int], int] = {}
    for source, target, start in zip(sources.tolist(), targets.tolist(), starts, strict=True):
        begun[source, target] = min(begun.get((source, target), start), start)
    return [Link(*ends, _begun(graph, Layer.ASSET, *ends, start)) for ends, start in begun.items()]


def _begun(graph: Snapshot, layer: Layer, source: int, target: int, start: int) -> int:
    """Return when an edge that stands under these names from `start` on began, under whatever names its ends had."""
    aliases = graph.aliases
    if not aliases:
        return start
    targets = aliases.led_to(target)
    nodes = [node for name in aliases.led_to(source) if (node := graph.find(name)) is not None]
    if len(nodes) == len(targets) == 1:
        return start
    rows = graph.views[layer].out
    before = {
        end: begun
        for node in nodes
        for other, _, _, _, begun, end in rows.every_row_of(node)
        if int(graph.asset_of[other]) in targets
    }
    while start in before:
        start = before.pop(start)
    return start


def _changed(graph: Snapshot, root: int, since: int, moment: int) -> dict[int, int | None]:
    """Return when the root and its parts became new: a part that is frozen when it came to be, if that was not before `since`."""
    starts = starts_of(graph, root, moment, NO_LIMIT, Reached())
    parts = np.array([start.asset for start in starts], np.int32)
    nodes = graph.nodes_of(parts)
    known = np.flatnonzero(nodes >= 0)
    rows = graph.views[Layer.STRUCTURE].out.gather(nodes[known], moment)
    chosen = np.isin(rows.relation, np.array(sorted(PART_CODES), np.uint8)) & np.isin(graph.asset_of[rows.other], parts)
    came: dict[int, int] = {}
    edges = (parts[known[rows.position[chosen]]], graph.asset_of[rows.other[chosen]], rows.start[chosen])
    for part, whole, start in zip(*(column.tolist() for column in edges), strict=True):
        begun = _begun(graph, Layer.STRUCTURE, part, whole, start)
        came[part] = min(came.get(part, begun), begun)
    changed: dict[int, int | None] = {root: since}
    for part in parts.tolist():
        if part == root:
            continue
        begun = came.get(part, since)
        is_frozen = graph.registry.kind(part) in NEVER_CLOSING
        changed[part] = since if not is_frozen else begun if begun >= since else None
    return changed


def _leave_out_own_outputs(reads: dict[int, set[int]], pairs: _Pairs, others: set[int]) -> None:
    """Leave out what a workflow reads of what it alone writes: otherwise nothing of it could ever be wholly new."""
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
