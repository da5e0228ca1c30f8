"""The route `/mcp`: authentication and the rules against web pages of other sites, as for the HTTP API, before the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio.to_thread
from fastapi import Request
from starlette.types import Message, Receive, Scope, Send

from mlgraph.api.http.authentication import authenticate
from mlgraph.api.http.limits import Lanes
from mlgraph.api.http.problems import of_error, problem
from mlgraph.api.http.request_bodies import buffered
from mlgraph.api.mcp.catalog import TOOLSETS
from mlgraph.domain.errors import InvalidInput, MlgraphError
from mlgraph.services.server.bundle import ServerServices

if TYPE_CHECKING:
    from mlgraph.api.mcp.protocol_server import ProtocolServer

PATH: Final = "/mcp"
_METHOD_NOT_ALLOWED: Final = 405


class McpEndpoint:
    """ASGI application for one path. The protocol's SDK is imported when the first request arrives."""

    path_format = PATH

    def __init__(self, services: ServerServices, lanes: Lanes) -> None:
        """Serve the tools over `services`, in the threads of `lanes`."""
        self._services, self._lanes = services, lanes
        self._servers: dict[str, ProtocolServer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. A stream that the server would push to (GET) is not offered: nothing is pushed."""
        scope["route"] = self
        request = Request(scope, receive)
        try:
            request.state.caller = await authenticate(request)
            if request.method != "POST":
                detail = f"{request.method} is not allowed for {PATH}: send each JSON-RPC message as a POST"
                await problem(_METHOD_NOT_ALLOWED, "Method Not Allowed", detail, headers={"allow": "POST"})(scope, receive, send)
                return
            async with buffered(request) as body:
                toolset = _toolset_of(request)
                server = self._servers[toolset] if toolset in self._servers else await self._loaded(toolset)
                await server.serve(_without_encoding(scope), _replayed(body, receive), send)
        except MlgraphError as error:
            await of_error(error)(scope, receive, send)

    async def _loaded(self, toolset: str) -> ProtocolServer:
        return await anyio.to_thread.run_sync(self._load, toolset)

    def _load(self, toolset: str) -> ProtocolServer:
        from mlgraph.api.mcp.protocol_server import ProtocolServer  # noqa: PLC0415 - half a second, which no start should take

        return self._servers.setdefault(toolset, ProtocolServer(self._services, self._lanes, TOOLSETS[toolset]))


def _toolset_of(request: Request) -> str:
    """Return the value of the query parameter `toolset`, the only one. Raises `InvalidInput`."""
    for name in request.query_params:
        if name != "toolset":
            raise InvalidInput(f"unknown query parameter {name[:60]!r}; {PATH} takes toolset")
    toolset = request.query_params.get("toolset", "read")
    if toolset not in TOOLSETS:
        raise InvalidInput(f"unknown toolset {toolset[:60]!r}; one of {', '.join(TOOLSETS)}", pointer="toolset")
    return toolset


def _without_encoding(scope: Scope) -> Scope:
    """Return the scope of a request whose body is decompressed."""
    dropped = (b"content-encoding", b"content-length")
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name not in dropped]}


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields the body that is read already, then what the server receives."""
    sent = False

    async def next_message() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message
