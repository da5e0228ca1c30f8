"""Exceptions of the HTTP client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.name_shapes import ResolvedName
    from mlgraph.client.answers import Answer

_LISTED: Final = 10


class ClientError(Exception):
    """The server answered with an error.

    `status` is the HTTP status, `problem` the RFC 9457 object, `body` the bytes of the answer.
    """

    def __init__(self, status: int, body: bytes, reason: str = "") -> None:
        """Parse the problem in the body; any other body (such as the error page of a proxy) becomes the detail."""
        self.status = status
        self.body = body
        self.problem = _problem(status, body, reason)
        super().__init__(self.detail)

    @property
    def title(self) -> str:
        """The class of the error, such as `Unknown asset`."""
        return str(self.problem.get("title", "Error"))

    @property
    def detail(self) -> str:
        """The cause of the error and what to do next."""
        return str(self.problem.get("detail", self.title))

    @property
    def pointer(self) -> str | None:
        """The location of the error in the request body, as a JSON pointer; None if no body is at fault."""
        pointer = self.problem.get("pointer")
        return None if pointer is None else str(pointer)


class ServerNotReachable(Exception):
    """No server answered at `url`, or the connection broke before the answer was complete."""

    def __init__(self, url: str, cause: str) -> None:
        """Create the error for the server `url`; `cause` is the message of the transport."""
        super().__init__(f"no answer from {url}: {cause}")
        self.url = url
        self.cause = cause


class UnresolvedName(Exception):
    """A name of an asset that several assets have (`matches`, of `total`), or none: `nearest` have similar names.

    Each match and each of `nearest` has `uri`, `kind` and `name`. `body` has the bytes of the server's answer.
    """

    def __init__(self, answer: Answer[ResolvedName]) -> None:
        """Create the error from the answer of `GET /api/v1/resolve`."""
        data = answer.data
        self.body = answer.body
        self.name, self.matches, self.total, self.nearest = data["name"], data["matches"], data["total"], data["nearest"]
        self.kinds_differ = len({each["kind"] for each in self.matches}) > 1
        """Whether `KIND:NAME` tells the matches apart."""
        if self.matches:
            listed = ", ".join(each["uri"] for each in self.matches[:_LISTED])
            more = f" and {self.total - _LISTED:,} more" if self.total > _LISTED else ""
            text = f"{self.name!r} may mean {self.total:,} assets: {listed}{more}; give a URI of these"
            text += ", or KIND:NAME" if self.kinds_differ else ""
        else:
            listed = ", ".join(each["uri"] for each in self.nearest[:_LISTED])
            text = f"no asset has the name {self.name!r}" + (f"; similar names have {listed}" if listed else "")
        super().__init__(text)


def _problem(status: int, body: bytes, reason: str) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict):
        return problem
    text = body[:300].decode("utf-8", "replace").strip()
    return {"title": reason or f"HTTP {status}", "status": status, "detail": text or reason or f"HTTP status {status}"}
