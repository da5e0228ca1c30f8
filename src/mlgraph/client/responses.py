"""Requests and answers as they travel: one place that turns httpx's failures into two errors a caller can act on."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Generic, TypeVar, cast

import httpx

from mlgraph.client.errors import ClientError, ServerNotReachable

T = TypeVar("T")
Parameters = Mapping[str, object]
Body = bytes | Iterable[bytes]

CONNECT_S: Final = 5.0
READ_S: Final = 120.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Answer(Generic[T]):
    """An answer of the server: `body` holds its exact bytes, `data` what they say."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        """Keep the bytes; they are read when `data` is first asked for."""
        self.status = status
        self.body = body

    @property
    def data(self) -> T:
        """The JSON value of the body."""
        return cast("T", json.loads(self.body))


class Wire:
    """One pool of connections to one server. Every method raises `ClientError` or `ServerNotReachable`."""

    def __init__(self, url: str, token: str | None, transport: httpx.BaseTransport | None) -> None:
        """Open no connection yet. Raises `ValueError` where `url` is no http(s) address."""
        parsed = httpx.URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError(f"{url!r} is not an address of a server such as http://127.0.0.1:8765")
        self.url = url.rstrip("/")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=timeout,
            transport=transport,
            # Without TLS there is nothing to verify, and reading the certificates takes longer than most answers.
            verify=parsed.scheme == "https",
            # A proxy of the environment cannot reach a server of this machine.
            trust_env=parsed.host not in _LOOPBACK,
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, parameters: Parameters) -> Answer[T]:
        """Return the answer to a GET; parameters that are None or empty are left out."""
        with self._failures():
            return _checked(self._http.get(path, params=_query(parameters)))

    def post(self, path: str, body: Body = b"", headers: Mapping[str, str] | None = None) -> Answer[T]:
        """Return the answer to a POST. An iterable body is streamed, for as long as it takes."""
        # A streamed upload waits for the server's pace (it commits in chunks), so neither side of it is timed.
        timeout = httpx.Timeout(READ_S if isinstance(body, bytes) else None, connect=CONNECT_S)
        with self._failures():
            return _checked(self._http.post(path, content=body, headers=headers, timeout=timeout))

    def stream(self, path: str, parameters: Parameters) -> Iterator[bytes]:
        """Yield the bytes of a long answer as they arrive; a broken connection raises, it never looks like the end."""
        with self._failures(), self._http.stream("GET", path, params=_query(parameters)) as response:
            if not response.is_success:
                response.read()
                _checked(response)
            yield from response.iter_bytes()

    @contextmanager
    def _failures(self) -> Generator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise ServerNotReachable(self.url, str(error) or type(error).__name__) from error


def _checked(response: httpx.Response) -> Answer[T]:
    if not response.is_success:
        raise ClientError(response.status_code, response.content, response.reason_phrase)
    return Answer(response.status_code, response.content)


def _query(parameters: Parameters) -> httpx.QueryParams:
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for key, value in parameters.items():
        if value is None:
            continue
        if isinstance(value, bool):
            pairs.append((key, "true" if value else "false"))
        elif isinstance(value, list | tuple):
            pairs.extend((key, str(item)) for item in value)
        else:
            pairs.append((key, str(value)))
    return httpx.QueryParams(pairs)
