"""Requests of the client as data: the calls describe them, a transport sends them, at once or asynchronously."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar, overload

import httpx

from mlgraph.client.answers import Answer
from mlgraph.client.errors import ClientError, UnresolvedName
from mlgraph.domain.uri import SCHEME

if TYPE_CHECKING:
    from mlgraph.client.answer_shapes.name_shapes import ResolvedName

AnswerT = TypeVar("AnswerT", bound=Answer[Any])
Parameters = Mapping[str, object]
Body = bytes | Iterable[bytes]

CONNECT_S: Final = 5.0
READ_S: Final = 120.0
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Request:
    """A request. `assets` are the parameters that name assets: a text that is no URI is resolved first."""

    method: str
    path: str
    parameters: Parameters = field(default_factory=dict)
    body: Body = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    assets: Sequence[str] = ()

    @property
    def query(self) -> httpx.QueryParams:
        """The query string; parameters that are None or empty are omitted."""
        return _query(self.parameters)

    @property
    def timeout(self) -> httpx.Timeout:
        """The time limits. A streamed body has none for the answer: the server reads it as fast as it commits."""
        return httpx.Timeout(READ_S if isinstance(self.body, bytes) else None, connect=CONNECT_S)

    def names(self) -> dict[str, str]:
        """Return the parameters whose values are names of assets and no URIs."""
        found = {name: self.parameters.get(name) for name in self.assets}
        return {name: value for name, value in found.items() if isinstance(value, str) and not value.startswith(SCHEME)}

    def resolution(self, name: str) -> Request:
        """Return the request that resolves a name of an asset in a graph that is as recent as this request wants."""
        return Request("GET", "/api/v1/resolve", {"name": name, "at_least": self.parameters.get("at_least")})

    def resolved(self, answers: Mapping[str, Answer[Any]]) -> Request:
        """Return the request with the URIs of `answers`, by parameter. Raises `UnresolvedName`."""
        uris = {name: uri_of(answer) for name, answer in answers.items()}
        return replace(self, parameters={**self.parameters, **uris}, assets=())


class Transport(ABC):
    """Makes requests of the calls. What `_send` returns is the answer, or in an asynchronous transport an awaitable of it."""

    @overload
    def get(self, path: str, parameters: Parameters, *, assets: Sequence[str] = ()) -> Answer[Any]: ...

    @overload
    def get(self, path: str, parameters: Parameters, answer: type[AnswerT], *, assets: Sequence[str] = ()) -> AnswerT: ...

    def get(
        self, path: str, parameters: Parameters, answer: type[Answer[Any]] = Answer, *, assets: Sequence[str] = ()
    ) -> Answer[Any]:
        """Send a GET; parameters that are None or empty are omitted. `assets` are the parameters that name assets."""
        return self._send(Request("GET", path, parameters, assets=assets), answer)

    def post(
        self, path: str, body: Body = b"", headers: Mapping[str, str] | None = None, parameters: Parameters | None = None
    ) -> Answer[Any]:
        """Send a POST. An iterable body is streamed."""
        return self._send(Request("POST", path, parameters or {}, body, headers or {}), Answer)

    def patch(
        self, path: str, parameters: Parameters, body: bytes, headers: Mapping[str, str], *, assets: Sequence[str] = ()
    ) -> Answer[Any]:
        """Send a PATCH. `assets` are the parameters that name assets."""
        return self._send(Request("PATCH", path, parameters, body, headers, assets), Answer)

    def delete(self, path: str, parameters: Parameters) -> Answer[Any]:
        """Send a DELETE."""
        return self._send(Request("DELETE", path, parameters), Answer)

    def stream(self, path: str, parameters: Parameters) -> Iterator[bytes]:
        """Send a GET and return the bytes of the answer as they arrive."""
        return self._stream(Request("GET", path, parameters))

    @abstractmethod
    def _send(self, request: Request, answer: type[AnswerT]) -> AnswerT:
        """Send a request and return its answer."""

    @abstractmethod
    def _stream(self, request: Request) -> Iterator[bytes]:
        """Send a request and return the bytes of its answer as they arrive."""


def pool_settings(url: str, token: str | None) -> dict[str, Any]:
    """Return the arguments for a connection pool of httpx. Raises `ValueError` if `url` is not an http(s) URL."""
    parsed = httpx.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(f"{url!r} is not the URL of a server, such as http://127.0.0.1:8765")
    return {
        "base_url": url.rstrip("/"),
        "timeout": httpx.Timeout(READ_S, connect=CONNECT_S),
        "headers": {"authorization": f"Bearer {token}"} if token else {},
        # Without TLS there is nothing to verify, and loading the certificates takes longer than most answers.
        "verify": parsed.scheme == "https",
        # A proxy of the environment cannot reach a server of this machine.
        "trust_env": parsed.host not in _LOOPBACK,
    }


def checked(response: httpx.Response, answer: type[AnswerT]) -> AnswerT:
    """Return the answer in a response. Raises `ClientError`."""
    if not response.is_success:
        raise ClientError(response.status_code, response.content, response.reason_phrase)
    return answer(response.status_code, response.content)


def uri_of(resolution: Answer[ResolvedName]) -> str:
    """Return the URI that a name means, by the answer of `Client.resolve`. Raises `UnresolvedName`."""
    uri = resolution.data["uri"]
    if uri is None:
        raise UnresolvedName(resolution)
    return uri


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
