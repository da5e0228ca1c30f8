"""Shapes (TypedDict) of the answers of `GET /api/v1/search` (docs/search.md)."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads shapes from here until Python 3.12


class MatchedField(TypedDict):
    """A field of a hit that matches, with its words that do. Of the field `meaning`: the words nearest to the query."""

    field: str
    words: list[str]


class SearchHit(TypedDict):
    """An asset that matches. `score` orders the hits of one answer; scores of two answers cannot be compared."""

    uri: str
    kind: str
    name: str
    description: str | None
    owners: list[str]
    owner_names: list[str]
    tags: list[str]
    team: str | None
    platform: str | None
    environment: str | None
    state: Literal["live", "deprecated", "deleted"]
    successor: str | None
    score: float
    matched: list[MatchedField]
    explain: NotRequired[dict[str, Any]]


class Search(TypedDict):
    """The hits of a page, best first.

    `facets` counts all hits, not only those of the page, by value of each filter: to add the filter gives exactly that total.
    `facets_others` are hits with values that are not listed. `frontier` continues a partial answer.
    """

    q: str
    hits: list[SearchHit]
    facets: dict[str, dict[str, int]]
    facets_others: dict[str, int]
    total: int
    total_is: Literal["exact", "at_least"]
    partial: bool
    reason: str | None
    frontier: str | None
    omitted_words: int
    watermark: int
