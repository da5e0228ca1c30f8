"""JSON over HTTP from a source that may be slow, busy, broken or gone."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final

import httpx

from mlgraph.domain.errors import MlgraphError, SourceError
from mlgraph.domain.payload import decode_json
from mlgraph.domain.redaction import redact_url

Json = dict[str, Any]
_RETRIED: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S: Final = 60.0
_SHOWN_CHARS: Final = 200


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


class TokenBucket:
    """Lets `rate_per_s` callers a second pass, up to a second's worth at once; others wait their turn."""

    def __init__(
        self,
        rate_per_s: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start full."""
        self._rate, self._clock, self._sleep = rate_per_s, clock, sleep
        self._burst = max(1.0, rate_per_s)
        self._tokens, self._at = self._burst, clock()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Return when it is this caller's turn."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
            self._at = now
            wait = max(0.0, -self._tokens / self._rate)
        if wait:
            self._sleep(wait)  # the debt is booked already: whoever comes next waits longer


class JsonClient:
    """Asks one server, at a bounded rate, and again where asking again may help.

    429 (its Retry-After is honoured), 5xx, time-outs, broken connections and half bodies are retried. A 404 in which
    the API itself says so (`error_code`) is the answer `MISSING`; any other, a proxy's perhaps, must not pass for a
    deletion. All else, and patience at its end, is a `SourceError` that says what, where and what to do next. No
    credential is ever shown.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        what: str,
        missing_code: str,
        rate_per_s: float = 50.0,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
        conceal: Callable[[str], str] = str,
    ) -> None:
        """Use `client`, which knows the base URL and the credentials; `what` names the source in errors.

        `missing_code` is the `error_code` by which the API says that a thing does not exist. `conceal` takes the
        credentials out of what the server may have repeated of them.
        """
        self._client = client
        self._missing_code = missing_code
        self._what = what
        self._patience = patience or Patience()
        self._sleep = sleep
        self._conceal = conceal
        self._bucket = TokenBucket(rate_per_s, sleep=sleep)

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Json | Missing:
        """Return what GET answers."""
        return self._ask("GET", path, params=dict(params or {}))

    def post(self, path: str, body: Json) -> Json | Missing:
        """Return what POST answers. For searches and what else may be asked twice."""
        return self._ask("POST", path, json=body)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, *, params: dict[str, Any] | None = None, json: Json | None = None) -> Json | Missing:
        trouble = ""
        for attempt in range(self._patience.attempts):
            self._bucket.take()
            told_wait: float | None = None
            try:
                response = self._client.request(method, path, timeout=self._patience.timeout_s, params=params, json=json)
            except httpx.TimeoutException:
                trouble = f"no answer within {self._patience.timeout_s:g} s"
            except httpx.TransportError as error:
                trouble = f"{type(error).__name__}: {redact_url(self._conceal(str(error)))}"
            else:
                if response.status_code not in _RETRIED:
                    try:
                        return self._read(method, path, response)
                    except _HalfBodyError as error:
                        trouble = str(error)
                else:
                    trouble = f"HTTP {response.status_code}{self._message(response)}"
                    told_wait = _retry_after(response)
            if attempt + 1 < self._patience.attempts:
                self._sleep(self._wait(attempt) if told_wait is None else told_wait)
        raise SourceError(
            f"{self._what}: {method} {path} failed {self._patience.attempts} times, at last with {trouble}; "
            "nothing is lost: it is asked again at the next sync"
        )

    def _wait(self, attempt: int) -> float:
        longest: float = min(self._patience.longest_wait_s, self._patience.first_wait_s * 2**attempt)
        return longest * (0.5 + random.random() / 2)  # noqa: S311 - not a secret

    def _read(self, method: str, path: str, response: httpx.Response) -> Json | Missing:
        if response.status_code == httpx.codes.NOT_FOUND and _error_code(response) == self._missing_code:
            return MISSING
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise SourceError(
                f"{self._what}: {method} {path} answered HTTP {response.status_code}: "
                "its credentials are missing, wrong or may not do this: set its user and password, or its token, where "
                "mlgraph takes them from (credentials in mlgraph.yaml, else the environment of mlgraph)"
            )
        if not response.is_success:
            raise SourceError(f"{self._what}: {method} {path} answered HTTP {response.status_code}{self._message(response)}")
        try:
            found = decode_json(response.content)
        except MlgraphError as error:
            raise _HalfBodyError(f"a body that is {self._conceal(error.detail)}") from None
        if not isinstance(found, dict):
            raise SourceError(f"{self._what}: {method} {path} answered JSON that is no object: is the URL that of its API?")
        return found

    def _message(self, response: httpx.Response) -> str:
        """Return what the server says is wrong, without what it repeats of the credentials."""
        message = _error_body(response).get("message")
        return f": {redact_url(self._conceal(message)[:_SHOWN_CHARS])}" if isinstance(message, str) else ""


class _HalfBodyError(Exception):
    """A body that ended early, or is no JSON: a proxy's error page, a connection cut."""


def _retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that Retry-After asks for (RFC 9110, 10.2.3: seconds or a date), at most a minute."""
    told = response.headers.get("retry-after", "").strip()
    if not told:
        return None
    try:
        seconds = float(told) if told.isdigit() else parsedate_to_datetime(told).timestamp() - time.time()
    except (TypeError, ValueError):
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT_S)


def _error_code(response: httpx.Response) -> str | None:
    found = _error_body(response).get("error_code")
    return found if isinstance(found, str) else None


def _error_body(response: httpx.Response) -> Json:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
