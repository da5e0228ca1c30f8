"""The deadline of the query that this thread executes.

The service sets the deadline. Steps of a query call `raise_if_exceeded()` between them; a step that can return a partial
answer calls `exceeded()` and cuts its answer (`partial`, reason `time`). Without a deadline, both have no effect.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mlgraph.domain.errors import OutOfTime


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time limit in seconds, and the time of the monotonic clock at which it ends."""

    given_s: float
    ends_at: float


_current: ContextVar[Deadline | None] = ContextVar("mlgraph_deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Limit the code inside the context to `seconds` from now."""
    token = _current.set(Deadline(seconds, time.monotonic() + seconds))
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Deadline | None:
    """Return the deadline of this thread's query, or None outside a query."""
    return _current.get()


def exceeded() -> bool:
    """Return whether the deadline has passed."""
    limit = _current.get()
    return limit is not None and time.monotonic() >= limit.ends_at


def raise_if_exceeded() -> None:
    """Raise `OutOfTime` if the deadline has passed."""
    limit = _current.get()
    if limit is not None and time.monotonic() >= limit.ends_at:
        raise OutOfTime(exceeded_message(limit.given_s))


def exceeded_message(seconds: float) -> str:
    """Return the error text for a query that exceeded a limit of `seconds`."""
    return (
        f"the query exceeded the time limit of {seconds:g} s: narrow it (a lower depth or limit, a root nearer to the asset "
        "of interest), or raise MLGRAPH_QUERY_TIME_S"
    )
