"""Routes for ingest: facts, events of connectors' formats, CloudEvents; and for dead letters."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, Final

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from mlgraph.api.http import request_bodies
from mlgraph.api.http.authentication import Caller, Services, authenticate
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS, WRITE_ERRORS
from mlgraph.api.schema.parameters import Cursor, Limit, at_least, known_only
from mlgraph.client.answer_shapes import ingest_shapes, shapes

router = APIRouter(prefix="/api/v1", tags=["intake"], dependencies=[Depends(authenticate), Depends(known_only)])

_LINES: Final = "application/x-ndjson"
_SEQUENCE: Final = "application/json-seq"
MAX_POSTS: Final = 16
# A thread limit separate from queries; few suffice, because appends are serialized.
_posts = anyio.CapacityLimiter(MAX_POSTS)


@router.post(
    "/facts",
    summary="Send facts",
    response_model=ingest_shapes.Ingested,
    responses=operations.answers("Counts of accepted, duplicate and rejected lines.", errors=WRITE_ERRORS),
    openapi_extra=operations.body("One fact a line, any number of lines.", {_LINES: operations.FACTS_EXAMPLE}),
)
async def facts(request: Request, services: Services, caller: Caller) -> Response:
    """Take facts as NDJSON: assets, edges and retractions, one object a line.

    The body has no total limit; a line has at most 16 MiB. It is read as fast as the store accepts it, and committed in
    chunks. A malformed line is rejected by itself, with its index (from 0) and a JSON pointer; the other lines are stored, and
    the answer is 200 even if every line is rejected. Empty lines are skipped but counted in `index`. Sending a fact
    twice changes nothing, so after a broken connection the same body can be sent again.
    """
    return answer(await request_bodies.stream_records(request, partial(services.intake.facts, caller=caller)))


@router.post(
    "/lineage",
    summary="Send OpenLineage events",
    status_code=201,
    response_model=ingest_shapes.Written,
    responses={
        **operations.answers("The event is stored.", errors=WRITE_ERRORS, status=201),
        200: {"model": ingest_shapes.IngestedEvents, "description": "Counts for many events (NDJSON or JSON text sequence)."},
    },
    openapi_extra=operations.body(
        "One event, or many as NDJSON or as a JSON text sequence (RFC 7464).",
        {"application/json": operations.EVENT_EXAMPLE, _LINES: "", _SEQUENCE: ""},
    ),
)
async def openlineage(request: Request, services: Services, caller: Caller) -> Response:
    """Take a RunEvent, JobEvent or DatasetEvent of OpenLineage; any OpenLineage producer can send to this URL.

    The body is one event, whatever its content type says, unless that is `application/x-ndjson` or
    `application/json-seq`: then it is streamed as many events and answered in the ingest shape. An event is refused only
    without a usable time, run, job or dataset; other details that cannot be read are left out and listed in `warnings`.
    """
    return await _events("openlineage", request, services, caller)


@router.post(
    "/ingest/{format}",
    summary="Send events of a connector's format",
    status_code=201,
    response_model=ingest_shapes.Written,
    responses={
        **operations.answers("The event is stored.", errors=WRITE_ERRORS, status=201),
        200: {"model": ingest_shapes.IngestedEvents, "description": "Counts for many events (NDJSON or JSON text sequence)."},
    },
    openapi_extra=operations.body(
        "One event, or many as NDJSON or as a JSON text sequence (RFC 7464).",
        {"application/json": {}, _LINES: "", _SEQUENCE: ""},
    ),
)
async def ingest(
    request: Request,
    services: Services,
    caller: Caller,
    form: Annotated[str, Path(alias="format", description="The format: the name of a connector that accepts events.")],
) -> Response:
    """Take events of any connector's format (`GET /api/v1/connectors`), as `POST /api/v1/lineage` takes OpenLineage.

    An unknown format is refused with a list of the known ones.
    """
    return await _events(form, request, services, caller)


async def _events(form: str, request: Request, services: Services, caller: Caller) -> Response:
    """Take one event of a format, or a stream of events, depending on the content type."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in (_LINES, _SEQUENCE):
        take = partial(services.intake.ingest_lines, form, caller=caller)
        return answer(await request_bodies.stream_records(request, take, sequence=content_type == _SEQUENCE))
    async with request_bodies.buffered(request) as body:
        if not services.intake.is_quick(form, len(body)):
            return answer(await anyio.to_thread.run_sync(services.intake.ingest, form, body, caller, limiter=_posts), 201)
        event = services.intake.interpret(form, body, caller)
        pending = _PendingAppend()
        if services.intake.store_async(event, pending.end):
            return answer(await pending.outcome, 201)
        return answer(await anyio.to_thread.run_sync(services.intake.store, event, limiter=_posts), 201)


class _PendingAppend:
    """An append that another thread completes: `outcome` is the future for the event loop that awaits it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[dict[str, Any]] = self._loop.create_future()

    def end(self, outcome: dict[str, Any] | BaseException) -> None:
        """Complete `outcome`. Can be called from any thread."""
        with suppress(RuntimeError):  # the event loop is closed: no task waits any more
            self._loop.call_soon_threadsafe(self._finish, outcome)

    def _finish(self, outcome: dict[str, Any] | BaseException) -> None:
        if self.outcome.done():  # the request was cancelled
            return
        if isinstance(outcome, BaseException):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


@router.post(
    "/events",
    summary="Send CloudEvents",
    status_code=202,
    response_model=ingest_shapes.IngestedEvents,
    responses=operations.answers("Counts of accepted, duplicate and rejected events.", errors=WRITE_ERRORS, status=202),
    openapi_extra=operations.body(
        "CloudEvents 1.0: structured, batched, or binary (attributes in ce- headers).",
        {
            "application/cloudevents+json": operations.CLOUDEVENT_EXAMPLE,
            "application/cloudevents-batch+json": [operations.CLOUDEVENT_EXAMPLE],
        },
    ),
)
async def cloudevents(request: Request, services: Services, caller: Caller) -> Response:
    """Take CloudEvents 1.0 in any mode. Duplicates are identified by (source, id)."""
    async with request_bodies.buffered(request) as body:
        result = await anyio.to_thread.run_sync(services.intake.cloudevents, dict(request.headers), body, caller, limiter=_posts)
    return answer(result, 202)


@router.get(
    "/dead-letters",
    summary="List dead letters",
    response_model=shapes.DeadLetters,
    responses=operations.answers("Dead letters, oldest first.", errors=READ_ERRORS),
    dependencies=[Depends(at_least)],
)
async def dead_letters(services: Services, lanes: UseLanes, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """List input that was accepted and could not be processed, with the error and the input itself."""
    return await lanes.light.run(lambda: answer(services.intake.dead_letters(limit, cursor)))


@router.post(
    "/dead-letters/{id}/replay",
    summary="Replay a dead letter",
    response_model=shapes.Replayed,
    responses=operations.answers("The dead letter was processed.", errors=(400, 401, 403, 404, 409, 422, 502, 503)),
)
def replay(
    services: Services,
    caller: Caller,
    letter: Annotated[int, Path(alias="id", ge=0, le=2**63 - 1, description="The dead letter's id.")],
) -> Response:
    """Process a dead letter again, now, with the connector that received it; if it fails, it stays, and the answer says why."""
    return answer(services.intake.replay(letter, caller))
