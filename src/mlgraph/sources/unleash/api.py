"""A client of the parts of Unleash's admin API that mlgraph uses (OpenAPI document of Unleash 7.5, /api/admin)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from mlgraph.domain.credentials import Credentials, check_address
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.ports.source_adapter import Access, CircuitState
from mlgraph.services.common.metrics import SourceCounts
from mlgraph.sources.http import MISSING, Endpoint, Json, JsonClient, Missing, RetryPolicy

TOKEN_VARIABLE: Final = "UNLEASH_TOKEN"  # noqa: S105 - the name of a variable
FLAGS_A_PAGE: Final = 100
"""The most that Unleash lists in one answer of a search for flags."""
EVENTS_A_PAGE: Final = 1000
_MISSING_CODE: Final = "NotFoundError"
_NO_PATH: Final = "The path you were looking for"

Found = tuple[list[Json], int]
"""A page of a search: its items, and the number of all items."""


def connect(access: Access, retries: RetryPolicy | None = None) -> JsonClient:
    """Return a client of the Unleash server at `access.url`, with the token and limits of `access`.

    Raises `InvalidInput` if the URL is not an http or https URL, or the credentials have a user.
    """
    check_address(access.url)
    limits, credentials = access.limits, access.credentials
    if credentials is not None and credentials.user is not None:
        raise InvalidInput("Unleash takes an API token alone: leave the user out of the credentials")
    client = httpx.Client(
        base_url=f"{access.url.rstrip('/')}/api/admin/",
        headers={"accept": "application/json", **({"authorization": credentials.secret} if credentials else {})},
        limits=httpx.Limits(max_connections=limits.concurrency),
    )
    server = Endpoint(
        f"Unleash at {place(access.url)}",
        _MISSING_CODE,
        access.instance or place(access.url),
        credentials.redact if credentials else str,
        _code_of,
    )
    return JsonClient(client, server, limits=limits, retries=retries)


def ambient_credentials(environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return the token in `UNLEASH_TOKEN`; None if there is none. Raises `InvalidInput` if it is not valid in a header."""
    token = environ.get(TOKEN_VARIABLE)
    try:
        return Credentials(token) if token else None
    except InvalidInput as error:
        raise InvalidInput(f"the value of {TOKEN_VARIABLE} in the server's environment cannot be used: {error.detail}") from None


def place(base_url: str) -> str:
    """Return host and port of a URL (and its path, if it has one): the default name of an instance."""
    parts = urlsplit(base_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


class UnleashApi:
    """One method for each call. Look-ups return `MISSING` for an object that does not exist."""

    def __init__(self, client: JsonClient) -> None:
        """Send requests through `client`."""
        self._client = client

    def version(self) -> str | None:
        """Return the version of the server; None if it does not report one."""
        found = self._present(self._client.get("ui-config"), "configuration").get("version")
        return found if isinstance(found, str) else None

    def flags(self, offset: int, *, archived: bool, query: str | None = None) -> Found:
        """Return flags, oldest first: those in use, or the archived ones."""
        params: dict[str, str | int] = {
            "offset": offset,
            "limit": FLAGS_A_PAGE,
            "sortBy": "createdAt",
            "sortOrder": "asc",
            **({"archived": "IS:true"} if archived else {}),
            **({"query": query} if query else {}),
        }
        return _page(self._present(self._client.get("search/features", params), "search for flags"), "features")

    def flag(self, project: str, name: str) -> Json | Missing:
        """Return a flag with its environments and strategies; an archived one is `MISSING`."""
        return self._client.get(f"projects/{_part(project)}/features/{_part(name)}")

    def tags(self, name: str) -> list[Json]:
        """Return the tags of a flag."""
        found = self._client.get(f"features/{_part(name)}/tags")
        return [] if found is MISSING else _page(found, "tags")[0]

    def events(self, offset: int = 0, limit: int = EVENTS_A_PAGE, *, flag: str | None = None, kind: str | None = None) -> Found:
        """Return events, newest first: all, or those of a flag or of a type."""
        params: dict[str, str | int] = {
            "offset": offset,
            "limit": limit,
            **({"feature": f"IS:{flag}"} if flag else {}),
            **({"type": f"IS:{kind}"} if kind else {}),
        }
        return _page(self._present(self._client.get("search/events", params), "search for events"), "events")

    def exposures(self, name: str) -> list[Json]:
        """Return the hourly counts of a flag of the last two days, by environment and application."""
        found = self._client.get(f"client-metrics/features/{_part(name)}/raw", {"hoursBack": 48})
        return [] if found is MISSING else _page(found, "data")[0]

    def applications(self, offset: int) -> Found:
        """Return the applications that evaluate flags."""
        params: dict[str, str | int] = {"offset": offset, "limit": FLAGS_A_PAGE, "sortBy": "appName", "sortOrder": "asc"}
        return _page(self._present(self._client.get("metrics/applications", params), "list of applications"), "applications")

    def projects(self) -> list[Json]:
        """Return the projects that the token may see."""
        return _page(self._present(self._client.get("projects"), "list of projects"), "projects")[0]

    def integrations(self) -> list[Json]:
        """Return the existing integrations; their secrets are masked."""
        return _page(self._present(self._client.get("addons"), "list of integrations"), "addons")[0]

    def create_integration(self, body: Json) -> Json:
        """Create an integration and return it."""
        return self._present(self._client.post("addons", body), "integration")

    def change_integration(self, number: int, body: Json) -> Json:
        """Replace an integration and return it."""
        return self._present(self._client.put(f"addons/{number}", body), "integration")

    @property
    def counts(self) -> SourceCounts:
        """The metrics of this source."""
        return self._client.counts

    def circuit(self) -> CircuitState:
        """Return the state of the circuit breaker."""
        return self._client.circuit()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @staticmethod
    def _present(reply: Json | Missing, what: str) -> Json:
        if reply is MISSING:
            raise SourceError(f"this Unleash server has no {what}: version 7 or later is needed")
        return reply


def each(search: Callable[[int], Found]) -> Iterator[Json]:
    """Yield all items of a search, page after page."""
    offset = 0
    while True:
        items, total = search(offset)
        yield from items
        offset += len(items)
        if not items or offset >= total:
            return


def text_of(item: Json, key: str) -> str:
    """Return a member that identifies `item`. Raises `SourceError` if it is absent or empty."""
    found = item.get(key)
    if not isinstance(found, str) or not found:
        raise SourceError(f"Unleash's answer has an item without {key!r}: check that the URL is that of an Unleash server")
    return found


def number_of(event: Json) -> int:
    """Return the number of an event. Raises `SourceError` if it has none."""
    found = event.get("id")
    if isinstance(found, bool) or not isinstance(found, int):
        raise SourceError("Unleash's answer has an event without a number: check that the URL is that of an Unleash server")
    return found


def _part(name: str) -> str:
    return quote(name, safe="")


def _code_of(body: Json) -> object:
    """Return the code of an error. Unleash uses that of a missing object for unknown paths too, which are no answers."""
    message = body.get("message")
    return None if isinstance(message, str) and message.startswith(_NO_PATH) else body.get("name")


def _page(reply: Json, key: str) -> Found:
    items: object = reply.get(key)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceError(
            f"Unleash's answer has a {key!r} that is not a list of objects: check that the URL is that of an Unleash server"
        )
    total = reply.get("total")
    listed: Sequence[Json] = items
    return list(listed), total if isinstance(total, int) else len(items)
