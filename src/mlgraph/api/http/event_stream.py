"""Server-sent events (WHATWG HTML, section 9.2): one task of the event loop looks at the graph for all connections of a process.

A connection costs a coroutine, no thread. Whoever reads slowly misses states in between, never the latest.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from mlgraph.api.http.limits import Slots

LOOK_S: Final = 0.25
"""Time between two looks at the graph: at most four events a second."""
HEARTBEAT_S: Final = 15.0
"""Longest silence: proxies close connections that are silent for a minute, and browsers do not notice a lost one otherwise."""
RETRY_MS: Final = 2000
"""How long a browser waits before it connects again, in milliseconds."""

State = Mapping[str, Any]


class WatermarkFeed:
    """The latest state of the graph, for any number of connections. Used from one event loop."""

    def __init__(self, read: Callable[[], State]) -> None:
        """`read` returns the state at once: an object with the members `watermark` and `behind` (docs/http.md)."""
        self._read = read
        self._state: State = {}
        self._changed = asyncio.Event()
        self._look: asyncio.Task[None] | None = None
        self._readers = 0
        self.closed = False

    async def events(self, is_allowed: Callable[[], Awaitable[bool]]) -> AsyncGenerator[bytes]:
        """Yield the present state, then each further one, until the feed is closed or `is_allowed` says no.

        It is asked every `HEARTBEAT_S`: a session may end while its page is open.
        """
        self._readers += 1
        if self._look is None:
            self._state = self._read()
            self._look = asyncio.create_task(self._follow())
        try:
            yield f"retry: {RETRY_MS}\n\n".encode() + _event(self._state)
            check_at = time.monotonic() + HEARTBEAT_S
            while not self.closed:
                changed = self._changed
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), max(0.0, check_at - time.monotonic()))
                if time.monotonic() >= check_at:
                    if not await is_allowed():
                        return
                    check_at = time.monotonic() + HEARTBEAT_S
                if not self.closed:
                    yield _event(self._state) if changed.is_set() else b": heartbeat\n\n"
        finally:
            self._readers -= 1
            if not self._readers and self._look is not None:
                self._look.cancel()
                self._look = None

    def close(self) -> None:
        """End all connections: the server stops. Browsers connect again by themselves."""
        self.closed = True
        self._changed.set()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            state = self._read()
            if _key(state) != _key(self._state):
                self._state = state
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()


class EventStreamResponse(StreamingResponse):
    """A response of server-sent events that releases its slot when it ends, however it does."""

    def __init__(self, events: AsyncGenerator[bytes], slots: Slots) -> None:
        """Send `events`; one of `slots` was acquired for it."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}  # the second: nginx would wait for more
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._events = events
        self._slots = slots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they end or the client disconnects."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._slots.release()
            await self._events.aclose()


def _key(state: State) -> tuple[object, object]:
    return state["watermark"], state["behind"]


def _event(state: State) -> bytes:
    data = json.dumps(state, separators=(",", ":"))
    return f"event: watermark\nid: {state['watermark']}\ndata: {data}\n\n".encode()
