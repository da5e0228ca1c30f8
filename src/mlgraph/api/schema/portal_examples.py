"""Examples of answers that the portal needs beside those of the graph."""

from __future__ import annotations

from typing import Final

from mlgraph.client.answer_shapes import session_shapes

SESSION: Final[session_shapes.CallerSession] = {
    "actor": "ann",
    "by": "session",
    "sign_in": "required",
    "admin": False,
    "source": None,
    "environment": None,
    "writes_curation": True,
    "csrf_token": "9f2c1e0d6b7a48359f2c1e0d6b7a48359f2c1e0d6b7a48359f2c1e0d6b7a4835",
    "expires_at": "2026-11-21T22:00:00Z",
}
SESSION_ENDED: Final[session_shapes.SessionEnded] = {"ended": True}
