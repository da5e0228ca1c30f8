"""Route for what is known of the versions that serve."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import MAX_LIMIT, AsOf, at_least, known_only
from mlgraph.client.answer_shapes import coverage_shapes
from mlgraph.services.discovery.coverage.coverage import DEFAULT_LIMIT

router = APIRouter(
    prefix="/api/v1", tags=["discovery"], dependencies=[Depends(authenticate), Depends(known_only), Depends(at_least)]
)


@router.get(
    "/coverage",
    summary="What is known of the versions that serve",
    response_model=coverage_shapes.DeployedCoverage,
    responses=operations.answers("The counts, and the gaps by version.", errors=READ_ERRORS),
)
async def coverage(
    services: Services,
    lanes: UseLanes,
    as_of: AsOf = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many gaps to list at most.")] = DEFAULT_LIMIT,
) -> Response:
    """Return how many of the model versions that serve reach a dataset, an owner, a commit, an evaluation, an experiment.

    Each gap has the reason and the line that mends it. An experiment is expected only where one runs on the version's service.
    `reference` counts running variants and serving deployments, and those of them that name known versions only.
    """
    return await lanes.heavy.run(lambda: answer(services.coverage.coverage(as_of=as_of, limit=limit)))
