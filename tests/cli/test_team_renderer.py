"""What `mlgraph team` prints."""

from __future__ import annotations

from mlgraph.api.schema import portal_examples
from mlgraph.cli.renderers import team_renderer
from tests.cli.test_asset_renderers import rendered


def test_a_team_is_shown_with_assets_and_neighbours() -> None:
    lines = [" ".join(line.split()) for line in rendered(team_renderer.team(portal_examples.TEAM)).splitlines()]
    assert lines[0] == "team data"
    assert "owns 15 assets" in lines
    assert "12 dataset" in lines
    assert "2 platform" in lines
    assert "1 assets without a team" in lines


def test_a_team_alone_depends_on_none() -> None:
    text = rendered(team_renderer.team({**portal_examples.TEAM, "members": [], "depends_on": [], "depended_on_by": []}))
    assert "none are known and 1 more" in text
    assert "depends on no other team" in text
