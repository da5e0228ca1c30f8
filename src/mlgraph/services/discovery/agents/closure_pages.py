"""Impact and lineage for agents: counts of everything reached, and the first entries in order of importance.

Both work on arrays; only the entries of the page become objects, so that the impact of a hub takes as long as its traversal.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, NamedTuple

import numpy as np

from mlgraph.domain.timestamps import format_time
from mlgraph.domain.vocabulary import KINDS, RELATION_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.impact.analysis import ImpactResult
from mlgraph.graph.impact.change_effects import Change, Effect
from mlgraph.graph.impact.predecessor_search import NOTHING
from mlgraph.graph.impact.severity import SEVERITIES
from mlgraph.graph.model.rows import Bools, Ints, Layer
from mlgraph.graph.response.edge_listing import edges_between
from mlgraph.graph.response.paging import CERTAINTY
from mlgraph.graph.traversal.teams import NO_TEAM, TeamNumbers
from mlgraph.ports.store import FactReader
from mlgraph.services.common.origin_names import Origins
from mlgraph.services.discovery.agents.handles import handle_of
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER, PagePosition, RankedAssets, RankedPage
from mlgraph.services.queries.folding import Folding
from mlgraph.services.queries.impact_answer import ImpactListing
from mlgraph.services.queries.lineage_answer import LineageListing
from mlgraph.services.queries.names import claimants_of
from mlgraph.services.queries.scope import Scope, level_name

NO_EFFECT: Final = "none"
_ONLINE_FIRST: Final = np.full(256, 2, np.int32)
"""Rank by kind, among assets of the same severity and effect: what answers users first, then the versions that it runs."""
_ONLINE_FIRST[[KINDS[name].code for name in ("service", "agent", "deployment", "feature_service")]] = 0
_ONLINE_FIRST[[KINDS[name].code for name in ("model", "model_version")]] = 1
MAX_PATH: Final = 16
"""Assets between both ends of a proof path that an entry lists; the others of a longer path are counted."""
MAX_EDGES: Final = 4
"""Edges that an entry of a lineage lists; the others are counted."""
MAX_OWNERS: Final = 8
"""Owners to notify that a summary lists; the others are counted."""


class ClosurePage(NamedTuple):
    """The counts of an answer as JSON, and its page."""

    summary: dict[str, Any]
    page: RankedPage
    watermark: int


def impact_page(
    scope: Scope, reader: FactReader, change: Change | None, team: str | None, after: PagePosition | None, most: int
) -> ClosurePage:
    """Return the affected assets, worst first, of these what answers users first, then nearest, `most` of them as entries.

    `team`: only the assets of this team (a URI, or `NO_OWNER`); None: of all.
    """
    graph = scope.graph
    listing = ImpactListing.of(scope, reader, change)
    found, chosen = listing.found, listing.chosen
    ranked = RankedAssets.of(graph, scope.moment, listing.assets, listing.distances)
    if team is not None:
        of_team = _of_team(ranked.teams, team)
        chosen, ranked = chosen[of_team], ranked.taken(of_team)
    severities, effects = found.severities[chosen], found.effects[chosen]
    order = np.argsort(
        severities.astype(np.int32) << 16 | effects.astype(np.int32) << 8 | _ONLINE_FIRST[ranked.kinds], kind="stable"
    )
    ranked, chosen = ranked.taken(order), chosen[order]
    start = ranked.start_after(after)
    counts = np.bincount(severities, minlength=len(SEVERITIES)).tolist()
    summary = {
        **_of_root(scope),
        "change": change,
        "by_effect": _by_effect(effects),
        "by_severity": {name: count for name, count in zip(SEVERITIES, counts, strict=True) if count},
        "by_kind": ranked.by_kind(),
        "by_team": ranked.by_team(),
        **_notified(graph, ranked.assets),
        **_folded(listing.folding, found.hidden),
    }
    entries = _affected(ranked, found, chosen[start : start + most], start)
    return ClosurePage(summary, RankedPage(ranked, start, entries), graph.watermark)


def lineage_page(
    scope: Scope, reader: FactReader, origins: Origins, team: str | None, after: PagePosition | None, most: int
) -> ClosurePage:
    """Return the reached assets without the root, nearest first, `most` of them as entries."""
    graph, listing = scope.graph, LineageListing.of(scope, reader)
    others = listing.assets != scope.root
    certain = listing.certain[others]
    ranked = RankedAssets.of(graph, scope.moment, listing.assets[others], listing.distances[others])
    if team is not None:
        of_team = _of_team(ranked.teams, team)
        ranked, certain = ranked.taken(of_team), certain[of_team]
    start = ranked.start_after(after)
    stop = min(start + most, len(ranked.assets))
    listed = np.concatenate([np.array([scope.root], np.int32), ranked.assets[:stop]])
    edges = edges_between(
        scope.graph,
        scope.level,
        scope.moment,
        listing.closures,
        listed,
        lambda upto: origins.upto(upto).rank,
        listing.folding.hidden,
    )
    handles = [handle_of(scope.graph, asset) for asset in listed.tolist()]
    known: dict[int, list[str]] = defaultdict(list)
    for source, relation, target in zip(edges.source.tolist(), edges.relation.tolist(), edges.target.tolist(), strict=True):
        further = max(source, target)  # a node's edges to nodes that are listed before it
        arrow = (
            f"{handles[source]} {RELATION_NAMES[relation]} ->"
            if further == target
            else f"{RELATION_NAMES[relation]} -> {handles[target]}"
        )
        known[further].append(arrow)
    entries = [
        {
            **entry,
            **_possible(certain=is_certain),
            "edges": known[place][:MAX_EDGES],
            **_more("more_edges", len(known[place]) - MAX_EDGES),
        }
        for place, (entry, is_certain) in enumerate(
            zip(_entries(ranked, slice(start, stop)), certain[start:stop].tolist(), strict=True), start=start + 1
        )
    ]
    summary = {
        **_of_root(scope),
        "direction": scope.options.direction,
        "by_kind": ranked.by_kind(),
        "by_team": ranked.by_team(),
        **_folded(listing.folding, listing.every),
    }
    return ClosurePage(summary, RankedPage(ranked, start, entries), scope.graph.watermark)


def _of_team(teams: TeamNumbers, team: str) -> Bools:
    wanted = NO_TEAM if team == NO_OWNER else list(teams.uris).index(team) if team in teams.uris else len(teams.uris)
    found: Bools = teams.number == wanted
    return found


def _of_root(scope: Scope) -> dict[str, Any]:
    index = scope.graph.asset_index
    return {
        "asset": handle_of(scope.graph, scope.root),
        "name": index.name(scope.root),
        "uri": index.uri(scope.root),
        **({"ambiguous": claimants} if (claimants := claimants_of(scope.graph, scope.root, scope.moment)) else {}),
        **({"level": level_name(scope.level)} if scope.level != Layer.ASSET else {}),
        **({"as_of": format_time(scope.moment)} if scope.options.as_of is not None else {}),
    }


def _by_effect(effects: Any) -> dict[str, int]:  # noqa: ANN401 - bytes
    counts = np.bincount(effects, minlength=NOTHING + 1)
    named = {effect.word: int(counts[effect]) for effect in Effect} | {NO_EFFECT: int(counts[NOTHING])}
    return {word: count for word, count in named.items() if count}


def _notified(graph: GraphVersion, assets: Ints) -> dict[str, Any]:
    """Return the owners of most of the assets, with the number of their assets, and how many more owners there are."""
    owners, index, _ = graph.asset_index.owned(assets)
    counts = np.diff(index)
    most = np.argsort(-counts, kind="stable")[:MAX_OWNERS].tolist()
    return {"notify": {owners[place]: int(counts[place]) for place in most}, **_more("more_owners", len(owners) - len(most))}


def _entries(ranked: RankedAssets, chosen: slice) -> list[dict[str, Any]]:
    """Return handle, name, URI, distance and team of the chosen assets."""
    index, assets = ranked.graph.asset_index, ranked.assets[chosen]
    rows = zip(
        assets.tolist(), index.names_and_owners(assets), index.uris(assets), ranked.distances[chosen].tolist(), strict=True
    )
    return [
        {
            "asset": handle_of(ranked.graph, asset),
            "name": name,
            "uri": uri,
            "distance": distance,
            "team": ranked.team(place),
            **({"owners": owners} if owners and owners != [ranked.teams.uri(place)] else {}),
        }
        for place, (asset, (name, owners), uri, distance) in enumerate(rows, start=chosen.start or 0)
    ]


def _affected(ranked: RankedAssets, found: ImpactResult, places: Any, start: int) -> list[dict[str, Any]]:  # noqa: ANN401
    """Return the entries of an impact page: `places` are their positions in `found`."""
    index = ranked.graph.asset_index
    listed = []
    for entry, place in zip(_entries(ranked, slice(start, start + len(places))), places.tolist(), strict=True):
        via = found.path(place)[1:-1]
        effect = int(found.effects[place])
        shown = via if len(via) <= MAX_PATH else [*via[: MAX_PATH // 2], *via[-MAX_PATH // 2 :]]
        listed.append(
            {
                **entry,
                "severity": SEVERITIES[int(found.severities[place])],
                **({"effect": Effect(effect).word} if effect != NOTHING else {}),
                **_possible(certain=bool(found.certain[place])),
                "via": [f"{handle_of(ranked.graph, asset)} {index.name(asset)}" for asset in shown],
                **_more("via_left_out", len(via) - len(shown)),
            }
        )
    return listed


def _folded(folding: Folding, assets: Ints) -> dict[str, Any]:
    """Return how many of the assets noise rules hide."""
    found = folding.summary(assets)
    return {"hidden_by_noise_rules": found["by_rule"]} if found["count"] else {}


def _possible(*, certain: bool) -> dict[str, str]:
    return {} if certain else {"certainty": CERTAINTY[certain]}


def _more(name: str, count: int) -> dict[str, int]:
    return {name: count} if count > 0 else {}
