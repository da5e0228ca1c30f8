"""How long the question that this thread works on may still take.

A query sets the deadline; whatever works on it in steps calls `raise_if_exceeded()` between them, and what can say
what it has so far asks `exceeded()` and cuts its answer (`partial`, reason `time`). Without a budget, both are silent.
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
    """Seconds that were given, and the monotonic moment at which they end."""

    given_s: float
    ends_at: float


_current: ContextVar[Deadline | None] = ContextVar("mlgraph_budget", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give what runs inside `seconds` from now."""
    token = _current.set(Deadline(seconds, time.monotonic() + seconds))
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Deadline | None:
    """Return the budget of this thread's question, or None where nobody waits for an answer."""
    return _current.get()


def exceeded() -> bool:
    """Say whether the time is over."""
    budget = _current.get()
    return budget is not None and time.monotonic() >= budget.ends_at


def raise_if_exceeded() -> None:
    """Raise `OutOfTime` if the time is over."""
    budget = _current.get()
    if budget is not None and time.monotonic() >= budget.ends_at:
        raise OutOfTime(exceeded_message(budget.given_s))


def exceeded_message(seconds: float) -> str:
    """Return the sentence for a question that took longer than `seconds`."""
    return (
        f"the answer takes longer than the {seconds:g} s that a question may take here: ask for less "
        "(depth, limit, a nearer root), or let MLGRAPH_QUERY_TIME_S allow more"
    )
