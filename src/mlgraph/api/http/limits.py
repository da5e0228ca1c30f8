"""Concurrency limits: how many requests of each class run at once, how many wait, and for how long.

Each class of requests has its own thread pool (a lane), so that none starves another: a hundred impact queries do not
slow down `/readyz` or ingest. A request over a limit is refused at once with 503, a reason and Retry-After.
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
EVENT_STREAMS: Final = 200
"""Clients that one process sends server-sent events to at once."""

_ALWAYS: Final = frozenset({"/healthz", "/readyz", "/metrics", "/api/v1/stream"})
"""Paths which the limit of concurrent requests does not apply to: monitoring, and event streams, which have their own."""
_RETRY_AFTER_S: Final = 2
_PREFIX: Final = "MLGRAPH_"


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Limits that an administrator can set. Each field has an environment variable, such as MLGRAPH_HEAVY_QUERIES."""

    heavy_queries: int = 4
    """Largest number of graph queries (lineage, impact, propagation, paths, diff) that run at once; they are CPU-bound."""
    heavy_queue: int = 128
    """Largest number of graph queries that wait."""
    queue_time_s: float = 10.0
    """Longest wait of a request of any class, in seconds."""
    query_time_s: float = 30.0
    """Longest execution of a request of any class but export, in seconds."""
    exports: int = 2
    """Largest number of exports and backups that run at once; each occupies a connection to PostgreSQL."""
    requests: int = 1000
    """Largest number of requests in progress or waiting, over all classes."""

    @property
    def connections(self) -> int:
        """Largest number of PostgreSQL connections that running queries use: each may read two results at once."""
        return 2 * (self.heavy_queries + LIGHT_RUNNING) + HEALTH_RUNNING

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServerLimits:
        """Return the limits that `environment` sets. Raises `StartError` for a value that is not a number in range."""
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
    """A thread pool for one class of requests with a bounded queue. Must be used from one event loop."""

    def __init__(self, label: str, running: int, waiting: int, *, queue_time_s: float, time_limit_s: float) -> None:
        """Configure the lane for the requests `label` (a plural noun for error messages).

        `running` requests run at once, for at most `time_limit_s` seconds each; `waiting` more wait, for at most
        `queue_time_s` seconds each.
        """
        self.label = label
        self.running, self.waiting = running, waiting
        self.inside = 0
        """Number of requests that run or wait now."""
        self.refused = 0
        """Number of requests refused since the start."""
        self._queue_time_s, self._time_limit_s = queue_time_s, time_limit_s
        self._threads = ThreadPoolExecutor(running, thread_name_prefix=f"mlgraph-{label.split(maxsplit=1)[0]}")

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread and return its result. Raises `Overloaded`, `OutOfTime`, or what `work` raises."""
        if self.inside >= self.running + self.waiting:
            raise self._overloaded()
        self.inside += 1
        job = self._threads.submit(copy_context().run, self._run_with_deadline, work)  # the context has the log's request id
        # A request that timed out occupies its thread until `work` returns: only then its slot is released.
        answer = asyncio.wrap_future(job)
        answer.add_done_callback(self._release)
        done, _ = await asyncio.wait((answer,), timeout=self._queue_time_s)
        if not done:
            if job.cancel():
                raise self._overloaded()
            done, _ = await asyncio.wait((answer,), timeout=self._time_limit_s + 1)
            if not done:
                raise OutOfTime(deadlines.exceeded_message(self._time_limit_s), retry_after_s=_RETRY_AFTER_S)
        return answer.result()

    def _run_with_deadline(self, work: Callable[[], T]) -> T:
        with deadlines.deadline(self._time_limit_s):
            return work()

    def _release(self, answer: asyncio.Future[T]) -> None:
        self.inside -= 1
        if not answer.cancelled():
            answer.exception()  # mark it as retrieved, also if no request waits for it any more

    def _overloaded(self) -> Overloaded:
        self.refused += 1
        waiting = f" and {self.waiting} may wait, {self._queue_time_s:g} s each" if self.waiting else ""
        return Overloaded(
            f"too many {self.label} at once: {self.running} run{waiting}. Try again after Retry-After seconds",
            retry_after_s=_RETRY_AFTER_S,
        )


class Slots:
    """A counter of concurrent operations that are more than one call, such as a streamed answer."""

    def __init__(self, label: str, capacity: int) -> None:
        self.label, self.capacity = label, capacity
        self.taken = 0
        self.refused = 0

    def acquire(self) -> None:
        """Take a slot; `release` returns it. Raises `Overloaded` if none is free."""
        if self.taken >= self.capacity:
            self.refused += 1
            raise Overloaded(
                f"too many {self.label} at once: at most {self.capacity} may run. Try again after Retry-After seconds",
                retry_after_s=_RETRY_AFTER_S,
            )
        self.taken += 1

    def release(self) -> None:
        """Return a slot."""
        self.taken -= 1


class Lanes:
    """The lanes and slots of one server."""

    def __init__(self, limits: ServerLimits) -> None:
        times = {"queue_time_s": limits.queue_time_s, "time_limit_s": limits.query_time_s}
        graph_queries = "queries over the graph (lineage, impact, paths, diff)"
        self.heavy = Lane(graph_queries, limits.heavy_queries, limits.heavy_queue, **times)
        self.light = Lane("lookups (asset, why, live, lists)", LIGHT_RUNNING, LIGHT_WAITING, **times)
        self.health = Lane("health checks", HEALTH_RUNNING, HEALTH_WAITING, **times)
        self.at_least = Lane("requests that wait for a watermark", AT_LEAST_RUNNING, AT_LEAST_WAITING, **times)
        self.exports = Slots("exports and backups", limits.exports)
        self.export_threads = anyio.CapacityLimiter(limits.exports)
        self.requests = Slots("requests", limits.requests)
        self.streams = Slots("event streams", EVENT_STREAMS)

    def state(self) -> dict[str, dict[str, int]]:
        """Return the state of each class of requests by name.

        `inside` is the number of requests that run or wait now, `running` and `waiting` are the limits, and `refused`
        counts the refusals since the start.
        """
        lanes = {"heavy": self.heavy, "light": self.light, "health": self.health, "at_least": self.at_least}
        states = {
            name: {"inside": lane.inside, "running": lane.running, "waiting": lane.waiting, "refused": lane.refused}
            for name, lane in lanes.items()
        }
        for name, slots in (("exports", self.exports), ("requests", self.requests), ("streams", self.streams)):
            states[name] = {"inside": slots.taken, "running": slots.capacity, "waiting": 0, "refused": slots.refused}
        return states

    def collect(self) -> Iterator[Metric]:
        """Yield `state` as metrics (prometheus_client's collector protocol)."""
        inside = GaugeMetricFamily("mlgraph_limit_inside", "Requests that run or wait, by class.", labels=("sort",))
        most = GaugeMetricFamily("mlgraph_limit_most", "Largest number of requests that may run or wait.", labels=("sort",))
        refused = CounterMetricFamily("mlgraph_limit_refused", "Requests refused because of the limit.", labels=("sort",))
        for name, state in self.state().items():
            inside.add_metric((name,), state["inside"])
            most.add_metric((name,), state["running"] + state["waiting"])
            refused.add_metric((name,), state["refused"])
        yield from (inside, most, refused)


class ConcurrencyLimitMiddleware:
    """ASGI middleware that limits the number of concurrent requests, whatever their cost."""

    def __init__(self, app: ASGIApp, slots: Slots) -> None:
        """Wrap `app`; each request takes one of `slots`."""
        self._app = app
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        try:
            self._slots.acquire()
        except Overloaded as error:
            await of_error(error)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._slots.release()


async def get_lanes(request: Request) -> Lanes:
    """Return the lanes of the server."""
    lanes: Lanes = request.app.state.lanes
    return lanes


UseLanes = Annotated[Lanes, Depends(get_lanes)]
