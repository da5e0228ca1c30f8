"""The calls that are asked most, read without FastAPI: solving their dependencies and parameters takes it longer than most walks.

A request that is as it should be is handed to the same functions that FastAPI would call, in the same order. Whatever else comes
(an unknown parameter, one given twice, a value that does not fit) is left to FastAPI, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mlgraph.api.http.authentication import caller
from mlgraph.api.http.limits import Lanes
from mlgraph.api.http.problems import of_error
from mlgraph.api.routes import queries
from mlgraph.api.schema.parameters import ClosureParameters, ImpactParameters, at_least
from mlgraph.domain.errors import MlgraphError
from mlgraph.services.server.bundle import ServerServices

_DIGITS: Final = 18
"""A watermark of so many digits fits 63 bits; longer ones are left to FastAPI."""


class _Call(NamedTuple):
    """A call: the template of its path, its parameters, and what answers it."""

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


class Direct:
    """Answers those calls; hands everything else to `app`."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call = _CALLS.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        asked = None if call is None else _asked(call, scope["query_string"])
        if call is None or asked is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = call
        try:
            response = await _answer(call, Request(scope, receive), *asked)
        except MlgraphError as error:
            response = of_error(error)
        await response(scope, receive, send)


async def _answer(call: _Call, request: Request, parameters: ClosureParameters, watermark: int | None) -> Response:
    state = request.app.state
    await caller(request)
    await at_least(state.services, state.lanes, watermark)
    return await call.answer(state.services, state.lanes, parameters)


def _asked(call: _Call, query: bytes) -> tuple[ClosureParameters, int | None] | None:
    """Return the parameters of a call and the watermark to wait for; None where FastAPI must look at them."""
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
