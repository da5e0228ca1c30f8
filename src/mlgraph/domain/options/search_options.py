"""The options of a search, shared by the search service, the HTTP API, the client and the commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 500
"""Hits of one page at most."""
AssetState = Literal["live", "deprecated", "deleted"]
FILTERS: Final = ("kind", "platform", "environment", "team", "owner", "tag", "state")
"""The options that filter hits, in the order in which answers count their values."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What a search finds and lists. Of each filter, a hit has one of the values; `owner` and `team` are URIs.

    Without `state`, deleted assets are not found. `prefix`: the last word is being typed, so it may be the start of a word.
    """

    kind: tuple[str, ...] = ()
    owner: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    prefix: bool = False
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    explain: bool = False


DEFAULTS: Final = SearchOptions()
