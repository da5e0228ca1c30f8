"""JSON over HTTP from a source that may be slow, busy, broken or gone."""

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
from mlgraph.domain.payload import decode_json
from mlgraph.domain.redaction import redact_url
from mlgraph.ports.source_adapter import CircuitState
from mlgraph.services.common.metrics import SourceCounts
from mlgraph.sources.circuit import Circuit
from mlgraph.sources.rate_limit import REAL, RateLimit, Timing
from mlgraph.sources.shared_requests import SharedRequests

Json = dict[str, Any]
_RETRIED: Final = frozenset({408, 425, 429, *range(500, 600)})
_BUSY: Final = frozenset({425, 429})
"""Refusals by a source that is well: they do not speak for leaving it alone."""
_LONGEST_WAIT_S: Final = 60.0
_SHOWN_CHARS: Final = 200
_MOST_BYTES: Final = 64 << 20
"""No page of a listing comes near it; what does is no answer, and must not fill the memory."""
_REFUSED_S: Final = 60.0
"""How long a source that does not know who asks is left alone: no thing that it is asked for makes a difference."""
_USUAL_LIMITS: Final = RequestLimits()


class Missing(Enum):
    """The typed answer to a look-up of what is not there."""

    MISSING = 404


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try: seconds, and the base of the exponential back-off (with full jitter)."""

    attempts: int = 6
    timeout_s: float = 30.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is asked: `what` names it in errors, `instance` in metrics.

    `missing_code` is the `error_code` by which its API says that a thing does not exist; `conceal` takes the credentials
    out of what it may have repeated of them.
    """

    what: str
    missing_code: str
    instance: str = ""
    conceal: Callable[[str], str] = str


