"""A client of the parts of Airflow's REST API that mlgraph uses (/api/v2 of Airflow 3)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from mlgraph.domain.credentials import Credentials, check_address
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.ports.source_adapter import Access, CircuitState
from mlgraph.sources.airflow.token import TokenAuth
from mlgraph.sources.http import MISSING, Endpoint, Json, JsonClient, Missing, RequestRefused, RetryPolicy

PAGE: Final = 100
"""The number of objects of a page: Airflow's own limit, unless an administrator changed it."""
_MISSING: Final = "not found"
_VERSION: Final = re.compile(r"(?P<major>\d+)\.\d+\S{0,40}")
Params = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class CursorPage:
    """A page of runs or attempts; `next` is the cursor of the following page, None after the last one."""

    items: list[Json]
    next: str | None


def connect(access: Access, retries: RetryPolicy | None = None) -> JsonClient:
    """Return a client of the Airflow at `access.url`, with the credentials and limits of `access`.

    Raises `InvalidInput` if the URL is not an http or https URL, or contains a login.
    """
    check_address(access.url)
    limits, credentials = access.limits, access.credentials
    client = httpx.Client(
        base_url=f"{access.url.rstrip('/')}/api/v2/",
        headers={"accept": "application/json"},
        auth=TokenAuth(access.url, credentials) if credentials else None,
        limits=httpx.Limits(max_connections=limits.concurrency),
    )
    server = Endpoint(
        f"Airflow at {place(access.url)}",
        _MISSING,
        access.instance or place(access.url),
        credentials.redact if credentials else str,
        _code_of,
    )
    return JsonClient(client, server, limits=limits, retries=retries)


def _code_of(body: Json) -> object:
    """Return whether an error says that an object does not exist: Airflow has no codes, and an unknown route has no `detail`."""
    detail = body.get("detail")
    return _MISSING if isinstance(detail, str) and detail.endswith(_MISSING) else None


def ambient_credentials(environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return `AIRFLOW_USERNAME` with `AIRFLOW_PASSWORD`, or the token in `AIRFLOW_CLI_TOKEN`; None if there are none.

    Raises `InvalidInput` if they are not valid in a request.
    """
    user, token = environ.get("AIRFLOW_USERNAME"), environ.get("AIRFLOW_CLI_TOKEN")
    try:
        if user:
            return Credentials(environ.get("AIRFLOW_PASSWORD", ""), user)
        return Credentials(token) if token else None
    except InvalidInput as error:
        named = "AIRFLOW_PASSWORD" if user else "AIRFLOW_CLI_TOKEN"
        raise InvalidInput(f"the value of {named} in the server's environment cannot be used: {error.detail}") from None


def place(base_url: str) -> str:
    """Return host and port of a URL (and its path, if it has one): the default name of an instance."""
    parts = urlsplit(base_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


class AirflowApi:
    """One method for each call. Look-ups return `MISSING` for an object that does not exist."""

    def __init__(self, client: JsonClient) -> None:
        """Send requests through `client`."""
        self._client = client

    def check_version(self) -> str:
        """Return the version. Raises `SourceError` unless it is Airflow 3: other versions have another API."""
        try:
            found = self._client.get("version")
        except RequestRefused as error:
            raise SourceError(f"{error.detail}: there is no API /api/v2, which Airflow 3 has; connect Airflow 3") from None
        version = None if found is MISSING else found.get("version")
        matched = _VERSION.fullmatch(version) if isinstance(version, str) else None
        if matched is None:
            raise SourceError("the server reports no version: check that the URL is that of Airflow's API server")
        if matched["major"] != "3":
            raise SourceError(f"Airflow has version {matched[0]}: version 3 is needed, whose API is /api/v2")
        return matched[0]

    def count(self, path: str, params: Params | None = None) -> int:
        """Return the number of objects of a listing."""
        found = self._present(self._client.get(path, {**(params or {}), "limit": 1}), path).get("total_entries")
        return found if isinstance(found, int) else 0

    def page(self, path: str, member: str, offset: int, params: Params | None = None) -> tuple[list[Json], bool]:
        """Return a page of a listing from `offset` on, and whether another one follows."""
        reply = self._present(self._client.get(path, {**(params or {}), "limit": PAGE, "offset": offset}), path)
        items, total = _items(reply, member), reply.get("total_entries")
        return items, bool(items) and isinstance(total, int) and offset + len(items) < total

    def each(self, path: str, member: str, params: Params | None = None) -> Iterator[Json]:
        """Yield all objects of a listing, page after page."""
        offset, more = 0, True
        while more:
            items, more = self.page(path, member, offset, params)
            offset += len(items)
            yield from items

    def by_cursor(self, path: str, member: str, cursor: str, params: Params | None = None) -> CursorPage:
        """Return a page of runs or attempts after `cursor` ("": the first): offsets reach 50,000 of them only."""
        reply = self._present(self._client.get(path, {"order_by": "id", **(params or {}), "limit": PAGE, "cursor": cursor}), path)
        following = reply.get("next_cursor")
        return CursorPage(_items(reply, member), following if isinstance(following, str) and following else None)

    def one(self, *path: str) -> Json | Missing:
        """Return an object by the parts of its path."""
        return self._client.get("/".join(quote(part, safe="~") for part in path))

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._client.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _present(self, reply: Json | Missing, path: str) -> Json:
        if reply is MISSING:
            raise SourceError(f"Airflow does not have the listing {path!r}: check the URL of the API server")
        return reply


def _items(reply: Json, member: str) -> list[Json]:
    items = reply.get(member)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceError(f"the answer has no list {member!r}: check that the URL is that of Airflow's API server")
    return items
