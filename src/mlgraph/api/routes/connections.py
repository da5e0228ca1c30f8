"""Connected tools: adding them, how far they have been read, and the webhooks that they send."""

from __future__ import annotations

from typing import Annotated, Final

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Caller, Services, caller
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS, WRITE_ERRORS
from mlgraph.api.schema.parameters import at_least, known_only
from mlgraph.client import source_shapes
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.payload import Located, decode_json

router = APIRouter(prefix="/api/v1", tags=["sources"], dependencies=[Depends(caller), Depends(known_only)])
# A tool cannot be given a token of ours: it proves itself by the signature on each webhook.
signed = APIRouter(prefix="/api/v1", tags=["sources"], dependencies=[Depends(known_only)])

_KEYS: Final = ("kind", "url", "name")
_CONNECT_EXAMPLE: Final = {"kind": "mlflow", "url": "http://mlflow.internal:5000", "name": "prod"}
Name = Annotated[str, Path(description="The source's name, percent-encoded.")]


@router.post(
    "/sources",
    summary="Connect a tool",
    status_code=202,
    responses=operations.answers("The backfill runs.", errors=WRITE_ERRORS, status=202),
    openapi_extra=operations.body(
        "What to connect; `name` is the instance in URIs, by default host:port.", {"application/json": _CONNECT_EXAMPLE}
    ),
)
async def connect(request: Request, use: Services, who: Caller) -> Response:
    """Add a tool and backfill it with its original times, in the background; a known one goes on where it stopped."""
    async with request_bodies.buffered(request) as body:
        request_document = Located(decode_json(body))
    for key in request_document.mapping():
        if key not in _KEYS:
            raise InvalidInput(f"unknown key {key[:60]!r}; known are {', '.join(_KEYS)}", pointer=f"/{key[:60]}")
    kind, url, name = request_document.need("kind").name(), request_document.need("url").name(), request_document.get("name")
    known_as = name.name() if name else None
    return answer(await anyio.to_thread.run_sync(use.connections.connect, kind, url, known_as, who), 202)


@router.get(
    "/connectors",
    summary="Registered connectors",
    response_model=source_shapes.Connectors,
    responses=operations.answers("All connectors.", errors=READ_ERRORS),
    dependencies=[Depends(at_least)],
)
async def connectors(use: Services, lanes: UseLanes) -> Response:
    """Return the connectors of this server: the formats that it accepts, the tools that it connects, and what each emits."""
    return await lanes.light.run(lambda: answer(use.connections.connectors()))


@router.get(
    "/sources",
    summary="Connected tools",
    response_model=source_shapes.Sources,
    responses=operations.answers("All sources.", errors=READ_ERRORS),
    dependencies=[Depends(at_least)],
)
async def sources(use: Services, lanes: UseLanes) -> Response:
    """Return the connected tools, their state, and how far each has been read."""
    return await lanes.light.run(lambda: answer(use.connections.sources()))


@router.post(
    "/sources/{name:path}/test",
    summary="Test a source",
    response_model=source_shapes.SourceTest,
    responses=operations.answers("What was found, or what to fix.", errors=(401, 403, 404, 409, 422, 503)),
)
def test(use: Services, who: Caller, name: Name) -> Response:
    """Reach a source once, with its credentials: `ok` says whether it answered as it should, `error` what to fix."""
    return answer(use.connections.test(name, who))


@router.post(
    "/sources/{name:path}/sync",
    summary="Sync a source",
    status_code=202,
    responses=operations.answers("The comparison runs, or is done.", errors=(401, 403, 404, 409, 422, 502, 503), status=202),
)
def sync(use: Services, who: Caller, name: Name) -> Response:
    """Compare a source with the graph now: what no event told, deletions and renames included."""
    return answer(use.connections.sync(name, who), 202)


@router.post(
    "/sync",
    summary="Sync all sources",
    status_code=202,
    responses=operations.answers("The comparisons run, or are done.", errors=(401, 403, 422, 502, 503), status=202),
)
def sync_all(use: Services, who: Caller) -> Response:
    """Compare every source with the graph now."""
    return answer(use.connections.sync(None, who), 202)


@signed.post(
    "/webhooks/{name:path}",
    summary="Webhook of a tool",
    status_code=202,
    responses=operations.answers(
        "The event is stored, and what it names is fetched soon.", errors=(400, 401, 404, 409, 413, 415, 422, 503), status=202
    ),
    openapi_extra=operations.body("The body as the tool signed it.", {"application/json": {}}),
)
async def webhook(request: Request, use: Services, name: Name) -> Response:
    """Take a signed webhook of a connected tool; no token is asked for, the signature must be right."""
    async with request_bodies.buffered(request) as body:
        return answer(await anyio.to_thread.run_sync(use.connections.webhook, name, dict(request.headers), body), 202)
