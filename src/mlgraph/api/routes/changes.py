"""Route for the feed of changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from mlgraph.api.http.authentication import Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import Cursor, Moment, RequiredMoment, Uri, at_least, known_only
from mlgraph.client.answer_shapes import change_shapes
from mlgraph.services.discovery.changes.change_feed import DEFAULT_LIMIT, MAX_FEED_LIMIT

router = APIRouter(
    prefix="/api/v1", tags=["discovery"], dependencies=[Depends(authenticate), Depends(known_only), Depends(at_least)]
)


class ChangesParameters(BaseModel):
    """The parameters of the feed of changes."""

    from_: Annotated[
        Moment | None,
        Query(alias="from", description="Recorded after this time (RFC 3339 with a zone); a day before `to` by default."),
    ] = None
    to: Annotated[Moment | None, Query(description="Recorded up to this time; now by default.")] = None
    owner: Annotated[Uri | None, Query(description="Only assets that this person or team owns, or whose team it is (a URI).")] = (
        None
    )
    uri: Annotated[Uri | None, Query(description="Only this asset and its edges.")] = None
    limit: Annotated[int, Query(ge=1, le=MAX_FEED_LIMIT, description="How many to list at most.")] = DEFAULT_LIMIT
    cursor: Cursor = None


@router.get(
    "/changes",
    summary="Latest changes",
    response_model=change_shapes.Changes,
    responses=operations.answers("A page of the changes, newest first.", errors=(*READ_ERRORS, 404)),
)
async def changes(services: Services, lanes: UseLanes, wanted: Annotated[ChangesParameters, Query()]) -> Response:
    """Return what changed, by the time of recording: assets and edges that appeared, ended or were altered.

    Runs are counted in `runs`, not listed; what their workflows read and write is. `frontier` continues a partial answer, and
    repeats and skips nothing although more is recorded meanwhile.
    """
    options = {name: getattr(wanted, name) for name in ("owner", "uri", "limit", "cursor")}
    return await lanes.heavy.run(lambda: answer(services.changes.changes(wanted.from_, wanted.to, **options)))


@router.get(
    "/recorded",
    summary="Facts recorded since an answer",
    response_model=change_shapes.RecordedSince,
    responses=operations.answers("The number of facts.", errors=READ_ERRORS),
)
async def recorded(
    services: Services,
    lanes: UseLanes,
    as_of: RequiredMoment,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="The watermark of the answer, or the `at_least` of a link.")],
) -> Response:
    """Return how many facts about the time of an earlier answer were recorded after it: whether it would be the same today."""
    return await lanes.light.run(lambda: answer(services.recorded.since(as_of, after)))
