"""Forwarding of requests to the first process (`--workers`).

It alone serves sources, dead letters, backups, similar assets and metrics.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mlgraph.api.http.problems import of_error
from mlgraph.domain.errors import Unavailable

_OWNED: Final = re.compile(r"/api/v1/(connect|sources|sync|webhooks|dead-letters|backup|restore|similar)(/|$)|/(metrics|mcp)$")
"""Paths that only the first process serves. A tool of `/mcp` may need any of its services."""
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection"})
"""Hop-by-hop headers, which a proxy does not forward (RFC 9110, section 7.6.1)."""


class Forwarding:
    """ASGI middleware that forwards some paths to another process over a Unix socket and passes the others to `app`."""

    def __init__(self, app: ASGIApp, first: Path) -> None:
        """Forward to the process that listens on the Unix socket `first`."""
        self._app = app
        transport = httpx.AsyncHTTPTransport(uds=str(first))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://first", timeout=httpx.Timeout(None, connect=5.0))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _OWNED.match(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        headers = [(name, value) for name, value in request.headers.raw if name.decode("latin-1") not in _HOP_BY_HOP]
        query = scope["query_string"].decode("latin-1")
        url = httpx.URL(scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""))
        forwarded = self._client.build_request(request.method, url, headers=headers, content=_body(request))
        try:
            answer = await self._client.send(forwarded, stream=True)
        except httpx.TransportError:
            unavailable = of_error(Unavailable("the first process does not answer: it is being started", retry_after_s=2))
            await unavailable(scope, receive, send)
            return
        try:
            answer_headers = {name: value for name, value in answer.headers.items() if name not in _HOP_BY_HOP}
            await StreamingResponse(answer.aiter_raw(), answer.status_code, answer_headers)(scope, receive, send)
        finally:
            await answer.aclose()


async def _body(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        yield piece
