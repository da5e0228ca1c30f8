"""Assets as agents name them: a URI, a handle of an earlier answer, or a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mlgraph.domain.errors import MlgraphError
from mlgraph.domain.uri import SCHEME, AssetUri
from mlgraph.services.discovery.agents.ranked_page import NO_OWNER
from mlgraph.services.server.bundle import ServerServices

_CANDIDATES: Final = 5


class NotOneAsset(MlgraphError):
    """A name means no asset or several; `candidates` are the nearest or possible ones, which an agent may choose from."""

    status = 404
    title = "Not one asset"

    def __init__(self, detail: str, candidates: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(detail)
        self.candidates = candidates


def uri_of(services: ServerServices, name: str) -> str:
    """Return the URI of an asset. Raises `NotOneAsset`, `UnknownAsset` for a handle, `InvalidInput` and `NotReadYet`."""
    text = name.strip()
    if text.startswith("@"):
        return services.agents.uri_of(text)
    if text.startswith(SCHEME):
        parsed = AssetUri.parse(text)
        if services.agents.is_known(text):
            return text
        text = f"{parsed.kind}:{parsed.name}"
    found = services.names.matches(text)
    if found["uri"] is not None and not name.strip().startswith(SCHEME):
        uri: str = found["uri"]
        return uri
    raise _not_one(services, name, found)


def _not_one(services: ServerServices, name: str, found: Mapping[str, Any]) -> NotOneAsset:
    listed = (found["matches"] or found["nearest"])[:_CANDIDATES]
    handles = services.agents.handles(each["uri"] for each in listed)
    candidates = [{"asset": handles.get(each["uri"]), **each} for each in listed]
    if not found["matches"]:
        detail = f"no asset has the name {name[:200]!r}: call again with one of the nearest, or use find with words"
    elif name.startswith(SCHEME):
        detail = f"no fact names {name[:200]}: call again with one of the candidates, which have this name"
    else:
        detail = f"{name[:200]!r} may mean {found['total']} assets: call again with the asset of one candidate"
    return NotOneAsset(detail, candidates)


def team_of(services: ServerServices, name: str | None) -> str | None:
    """Return the URI of a team, `NO_OWNER` unchanged; None: no team is named."""
    if name is None or name == NO_OWNER:
        return name
    is_name = not name.startswith((SCHEME, "@")) and ":" not in name
    return uri_of(services, f"team:{name}" if is_name else name)


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
