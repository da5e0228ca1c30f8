"""Limits that keep the server answering: how much of each sort of work runs at once, waits, and for how long.

Each sort has threads of its own (a lane), so that none starves another: a hundred impact queries leave `/readyz` and
intake as fast as before. What is over a limit is refused at once, with 503, a reason and Retry-After; nothing is cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Annotated, Final, TypeVar

import anyio
from fastapi import Depends, Request
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from starlette.types import ASGIApp, Receive, Scope, Send

from mlgraph.api.http.problems import of_error
from mlgraph.domain import deadlines
from mlgraph.domain.errors import OutOfTime, Overloaded, StartError

T = TypeVar("T")

LIGHT_RUNNING: Final = 8
LIGHT_WAITING: Final = 256
HEALTH_RUNNING: Final = 2
HEALTH_WAITING: Final = 64
AT_LEAST_RUNNING: Final = 32
AT_LEAST_WAITING: Final = 512

_ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Those who watch over the server are answered however many others are there."""
_RETRY_AFTER_S: Final = 2
_PREFIX: Final = "MLGRAPH_"


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What an administrator may set: each field is the environment variable of its name, as MLGRAPH_HEAVY_QUERIES."""

    heavy_queries: int = 4
    """Queries over the whole graph (lineage, impact, paths, diff) that run at once. More do not make any faster."""
    heavy_queue: int = 128
    """How many of them may wait."""
    queue_time_s: float = 10.0
    """How long one waits, of any sort."""
    query_time_s: float = 30.0
    """How long one may run, of any sort but export."""
    exports: int = 2
    """Exports and backups that run at once; each holds a connection to PostgreSQL."""
    requests: int = 1000
    """Requests that are worked on or wait, all together."""

    @property
    def connections(self) -> int:
        """How many connections to PostgreSQL all questions that run take at most: one reads a list, and another one beside it."""
        return 2 * (self.heavy_queries + LIGHT_RUNNING) + HEALTH_RUNNING

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServerLimits:
        """Return the limits that `environment` sets. Raises `StartError` for a value that is no positive number."""
        settings: dict[str, int | float] = {}
        for name, default in cls().defaults().items():
            text = environment.get(_PREFIX + name.upper())
            if text is not None:
                settings[name] = _number(_PREFIX + name.upper(), text, integral=isinstance(default, int))
        return cls(**settings)  # type: ignore[arg-type]  # _number returns what the field's default is

    def defaults(self) -> dict[str, int | float]:
        """Return the value of each field by its name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _number(name: str, text: str, *, integral: bool) -> int | float:
    least = 1 if integral else 0.1
    try:
        number = int(text) if integral else float(text)
    except ValueError:
        number = -1
    if not least <= number <= 10**6:  # also false for NaN
        raise StartError(f"{name} is {text[:40]!r}: give a {'whole ' if integral else ''}number from {least} to 1000000")
    return number