class JsonClient:
    """The one place where requests to a source leave: at a bounded rate, so many at once, and again where that may help.

    429 (its Retry-After holds back all requests), 5xx, time-outs, broken connections and half bodies are retried, each
    attempt at its turn. A body that is not there when the time-out is over, or is larger than 64 MiB, is none. A 404 in
    which the API itself says so (`error_code`) is the answer `MISSING`; any other, a proxy's perhaps, must not pass for a
    deletion. All else, and patience at its end, is a `SourceError` that says what, where and what to do next; `SourceAway`
    where the source fails so often that it is left alone for a while, or answers 401. No redirect is followed. No
    credential is ever shown. For several threads.
    """

    def __init__(
        self,
        client: httpx.Client,
        server: Endpoint,
        *,
        limits: RequestLimits = _USUAL_LIMITS,
        patience: Patience | None = None,
        timing: Timing = REAL,
    ) -> None:
        """Use `client`, which knows the base URL and the credentials."""
        self._client = client
        self._what, self._missing_code, self._conceal = server.what, server.missing_code, server.conceal
        self._patience = patience or Patience(timeout_s=limits.timeout_s)
        self._timing = timing
        self._counts = SourceCounts(server.instance)
        self._pace = RateLimit(limits.requests_per_s, limits.concurrency, timing)
        self._shared = SharedRequests()
        self._circuit = Circuit(server.what, self._counts.circuit, timing)
        self._closed = False

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json | Missing:
        """Return what GET answers."""
        asked = dict(params or {})
        found: Json | Missing = self._shared.ask(
            (path, *sorted(asked.items())), lambda leaves: self._ask("GET", path, leaves, params=asked), self._counts.shared
        )
        return found

    def post(self, path: str, body: Json) -> Json | Missing:
        """Return what POST answers. For searches and what else may be asked twice."""
        return self._ask("POST", path, json=body)

    def patch(self, path: str, body: Json) -> Json | Missing:
        """Return what PATCH answers. For changes that may be made twice."""
        return self._ask("PATCH", path, json=body)

    @property
    def counts(self) -> SourceCounts:
        """What is counted of this source."""
        return self._counts

    def circuit(self) -> CircuitState:
        """Return whether requests leave."""
        return self._circuit.state()

    def close(self) -> None:
        """Close the connections. Whoever still waits for an answer, or for a turn, gets `SourceAway`."""
        self._closed = True
        self._client.close()

    def _ask(self, method: str, path: str, leaves: Callable[[], None] = lambda: None, **content: Json) -> Json | Missing:
        failure_text, tried = "", 0
        while tried < self._patience.attempts:
            if tried:
                self._counts.retry()
            try:
                with self._pace.slot():
                    tries = self._circuit.enter()
                    leaves()
                    return self._once(method, path, content, tries=tries)
            except Exception as failure:
                if self._closed:  # under whoever asks: httpx says so in several ways
                    raise SourceAway(f"{self._what} is read no longer", retry_in_s=0.0) from None
                if not isinstance(failure, _WorthAnotherError):
                    raise
                tried += 1
                failure_text = str(failure)
                if self._circuit.state().name == "open":
                    break
                if failure.wait_s is not None:
                    self._pace.pause_for(failure.wait_s)
                elif tried < self._patience.attempts:
                    self._timing.sleep(self._wait(tried - 1))
        failed = f"{self._what}: {method} {path} failed {tried} times, at last with {failure_text}; "
        circuit = self._circuit.state()
        if circuit.name == "open":
            raise SourceAway(f"{failed}it is asked again in {circuit.retry_in_s:.0f} s", retry_in_s=circuit.retry_in_s)
        raise SourceError(f"{failed}nothing is lost: it is asked again at the next sync")

    def _once(self, method: str, path: str, content: dict[str, Any], *, tries: bool) -> Json | Missing:
        """Send one request and read its answer. Raises `_WorthAnotherError` where another one may do better."""
        answered = False
        outcome = "failed"
        try:
            status, headers, body = self._sent(method, path, content)
            outcome = f"{status // 100}xx"
            if status in _RETRIED:
                answered = status in _BUSY
                raise _WorthAnotherError(f"HTTP {status}{self._message(body)}", _retry_after(headers))
            found = self._read(method, path, status, body)
            answered = True
        except httpx.TimeoutException:
            outcome = "timeout"
            raise _WorthAnotherError(f"no answer within {self._patience.timeout_s:g} s") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _WorthAnotherError(f"{type(error).__name__}: {redact_url(self._conceal(str(error)))}") from None
        except SourceError:
            answered = True
            raise
        finally:
            self._counts.request(outcome)
            if answered:
                self._circuit.succeeded()
            else:
                self._circuit.failed(tried=tries)
        return found

    def _sent(self, method: str, path: str, content: dict[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        """Send a request and return status, headers and body. The time-out of `httpx` is of each read: all of them have one."""
        until = self._timing.clock() + self._patience.timeout_s
        body = bytearray()
        with self._client.stream(method, path, timeout=self._patience.timeout_s, **content) as response:
            for part in response.iter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise SourceError(f"{self._what}: {method} {path} answered more than {_MOST_BYTES >> 20} MiB")
                if self._timing.clock() > until:
                    raise httpx.ReadTimeout("the body is still under way")
        return response.status_code, response.headers, bytes(body)

    def _wait(self, attempt: int) -> float:
        """Return seconds of exponential back-off with full jitter (Brooker, Exponential Backoff And Jitter, 2015)."""
        longest: float = min(self._patience.longest_wait_s, self._patience.first_wait_s * 2**attempt)
        return longest * self._timing.chance()

    def _read(self, method: str, path: str, status: int, body: bytes) -> Json | Missing:
        if status == httpx.codes.NOT_FOUND and _error_body(body).get("error_code") == self._missing_code:
            return MISSING
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            refused = (
                f"{self._what}: {method} {path} answered HTTP {status}: "
                "its credentials are missing, wrong or lack a permission: set its user and password, or its token, where "
                "mlgraph reads them (credentials in mlgraph.yaml, else the environment of mlgraph)"
            )
            raise SourceAway(refused, retry_in_s=_REFUSED_S) if status == httpx.codes.UNAUTHORIZED else SourceError(refused)
        if not httpx.codes.is_success(status):
            raise SourceError(f"{self._what}: {method} {path} answered HTTP {status}{self._message(body)}")
        try:
            found = decode_json(body)
        except MlgraphError as error:
            raise _WorthAnotherError(f"a body that is {self._conceal(error.detail)}") from None  # a proxy's page, or cut
        if not isinstance(found, dict):
            raise SourceError(f"{self._what}: {method} {path} answered JSON that is no object: is the URL that of its API?")
        return found

    def _message(self, body: bytes) -> str:
        """Return what the server says is wrong, without what it repeats of the credentials."""
        message = _error_body(body).get("message")
        return f": {redact_url(self._conceal(message)[:_SHOWN_CHARS])}" if isinstance(message, str) else ""


class _WorthAnotherError(Exception):
    """A request that came to nothing and may be sent again, after `wait_s` seconds where the source said so."""

    def __init__(self, failure_text: str, wait_s: float | None = None) -> None:
        super().__init__(failure_text)
        self.wait_s = wait_s


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110, 10.2.3: seconds or a date), at most a minute."""
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
