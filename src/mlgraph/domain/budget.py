"""How long the question that this thread works on may still take.

Whoever answers a question sets the budget; whatever works on it in steps asks `check()` between them, and what can say
what it has so far asks `spent()` and cuts its answer (`partial`, reason `time`). Without a budget, both are silent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mlgraph.domain.errors import OutOfTime


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds that were given, and the monotonic moment at which they end."""

    given_s: float
    ends_at: float


_current: ContextVar[Budget | None] = ContextVar("mlgraph_budget", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Give what runs inside `seconds` from now."""
    token = _current.set(Budget(seconds, time.monotonic() + seconds))
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Budget | None:
    """Return the budget of this thread's question, or None where nobody waits for an answer."""
    return _current.get()


def spent() -> bool:
    """Say whether the time is over."""
    budget = _current.get()
    return budget is not None and time.monotonic() >= budget.ends_at


def check() -> None:
    """Raise `OutOfTime` if the time is over."""
    budget = _current.get()
    if budget is not None and time.monotonic() >= budget.ends_at:
        raise OutOfTime(over(budget.given_s))


def over(seconds: float) -> str:
    """Return the sentence for a question that took longer than `seconds`."""
    return (
        f"the answer takes longer than the {seconds:g} s that a question may take here: ask for less "
        "(depth, limit, a nearer root), or let MLGRAPH_QUERY_TIME_S allow more"
    )
