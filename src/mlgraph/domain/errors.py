"""Errors that a caller can act on: what is wrong, where, and what to do next."""

from __future__ import annotations

from typing import ClassVar, Final

MAX_POINTER: Final = 2000
"""Characters. A key may be megabytes long; an answer that names a hundred thousand of them may not."""


def _shortened(pointer: str) -> str:
    """Return the pointer to the innermost place around it that can be named within the limit."""
    cut = pointer[: MAX_POINTER + 1].rpartition("/")[0]
    return cut if pointer.startswith("/") else pointer[:MAX_POINTER]


class MlgraphError(Exception):
    """Base of all errors that mlgraph answers with.

    `detail` says what is wrong and what to do next. `pointer` is an RFC 6901 JSON pointer into the input, where an
    input is at fault. `status` and `title` are what HTTP answers with (RFC 9457).
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, *, pointer: str | None = None) -> None:
        """Keep the sentence for people and the place for programs."""
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer if pointer is None or len(pointer) <= MAX_POINTER else _shortened(pointer)

    def under(self, prefix: str) -> MlgraphError:
        """Return the same error, located below `prefix` (a JSON pointer such as `/edge`)."""
        return type(self)(self.detail, pointer=prefix + (self.pointer or ""))


class NotJson(MlgraphError):
    """The bytes are not a JSON text (RFC 8259) in UTF-8."""

    status = 400
    title = "Not JSON"


class InvalidInput(MlgraphError):
    """A value is not what its place demands."""

    status = 422
    title = "Invalid input"


class UnknownAsset(MlgraphError):
    """No fact and no reference has ever named this URI."""

    status = 404
    title = "Unknown asset"


class NotFound(MlgraphError):
    """What was asked for by name does not exist (an edge, a source, a dead letter)."""

    status = 404
    title = "Not found"


class Unauthorized(MlgraphError):
    """The caller did not say who it is, or its token or signature is not known."""

    status = 401
    title = "Unauthorized"


class Forbidden(MlgraphError):
    """The caller is known, and may not do this."""

    status = 403
    title = "Forbidden"


class TooLarge(MlgraphError):
    """A body or line is over its documented limit."""

    status = 413
    title = "Too large"


class Unavailable(MlgraphError):
    """The store is away or a projection has not caught up: try again after `retry_after_s` seconds."""

    status = 503
    title = "Not available now"

    def __init__(self, detail: str, *, pointer: str | None = None, retry_after_s: int = 1) -> None:
        """Carry the Retry-After value beside the sentence."""
        super().__init__(detail, pointer=pointer)
        self.retry_after_s = retry_after_s


class Overloaded(Unavailable):
    """As many requests of this sort as the server works on at once are there already: it refuses rather than starves others."""

    title = "Too busy"


class OutOfTime(Unavailable):
    """The answer takes longer than a question may."""

    title = "Out of time"


class TooMuch(Unavailable):
    """The answer needs more facts than one question may read."""

    title = "Too much for one question"


class SourceError(MlgraphError):
    """A source (a registry, an orchestrator) did not answer as its contract says."""

    status = 502
    title = "Source failed"


class SourceAway(SourceError):
    """A connected source is not asked for the next `retry_in_s` seconds: it failed too often, or does not know who asks."""

    def __init__(self, detail: str, *, retry_in_s: float) -> None:
        super().__init__(detail)
        self.retry_in_s = retry_in_s


class StartError(MlgraphError):
    """The server cannot start; the detail says what to change."""

    title = "Cannot start"


class ConfigurationError(StartError):
    """The configuration is not right; the detail has a line for each fault, with its file, line and column."""

    title = "Wrong configuration"


class Conflict(MlgraphError):
    """What was asked for cannot be done to the state that is there."""

    status = 409
    title = "Conflict"


class DamagedBackup(MlgraphError):
    """What was sent is no backup, or not a whole one; nothing was changed."""

    status = 422
    title = "Damaged backup"
