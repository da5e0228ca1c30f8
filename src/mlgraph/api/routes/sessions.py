"""Routes for the sessions of browsers (docs/adr/0050-sessions-of-browsers.md)."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from mlgraph.api.http import request_bodies, session_cookies
from mlgraph.api.http.authentication import Services, authenticate, check_write, foreign_page, session_of, token_of
from mlgraph.api.http.json_responses import answer
from mlgraph.api.schema import operations
from mlgraph.api.schema.parameters import known_only
from mlgraph.client.answer_shapes import session_shapes
from mlgraph.domain import clock
from mlgraph.domain.errors import Conflict, Forbidden, Unauthorized
from mlgraph.domain.payloads.payload import Located, decode_json
from mlgraph.domain.timestamps import format_time
from mlgraph.services.common.identity import Caller
from mlgraph.services.server.browser_sessions import BrowserSession
from mlgraph.services.server.bundle import ServerServices

router = APIRouter(prefix="/api/v1", tags=["session"], dependencies=[Depends(known_only)])


@router.get(
    "/session",
    summary="Who the caller is",
    response_model=session_shapes.CallerSession,
    responses=operations.answers("The caller and its rights.", errors=(401, 422, 503)),
)
async def session(request: Request, services: Services) -> Response:
    """Return who the caller is, what it may do, and whether it could sign in. Answers also callers that are nobody.

    Only a bearer token that is not known is answered 401.
    """
    found = session_of(request, services) if token_of(request) is None else None
    try:
        caller = await authenticate(request)
    except (Forbidden, Unauthorized):
        if token_of(request) is not None:
            raise
        caller = None
    return _private(_description(request, services, caller, found))


@router.post(
    "/session",
    summary="Sign in with a token",
    response_model=session_shapes.CallerSession,
    responses=operations.answers("The session, whose id is in the cookie.", errors=(400, 401, 403, 409, 413, 415, 422, 429, 503)),
    openapi_extra=operations.body("The token.", {"application/json": {"token": "change-me"}}),
)
async def sign_in(request: Request, services: Services) -> Response:
    """Begin a session that stands for a token, for a browser: the answer sets a cookie that scripts cannot read.

    Requests with the cookie have actor and rights of the token; those that write need the header `X-CSRF-Token` with the
    `csrf_token` of the answer. The session ends after 12 hours, with its token, or by `DELETE`.
    """
    if page := foreign_page(request):
        raise Forbidden(f"{page} may not sign this browser in")
    if not services.sessions.possible:
        raise Conflict("this server has no tokens, so nobody signs in: it answers callers of its own machine")
    async with request_bodies.buffered(request) as body:
        token = Located(decode_json(body)).need("token").name()
    address = request.client.host if request.client else ""
    session_id, started = await anyio.to_thread.run_sync(services.sessions.begin, token, address)
    for previous in session_cookies.session_ids(request):
        services.sessions.end(previous)
    response = _private(_description(request, services, started.caller, started))
    lifetime_s = (started.expires_us - clock.wall_us()) // 1_000_000
    session_cookies.set_cookie(request, response, session_id, max(1, lifetime_s))
    return response


@router.delete(
    "/session",
    summary="Sign out",
    response_model=session_shapes.SessionEnded,
    responses=operations.answers("The session has ended.", errors=(403, 422, 503)),
)
async def sign_out(request: Request, services: Services) -> Response:
    """End the session of the cookie on the server and delete the cookie; a copy of it is worth nothing either.

    Needs the header `X-CSRF-Token` as long as the session has not ended.
    """
    if page := foreign_page(request):
        raise Forbidden(f"{page} may not sign this browser out")
    found = session_of(request, services)
    if found is not None:
        check_write(request, found)
    for session_id in session_cookies.session_ids(request):
        services.sessions.end(session_id)
    response = _private({"ended": found is not None})
    session_cookies.delete_cookies(request, response)
    return response


def _description(
    request: Request, services: ServerServices, caller: Caller | None, found: BrowserSession | None
) -> dict[str, Any]:
    if caller is None:
        by = None
    elif found is not None:
        by = "session"
    else:
        by = "local" if token_of(request) is None else "token"
    sign_in = "required" if not request.app.state.loopback else "optional"
    ends: BrowserSession | Caller | None = found or caller
    expires_us = None if ends is None else ends.expires_us
    return {
        "actor": caller and caller.actor,
        "by": by,
        "sign_in": sign_in if services.sessions.possible else "impossible",
        "admin": caller is not None and caller.admin,
        "source": caller and caller.source,
        "environment": caller and caller.environment,
        "writes_curation": caller is not None and caller.may_curate,
        "csrf_token": found and found.csrf_token,
        "expires_at": None if expires_us is None else format_time(expires_us),
    }


def _private(body: dict[str, Any]) -> Response:
    """Return an answer that no cache keeps: it is about one caller."""
    response = answer(body)
    response.headers["cache-control"] = "no-store"
    return response
