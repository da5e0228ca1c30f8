"""A JSON client for HTTP sources that may be slow, busy, broken or unreachable: rate limit, retries, circuit breaker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final

import httpx

from mlgraph.domain.configuration import RequestLimits
from mlgraph.domain.errors import MlgraphError, SourceAway, SourceError
from mlgraph.domain.payloads.payload import decode_json
from mlgraph.domain.redaction.json_values import redact_text
from mlgraph.ports.source_adapter import CircuitState
from mlgraph.services.common.metrics import SourceCounts
from mlgraph.sources.circuit import Circuit
from mlgraph.sources.rate_limit import REAL, RateLimit, Timing
from mlgraph.sources.shared_requests import SharedRequests

Json = dict[str, Any]
_RETRIED: Final = frozenset({408, 425, 429, *range(500, 600)})
_BUSY: Final = frozenset({425, 429})
"""Refusals by a healthy source: they do not count as failures for the circuit breaker."""
_LONGEST_WAIT_S: Final = 60.0
_SHOWN_CHARS: Final = 200
_MOST_BYTES: Final = 64 << 20
"""Far above any page of a listing; a larger body is refused, so that it cannot exhaust the memory."""
_REFUSED_S: Final = 60.0
"""The pause after HTTP 401: with rejected credentials, every other request would fail too."""
_USUAL_LIMITS: Final = RequestLimits()


class Missing(Enum):
    """The type of `MISSING`, the answer to a look-up of an object that does not exist."""

    MISSING = 404


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Number of attempts, time-out, and first and longest wait of the exponential back-off with full jitter, in seconds."""

    attempts: int = 6
    timeout_s: float = 30.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 20.0


