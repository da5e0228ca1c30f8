"""The calls of the client about teams."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.team_shapes import Team
    from mlgraph.client.responses import Answer, HttpTransport


class TeamCalls:
    """Calls about teams."""

    _transport: HttpTransport

    def team(self, uri: str, *, as_of: str | None = None, at_least: int | None = None) -> Answer[Team]:
        """Return members, assets by kind and neighbours of a team; `search` with `team` lists the assets."""
        return self._transport.get("/api/v1/team", {"uri": uri, "as_of": as_of, "at_least": at_least}, assets=("uri",))
