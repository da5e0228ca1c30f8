"""The calls of the client about the caller itself, and about what the server sends by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlgraph.client.answer_shapes.session_shapes import CallerSession
    from mlgraph.client.responses import Answer, HttpTransport


class SessionCalls:
    """Calls about the caller and the events that the server sends."""

    _transport: HttpTransport

    def session(self) -> Answer[CallerSession]:
        """Return who the caller is for the server, and what it may do."""
        return self._transport.get("/api/v1/session", {})

    def stream(self, topics: str = "watermark") -> Iterator[bytes]:
        """Yield server-sent events in pieces until the server ends: `watermark` whenever answers include more."""
        return self._transport.stream("/api/v1/stream", {"topics": topics})
