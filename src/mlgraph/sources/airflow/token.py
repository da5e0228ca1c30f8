"""The token of Airflow's API: requested with user and password, and again when Airflow no longer accepts it."""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Final

import httpx

from mlgraph.domain.credentials import Credentials
from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.payloads.payload import decode_json

_INVALID: Final = b"Invalid JWT token"


class TokenAuth(httpx.Auth):
    """Adds a Bearer token to each request. Thread-safe: of several rejected requests, one renews the token."""

    def __init__(self, server: str, credentials: Credentials) -> None:
        """`credentials` are a user with a password, for the token endpoint of `server`, or a token, which cannot be renewed."""
        self._endpoint = f"{server.rstrip('/')}/auth/token"
        self._credentials = credentials
        self._lock = threading.Lock()
        self._token = None if credentials.user is not None else credentials.secret

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send `request`, after a request for a token where there is none, or where the first answer rejects it."""
        used = self._token
        if used is None:
            used = yield from self._renewed(None)
        if used is not None:
            request.headers["authorization"] = f"Bearer {used}"
        response = yield request
        if self._credentials.user is None or not _rejects_token(response):
            return
        renewed = yield from self._renewed(used)
        if renewed is not None and renewed != used:
            request.headers["authorization"] = f"Bearer {renewed}"
            yield request

    def _renewed(self, rejected: str | None) -> Generator[httpx.Request, httpx.Response, str | None]:
        """Return another token than `rejected`; None if Airflow gives none, so that it answers 401 to the request itself."""
        with self._lock:
            if self._token is not None and self._token != rejected:
                return self._token
            login = {"username": self._credentials.user, "password": self._credentials.secret}
            response = yield httpx.Request("POST", self._endpoint, json=login, headers={"accept": "application/json"})
            response.read()
            self._token = _token_in(response)
            return self._token


def _rejects_token(response: httpx.Response) -> bool:
    """Return whether a token expired (401), or was signed with a former key of the server: 403, as for a missing permission."""
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return True
    return response.status_code == httpx.codes.FORBIDDEN and _INVALID in response.read()


def _token_in(response: httpx.Response) -> str | None:
    if not response.is_success:
        return None
    try:
        found = decode_json(response.content)
        token = found.get("access_token") if isinstance(found, dict) else None
        return Credentials(token).secret if isinstance(token, str) else None
    except MlgraphError:  # no JSON, or no text that a header can carry
        return None
