"""A client of the parts of Feast's registry REST API that mlgraph uses (`feast serve_registry --rest-api`, /api/v1)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from mlgraph.domain.credentials import Credentials, check_address
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.ports.source_adapter import Access, CircuitState
from mlgraph.services.common.metrics import SourceCounts
from mlgraph.sources.http import MISSING, Endpoint, Json, JsonClient, RequestRefused, RetryPolicy

LISTINGS: Final[Mapping[str, tuple[str, str]]] = {
    "data_source": ("data_sources", "dataSources"),
    "feature_view": ("feature_views", "featureViews"),
    "feature_service": ("feature_services", "featureServices"),
}
"""By kind of object: the path of its listing, and the member with the items."""
_MISSING_TYPE: Final = "FeastObjectNotFoundException"
_MOST: Final = 100
_TOKEN: Final = "FEAST_OIDC_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a listing. `more` is whether another one follows; `total` is None where Feast does not report it."""

    items: list[Json]
    more: bool
    total: int | None


def connect(access: Access, retries: RetryPolicy | None = None) -> JsonClient:
    """Return a client of the registry at `access.url`, with the credentials and limits of `access`.

    Raises `InvalidInput` if the URL is not an http or https URL, or contains a login.
    """
    check_address(access.url)
    limits, credentials = access.limits, access.credentials
    authorization = {"authorization": credentials.authorization} if credentials else {}
    client = httpx.Client(
        base_url=f"{access.url.rstrip('/')}/api/v1/",
        headers={"accept": "application/json", **authorization},
        limits=httpx.Limits(max_connections=limits.concurrency),
    )
    server = Endpoint(
        f"Feast at {place(access.url)}",
        _MISSING_TYPE,
        access.instance or place(access.url),
        credentials.redact if credentials else str,
        lambda body: body.get("error_type"),
    )
    return JsonClient(client, server, limits=limits, retries=retries)


def ambient_credentials(environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return the token that Feast's own clients would read from the environment; None if there is none.

    Raises `InvalidInput` if it is not valid in a header.
    """
    token = environ.get(_TOKEN)
    try:
        return Credentials(token) if token else None
    except InvalidInput as error:
        raise InvalidInput(f"the value of {_TOKEN} in the server's environment cannot be used: {error.detail}") from None


def place(base_url: str) -> str:
    """Return host and port of a URL (and its path, if it has one): the default name of an instance."""
    parts = urlsplit(base_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


class FeastApi:
    """One method for each call. All answers are those of the registry itself, not of the server's cache of it."""

    def __init__(self, client: JsonClient) -> None:
        """Send requests through `client`."""
        self._client = client

    def version(self) -> str | None:
        """Return the version of Feast; None if the server does not report one."""
        try:
            found = self._client.get("version")
        except RequestRefused:
            return None
        version = None if found is MISSING else found.get("version")
        return version[:40] if isinstance(version, str) else None

    def projects(self) -> list[str]:
        """Return the names of all projects.

        Raises `SourceError` where there are none: a registry that serves has one at least, so the answer proves nothing.
        """
        names: list[str] = []
        page, more = 1, True
        while more:
            found = self._page("projects", "projects", {"page": page})
            names += [name_of(each) for each in found.items]
            page, more = page + 1, found.more
        if not names:
            raise SourceError(
                "Feast lists no project: its registry was emptied, or the credentials may not see one; "
                "nothing is taken for deleted"
            )
        return sorted(set(names))

    def listing(self, kind: str, project: str, page: int, updated_since: str | None = None) -> Page:
        """Return a page of the objects of a kind in a project, from 1 on. An unknown project has none, says Feast."""
        path, member = LISTINGS[kind]
        params: dict[str, str | int] = {"project": project, "page": page, "sort_by": "name", "sort_order": "asc"}
        return self._page(path, member, params | ({"updated_since": updated_since} if updated_since else {}))

    def count(self, kind: str, project: str) -> int:
        """Return the number of objects of a kind in a project."""
        path, member = LISTINGS[kind]
        found = self._page(path, member, {"project": project, "page": 1}, limit=1)
        return len(found.items) if found.total is None else found.total

    def each(self, kind: str, project: str, updated_since: str | None = None) -> Iterator[Json]:
        """Yield all objects of a kind in a project, page after page."""
        page, more = 1, True
        while more:
            found = self.listing(kind, project, page, updated_since)
            yield from found.items
            page, more = page + 1, found.more

    def is_absent(self, kind: str, project: str, name: str) -> bool:
        """Return whether the registry says that one object does not exist, which a listing never says.

        For an existing object Feast notes a visit of its page in the registry. So this is only asked for one that is not listed.
        """
        path = f"{LISTINGS[kind][0]}/{quote(name, safe='')}"
        return self._client.get(path, {"project": project, "allow_cache": "false"}) is MISSING

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

    def _page(self, path: str, member: str, params: Mapping[str, str | int], limit: int = _MOST) -> Page:
        reply = self._client.get(path, {**params, "limit": limit, "allow_cache": "false"})
        if reply is MISSING:
            raise SourceError(f"Feast does not have the listing {path!r}: check the URL of the registry")
        if isinstance(reply.get("error"), str):  # /projects answers 200 with the text of an exception
            raise SourceError(f"Feast could not list {path}: {reply['error'][:200]}")
        items, pagination = reply.get(member, []), reply.get("pagination", {})
        if member not in reply or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise SourceError(f"the answer has no list {member!r}: check that the URL is that of a Feast registry's REST API")
        return Page(items, *_pagination(pagination, params["page"]))


def _pagination(found: Any, page: str | int) -> tuple[bool, int | None]:  # noqa: ANN401 - JSON as it was decoded
    if not isinstance(found, dict):
        return False, None
    pages, total = found.get("totalPages", 0), found.get("totalCount", 0)
    return isinstance(pages, int) and int(page) < pages, total if isinstance(total, int) else None


def name_of(item: Json) -> str:
    """Return the name of an object. Raises `SourceError` if it has none."""
    spec = item.get("spec", item)
    name = spec.get("name") if isinstance(spec, dict) else None
    if not isinstance(name, str) or not name:
        raise SourceError("Feast's answer has an object without a name: check that the URL is that of a Feast registry")
    return name
