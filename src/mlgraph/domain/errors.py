"""Errors that a caller can act on: each says what is wrong, where, and what to do next."""

from __future__ import annotations

from typing import ClassVar, Final

MAX_POINTER: Final = 2000
"""Characters. A key may be megabytes long, and an answer may list a hundred thousand pointers."""


def shortened_pointer(pointer: str) -> str:
    """Return the longest prefix of a JSON pointer that is a pointer itself and has at most `MAX_POINTER` characters."""
    if len(pointer) <= MAX_POINTER:
        return pointer
    cut = pointer[: MAX_POINTER + 1].rpartition("/")[0]
    return cut if pointer.startswith("/") else pointer[:MAX_POINTER]


class MlgraphError(Exception):
    """Base of all errors that mlgraph reports.

    `detail` says what is wrong and what to do next. `pointer` is an RFC 6901 JSON pointer into the input, where an
    input is at fault. `status` and `title` are those of the HTTP answer (RFC 9457).
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        """Create the error with a message for people and a location for programs."""
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer if pointer is None else shortened_pointer(pointer)

    def under(self, prefix: str) -> MlgraphError:
        """Return the same error, located below `prefix` (a JSON pointer such as `/edge`)."""
        return type(self)(self.detail, pointer=prefix + (self.pointer or ""))


class NotJson(MlgraphError):
    """The bytes are not a JSON text (RFC 8259) in UTF-8."""

    status = 400
    title = "Not JSON"


class InvalidInput(MlgraphError):
    """A value is not valid at its place."""

    status = 422
    title = "Invalid input"


class UnknownAsset(MlgraphError):
    """No fact and no reference has ever named this URI."""

    status = 404
    title = "Unknown asset"


class AmbiguousAsset(MlgraphError):
    """A name of an asset may mean several; the detail lists them."""

    status = 409
    title = "Ambiguous name"


class NotFound(MlgraphError):
    """An edge, a source or a dead letter that a request names does not exist."""

    status = 404
    title = "Not found"


class Unauthorized(MlgraphError):
    """The request has no token or signature, or one that is not valid."""

    status = 401
    title = "Unauthorized"


class Forbidden(MlgraphError):
    """The caller is authenticated but not authorised for this request."""

    status = 403
    title = "Forbidden"


class TooLarge(MlgraphError):
    """A body or line is over its documented limit."""

    status = 413
    title = "Too large"


class Unavailable(MlgraphError):
    """The store is not reachable or a projection lags: try again after `retry_after_s` seconds."""

    status = 503
    title = "Not available now"

    def __init__(self, detail: str, *, pointer: str | None = None, retry_after_s: int = 1) -> None:
        """Create the error with the value of Retry-After."""
        super().__init__(detail, pointer=pointer)
        self.retry_after_s = retry_after_s


class NotReadYet(Unavailable):
    """The store has a transaction that the graph, from which the answer would come, does not include yet."""


class UnreadableIndex(Unavailable):
    """The files of the search index cannot be read; the index is built again."""


class Overloaded(Unavailable):
    """The server already processes its maximum of concurrent requests of this sort, and refuses further ones."""

    title = "Too busy"


class OutOfTime(Unavailable):
    """The answer takes longer than the time limit of a query."""

    title = "Out of time"


class TooManyAttempts(Unavailable):
    """The caller sent too many wrong tokens; further ones are not looked at for a while (RFC 6585, section 4)."""

    status = 429
    title = "Too many attempts"


class TooMuch(Unavailable):
    """The answer needs more facts than one query may read."""

    title = "Too much for one query"


class SourceError(MlgraphError):
    """A source (a registry, an orchestrator) violated the contract of its API."""

    status = 502
    title = "Source failed"


class SourceAway(SourceError):
    """A connected source gets no requests for `retry_in_s` seconds: it failed too often, or rejected the credentials."""

    def __init__(self, detail: str, *, retry_in_s: float) -> None:
        super().__init__(detail)
        self.retry_in_s = retry_in_s


class StartError(MlgraphError):
    """The server cannot start; `detail` says what to change."""

    title = "Cannot start"


class ConfigurationError(StartError):
    """The configuration is not valid; `detail` has a line for each fault, with its file, line and column."""

    title = "Wrong configuration"


class Conflict(MlgraphError):
    """The request contradicts the present state."""

    status = 409
    title = "Conflict"


class PreconditionFailed(MlgraphError):
    """What the request would change was changed since the caller read it (RFC 9110, section 13.1.1)."""

    status = 412
    title = "Precondition failed"


class DamagedBackup(MlgraphError):
    """The bytes are not a backup, or not a complete one; nothing was changed."""

    status = 422
    title = "Damaged backup"