def _error_code(body: Json) -> object:
    return body.get("error_code")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The server of a client: `what` names it in errors, `instance` in metrics.

    `missing_code` is the code with which its API reports that an object does not exist, `code_of` returns the code in the body of
    an error; `redact` removes the credentials from a text of the server.
    """

    what: str
    missing_code: str
    instance: str = ""
    redact: Callable[[str], str] = str
    code_of: Callable[[Json], object] = _error_code


class JsonClient:
    """Sends all requests to one source, with limits of rate and concurrency, and with retries.

    429 (its Retry-After delays all requests), 5xx, time-outs, broken connections and incomplete bodies are retried within the
    rate limit. A body is refused if it is incomplete at the time-out or larger than 64 MiB. A 404 with the code of the
    API is the answer `MISSING`; any other 404, perhaps of a proxy, is not treated as a deletion. All other failures, and the last
    failed attempt, raise `SourceError` with source, request and advice, or `SourceAway` if the circuit is open or the source
    answers 401. Redirects are not followed. No message contains a credential. Thread-safe.
    """

    def __init__(
        self,
        client: httpx.Client,
        server: Endpoint,
        *,
        limits: RequestLimits = _USUAL_LIMITS,
        retries: RetryPolicy | None = None,
        timing: Timing = REAL,
    ) -> None:
        """Send through `client`, which has the base URL and the credentials."""
        self._client = client
        self._what, self._missing_code, self._redact = server.what, server.missing_code, server.redact
        self._code_of = server.code_of
        self._retries = retries or RetryPolicy(timeout_s=limits.timeout_s)
        self._timing = timing
        self._counts = SourceCounts(server.instance)
        self._rate_limit = RateLimit(limits.requests_per_s, limits.concurrency, timing)
        self._shared = SharedRequests()
        self._circuit = Circuit(server.what, self._counts.circuit, timing)
        self._closed = False

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json | Missing:
        """Return the answer to GET. Equal requests that wait at the same time are sent once."""
        query = dict(params or {})
        found: Json | Missing = self._shared.request(
            (path, *sorted(query.items())), lambda on_send: self._send("GET", path, on_send, params=query), self._counts.shared
        )
        return found

    def post(self, path: str, body: Json) -> Json | Missing:
        """Return the answer to POST. Only for searches and other idempotent requests."""
        return self._send("POST", path, json=body)

    def patch(self, path: str, body: Json) -> Json | Missing:
        """Return the answer to PATCH. Only for idempotent changes."""
        return self._send("PATCH", path, json=body)

    def put(self, path: str, body: Json) -> Json | Missing:
        """Return the answer to PUT."""
        return self._send("PUT", path, json=body)

    @property
    def counts(self) -> SourceCounts:
        """The metrics of this source."""
        return self._counts

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._circuit.state()

    def close(self) -> None:
        """Close the connections. Requests that still wait raise `SourceAway`."""
        self._closed = True
        self._client.close()

    def _send(self, method: str, path: str, on_send: Callable[[], None] = lambda: None, **content: Json) -> Json | Missing:
        failure_text, attempts = "", 0
        while attempts < self._retries.attempts:
            if attempts:
                self._counts.retry()
            try:
                with self._rate_limit.slot():
                    is_test = self._circuit.enter()
                    on_send()
                    return self._once(method, path, content, is_test=is_test)
            except Exception as failure:
                if self._closed:  # during the request: httpx raises several types then
                    raise SourceAway(f"{self._what} is no longer connected", retry_in_s=0.0) from None
                if not isinstance(failure, _RetriableError):
                    raise
                attempts += 1
                failure_text = str(failure)
                if self._circuit.state().name == "open":
                    break
                if failure.wait_s is not None:
                    self._rate_limit.pause_for(failure.wait_s)
                elif attempts < self._retries.attempts:
                    self._timing.sleep(self._wait(attempts - 1))
        failed = f"{self._what}: {method} {path} failed {attempts} times, the last time with {failure_text}; "
        circuit = self._circuit.state()
        if circuit.name == "open":
            raise SourceAway(f"{failed}the next attempt is in {circuit.retry_in_s:.0f} s", retry_in_s=circuit.retry_in_s)
        raise SourceError(f"{failed}nothing is lost: the next sync repeats the request")

    def _once(self, method: str, path: str, content: dict[str, Any], *, is_test: bool) -> Json | Missing:
        """Send one request and parse its answer. Raises `_RetriableError` where a retry may succeed."""
        answered = False
        outcome = "failed"
        try:
            status, headers, body = self._sent(method, path, content)
            outcome = f"{status // 100}xx"
            if status in _RETRIED:
                answered = status in _BUSY
                raise _RetriableError(f"HTTP {status}{self._message(body)}", _retry_after(headers))
            found = self._read(method, path, status, body)
            answered = True
        except httpx.TimeoutException:
            outcome = "timeout"
            raise _RetriableError(f"no answer within {self._retries.timeout_s:g} s") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _RetriableError(f"{type(error).__name__}: {redact_text(self._redact(str(error)))}") from None
        except SourceError:
            answered = True
            raise
        finally:
            self._counts.request(outcome)
            if answered:
                self._circuit.succeeded()
            else:
                self._circuit.failed(tried=is_test)
        return found

    def _sent(self, method: str, path: str, content: dict[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        """Send a request and return status, headers and body.

        The time-out of `httpx` applies to each read, so the time of all reads is limited here.
        """
        until = self._timing.clock() + self._retries.timeout_s
        body = bytearray()
        with self._client.stream(method, path, timeout=self._retries.timeout_s, **content) as response:
            for part in response.iter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise SourceError(f"{self._what}: {method} {path} answered more than {_MOST_BYTES >> 20} MiB")
                if self._timing.clock() > until:
                    raise httpx.ReadTimeout("the body is incomplete")
        return response.status_code, response.headers, bytes(body)

    def _wait(self, attempt: int) -> float:
        """Return seconds of exponential back-off with full jitter (Brooker, Exponential Backoff And Jitter, 2015)."""
        longest: float = min(self._retries.longest_wait_s, self._retries.first_wait_s * 2**attempt)
        return longest * self._timing.chance()

    def _read(self, method: str, path: str, status: int, body: bytes) -> Json | Missing:
        if status == httpx.codes.NOT_FOUND and self._code_of(_error_body(body)) == self._missing_code:
            return MISSING
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            refused = (
                f"{self._what}: {method} {path} answered HTTP {status}: "
                "its credentials are missing, wrong or lack a permission: set its user and password, or its token, where "
                "mlgraph reads them (credentials in mlgraph.yaml, else the environment of mlgraph)"
            )
            raise SourceAway(refused, retry_in_s=_REFUSED_S) if status == httpx.codes.UNAUTHORIZED else RequestRefused(refused)
        if not httpx.codes.is_success(status):
            failure = _FAILURES.get(status, SourceError)
            raise failure(f"{self._what}: {method} {path} answered HTTP {status}{self._message(body)}")
        try:
            found = decode_json(body)
        except MlgraphError as error:
            raise _RetriableError(f"a body that is {self._redact(error.detail)}") from None  # a proxy's page, or cut
        if not isinstance(found, dict):
            raise SourceError(f"{self._what}: {method} {path} answered JSON that is not an object: check the URL of the API")
        return found

    def _message(self, body: bytes) -> str:
        """Return the error message of the server, without credentials that it may repeat."""
        message = _error_body(body).get("message")
        return f": {redact_text(self._redact(message))[:_SHOWN_CHARS]}" if isinstance(message, str) else ""


class RequestRefused(SourceError):
    """The source is reachable, but refuses this request (403), or has no such path (404): others may succeed."""


class RequestExpired(SourceError):
    """The source says that what the request refers to does not exist any more (410), such as the place in a listing."""


_FAILURES: Final[dict[int, type[SourceError]]] = {404: RequestRefused, 410: RequestExpired}


class _RetriableError(Exception):
    """A failed request that may be repeated, after `wait_s` seconds if the source sent Retry-After."""

    def __init__(self, failure_text: str, wait_s: float | None = None) -> None:
        super().__init__(failure_text)
        self.wait_s = wait_s


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds in Retry-After (RFC 9110, 10.2.3: seconds or a date), at most 60; None without a valid one."""
    retry_after = headers.get("retry-after", "").strip()
    if not retry_after:
        return None
    try:
        seconds = float(retry_after) if retry_after.isdigit() else parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT_S)


def _error_body(body: bytes) -> Json:
    try:
        found = decode_json(body)
    except MlgraphError:
        return {}
    return found if isinstance(found, dict) else {}
