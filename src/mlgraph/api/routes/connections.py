"""Routes for connectors and connected tools (sources): connect, list, test, sync, webhooks."""

from __future__ import annotations

from typing import Annotated, Final

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Caller, Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS, WRITE_ERRORS
from mlgraph.api.schema.parameters import at_least, known_only
from mlgraph.client.answer_shapes import source_shapes
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.naming.naming_context import NamingContext
from mlgraph.domain.payloads.payload import Located, decode_json

router = APIRouter(prefix="/api/v1", tags=["sources"], dependencies=[Depends(authenticate), Depends(known_only)])
# A tool cannot send a token of mlgraph: each webhook is authenticated by its signature.
signed = APIRouter(prefix="/api/v1", tags=["sources"], dependencies=[Depends(known_only)])

_KEYS: Final = ("kind", "url", "name", "scope", "place", "registry")
_CONNECT_EXAMPLE: Final = {"kind": "mlflow", "url": "http://mlflow.internal:5000", "name": "prod"}
Name = Annotated[str, Path(description="The source's name, percent-encoded.")]


@router.post(
    "/sources",
    summary="Connect a tool",
    status_code=202,
    responses=operations.answers("The backfill is running.", errors=WRITE_ERRORS, status=202),
    openapi_extra=operations.body(
        "The tool to connect; `name` is the instance in URIs, by default host:port; `scope`, `place`, `registry` decide names.",
        {"application/json": _CONNECT_EXAMPLE},
    ),
)
async def connect(request: Request, services: Services, caller: Caller) -> Response:
    """Add a tool and backfill its history, with original times, in the background; repeat the call to resume a backfill."""
    async with request_bodies.buffered(request) as body:
        request_document = Located(decode_json(body))
    for key in request_document.mapping():
        if key not in _KEYS:
            raise InvalidInput(f"unknown key {key[:60]!r}; known are {', '.join(_KEYS)}", pointer=f"/{key[:60]}")
    kind, url = request_document.need("kind").name(), request_document.need("url").name()
    name, scope, place, registry = (
        found.name() if (found := request_document.get(key)) else None for key in ("name", "scope", "place", "registry")
    )
    naming = NamingContext(scope, place, registry)
    return answer(await anyio.to_thread.run_sync(services.connections.connect, kind, url, name, caller, naming), 202)


@router.get(
    "/connectors",
    summary="Registered connectors",
    response_model=source_shapes.Connectors,
    responses=operations.answers("All connectors.", errors=READ_ERRORS),
    dependencies=[Depends(at_least)],
)
async def connectors(request: Request, services: Services, lanes: UseLanes) -> Response:
    """Return the connectors of this server: the formats that it accepts, the tools that it connects, what each emits.

    `setup` are the lines to paste where a tool is configured; `connected` are the tools that are read.
    """
    url, needs_token = str(request.base_url), bool(services.tokens)
    return await lanes.light.run(lambda: answer(services.connections.connectors(url, needs_token=needs_token)))


@router.get(
    "/sources",
    summary="Connected tools",
    response_model=source_shapes.Sources,
    responses=operations.answers("All sources.", errors=READ_ERRORS),
    dependencies=[Depends(at_least)],
)
async def sources(services: Services, lanes: UseLanes) -> Response:
    """Return the connected tools with their state and progress."""
    return await lanes.light.run(lambda: answer(services.connections.sources()))


@router.post(
    "/sources/{name:path}/test",
    summary="Test a source",
    response_model=source_shapes.SourceTest,
    responses=operations.answers("The objects that were found, or what to fix.", errors=(401, 403, 404, 409, 422, 503)),
)
def test(services: Services, caller: Caller, name: Name) -> Response:
    """Connect to a source once, with its credentials: `ok` is true if it answered as expected, else `error` says what to fix."""
    return answer(services.connections.test(name, caller))


@router.post(
    "/sources/{name:path}/sync",
    summary="Sync a source",
    status_code=202,
    responses=operations.answers(
        "The comparison is running or complete.", errors=(401, 403, 404, 409, 422, 502, 503), status=202
    ),
)
def sync(services: Services, caller: Caller, name: Name) -> Response:
    """Reconcile a source with the graph now: changes that no event reported, deletions and renames included."""
    return answer(services.connections.sync(name, caller), 202)


@router.post(
    "/sync",
    summary="Sync all sources",
    status_code=202,
    responses=operations.answers("The comparisons are running or complete.", errors=(401, 403, 422, 502, 503), status=202),
)
def sync_all(services: Services, caller: Caller) -> Response:
    """Reconcile every source with the graph now."""
    return answer(services.connections.sync(None, caller), 202)


@signed.post(
    "/webhooks/{name:path}",
    summary="Webhook of a tool",
    status_code=202,
    responses=operations.answers(
        "The event is stored; the object that it names is fetched soon.",
        errors=(400, 401, 404, 409, 413, 415, 422, 503),
        status=202,
    ),
    openapi_extra=operations.body("The body that the tool signed.", {"application/json": {}}),
)
async def webhook(request: Request, services: Services, name: Name) -> Response:
    """Take a signed webhook of a connected tool; it needs no token, but a valid signature."""
    async with request_bodies.buffered(request) as body:
        return answer(await anyio.to_thread.run_sync(services.connections.webhook, name, dict(request.headers), body), 202)
