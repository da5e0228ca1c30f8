"""Merges the validity intervals of a workflow's edges to several names (aliases) of one asset.

A run omits the asset only if it reports none of its names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.histories import EdgeKey
from mlgraph.graph.projection.open_intervals import EdgeEvidence, RunAtMoment


def merge_alias_intervals(
    evidence: Mapping[EdgeKey, EdgeEvidence],
    alone: Mapping[EdgeKey, Spans],
    spans: Callable[[EdgeKey, EdgeEvidence], Spans],
    aliases: Aliases,
) -> dict[EdgeKey, Spans]:
    """Return the open spans of each edge, where a run that reports another name of its asset does not omit it.

    `alone` has the open spans by each edge's own name; `spans` computes them from evidence. An edge stays open past the end by
    its own name until an edge to another name of the asset opens. So all names together are open as a single name would be, and
    each closes independently once the names denote two assets again.
    """
    together = {key: spans(key, found) for key, found in _evidence_under_all_names(evidence, aliases).items()}
    own = {key: intersect(alone[key], merged_spans) for key, merged_spans in together.items()}
    return {key: union([*own[key], *_extension(key, merged_spans, own, aliases)]) for key, merged_spans in together.items()}


def _evidence_under_all_names(evidence: Mapping[EdgeKey, EdgeEvidence], aliases: Aliases) -> dict[EdgeKey, EdgeEvidence]:
    """Return the evidence of each edge with the reports of other names of its asset, which open nothing."""
    of_assets: dict[EdgeKey, list[tuple[int, RunAtMoment]]] = defaultdict(list)
    runs_of_assets: dict[EdgeKey, list[tuple[int, int]]] = defaultdict(list)
    for key, found in evidence.items():
        for moment, named in found.reports.items():
            of_assets[key._replace(asset=aliases.at(key.asset, moment))].append((moment, named))
        for run, first in found.runs.items():
            runs_of_assets[key._replace(asset=aliases.at(key.asset, first))].append((first, run))
    merged: dict[EdgeKey, EdgeEvidence] = {}
    for key, found in evidence.items():
        own = merged[key] = EdgeEvidence(found.reports, dict(found.runs))
        for asset in {segment.asset for segment in aliases.segments(key.asset)}:
            for moment, named in of_assets[key._replace(asset=asset)]:
                if aliases.at(key.asset, moment) == asset:
                    own.record_other_name(moment, named)
            for first, run in runs_of_assets[key._replace(asset=asset)]:
                if aliases.at(key.asset, first) == asset:
                    own.runs.setdefault(run, first)
    return merged


def _extension(key: EdgeKey, merged_spans: Spans, own: Mapping[EdgeKey, Spans], aliases: Aliases) -> Spans:
    """Return the spans in which an edge stays open past its own end: until an edge to another name of the asset opens."""
    covered = union(
        span
        for other, spans in own.items()
        if (other.relation, other.role) == (key.relation, key.role) and other != key
        for span in intersect(spans, aliases.as_one(key.asset, other.asset))
    )
    found: Spans = []
    for start, end in subtract(merged_spans, own[key]):
        free = subtract([(start, end)], covered)
        if free and free[0][0] == start:
            found.append(free[0])
    return found
