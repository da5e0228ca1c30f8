"""The MCP server over the tools, by the official SDK: stateless, JSON answers, protocol versions 2026-07-28 and 2025-11-25.

Import this module when the first request arrives: the SDK takes half a second and 27 MB.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.types import Receive, Scope, Send

from mlgraph.api.http.limits import Lanes
from mlgraph.api.mcp.catalog import INSTRUCTIONS
from mlgraph.api.mcp.tool import AgentTool
from mlgraph.api.mcp.tool_calls import call_tool
from mlgraph.api.mcp.tool_parameters import schema_of
from mlgraph.domain.text.suggestions import did_you_mean
from mlgraph.services.common.identity import Caller
from mlgraph.services.server.bundle import ServerServices

MAX_BODY_BYTES: Final = 1024 * 1024
"""Limit of the body of a request: the longest argument, the text of a plan, has a hundred thousand characters."""
_LIST_TTL_MS: Final = 3_600_000
"""How long clients may cache the list of tools, which changes with the version of mlgraph only."""

Context = ServerRequestContext[Any, Any]


class ProtocolServer:
    """Serves MCP requests. No state is kept between two of them, so that any process of a server may take the next one."""

    def __init__(self, services: ServerServices, lanes: Lanes, tools: Sequence[AgentTool]) -> None:
        """Serve `tools` over `services`, in the threads of `lanes`."""
        self._by_name = {tool.name: tool for tool in tools}
        self._services, self._lanes = services, lanes
        hint = CacheHint(_LIST_TTL_MS, "public")
        schemas = {tool.name: schema_of(tool.parameters) for tool in tools}
        self._tools = types.ListToolsResult(tools=[_listed(tool, schemas[tool.name]) for tool in tools])
        self._server: Server[Any] = Server(
            "mlgraph",
            version=version("mlgraph"),
            title="Model Lifecycle Graph",
            instructions=INSTRUCTIONS,
            cache_hints={"tools/list": hint, "server/discover": hint},
            get_tool_input_schema=schemas.get,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        self._server.middleware.clear()  # the SDK's tracing; requests are measured by the server's own middleware

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request. The SDK's manager keeps tasks per request, so each request has its own."""
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=MAX_BODY_BYTES
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    async def _list_tools(self, context: Context, parameters: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        del context, parameters
        return self._tools

    async def _call_tool(self, context: Context, parameters: types.CallToolRequestParams) -> types.CallToolResult:
        tool = self._by_name.get(parameters.name)
        if tool is None:
            hint = did_you_mean(parameters.name[:100], self._by_name, f"the tools are {', '.join(self._by_name)}")
            raise MCPError(types.INVALID_PARAMS, f"unknown tool {parameters.name[:60]!r}; {hint}")
        result = await call_tool(self._services, self._lanes, tool, parameters.arguments or {}, _caller_of(context))
        return types.CallToolResult(content=[types.TextContent(text=result.text)], is_error=result.is_error)


def _listed(tool: AgentTool, schema: dict[str, Any]) -> types.Tool:
    """Return a tool as clients see it."""
    annotations = types.ToolAnnotations(read_only_hint=not tool.writes)
    return types.Tool(name=tool.name, description=tool.description, input_schema=schema, annotations=annotations)


def _caller_of(context: Context) -> Caller:
    """Return the caller that the endpoint authenticated."""
    if context.request is None:
        raise MCPError(types.INTERNAL_ERROR, "the request of the call is not known")
    caller: Caller = context.request.state.caller
    return caller
