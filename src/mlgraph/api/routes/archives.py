"""The whole store as one file: taken out while it is served, put back into an empty one."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Caller, Services, caller
from mlgraph.api.http.json_responses import answer, started_answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.http.streaming import streamed
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS
from mlgraph.api.schema.parameters import at_least, known_only
from mlgraph.client import shapes

router = APIRouter(prefix="/api/v1", tags=["operations"], dependencies=[Depends(caller), Depends(known_only)])

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
async def backup(use: Services, lanes: UseLanes, who: Caller) -> Response:
    """Return everything that is stored, as of one moment, as a gzipped tar; others read and write meanwhile.

    A token that is bound to a source may not. If the connection ends without its last chunk, the backup is not complete.
    """
    return await streamed(lambda: started_answer(use.archives.backup(who)), lanes, _MEDIA, {"cache-control": "no-store"})


@router.post(
    "/restore",
    summary="Restore a backup",
    response_model=shapes.Restored,
    responses=operations.answers("What was restored.", errors=(401, 403, 409, 415, 422, 503)),
    openapi_extra=operations.body("A backup, of any size.", {_MEDIA: ""}),
)
async def restore(request: Request, use: Services, who: Caller) -> Response:
    """Put a backup into the store of this server, which must be empty: whole, or not at all.

    The store gets an id of its own. A token that is bound to a source may not.
    """
    return answer(await request_bodies.stream_bytes(request, partial(use.archives.restore, caller=who)))
