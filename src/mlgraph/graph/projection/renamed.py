"""Edges of a workflow whose runs call one asset by several names: it is left out where no name of it is mentioned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from mlgraph.graph.model.aliases import Aliases
from mlgraph.graph.model.spans import Spans, intersect, subtract, union
from mlgraph.graph.projection.levels import Edge
from mlgraph.graph.projection.sweep import Mentions

Key = tuple[int, Edge]
"""A relation, with the name and role at the other end."""


class _Said(NamedTuple):
    moment: int
    uri: str
    code_version: str | None


def under_one_asset(
    mentions: Mapping[Key, Mentions], alone: Mapping[Key, Spans], spans: Callable[[Key, Mentions], Spans], aliases: Aliases
) -> dict[Key, Spans]:
    """Return when each edge holds if runs that mention another name of its asset do not leave it out.

    `alone` says when each holds by its own name; `spans` computes that. Past the end by its own name an edge holds until another
    name of the asset takes over: so the names together hold as one name would, and each goes its way once they are two again.
    """
    heard = _heard(mentions, aliases)
    together = {key: spans(key, said) for key, said in heard.items()}
    own = {key: intersect(alone[key], held) for key, held in together.items()}
    return {key: union([*own[key], *_kept_up(key, held, own, aliases)]) for key, held in together.items()}


def _heard(mentions: Mapping[Key, Mentions], aliases: Aliases) -> dict[Key, Mentions]:
    """Return the mentions of each edge, with those of other names of its asset at that time, which open nothing."""
    of_assets: dict[tuple[int, str, int], list[_Said]] = defaultdict(list)
    for (relation, edge), said in mentions.items():
        for moment, run in (*said.reports.items(), *said.held.items()):
            of_assets[relation, edge.role, aliases.at(edge.asset, moment)].append(_Said(moment, *run))
    heard: dict[Key, Mentions] = {}
    for (relation, edge), said in mentions.items():
        mine = heard[relation, edge] = Mentions(said.reports, dict(said.held))
        for asset in {segment.asset for segment in aliases.segments(edge.asset)}:
            for each in of_assets[relation, edge.role, asset]:
                if aliases.at(edge.asset, each.moment) == asset:
                    mine.hold(*each)
    return heard


def _kept_up(key: Key, held: Spans, own: Mapping[Key, Spans], aliases: Aliases) -> Spans:
    """Return for how long an edge holds past its own end: until another name of the asset does."""
    relation, edge = key
    taken = union(
        span
        for (other_relation, other), spans in own.items()
        if (other_relation, other.role) == (relation, edge.role) and other != edge
        for span in intersect(spans, _while_one(edge.asset, other.asset, aliases))
    )
    found: Spans = []
    for start, end in subtract(held, own[key]):
        free = subtract([(start, end)], taken)
        if free and free[0][0] == start:
            found.append(free[0])
    return found


def _while_one(name: int, other: int, aliases: Aliases) -> Spans:
    return union(
        (max(left.start, right.start), min(left.end, right.end))
        for left in aliases.segments(name)
        for right in aliases.segments(other)
        if left.asset == right.asset
    )
