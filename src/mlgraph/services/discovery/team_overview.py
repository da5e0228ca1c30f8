"""What a team owns, and which teams it depends on and which depend on it (docs/http.md): counted on arrays."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.timestamps import format_time
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.csr_table import DirectedRows
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import COLUMN, MEMBER_OF, RUN, TEAM, WALK, Bools, Ints, Layer
from mlgraph.graph.traversal.teams import Teams
from mlgraph.ports.store import FactReader
from mlgraph.services.history.asset_states import AssetStates
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.resolver import Resolver, moment_of

MAX_LISTED: Final = 1_000
"""Members and teams that are listed; `members_total` counts all."""


class _Owned(NamedTuple):
    """The assets of the team: flags by asset, and the numbers of the assets that are counted."""

    flags: Bools
    listed: Ints


class TeamOverview:
    """Answers about teams. Thread-safe."""

    def __init__(self, reader: FactReader, follower: Follower) -> None:
        self._reader = reader
        self._follower = follower
        self._resolver = Resolver(reader, follower)

    def team(self, uri: str, *, as_of: str | None = None) -> dict[str, Any]:
        """Return members, assets and neighbours of a team at a moment as JSON. Raises `InvalidInput`, `UnknownAsset`.

        Owners are the latest known, memberships and edges those of the moment. Runs and columns are not counted, deleted
        assets neither.
        """
        graph, moment = self._resolver.graph(uri), moment_of(as_of)
        team = self._resolver.asset(graph, uri, moment)
        index = graph.asset_index
        if index.kind(team) != TEAM:
            raise InvalidInput(f"{uri[:300]} is not a team", pointer="uri")
        owned = _owned(graph, team, moment)
        kinds, counts = np.unique(index.kinds(owned.listed), return_counts=True)
        members = self._members(graph, team, moment)
        view = graph.views[Layer.ASSET]
        return {
            "uri": index.uri(team),
            "name": index.name(team),
            "members": members[:MAX_LISTED],
            "members_total": len(members),
            "owns": {KIND_NAMES[kind]: count for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)},
            "total": len(owned.listed),
            "depends_on": _neighbours(graph, owned, view.into, moment),
            "depended_on_by": _neighbours(graph, owned, view.out, moment),
            "as_of": format_time(moment),
            "watermark": graph.watermark,
        }

    def _members(self, graph: GraphVersion, team: int, moment: int) -> list[dict[str, Any]]:
        node = graph.find(team)
        if node is None:
            return []
        rows = graph.views[Layer.STRUCTURE].into.rows_of(node, moment)
        found = {int(graph.asset_of[other]) for other, relation, _, _ in rows if relation == MEMBER_OF}
        ordered = sorted(found, key=graph.asset_index.uri)
        states = AssetStates(self._reader.at(graph.watermark), graph, moment).shown(ordered[:MAX_LISTED])
        uris = {member: graph.asset_index.uri(member) for member in ordered}
        return [
            {"uri": uri, "name": states.get(member, {}).get("name") or AssetUri.parse(uri).name} for member, uri in uris.items()
        ]


def _owned(graph: GraphVersion, team: int, moment: int) -> _Owned:
    """Return the assets whose team it is."""
    index = graph.asset_index
    assets = np.arange(1, len(index), dtype=np.int32)
    kinds = index.kinds(assets)
    assets = assets[(kinds != RUN) & (kinds != COLUMN) & (kinds != TEAM)]
    assets = assets[~index.deleted(assets)]
    teams = Teams(graph, moment).of(assets)
    uri = index.uri(team)
    number = teams.uris.index(uri) if uri in teams.uris else None
    listed = assets[teams.number == number] if number is not None else assets[:0]
    flags = np.zeros(len(index), np.bool_)
    flags[listed] = True
    return _Owned(flags, listed)


def _neighbours(graph: GraphVersion, owned: _Owned, rows: DirectedRows, moment: int) -> list[dict[str, Any]]:
    """Return the other teams at the ends of edges of the team's assets, with the numbers of their assets there, most first."""
    nodes = np.flatnonzero(owned.flags[graph.asset_of[: graph.nodes]]).astype(np.int32)
    ends = np.unique(graph.asset_of[rows.gather(nodes, moment, WALK).other])
    ends = ends[~owned.flags[ends]]
    kinds = graph.asset_index.kinds(ends)
    ends = ends[(kinds != RUN) & (kinds != COLUMN)]
    teams = Teams(graph, moment).of(ends)
    counts = np.bincount(teams.number[teams.number >= 0], minlength=len(teams.uris)).tolist()
    found: list[dict[str, Any]] = [
        {"team": uri, "name": _name(graph, uri), "assets": count} for uri, count in zip(teams.uris, counts, strict=True) if count
    ]
    unowned = len(ends) - sum(counts)
    if unowned:
        found.append({"team": None, "name": None, "assets": unowned})
    return sorted(found, key=lambda each: (-each["assets"], each["team"] or ""))


def _name(graph: GraphVersion, uri: str) -> str:
    number = graph.asset_index.number(uri)
    return AssetUri.parse(uri).name if number is None else graph.asset_index.name(number)
