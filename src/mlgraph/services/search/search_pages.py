"""Searches page by page: all pages of one query show the index of the first, whatever is written between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain.errors import Conflict
from mlgraph.domain.options.search_options import SearchOptions
from mlgraph.services.common.listing_cache import ListingCache
from mlgraph.services.common.page_cursor import PageCursor, query_digest
from mlgraph.services.search.ranking import Ranking
from mlgraph.services.search.search_queries import SearchQueries

MOST_RANKINGS: Final = 64
"""Rankings whose pages are being read; each keeps the files of the index that newer ones have merged."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of hits: `answer` is that of `GET /api/v1/search`, `start` the number of hits of earlier pages."""

    answer: Mapping[str, Any]
    query: str
    start: int

    def cursor(self, position: int) -> str:
        """Return the cursor behind the first `position` hits."""
        return PageCursor(self.answer["watermark"], 0, position, self.query).encode()


class SearchPages:
    """Pages of searches. Thread-safe; raises `MlgraphError` only."""

    def __init__(self, search: SearchQueries) -> None:
        self._search = search
        self._rankings: ListingCache[Ranking] = ListingCache(most_listings=MOST_RANKINGS)

    def page(self, q: str, options: SearchOptions, first: int, after: str | None = None) -> SearchPage:
        """Return `first` hits behind the cursor `after` (None: from the best on). Raises `Conflict` if the list was dropped."""
        query = query_digest("search", q, repr(replace(options, limit=1, cursor=None)))
        cursor = PageCursor.decode(after, query) if after is not None else None
        ranking = self._rankings.get((query, cursor.watermark)) if cursor is not None else None
        if ranking is None:
            ranking = self._search.ranking(q, options)
            watermark = ranking.view.state.watermark
            if cursor is not None and cursor.watermark != watermark:
                raise Conflict(
                    f"the hits at watermark {cursor.watermark} are no longer in memory, and the index is at {watermark} now: "
                    "start again from the first page, without `after`"
                )
            self._rankings.put((query, watermark), ranking, len(ranking.hits))
        start = cursor.position if cursor else 0
        return SearchPage(self._search.page(q, replace(options, limit=first, cursor=None), ranking, start), query, start)

    def includes(self, watermark: int) -> bool:
        """Return whether searches include transaction `watermark` already."""
        return self._search.includes(watermark)

    def wait_until(self, watermark: int) -> None:
        """Return once searches include transaction `watermark`. Raises `Unavailable`."""
        self._search.wait_until(watermark)
