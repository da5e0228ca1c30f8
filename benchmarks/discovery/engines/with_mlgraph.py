"""mlgraph's search, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from benchmarks.discovery.engines.base import NO_FILTERS
from benchmarks.discovery.search_queries import LIMIT, Found, SearchHit
from benchmarks.wire import Connection


class MlgraphSearch:
    """`GET /api/v1/search` on one connection. Raises `SearchFailed` for any status but 200."""

    name = "mlgraph"

    def __init__(self, url: str) -> None:
        self._connection = Connection(url)

    def answer(self, text: str, **parameters: str | int) -> dict[str, Any]:
        """Return the complete answer."""
        found = self._connection.get(search_path(text, **parameters))
        if found.status != 200:
            raise SearchFailed(f"search for {text!r} was answered {found.status}: {found.body[:300]!r}")
        answer: dict[str, Any] = orjson.loads(found.body)
        return answer

    def search(self, text: str, *, limit: int = LIMIT, prefix: bool = False, filters: Mapping[str, str] = NO_FILTERS) -> Found:
        """Return the first hits and the total."""
        typed = {"prefix": "true"} if prefix else {}
        answer = self.answer(text, limit=limit, **typed, **filters)
        return Found([SearchHit(hit["uri"], hit["name"]) for hit in answer["hits"]], answer["total"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SearchFailed(Exception):
    """A search was not answered."""


def search_path(text: str, **parameters: str | int) -> str:
    """Return the path of a search with its parameters."""
    return f"/api/v1/search?{urlencode({'q': text, **parameters})}"
