"""The class `AsyncClient`: the methods of `Client`, to be awaited.

The methods of `Client` describe their requests and pass them to a transport. With a transport that sends asynchronously they
return an awaitable of their answer, so that no request is described twice.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar, cast

import httpx

from mlgraph.client.answers import Answer
from mlgraph.client.client import Client
from mlgraph.client.errors import ServerNotReachable
from mlgraph.client.requests import AnswerT, Request, Transport, checked, pool_settings

if TYPE_CHECKING:
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")


class AsyncHttpTransport(Transport):
    """A connection pool for one server, for one event loop. Its methods return awaitables, despite their annotations."""

    def __init__(self, url: str, token: str | None, transport: httpx.AsyncBaseTransport | None) -> None:
        """Configure the pool without opening a connection. Raises `ValueError` if `url` is not an http(s) URL."""
        self._http = httpx.AsyncClient(**pool_settings(url, token), transport=transport)
        self.url = url.rstrip("/")

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def _send(self, request: Request, answer: type[AnswerT]) -> AnswerT:  # type: ignore[override] # see the class
        names = request.names()
        if names:
            found = {key: await self._send(request.resolution(name), Answer[Any]) for key, name in names.items()}
            request = request.resolved(found)
        with self._converted_errors():
            response = await self._http.request(
                request.method,
                request.path,
                params=request.query,
                content=request.body if isinstance(request.body, bytes) else _pieces(request.body),
                headers=request.headers,
                timeout=request.timeout,
            )
        return checked(response, answer)

    async def _stream(self, request: Request) -> AsyncIterator[bytes]:  # type: ignore[override] # see the class
        """Yield the bytes of a streamed answer. A broken connection raises, so that it cannot look like the end."""
        with self._converted_errors():
            async with self._http.stream(request.method, request.path, params=request.query) as response:
                if not response.is_success:
                    await response.aread()
                    checked(response, Answer[Any])
                async for piece in response.aiter_bytes():
                    yield piece

    @contextmanager
    def _converted_errors(self) -> Generator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise ServerNotReachable(self.url, str(error) or type(error).__name__) from error


async def _pieces(body: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in body:
        yield piece


class _Calls(Client):
    """The calls of `Client`, over an asynchronous transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = cast("Any", transport)


def _awaited(method: Callable[Concatenate[Client, P], R]) -> Callable[Concatenate[AsyncClient, P], Awaitable[R]]:
    """Return a call of `Client` as a coroutine function of `AsyncClient`."""

    @wraps(method)
    async def call(self: AsyncClient, /, *arguments: P.args, **named: P.kwargs) -> R:
        return await cast("Awaitable[R]", method(self.calls, *arguments, **named))

    return call


def _streamed(
    method: Callable[Concatenate[Client, P], Iterator[bytes]],
) -> Callable[Concatenate[AsyncClient, P], AsyncIterator[bytes]]:
    """Return a call of `Client` with a streamed answer as a method of `AsyncClient`."""

    @wraps(method)
    def call(self: AsyncClient, /, *arguments: P.args, **named: P.kwargs) -> AsyncIterator[bytes]:
        return cast("AsyncIterator[bytes]", method(self.calls, *arguments, **named))

    return call


class AsyncClient:
    """A connection to one mlgraph server for one event loop: the methods of `Client` with the same parameters, to be awaited.

    `export` and `backup` are asynchronous iterators. Use the client as an asynchronous context manager, or await `close`.
    """

    def __init__(self, url: str, token: str | None = None, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """Configure the client. Raises `ValueError` if `url` is not an HTTP URL. `transport` replaces the network in tests."""
        self._transport = AsyncHttpTransport(url, token or os.environ.get("MLGRAPH_TOKEN") or None, transport)
        self.calls: Client = _Calls(self._transport)
        """The calls of `Client` over this connection: what they return is awaitable, despite their annotations."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """The URL of the server, without a trailing slash."""
        return self._transport.url

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    lineage = _awaited(Client.lineage)
    impact = _awaited(Client.impact)
    impact_of_files = _awaited(Client.impact_of_files)
    propagation = _awaited(Client.propagation)
    scene = _awaited(Client.scene)
    path = _awaited(Client.path)
    asset = _awaited(Client.asset)
    annotate = _awaited(Client.annotate)
    names = _awaited(Client.names)
    resolve = _awaited(Client.resolve)
    team = _awaited(Client.team)
    coverage = _awaited(Client.coverage)
    changes = _awaited(Client.changes)
    recorded = _awaited(Client.recorded)
    search = _awaited(Client.search)
    similar = _awaited(Client.similar)
    similar_to_text = _awaited(Client.similar_to_text)
    dismiss = _awaited(Client.dismiss)
    undo_dismissal = _awaited(Client.undo_dismissal)
    why = _awaited(Client.why)
    diff = _awaited(Client.diff)
    live = _awaited(Client.live)
    session = _awaited(Client.session)
    graphql = _awaited(Client.graphql)
    stream = _streamed(Client.stream)
    export = _streamed(Client.export)
    backup = _streamed(Client.backup)
    restore = _awaited(Client.restore)
    facts = _awaited(Client.facts)
    openlineage = _awaited(Client.openlineage)
    openlineage_lines = _awaited(Client.openlineage_lines)
    ingest = _awaited(Client.ingest)
    ingest_lines = _awaited(Client.ingest_lines)
    cloudevents = _awaited(Client.cloudevents)
    dead_letters = _awaited(Client.dead_letters)
    replay = _awaited(Client.replay)
    connectors = _awaited(Client.connectors)
    sources = _awaited(Client.sources)
    test_source = _awaited(Client.test_source)
    connect = _awaited(Client.connect)
    sync = _awaited(Client.sync)
