"""Candidates by their texts, from the search: near by words or by meaning."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from mlgraph.domain.errors import Unavailable
from mlgraph.services.search.search_queries import SearchQueries

_OF_AN_ASSET: Final = 60
_OF_A_TEXT: Final = 60
_MAX_TEXT_CHARS: Final = 1_500


class NearTexts:
    """Finds assets with similar texts; none while the search index is being built."""

    def __init__(self, search: SearchQueries) -> None:
        self._search = search

    @property
    def watermark(self) -> int:
        """The last transaction that the search index includes."""
        return self._search.watermark

    def wait_for(self, watermark: int, timeout_s: float) -> None:
        """Return once the search index includes transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        self._search.wait_until(watermark, timeout_s)

    def of_asset(self, asset: int, text: str, kind: str) -> list[int]:
        """Return assets of a kind whose texts are near that of an asset; by `text` if the search does not have the asset yet."""
        try:
            found = self._search.candidates_of(asset, (kind,), _OF_AN_ASSET)
        except Unavailable:
            return []
        return [each.asset for each in found] or self.of_text(text, (kind,))

    def of_text(self, text: str, kinds: Collection[str]) -> list[int]:
        """Return assets of these kinds whose texts are near `text`."""
        try:
            return [each.asset for each in self._search.candidates(text[:_MAX_TEXT_CHARS], kinds, _OF_A_TEXT)]
        except Unavailable:
            return []
