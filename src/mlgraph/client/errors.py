"""What can go wrong between a program and the server."""

from __future__ import annotations

import json
from typing import Any


class ClientError(Exception):
    """The server answered with an error.

    `status` is the HTTP status, `problem` the RFC 9457 object, `body` the bytes of the answer as they came.
    """

    def __init__(self, status: int, body: bytes, reason: str = "") -> None:
        """Read the problem from the body; whatever else stands there (a proxy's page) becomes the detail."""
        self.status = status
        self.body = body
        self.problem = _problem(status, body, reason)
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        """What kind of error it is."""
        return str(self.problem.get("title", "Error"))

    @property
    def detail(self) -> str:
        """What is wrong and what to do next."""
        return str(self.problem.get("detail", self.title))

    @property
    def pointer(self) -> str | None:
        """Where in the body that was sent, as a JSON pointer."""
        pointer = self.problem.get("pointer")
        return None if pointer is None else str(pointer)


class ServerNotReachable(Exception):
    """Nothing answered at `url`, or the connection broke before an answer was complete."""

    def __init__(self, url: str, cause: str) -> None:
        """Keep the address and what the network said."""
        super().__init__(f"no answer from {url}: {cause}")
        self.url = url
        self.cause = cause


def _problem(status: int, body: bytes, reason: str) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        return problem
    text = body[:300].decode("utf-8", "replace").strip()
    return {"title": reason or f"HTTP {status}", "status": status, "detail": text or reason or f"HTTP status {status}"}
