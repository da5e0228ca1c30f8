"""Route for what people write about assets."""

from __future__ import annotations

from typing import Annotated, Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Caller, Services, authenticate
from mlgraph.api.http.json_responses import tagged_answer
from mlgraph.api.schema import operations
from mlgraph.api.schema.parameters import UriQuery, known_only
from mlgraph.client.answer_shapes import shapes
from mlgraph.domain.payloads.payload import decode_json

router = APIRouter(prefix="/api/v1", tags=["curation"], dependencies=[Depends(authenticate), Depends(known_only)])

MAX_CHANGES: Final = 4
# One change is written at a time: more threads would only wait.
_changes = anyio.CapacityLimiter(MAX_CHANGES)


@router.patch(
    "/asset",
    summary="Write about an asset",
    response_model=shapes.AnnotatedAsset,
    responses=operations.answers("The asset.", errors=(400, 401, 403, 404, 412, 413, 415, 422, 503)),
    openapi_extra=operations.body(
        "The fields to change; null takes a written value back.", {"application/json": operations.CHANGE_EXAMPLE}
    ),
)
async def annotate(
    request: Request,
    services: Services,
    caller: Caller,
    uri: UriQuery,
    if_match: Annotated[
        str | None, Header(description="The ETag of the answer on which the change is based; 412 if it is another one now.")
    ] = None,
) -> Response:
    """Change what people write about an asset: description, owners, tags, links, deprecated, successor.

    What people write outranks what sources report, field by field, and is kept through every sync; `fields` of the answer still
    lists what sources report. Tags are added and removed one by one, and so are links if they are an object like `tags`.
    `changed` lists the fields that this request changed: none if it changed nothing, and then nothing is written.
    """
    async with request_bodies.buffered(request) as body:
        document = decode_json(body)
    tags = None if if_match is None else _entity_tags(if_match)
    changed = await anyio.to_thread.run_sync(services.annotations.change, uri, document, caller, tags, limiter=_changes)
    return tagged_answer(changed)


def _entity_tags(header: str) -> list[str]:
    """Return the entity tags of If-Match without quotes. A weak one matches nothing here (RFC 9110, section 13.1.1)."""
    listed = (each.strip() for each in header.split(","))
    return [each.removeprefix('"').removesuffix('"') for each in listed if each]
