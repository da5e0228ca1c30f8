"""Error responses: RFC 9457 `application/problem+json`.

`type` is a URN derived from the title, `pointer` an RFC 6901 pointer into an invalid body, `instance` the identifier of an
unexpected error in the server's log.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlgraph.api.http.json_responses import dump
from mlgraph.api.http.request_metrics import route_of
from mlgraph.domain.errors import MlgraphError, Unauthorized, Unavailable
from mlgraph.domain.payloads.payload import clean_text
from mlgraph.domain.text.suggestions import did_you_mean

MEDIA_TYPE: Final = "application/problem+json"
_log = logging.getLogger(__name__)


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    pointer: str | None = None,
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem response."""
    body = problem_bytes(status, title, detail, pointer=pointer, instance=instance)
    return Response(body, status, headers=headers, media_type=MEDIA_TYPE)


def problem_bytes(status: int, title: str, detail: str, *, pointer: str | None = None, instance: str | None = None) -> bytes:
    """Return the body of a problem response."""
    kind = "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
    members: dict[str, Any] = {
        "type": f"urn:mlgraph:problem:{kind}",
        "title": title,
        "status": status,
        "detail": clean_text(detail),
    }
    if pointer is not None:
        members["pointer"] = clean_text(pointer)
    if instance is not None:
        members["instance"] = instance
    return dump(members)


def install(app: FastAPI) -> None:
    """Register handlers that answer every error of `app` with a problem response."""
    app.add_exception_handler(MlgraphError, _own)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _framework)
    app.add_middleware(UnexpectedFailures)


class UnexpectedFailures:
    """ASGI middleware that answers an unexpected exception with 500 without internals, and logs it.

    If the response has started, the exception is raised again, so that the server breaks the connection: a truncated
    answer must not look complete.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_and_note(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            _log.info("%s %s: the client disconnected before its request was complete", scope["method"], route_of(scope))
        except Exception:
            instance = f"urn:uuid:{uuid.uuid4()}"
            _log.exception("%s %s failed: %s", scope["method"], route_of(scope), instance)
            if started:
                raise
            detail = f"the server failed unexpectedly; its log has the cause under {instance}"
            await problem(500, "Internal error", detail, instance=instance)(scope, receive, send)


async def _own(_request: Request, error: Exception) -> Response:
    if not isinstance(error, MlgraphError):
        raise error
    return of_error(error)


def of_error(error: MlgraphError) -> Response:
    """Return the problem response for `error`."""
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        headers["retry-after"] = str(max(1, error.retry_after_s))
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = "Bearer"
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not headers:
        _log.error("%s: %s", error.title, error.detail)
    detail, pointer = error.detail, error.pointer
    if pointer and not pointer.startswith("/"):  # not a JSON pointer but the name of a query parameter
        detail, pointer = f"parameter {pointer!r}: {detail}", None
    return problem(error.status, error.title, detail, pointer=pointer, headers=headers)


async def _validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem(422, "Invalid input", "; ".join(_sentence(each) for each in error.errors()))


def _sentence(error: Mapping[str, Any]) -> str:
    location: Sequence[Any] = error.get("loc", ())
    where = f"{location[0]} parameter {str(location[1])!r}" if len(location) > 1 else "the request"
    if error.get("type") == "missing":
        return f"{where} is missing"
    message = str(error.get("msg", "is not valid"))
    return f"{where}: {message[:1].lower()}{message[1:]}, not {str(error.get('input'))[:80]!r}"


async def _framework(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    title = HTTPStatus(error.status_code).phrase
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = _no_such_path(request)
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("allow") or (error.headers or {}).get("Allow") or "another method"
        detail = f"{request.method} is not allowed for {request.url.path}: use {allowed}"
    return problem(error.status_code, title, detail, headers=error.headers)


def _no_such_path(request: Request) -> str:
    path = request.url.path[:200]
    hint = did_you_mean(path, request.app.openapi()["paths"], "/docs lists every call", quoted=False)
    return f"no call has the path {path!r}; {hint}"
