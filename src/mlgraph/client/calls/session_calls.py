"""The calls of the client about the caller itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.session_shapes import CallerSession
    from mlgraph.client.responses import Answer, HttpTransport


class SessionCalls:
    """Calls about the caller."""

    _transport: HttpTransport

    def session(self) -> Answer[CallerSession]:
        """Return who the caller is for the server, and what it may do."""
        return self._transport.get("/api/v1/session", {})