class Lane:
    """Threads for one sort of work, and a bounded queue before them. Belongs to one event loop."""

    def __init__(self, what: str, running: int, waiting: int, *, patience_s: float, time_s: float) -> None:
        """Run `running` of `what` (a plural) at once, for `time_s` each; let `waiting` more wait, for `patience_s` each."""
        self.what = what
        self.running, self.waiting = running, waiting
        self.inside = 0
        """How many run or wait now."""
        self.refused = 0
        """How many were sent away since the start."""
        self._patience_s, self._time_s = patience_s, time_s
        self._threads = ThreadPoolExecutor(running, thread_name_prefix=f"mlgraph-{what.split(maxsplit=1)[0]}")

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, in a thread. Raises `Overloaded`, `OutOfTime`, or what `work` raises."""
        if self.inside >= self.running + self.waiting:
            raise self._full()
        self.inside += 1
        job = self._threads.submit(copy_context().run, self._within, work)  # the log names the request in its thread too
        # A question that is not waited for any more still takes a thread until it ends: only then is its place free.
        answer = asyncio.wrap_future(job)
        answer.add_done_callback(self._left)
        done, _ = await asyncio.wait((answer,), timeout=self._patience_s)
        if not done:
            if job.cancel():
                raise self._full()
            done, _ = await asyncio.wait((answer,), timeout=self._time_s + 1)
            if not done:
                raise OutOfTime(deadlines.exceeded_message(self._time_s), retry_after_s=_RETRY_AFTER_S)
        return answer.result()

    def _within(self, work: Callable[[], T]) -> T:
        with deadlines.deadline(self._time_s):
            return work()

    def _left(self, answer: asyncio.Future[T]) -> None:
        self.inside -= 1
        if not answer.cancelled():
            answer.exception()  # seen, even where nobody waits for it any more

    def _full(self) -> Overloaded:
        self.refused += 1
        waiting = f" and {self.waiting} may wait, {self._patience_s:g} s each" if self.waiting else ""
        return Overloaded(
            f"too many {self.what} at once: {self.running} run{waiting}. Try again after Retry-After seconds",
            retry_after_s=_RETRY_AFTER_S,
        )


class Slots:
    """Places for work that is not one call: an answer that is streamed, a body that is read."""

    def __init__(self, what: str, places: int) -> None:
        self.what, self.places = what, places
        self.taken = 0
        self.refused = 0

    def take(self) -> None:
        """Take a place, to be given back with `leave`. Raises `Overloaded` if there is none."""
        if self.taken >= self.places:
            self.refused += 1
            raise Overloaded(
                f"too many {self.what} at once: {self.places} may. Try again after Retry-After seconds",
                retry_after_s=_RETRY_AFTER_S,
            )
        self.taken += 1

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1


class Lanes:
    """The lanes and places of one server."""

    def __init__(self, limits: ServerLimits) -> None:
        wait, run = limits.queue_time_s, limits.query_time_s
        self.heavy = Lane(
            "queries over the graph (lineage, impact, paths, diff)",
            limits.heavy_queries,
            limits.heavy_queue,
            patience_s=wait,
            time_s=run,
        )
        self.light = Lane("questions (asset, why, live, lists)", LIGHT_RUNNING, LIGHT_WAITING, patience_s=wait, time_s=run)
        self.health = Lane("health checks", HEALTH_RUNNING, HEALTH_WAITING, patience_s=wait, time_s=run)
        self.at_least = Lane(
            "requests that wait for a watermark", AT_LEAST_RUNNING, AT_LEAST_WAITING, patience_s=wait, time_s=run
        )
        self.exports = Slots("exports and backups", limits.exports)
        self.export_threads = anyio.CapacityLimiter(limits.exports)
        self.requests = Slots("requests", limits.requests)

    def state(self) -> dict[str, dict[str, int]]:
        """Return, for each sort of work, how much of it runs or waits (`inside`), may run (`running`), may wait, was refused."""
        sorts = {"heavy": self.heavy, "light": self.light, "health": self.health, "at_least": self.at_least}
        found = {
            name: {"inside": lane.inside, "running": lane.running, "waiting": lane.waiting, "refused": lane.refused}
            for name, lane in sorts.items()
        }
        for name, places in (("exports", self.exports), ("requests", self.requests)):
            found[name] = {"inside": places.taken, "running": places.places, "waiting": 0, "refused": places.refused}
        return found

    def collect(self) -> Iterator[Metric]:
        """Yield `state` as metrics (prometheus_client's protocol of collectors)."""
        now = GaugeMetricFamily("mlgraph_limit_inside", "Work that runs or waits, by sort.", labels=("sort",))
        most = GaugeMetricFamily("mlgraph_limit_most", "How much of it may run and wait.", labels=("sort",))
        refused = CounterMetricFamily("mlgraph_limit_refused", "What was sent away because it was more.", labels=("sort",))
        for sort, state in self.state().items():
            now.add_metric((sort,), state["inside"])
            most.add_metric((sort,), state["running"] + state["waiting"])
            refused.add_metric((sort,), state["refused"])
        yield from (now, most, refused)


class Crowd:
    """Refuses requests that are too many, however small each is."""

    def __init__(self, app: ASGIApp, places: Slots) -> None:
        """Wrap `app`."""
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        try:
            self._places.take()
        except Overloaded as error:
            await of_error(error)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._places.leave()


async def lanes(request: Request) -> Lanes:
    """Return the lanes of the server."""
    found: Lanes = request.app.state.lanes
    return found


UseLanes = Annotated[Lanes, Depends(lanes)]
