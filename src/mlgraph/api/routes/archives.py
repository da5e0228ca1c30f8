"""Routes for backup and restore of the complete store as one file."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Caller, Services, authenticate
from mlgraph.api.http.json_responses import answer, started_answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.http.streaming import streamed
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import at_least, known_only
from mlgraph.client.answer_shapes import shapes

router = APIRouter(prefix="/api/v1", tags=["operations"], dependencies=[Depends(authenticate), Depends(known_only)])

_MEDIA = "application/gzip"


@router.get(
    "/backup",
    summary="Back up the store",
    response_class=StreamingResponse,
    responses={
        **operations.answers("The backup.", errors=READ_ERRORS),
        200: {"description": "The backup.", "content": {_MEDIA: {"schema": {"type": "string", "format": "binary"}}}},
    },
    dependencies=[Depends(at_least)],
)
async def backup(services: Services, lanes: UseLanes, caller: Caller) -> Response:
    """Return everything that is stored, as of one moment, as a gzipped tar; other requests continue meanwhile.

    A token that is bound to a source is refused. If the connection ends without the last chunk, the backup is incomplete.
    """
    return await streamed(lambda: started_answer(services.archives.backup(caller)), lanes, _MEDIA, {"cache-control": "no-store"})


@router.post(
    "/restore",
    summary="Restore a backup",
    response_model=shapes.Restored,
    responses=operations.answers("A summary of the restore.", errors=(401, 403, 409, 415, 422, 503)),
    openapi_extra=operations.body("A backup, of any size.", {_MEDIA: ""}),
)
async def restore(request: Request, services: Services, caller: Caller) -> Response:
    """Load a backup into the store of this server, which must be empty; the restore is atomic.

    The store gets a new id. A token that is bound to a source is refused.
    """
    return answer(await request_bodies.stream_bytes(request, partial(services.archives.restore, caller=caller)))
