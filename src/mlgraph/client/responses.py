"""HTTP transport of the client: sends requests, and converts errors of httpx into the client's exceptions."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from mlgraph.client.answers import Answer
from mlgraph.client.errors import ServerNotReachable
from mlgraph.client.requests import AnswerT, Request, Transport, checked, pool_settings

__all__ = ["Answer", "HttpTransport"]


class HttpTransport(Transport):
    """A connection pool for one server. Every method raises `ClientError`, `ServerNotReachable` or `UnresolvedName`."""

    def __init__(self, url: str, token: str | None, transport: httpx.BaseTransport | None) -> None:
        """Configure the pool without opening a connection. Raises `ValueError` if `url` is not an http(s) URL."""
        self._http = httpx.Client(**pool_settings(url, token), transport=transport)
        self.url = url.rstrip("/")

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _send(self, request: Request, answer: type[AnswerT]) -> AnswerT:
        names = request.names()
        if names:
            request = request.resolved({key: self._send(request.resolution(name), Answer[Any]) for key, name in names.items()})
        with self._converted_errors():
            response = self._http.request(
                request.method,
                request.path,
                params=request.query,
                content=request.body,
                headers=request.headers,
                timeout=request.timeout,
            )
        return checked(response, answer)

    def _stream(self, request: Request) -> Iterator[bytes]:
        """Yield the bytes of a streamed answer. A broken connection raises, so that it cannot look like the end."""
        with self._converted_errors(), self._http.stream(request.method, request.path, params=request.query) as response:
            if not response.is_success:
                response.read()
                checked(response, Answer[Any])
            yield from response.iter_bytes()

    @contextmanager
    def _converted_errors(self) -> Generator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise ServerNotReachable(self.url, str(error) or type(error).__name__) from error
