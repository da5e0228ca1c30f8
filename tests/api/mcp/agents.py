"""Agents without a model: scripted callers of the tools, by the SDK's client or by plain requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import anyio.from_thread
import httpx
from mcp import Client
from mcp_types import TextContent, Tool

from mlgraph.api.mcp.token_estimate import tokens_of

Json = dict[str, Any]
MODERN: Final = "2026-07-28"
LEGACY: Final = "2025-11-25"
Headers = Mapping[str, str]
NO_HEADERS: Final[Headers] = {}


@dataclass(frozen=True)
class Reply:
    """The answer to one call of a tool."""

    text: str
    is_error: bool

    @property
    def lines(self) -> list[Json]:
        """The JSON lines; each line is one JSON object, whatever its texts contain."""
        found = [json.loads(line) for line in self.text.split("\n")]
        assert all(isinstance(each, dict) for each in found)
        return found

    @property
    def first(self) -> Json:
        return self.lines[0]

    @property
    def summary(self) -> Json:
        return self.lines[1]

    @property
    def items(self) -> list[Json]:
        """The lines after the first one and the summary."""
        found = self.lines[2:]
        assert len(found) == self.first["returned"]
        return found

    @property
    def tokens(self) -> int:
        return tokens_of(self.text)


class Agent:
    """The SDK's client in a thread of its own. `mode`: a modern protocol version, or `legacy` for the handshake of 2025-11-25."""

    def __init__(self, url: str, mode: str = MODERN, path: str = "/mcp") -> None:
        self._client = Client(url + path, mode=mode)
        self._portal_manager = anyio.from_thread.start_blocking_portal()
        self.replies: list[Reply] = []

    def __enter__(self) -> Self:
        self._portal = self._portal_manager.__enter__()
        self._session = self._portal.wrap_async_context_manager(self._client)
        self._session.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._session.__exit__(kind, error, trace)
        finally:  # else a failed test leaves the thread behind, and the process does not end
            self._portal_manager.__exit__(None, None, None)

    @property
    def protocol_version(self) -> str:
        return str(self._client.protocol_version)

    def tools(self) -> Sequence[Tool]:
        return self._portal.call(self._client.list_tools).tools

    def call(self, tool: str, **arguments: Any) -> Reply:
        """Call a tool; the answer has one text and nothing else."""
        result = self._portal.call(self._client.call_tool, tool, arguments)
        [content] = result.content
        assert isinstance(content, TextContent)
        assert result.structured_content is None
        reply = Reply(content.text, bool(result.is_error))
        self.replies.append(reply)
        return reply


def raw(url: str, method: str, parameters: Json | None = None, headers: Headers = NO_HEADERS) -> httpx.Response:
    """Send one request of protocol version 2025-11-25 without a handshake, as any client may to a stateless server."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters or {}}
    sent = {"accept": "application/json, text/event-stream", "mcp-protocol-version": LEGACY, **headers}
    return httpx.post(f"{url}/mcp", json=body, headers=sent, timeout=60, trust_env=False)


def modern(url: str, method: str, parameters: Json | None = None, headers: Headers = NO_HEADERS) -> httpx.Response:
    """Send one request of protocol version 2026-07-28."""
    parameters = parameters or {}
    meta = {"io.modelcontextprotocol/protocolVersion": MODERN, "io.modelcontextprotocol/clientCapabilities": {}}
    named = {"mcp-name": parameters["name"]} if "name" in parameters else {}
    sent = {"accept": "application/json", "mcp-protocol-version": MODERN, "mcp-method": method, **named, **headers}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**parameters, "_meta": meta}}
    return httpx.post(f"{url}/mcp", json=body, headers=sent, timeout=60, trust_env=False)
