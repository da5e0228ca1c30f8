"""What comes in: facts, events of connectors' formats, CloudEvents, and dead letters."""

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
from mlgraph.api.http.authentication import Caller, Services, caller
from mlgraph.api.http.json_responses import answer
from mlgraph.api.http.limits import UseLanes
from mlgraph.api.schema import operations
from mlgraph.api.schema.operations import READ_ERRORS, WRITE_ERRORS
from mlgraph.api.schema.parameters import Cursor, Limit, at_least, known_only
from mlgraph.client import shapes

router = APIRouter(prefix="/api/v1", tags=["intake"], dependencies=[Depends(caller), Depends(known_only)])

_LINES: Final = "application/x-ndjson"
_SEQUENCE: Final = "application/json-seq"
MAX_POSTS: Final = 16
# Threads of their own: no query takes them, and appends go one after the other anyway.
_posts = anyio.CapacityLimiter(MAX_POSTS)


@router.post(
    "/facts",
    summary="Send facts",
    response_model=shapes.Ingested,
    responses=operations.answers("What became of the lines.", errors=WRITE_ERRORS),
    openapi_extra=operations.body("One fact a line, any number of lines.", {_LINES: operations.FACTS_EXAMPLE}),
)
async def facts(request: Request, use: Services, who: Caller) -> Response:
    """Take facts as NDJSON: assets, edges and retractions, one object a line.

    The body has no total limit; a line has at most 16 MiB. It is read as fast as the store takes it, and committed in
    chunks. A malformed line is rejected by itself, with its index (from 0) and a JSON pointer; the rest is kept, and
    the answer is 200 even if every line is rejected. Empty lines are skipped and keep their index. Sending a fact
    twice changes nothing, so after a broken connection the same body can be sent again.
    """
    return answer(await request_bodies.stream_records(request, partial(use.intake.facts, caller=who)))


@router.post(
    "/lineage",
    summary="Send OpenLineage events",
    status_code=201,
    response_model=shapes.Written,
    responses={
        **operations.answers("The event is stored.", errors=WRITE_ERRORS, status=201),
        200: {"model": shapes.Ingested, "description": "What became of many events (NDJSON or JSON text sequence)."},
    },
    openapi_extra=operations.body(
        "One event, or many as NDJSON or as a JSON text sequence (RFC 7464).",
        {"application/json": operations.EVENT_EXAMPLE, _LINES: "", _SEQUENCE: ""},
    ),
)
async def openlineage(request: Request, use: Services, who: Caller) -> Response:
    """Take a RunEvent, JobEvent or DatasetEvent of OpenLineage; any producer's URL can point here.

    The body is one event, whatever its content type says, unless that is `application/x-ndjson` or
    `application/json-seq`: then it is streamed as many events and answered in the ingest shape.
    """
    return await _events("openlineage", request, use, who)


@router.post(
    "/ingest/{format}",
    summary="Send events of a connector's format",
    status_code=201,
    response_model=shapes.Written,
    responses={
        **operations.answers("The event is stored.", errors=WRITE_ERRORS, status=201),
        200: {"model": shapes.Ingested, "description": "What became of many events (NDJSON or JSON text sequence)."},
    },
    openapi_extra=operations.body(
        "One event, or many as NDJSON or as a JSON text sequence (RFC 7464).",
        {"application/json": {}, _LINES: "", _SEQUENCE: ""},
    ),
)
async def ingest(
    request: Request,
    use: Services,
    who: Caller,
    form: Annotated[str, Path(alias="format", description="The format: the name of a connector that accepts events.")],
) -> Response:
    """Take events of any format that a connector reads (`GET /api/v1/connectors`), as `POST /api/v1/lineage` takes OpenLineage.

    A format that no connector reads is refused with the list of those that are known.
    """
    return await _events(form, request, use, who)


async def _events(form: str, request: Request, use: Services, who: Caller) -> Response:
    """Take one event of a format, or a stream of them, as the content type says."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type in (_LINES, _SEQUENCE):
        take = partial(use.intake.ingest_lines, form, caller=who)
        return answer(await request_bodies.stream_records(request, take, sequence=content_type == _SEQUENCE))
    async with request_bodies.buffered(request) as body:
        if not use.intake.is_quick(form, len(body)):
            return answer(await anyio.to_thread.run_sync(use.intake.ingest, form, body, who, limiter=_posts), 201)
        arrival = use.intake.read(form, body, who)
        pending = _PendingAppend()
        if use.intake.begin(arrival, pending.end):
            return answer(await pending.outcome, 201)
        return answer(await anyio.to_thread.run_sync(use.intake.take, arrival, limiter=_posts), 201)


class _PendingAppend:
    """Something that another thread ends: its outcome, for the event loop that waits for it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[dict[str, Any]] = self._loop.create_future()

    def end(self, outcome: dict[str, Any] | BaseException) -> None:
        """Let those who wait go on. For any thread."""
        with suppress(RuntimeError):  # the loop has ended, and with it those who waited
            self._loop.call_soon_threadsafe(self._finish, outcome)

    def _finish(self, outcome: dict[str, Any] | BaseException) -> None:
        if self.outcome.done():  # nobody waits any more
            return
        if isinstance(outcome, BaseException):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


@router.post(
    "/events",
    summary="Send CloudEvents",
    status_code=202,
    response_model=shapes.Ingested,
    responses=operations.answers("What became of the events.", errors=WRITE_ERRORS, status=202),
    openapi_extra=operations.body(
        "CloudEvents 1.0: structured, batched, or binary (attributes in ce- headers).",
        {
            "application/cloudevents+json": operations.CLOUDEVENT_EXAMPLE,
            "application/cloudevents-batch+json": [operations.CLOUDEVENT_EXAMPLE],
        },
    ),
)
async def cloudevents(request: Request, use: Services, who: Caller) -> Response:
    """Take CloudEvents 1.0 in any mode. Duplicates are judged by (source, id)."""
    async with request_bodies.buffered(request) as body:
        taken = await anyio.to_thread.run_sync(use.intake.cloudevents, dict(request.headers), body, who, limiter=_posts)
    return answer(taken, 202)


@router.get(
    "/dead-letters",
    summary="List dead letters",
    response_model=shapes.DeadLetters,
    responses=operations.answers("Dead letters, oldest first.", errors=READ_ERRORS),
    dependencies=[Depends(at_least)],
)
async def dead_letters(use: Services, lanes: UseLanes, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """List what was taken durably and could not be worked on later, with the error and what arrived."""
    return await lanes.light.run(lambda: answer(use.intake.dead_letters(limit, cursor)))


@router.post(
    "/dead-letters/{id}/replay",
    summary="Replay a dead letter",
    response_model=shapes.Replayed,
    responses=operations.answers("It went through.", errors=(400, 401, 403, 404, 409, 422, 502, 503)),
)
def replay(
    use: Services,
    who: Caller,
    letter: Annotated[int, Path(alias="id", ge=0, le=2**63 - 1, description="The letter's id.")],
) -> Response:
    """Try a dead letter again, now, by the connector that it came by; if it fails again, it stays and the answer says why."""
    return answer(use.intake.replay(letter, who))
