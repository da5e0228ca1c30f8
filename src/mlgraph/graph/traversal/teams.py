"""The team of an asset (docs/spec.md#the-team-of-an-asset): by its own owners, else by the asset that it belongs to.

Owners are those that answers show, the latest known. Memberships and the edges to models and services are those of a moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import (
    COLUMN,
    DEPLOYMENT,
    MEMBER_OF,
    MODEL_VERSION,
    RUN,
    SERVES,
    TEAM,
    VERSION_OF,
    Ints,
    Layer,
    Longs,
)
from mlgraph.graph.traversal.name_resolution import resolved_assets

NO_TEAM: Final = -1
"""In place of the number of a team: the asset has none."""
_INHERITED: Final = ((MODEL_VERSION, Layer.STRUCTURE, VERSION_OF), (DEPLOYMENT, Layer.ASSET, SERVES))
"""Kinds that belong to another asset by an edge of the graph: the layer and the relation of this edge."""
_Rank = tuple[bool, str]
"""Of an owner: whether it is a person, and the first of its teams by URI. The least of an asset's owners decides."""


class TeamNumbers(NamedTuple):
    """The teams of many assets: `number` int32[n] has the position of each asset's team in `uris`, or `NO_TEAM`."""

    uris: Sequence[str]
    """The teams of these assets, in order."""
    number: Ints

    def uri(self, place: int) -> str | None:
        """Return the team of the asset at this position, or None."""
        number = int(self.number[place])
        return None if number == NO_TEAM else self.uris[number]


class Teams:
    """The teams of assets in one version of the graph, at a moment (microseconds since the epoch)."""

    def __init__(self, graph: GraphVersion, moment: int) -> None:
        self._graph = graph
        self._moment = moment

    def team_of(self, asset: int) -> str | None:
        """Return the team of one asset, or None."""
        return self.of([asset]).uri(0)

    def of(self, assets: Sequence[int] | Ints) -> TeamNumbers:
        """Return the teams of many assets; that of an alias is the team of its asset."""
        chosen = self._resolved(np.asarray(assets, np.int32))
        own, uris = self._by_owners(chosen)
        without = np.flatnonzero(own == NO_TEAM)
        places, parents = self._parents(chosen[without])
        distinct, which = np.unique(parents, return_inverse=True)
        inherited, others = self._by_owners(distinct.astype(np.int32))
        ordered = sorted({*uris, *others})
        position = {uri: number for number, uri in enumerate(ordered)}
        last = len(ordered)
        number = _renumbered(own, [position[uri] for uri in uris], last)
        by_parent = _renumbered(inherited, [position[uri] for uri in others], last)
        np.minimum.at(number, without[places], by_parent[which])
        number[number == last] = NO_TEAM
        return TeamNumbers(ordered, number)

    def _resolved(self, assets: Ints) -> Ints:
        return resolved_assets(self._graph, assets, self._moment)

    def _by_owners(self, assets: Ints) -> tuple[Ints, list[str]]:
        """Return of each asset the position of its team, by its own owners, in a list of teams; `NO_TEAM` if it has none."""
        owners, index, places = self._graph.asset_index.owned(assets)
        ranks = self._ranks(owners)
        ordered = sorted(set(ranks.values()))
        number = {rank: place for place, rank in enumerate(ordered)}
        last = len(ordered)
        by_owner = np.array([number[ranks[owner]] if owner in ranks else last for owner in owners], np.int32)
        best = np.full(len(assets), last, np.int32)
        np.minimum.at(best, places, np.repeat(by_owner, np.diff(index)))
        best[best == last] = NO_TEAM
        return best, [team for _, team in ordered]

    def _ranks(self, owners: Sequence[str]) -> dict[str, _Rank]:
        """Return the rank of each owner that is a team or belongs to one."""
        index, found = self._graph.asset_index, dict[str, _Rank]()
        numbered = [(owner, number) for owner in owners if (number := index.number(owner)) is not None]
        assets = self._resolved(np.array([number for _, number in numbered], np.int32))
        is_team = (index.kinds(assets) == TEAM).tolist()
        teams = self._teams_of_members(assets)
        for place, (owner, _) in enumerate(numbered):
            if is_team[place]:
                found[owner] = False, index.uri(int(assets[place]))
            elif place in teams:
                found[owner] = True, min(teams[place])
        return found

    def _teams_of_members(self, members: Ints) -> dict[int, list[str]]:
        """Return the teams of each member that has any, by its position."""
        found: dict[int, list[str]] = defaultdict(list)
        places, teams = self._targets(members, Layer.STRUCTURE, MEMBER_OF)
        for place, team in zip(places.tolist(), self._graph.asset_index.uris(teams), strict=True):
            found[place].append(team)
        return found

    def _parents(self, assets: Ints) -> tuple[Longs, Ints]:
        """Return (position, parent) for each asset that belongs to another one by its kind, once for each of these."""
        index = self._graph.asset_index
        kinds = index.kinds(assets)
        columns, runs = np.flatnonzero(kinds == COLUMN), np.flatnonzero(kinds == RUN)
        places = [columns, runs]
        parents = [index.datasets_of(assets[columns]), index.workflows_of(assets[runs])]
        for place, workflow in self._workflows_under_other_names(assets[runs]):
            places.append(runs[[place]])
            parents.append(np.array([workflow], np.int32))
        for kind, layer, relation in _INHERITED:
            chosen = np.flatnonzero(kinds == kind)
            positions, targets = self._targets(assets[chosen], layer, relation)
            places.append(chosen[positions])
            parents.append(targets)
        every_place, every_parent = np.concatenate(places), np.concatenate(parents)
        known = every_parent > 0
        return every_place[known], self._resolved(every_parent[known])

    def _workflows_under_other_names(self, runs: Ints) -> Iterable[tuple[int, int]]:
        """Yield (position, workflow) of what is reported of runs under other names."""
        aliases, index = self._graph.aliases, self._graph.asset_index
        names = [name for name in aliases.names() if index.kind(name) == RUN] if aliases and len(runs) else []
        for name in names:
            run = aliases.at(name, self._moment)
            workflow = int(index.workflows_of(np.array([name], np.int32))[0])
            if run != name and workflow:
                yield from ((place, workflow) for place in np.flatnonzero(runs == run).tolist())

    def _targets(self, assets: Ints, layer: Layer, relation: int) -> tuple[Longs, Ints]:
        """Return (position, target) of the edges of a relation from assets."""
        nodes = self._graph.nodes_of(assets)
        known = np.flatnonzero(nodes >= 0)
        rows = self._graph.views[layer].out.gather(nodes[known], self._moment)
        chosen = np.flatnonzero(rows.relation == relation)
        return known[rows.position[chosen]], self._graph.asset_of[rows.other[chosen]]


def _renumbered(numbers: Ints, position: Sequence[int], last: int) -> Ints:
    """Return `position` of each number; `last` for `NO_TEAM`."""
    return np.array([*position, last], np.int32)[numbers]
