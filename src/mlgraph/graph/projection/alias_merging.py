"""Edges of a workflow whose runs call one asset by several names: it is left out where no name of it is mentioned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.histories import EdgeEnd
from mlgraph.graph.projection.open_intervals import EdgeEvidence

Key = tuple[int, EdgeEnd]
"""A relation, with the name and role at the other end."""


class _Evidence(NamedTuple):
    moment: int
    uri: str
    code_version: str | None


def merge_alias_intervals(
    evidence: Mapping[Key, EdgeEvidence],
    alone: Mapping[Key, Spans],
    spans: Callable[[Key, EdgeEvidence], Spans],
    aliases: Aliases,
) -> dict[Key, Spans]:
    """Return when each edge holds if runs that mention another name of its asset do not leave it out.

    `alone` says when each holds by its own name; `spans` computes that. Past the end by its own name an edge holds until another
    name of the asset takes over: so the names together hold as one name would, and each goes its way once they are two again.
    """
    merged = _evidence_by_asset(evidence, aliases)
    together = {key: spans(key, key_evidence) for key, key_evidence in merged.items()}
    own = {key: intersect(alone[key], merged_spans) for key, merged_spans in together.items()}
    return {key: union([*own[key], *_extension(key, merged_spans, own, aliases)]) for key, merged_spans in together.items()}


def _evidence_by_asset(evidence: Mapping[Key, EdgeEvidence], aliases: Aliases) -> dict[Key, EdgeEvidence]:
    """Return the mentions of each edge, with those of other names of its asset at that time, which open nothing."""
    of_assets: dict[tuple[int, str, int], list[_Evidence]] = defaultdict(list)
    for (relation, edge), key_evidence in evidence.items():
        for moment, run in (*key_evidence.reports.items(), *key_evidence.completions.items()):
            of_assets[relation, edge.role, aliases.at(edge.asset, moment)].append(_Evidence(moment, *run))
    merged: dict[Key, EdgeEvidence] = {}
    for (relation, edge), key_evidence in evidence.items():
        own_evidence = merged[relation, edge] = EdgeEvidence(key_evidence.reports, dict(key_evidence.completions))
        for asset in {segment.asset for segment in aliases.segments(edge.asset)}:
            for each in of_assets[relation, edge.role, asset]:
                if aliases.at(edge.asset, each.moment) == asset:
                    own_evidence.record_completion(*each)
    return merged


def _extension(key: Key, merged_spans: Spans, own: Mapping[Key, Spans], aliases: Aliases) -> Spans:
    """Return for how long an edge holds past its own end: until another name of the asset does."""
    relation, edge = key
    covered = union(
        span
        for (other_relation, other), spans in own.items()
        if (other_relation, other.role) == (relation, edge.role) and other != edge
        for span in intersect(spans, _times_as_one(edge.asset, other.asset, aliases))
    )
    found: Spans = []
    for start, end in subtract(merged_spans, own[key]):
        free = subtract([(start, end)], covered)
        if free and free[0][0] == start:
            found.append(free[0])
    return found


def _times_as_one(name: int, other: int, aliases: Aliases) -> Spans:
    return union(
        (max(left.start, right.start), min(left.end, right.end))
        for left in aliases.segments(name)
        for right in aliases.segments(other)
        if left.asset == right.asset
    )
