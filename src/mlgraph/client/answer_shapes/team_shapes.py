"""Shapes (TypedDict) of the answer of `GET /api/v1/team`."""

from __future__ import annotations

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class TeamMember(TypedDict):
    """A person or team that is a member of the team."""

    uri: str
    name: str


class TeamNeighbour(TypedDict):
    """Another team, and how many of its assets are at an edge with assets of the team. `team` null: those that have no team."""

    team: str | None
    name: str | None
    assets: int


class Team(TypedDict):
    """A team: its members, its assets by kind, and the teams from which edges lead to its assets, and to which from them."""

    uri: str
    name: str
    members: list[TeamMember]
    members_total: int
    owns: dict[str, int]
    total: int
    depends_on: list[TeamNeighbour]
    depended_on_by: list[TeamNeighbour]
    as_of: str
    watermark: int
