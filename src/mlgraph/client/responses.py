"""HTTP transport of the client: requests, answers, and the conversion of httpx errors into the client's two exceptions."""

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
    """An answer of the server: `body` has its exact bytes, `data` its JSON value."""

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        """Create an answer; `body` is parsed by each access of `data`."""
        self.status = status
        self.body = body

    @property
    def data(self) -> T:
        """The JSON value of the body."""
        return cast("T", json.loads(self.body))


class HttpTransport:
    """A connection pool for one server. Every method raises `ClientError` or `ServerNotReachable`."""

    def __init__(self, url: str, token: str | None, transport: httpx.BaseTransport | None) -> None:
        """Configure the pool without opening a connection. Raises `ValueError` if `url` is not an http(s) URL."""
        parsed = httpx.URL(url)
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError(f"{url!r} is not the URL of a server, such as http://127.0.0.1:8765")
        self.url = url.rstrip("/")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
        self._http = httpx.Client(
            base_url=self.url,
            headers=headers,
            timeout=timeout,
            transport=transport,
            # Without TLS there is nothing to verify, and loading the certificates takes longer than most answers.
            verify=parsed.scheme == "https",
            # A proxy of the environment cannot reach a server of this machine.
            trust_env=parsed.host not in _LOOPBACK,
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def get(self, path: str, parameters: Parameters) -> Answer[T]:
        """Return the answer to a GET; parameters that are None or empty are omitted."""
        with self._converted_errors():
            return _checked(self._http.get(path, params=_query(parameters)))

    def post(self, path: str, body: Body = b"", headers: Mapping[str, str] | None = None) -> Answer[T]:
        """Return the answer to a POST. An iterable body is streamed, without a read timeout."""
        # The server reads a streamed upload as fast as it commits, which has no upper bound.
        timeout = httpx.Timeout(READ_S if isinstance(body, bytes) else None, connect=CONNECT_S)
        with self._converted_errors():
            return _checked(self._http.post(path, content=body, headers=headers, timeout=timeout))

    def delete(self, path: str, parameters: Parameters) -> Answer[T]:
        """Return the answer to a DELETE."""
        with self._converted_errors():
            return _checked(self._http.delete(path, params=_query(parameters)))

    def patch(self, path: str, parameters: Parameters, body: bytes, headers: Mapping[str, str]) -> Answer[T]:
        """Return the answer to a PATCH."""
        with self._converted_errors():
            return _checked(self._http.patch(path, params=_query(parameters), content=body, headers=headers))

    def stream(self, path: str, parameters: Parameters) -> Iterator[bytes]:
        """Yield the bytes of a streamed answer. A broken connection raises, so that it cannot look like the end."""
        with self._converted_errors(), self._http.stream("GET", path, params=_query(parameters)) as response:
            if not response.is_success:
                response.read()
                _checked(response)
            yield from response.iter_bytes()

    @contextmanager
    def _converted_errors(self) -> Generator[None]:
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
