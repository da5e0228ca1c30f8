"""Search as a Relay connection: the hits of `GET /api/v1/search`, page by page, each page of the same view of the index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from mlgraph.api.graphql.assets import GraphqlAsset
from mlgraph.api.graphql.types import Long, PageInfo
from mlgraph.services.queries.paged.closure_pages import ClosurePages
from mlgraph.services.search.search_pages import SearchPage


@strawberry.type(description="A field of a hit that matches, with its words that do.")
class MatchedWords:
    """A matching field."""

    field: str
    words: list[str]


@strawberry.type(description="An asset that matches, and why. Scores of two answers cannot be compared.")
class SearchEdge:
    """A hit."""

    cursor: str
    score: float
    matched: list[MatchedWords]
    description: str | None
    team: str | None
    platform: str | None
    environment: str | None
    state: str
    successor: str | None
    owner_names: list[str]
    explain: JSON | None
    node: GraphqlAsset


@strawberry.type(description="A page of hits, best first; all pages show the index at the same watermark.")
class SearchConnection:
    """A page of hits. `totalIs` is exact or at_least."""

    total_count: int
    total_is: str
    facets: JSON
    facets_others: JSON
    omitted_words: int
    watermark: Long
    page_info: PageInfo
    edges: list[SearchEdge]

    @classmethod
    def of_page(cls, page: SearchPage, pages: ClosurePages) -> SearchConnection:
        """Return the GraphQL form of a page; `pages` have the assets of its hits."""
        found = page.answer
        assets = pages.assets([hit["uri"] for hit in found["hits"]])
        edges = [
            _edge(hit, page.cursor(position), GraphqlAsset.of(asset))
            for position, (hit, asset) in enumerate(zip(found["hits"], assets, strict=True), page.start + 1)
        ]
        return cls(
            total_count=found["total"],
            total_is=found["total_is"],
            facets=cast("JSON", found["facets"]),
            facets_others=cast("JSON", found["facets_others"]),
            omitted_words=found["omitted_words"],
            watermark=Long(found["watermark"]),
            page_info=PageInfo(
                has_next_page=found["partial"],
                has_previous_page=page.start > 0,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
            edges=edges,
        )


def _edge(hit: Mapping[str, Any], cursor: str, node: GraphqlAsset) -> SearchEdge:
    shared = ("score", "description", "team", "platform", "environment", "state", "successor", "owner_names")
    return SearchEdge(
        cursor=cursor,
        matched=[MatchedWords(field=each["field"], words=each["words"]) for each in hit["matched"]],
        explain=hit.get("explain"),
        node=node,
        **{name: hit[name] for name in shared},
    )
