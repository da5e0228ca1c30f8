"""Assets as agents name them: a URI, a handle of an earlier answer, or a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlgraph.domain.uri import SCHEME, AssetUri
from mlgraph.services.discovery.agents.ranked_page import NOBODY
from mlgraph.services.server.bundle import ServerServices


def uri_of(services: ServerServices, name: str) -> str:
    """Return the URI of an asset. Raises `UnknownAsset`, `InvalidInput` and `NotReadYet`."""
    text = name.strip()
    if text.startswith("@"):
        return services.agents.uri_of(text)
    return str(AssetUri.parse(text)) if text.startswith(SCHEME) else text


def team_of(services: ServerServices, name: str | None) -> str | None:
    """Return the URI of a team, `NOBODY` unchanged; None: no team is named."""
    return name if name is None or name == NOBODY else uri_of(services, name)


def with_handles(services: ServerServices, value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a JSON answer in which every URI of an asset is followed by its handle: `@KIND.NUMBER.CHECK URI`."""
    handles = services.agents.handles(_uris(value))
    return _replaced(value, handles)


def _uris(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        if value.startswith(SCHEME):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _uris(each)
    elif isinstance(value, list):
        for each in value:
            yield from _uris(each)


def _replaced(value: Any, handles: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return f"{handles[value]} {value}" if value in handles else value
    if isinstance(value, Mapping):
        return {name: _replaced(each, handles) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, handles) for each in value]
    return value
