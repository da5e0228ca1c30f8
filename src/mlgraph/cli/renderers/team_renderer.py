"""Renderer of a team: its members, its assets by kind, and its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from mlgraph.cli.output import asset_text, count, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlgraph.client.answer_shapes.team_shapes import Team, TeamNeighbour


def team(answer: Team) -> RenderableType:
    """Render the team; `mlgraph search` with `--team` lists its assets."""
    members = ", ".join(plain(member["name"]) for member in answer["members"])
    left_out = answer["members_total"] - len(answer["members"])
    parts: list[RenderableType] = [
        asset_text("team", answer["name"]),
        Text(f"  members: {members or 'none are known'}{f' and {left_out:,} more' if left_out else ''}"),
        Text(f"  owns {count(answer['total'], 'asset')}"),
    ]
    parts += [Text(f"    {number:>9,} {plain(kind)}") for kind, number in sorted(answer["owns"].items())]
    parts += _neighbours("depends on", answer["depends_on"])
    parts += _neighbours("is depended on by", answer["depended_on_by"])
    return Group(*parts)


def _neighbours(title: str, neighbours: Sequence[TeamNeighbour]) -> list[RenderableType]:
    if not neighbours:
        return [Text(f"  {title} no other team", "dim")]
    lines = [Text(f"    {each['assets']:>9,} {plain(each['name'] or 'assets without a team')}") for each in neighbours]
    return [Text(f"  {title}, by number of assets"), *lines]
