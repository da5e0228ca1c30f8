"""A fast path for `GET /api/v1/lineage` and `/impact`: FastAPI's dependency resolution costs more than most traversals.

A valid request is passed to the same functions that FastAPI would call, in the same order. Any other request (an unknown or
repeated parameter, an invalid value) is passed to FastAPI, which reports the error.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mlgraph.api.http.authentication import authenticate
from mlgraph.api.http.limits import Lanes
from mlgraph.api.http.problems import of_error
from mlgraph.api.routes import queries
from mlgraph.api.schema.parameters import ClosureParameters, ImpactParameters, at_least
from mlgraph.domain.errors import MlgraphError
from mlgraph.services.server.bundle import ServerServices

_DIGITS: Final = 18
"""Every watermark of at most this many digits fits 63 bits; FastAPI handles longer ones."""


class _Call(NamedTuple):
    """A route with a fast path: its path template, its parameter model, and its handler."""

    path_format: str
    parameters: type[ClosureParameters]
    answer: Callable[[ServerServices, Lanes, Any], Awaitable[Response]]


_CALLS: Final = {
    call.path_format: call
    for call in (
        _Call("/api/v1/lineage", ClosureParameters, queries.lineage),
        _Call("/api/v1/impact", ImpactParameters, queries.impact),
    )
}


class FastPathMiddleware:
    """ASGI middleware that answers the routes in `_CALLS` and passes every other request to `app`."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = _CALLS.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        query = None if call is None else _parsed_query(call, scope["query_string"])
        if call is None or query is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = call
        try:
            response = await _answer(call, Request(scope, receive), *query)
        except MlgraphError as error:
            response = of_error(error)
        await response(scope, receive, send)


async def _answer(call: _Call, request: Request, parameters: ClosureParameters, watermark: int | None) -> Response:
    state = request.app.state
    await authenticate(request)
    await at_least(state.services, state.lanes, watermark)
    return await call.answer(state.services, state.lanes, parameters)


def _parsed_query(call: _Call, query: bytes) -> tuple[ClosureParameters, int | None] | None:
    """Return the parameters and the watermark to wait for; None if FastAPI must handle the request."""
    values: dict[str, Any] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name == "kind":
            values.setdefault(name, []).append(value)
        elif name in values:
            return None
        else:
            values[name] = value
    watermark = values.pop("at_least", None)
    if not values.keys() <= call.parameters.model_fields.keys():
        return None
    if watermark is not None and not (watermark.isascii() and watermark.isdigit() and len(watermark) <= _DIGITS):
        return None
    try:
        parameters = call.parameters.model_validate(values)
    except (ValidationError, MlgraphError):
        return None
    return parameters, None if watermark is None else int(watermark)
