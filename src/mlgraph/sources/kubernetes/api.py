"""A client of the parts of the Kubernetes API that mlgraph uses: lists of all namespaces in chunks, and single objects."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from mlgraph.connectors.kubernetes.objects import ApiType
from mlgraph.domain.credentials import Credentials, check_address
from mlgraph.domain.errors import InvalidInput, SourceError
from mlgraph.ports.source_adapter import Access, CircuitState
from mlgraph.services.common.metrics import SourceCounts
from mlgraph.sources.http import MISSING, Endpoint, Json, JsonClient, Missing, RequestExpired, RequestRefused, RetryPolicy

TOKEN_VARIABLE: Final = "KUBERNETES_TOKEN"  # noqa: S105 - the name of a variable
CHUNK: Final = 500
"""Objects in one answer, as kubectl asks for."""
_MISSING_REASON: Final = "NotFound"
_LISTINGS: Final = 3
"""Attempts to list a type completely: a place in a list expires after 5 to 15 minutes (HTTP 410), then it begins anew."""


@dataclass(frozen=True, slots=True)
class Count:
    """The number of objects of a type, at least; with `more` there are others."""

    number: int
    more: bool


def connect(access: Access, retries: RetryPolicy | None = None) -> JsonClient:
    """Return a client of the API at `access.url`, with the token and limits of `access`.

    Raises `InvalidInput` if the URL is not an http or https URL, or the credentials have a user.
    """
    check_address(access.url)
    limits, credentials = access.limits, access.credentials
    if credentials is not None and credentials.user is not None:
        raise InvalidInput("Kubernetes takes a bearer token alone: leave the user out of the credentials")
    client = httpx.Client(
        base_url=f"{access.url.rstrip('/')}/",
        headers={"accept": "application/json", **({"authorization": credentials.authorization} if credentials else {})},
        limits=httpx.Limits(max_connections=limits.concurrency),
    )
    server = Endpoint(
        f"Kubernetes at {place(access.url)}",
        _MISSING_REASON,
        access.instance or place(access.url),
        credentials.redact if credentials else str,
        lambda body: body.get("reason") if body.get("kind") == "Status" else None,
    )
    return JsonClient(client, server, limits=limits, retries=retries)


def ambient_credentials(environ: Mapping[str, str] = os.environ) -> Credentials | None:
    """Return the token in `KUBERNETES_TOKEN`; None if there is none. Raises `InvalidInput` if it is not valid in a header."""
    token = environ.get(TOKEN_VARIABLE)
    try:
        return Credentials(token) if token else None
    except InvalidInput as error:
        raise InvalidInput(f"the value of {TOKEN_VARIABLE} in the server's environment cannot be used: {error.detail}") from None


def place(base_url: str) -> str:
    """Return host and port of a URL (and its path, if it has one): the default name of a cluster."""
    parts = urlsplit(base_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or ''}{port}{parts.path.rstrip('/')}"


class KubernetesApi:
    """One method for each call."""

    def __init__(self, client: JsonClient) -> None:
        """Send requests through `client`."""
        self._client = client

    def version(self) -> str | None:
        """Return the version of Kubernetes; None if the server does not report one."""
        try:
            found = self._client.get("version")
        except RequestRefused:
            return None
        version = None if found is MISSING else found.get("gitVersion")
        return version[:40] if isinstance(version, str) else None

    def each(self, found: ApiType) -> list[Json]:
        """Return all objects of a type in all namespaces, of one moment: the cluster answered completely, or this raises.

        None of a type that the cluster does not have, as its list of API groups confirms. A list whose place expired between
        two chunks begins anew, because its rest would be of another moment. Raises `RequestRefused` where the token may not list.
        """
        for attempt in range(1, _LISTINGS + 1):
            try:
                return list(self._chunks(found))
            except RequestExpired:
                if attempt == _LISTINGS:
                    raise
            except RequestRefused:
                if self.has_group(found):
                    raise
                return []
        return []

    def count(self, found: ApiType) -> Count:
        """Return the number of objects of a type. Raises `RequestRefused` as `each` does."""
        try:
            reply = self._list(found, {"limit": 1})
        except RequestRefused:
            if self.has_group(found):
                raise
            return Count(0, more=False)
        rest = _metadata(reply).get("remainingItemCount")
        known = rest if isinstance(rest, int) else 0
        return Count(len(_items(reply, found)) + known, more=bool(_metadata(reply).get("continue")) and not known)

    def has_group(self, found: ApiType) -> bool:
        """Return whether the cluster has the API group of a type: that of KServe exists only where it is installed.

        True too if the cluster does not say so: only its complete list of groups proves an absence.
        """
        try:
            reply = self._client.get("apis")
        except RequestRefused:
            return True
        groups: object = None if reply is MISSING else reply.get("groups")
        if reply is MISSING or reply.get("kind") != "APIGroupList" or not isinstance(groups, list) or not groups:
            return True
        names = {each.get("name") for each in groups if isinstance(each, dict)}
        return found.api_version.partition("/")[0] in names

    def get(self, found: ApiType, namespace: str, name: str) -> Json | Missing:
        """Return one object; `MISSING` only where the cluster itself says that it does not exist."""
        path = f"apis/{found.api_version}/namespaces/{_part(namespace)}/{found.plural}/{_part(name)}"
        try:
            reply = self._client.get(path)
        except RequestRefused:
            if self.has_group(found):
                raise
            return MISSING
        return reply if reply is MISSING else {**reply, "apiVersion": found.api_version, "kind": found.kind}

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

    def _chunks(self, found: ApiType) -> Iterator[Json]:
        params: dict[str, str | int] = {"limit": CHUNK}
        moment: object = None
        while True:
            reply = self._list(found, params)
            metadata = _metadata(reply)
            if moment is not None and metadata.get("resourceVersion") != moment:
                raise RequestExpired(f"Kubernetes continued the list of {found.plural} at another moment: it is read again")
            moment = metadata.get("resourceVersion")
            yield from _items(reply, found)
            following = metadata.get("continue")
            if not isinstance(following, str) or not following:
                return
            params = {"limit": CHUNK, "continue": following}

    def _list(self, found: ApiType, params: Mapping[str, str | int]) -> Json:
        reply = self._client.get(f"apis/{found.api_version}/{found.plural}", params)
        if reply is MISSING:
            raise RequestRefused(f"Kubernetes has no {found.plural} of {found.api_version}")
        if reply.get("kind") != f"{found.kind}List":
            raise SourceError(
                f"the answer is no list of {found.plural}: check that the URL is that of the API of a Kubernetes cluster"
            )
        return reply


def _metadata(reply: Json) -> Json:
    found: object = reply.get("metadata")
    return found if isinstance(found, dict) else {}


def _items(reply: Json, found: ApiType) -> list[Json]:
    """Return the objects of a list. Those of a list do not repeat their type."""
    items: object = reply.get("items")
    if items is None or not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise SourceError(f"Kubernetes' list of {found.plural} has no list 'items' of objects: it is read again")
    return [{**item, "apiVersion": found.api_version, "kind": found.kind} for item in items]


def _part(name: str) -> str:
    return quote(name, safe="")
