"""Route for teams: what a team owns, and who is up- and downstream of it."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import Response

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import AsOf, UriQuery, at_least, known_only
from mlgraph.client.answer_shapes import team_shapes

router = APIRouter(
    prefix="/api/v1", tags=["discovery"], dependencies=[Depends(authenticate), Depends(known_only), Depends(at_least)]
)


@router.get(
    "/team",
    summary="What a team owns",
    response_model=team_shapes.Team,
    responses=operations.answers("The team.", errors=(*READ_ERRORS, 404)),
)
async def team(services: Services, lanes: UseLanes, uri: UriQuery, as_of: AsOf = None) -> Response:
    """Return the members of a team, the number of its assets by kind, and the teams that it depends on and that depend on it.

    `GET /api/v1/search` with `team` lists the assets.
    """
    return await lanes.heavy.run(lambda: answer(services.teams.team(uri, as_of=as_of)))
