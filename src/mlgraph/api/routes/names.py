"""Route for the resolution of names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import at_least, known_only
from mlgraph.client.answer_shapes import name_shapes

router = APIRouter(
    prefix="/api/v1", tags=["queries"], dependencies=[Depends(authenticate), Depends(known_only), Depends(at_least)]
)


@router.get(
    "/resolve",
    summary="Assets of a name",
    response_model=name_shapes.ResolvedName,
    responses=operations.answers("The assets that the name may mean.", errors=READ_ERRORS),
)
async def resolve(
    services: Services,
    lanes: UseLanes,
    name: Annotated[str, Query(description="A URI, a namespace with a name, KIND:NAME, a name, or the last part of one.")],
) -> Response:
    """Return the assets that a name may mean, the most exact first; `uri` is the one that it means, if that is certain.

    Without a match, `nearest` lists the assets with the most similar names.
    """
    return await lanes.light.run(lambda: answer(services.names.matches(name)))
