"""What every answer has (a request id, `nosniff`), request duration metrics and the access log."""

from __future__ import annotations

import logging
import re
import time
import uuid
from contextvars import ContextVar
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlgraph.services.common import metrics

_log = logging.getLogger("mlgraph.access")

SLOW_S: Final = 1.0
HEADER: Final = "x-request-id"
_GIVEN: Final = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that the current thread or task serves."""


class RequestMetricsMiddleware:
    """The outermost ASGI middleware: assigns request ids, and records each request in the metrics and the access log."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Its id is the caller's `X-Request-Id` if that is safe to log, else a new one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        named = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = named
                headers["x-content-type-options"] = "nosniff"  # names from sources never become a page, whatever is in them
            await send(message)

        reset_token = request_id.set(named)
        started = time.perf_counter()
        complete = False
        try:
            with metrics.REQUESTS_UNDER_WAY.track_inprogress():
                await self._app(scope, receive, send_with_id)
            complete = True
        finally:
            _record(scope, status, complete=complete, took_s=time.perf_counter() - started)
            request_id.reset(reset_token)


def route_of(scope: Scope) -> str:
    """Return the path template of the matched route, never the path itself, which contains URIs."""
    return str(getattr(scope.get("route"), "path_format", "unmatched"))


def _record(scope: Scope, status: int, *, complete: bool, took_s: float) -> None:
    route = route_of(scope)
    method = scope["method"] if scope["method"] in _METHODS else "other"
    outcome = f"{status // 100}xx" if status else "none"  # none: the client disconnected before the answer started
    metrics.REQUEST_SECONDS.labels(method, route, outcome if complete else "broken").observe(took_s)
    notable = status >= 400 or not status or not complete or took_s > SLOW_S
    level = logging.INFO if notable else logging.DEBUG
    if _log.isEnabledFor(level):
        context = {
            "method": method,
            "route": route,
            "status": status,
            "duration_ms": round(took_s * 1000, 3),
            "actor": scope.get("state", {}).get("actor"),
            "complete": complete,
        }
        _log.log(level, "%s %s %s in %.1f ms", method, route, status or "none", took_s * 1000, extra={"context": context})
