"""Search queries: from the text that a person types to a page of ranked hits, with counts."""

from __future__ import annotations

import hashlib
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Final, NamedTuple

import orjson

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput, UnreadableIndex
from mlgraph.domain.options.search_options import DEFAULTS, FILTERS, SearchOptions
from mlgraph.ports.search_index import IndexHit, IndexState, MeaningView
from mlgraph.search.documents import SearchDocument
from mlgraph.search.embedding import document_words, text_words
from mlgraph.search.fusion import fuse
from mlgraph.search.lexical import any_word_clause
from mlgraph.search.matching import MEANING, matched_fields
from mlgraph.search.query_text import MAX_QUERY_CHARS, ParsedQuery, parse_query
from mlgraph.services.common.listing_cache import ListingCache
from mlgraph.services.search.projection import SearchProjection
from mlgraph.services.search.ranking import CURRENT, Ranker, Ranking, by_meaning, within

_VALUES: Final = 50
"""Values listed of each facet."""
_MEANING_WORDS: Final = 3
_RANKINGS: Final = 64
_RANKING_S: Final = 60.0
"""How long after a page of a search the next one comes from the same ranking."""
_DAY_US: Final = 86_400_000_000
_FIRST_LETTERS: Final = 2
_ANSWERS: Final = 1_000
"""Answers for first letters that are kept."""
_NO_ANSWER: Final = (None, 0, None)


class Candidate(NamedTuple):
    """An asset near a text: by words (BM25, 0: not) and by meaning (cosine, 0: not among the nearest)."""

    asset: int
    words: float
    meaning: float


class _Cursor(NamedTuple):
    """Where the next page begins: the position, the search that it is of, and the watermark of its ranking."""

    offset: int
    digest: str
    watermark: int

    def encode(self) -> str:
        return urlsafe_b64encode(orjson.dumps([*self])).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, digest: str) -> _Cursor:
        """Return the cursor of `text`. Raises `InvalidInput` if it is none, or of another search."""
        try:
            offset, own, watermark = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            cursor = cls(int(offset), str(own), int(watermark))
        except (ValueError, TypeError):
            raise InvalidInput("the cursor is not one that a search returned as frontier", pointer="cursor") from None
        if cursor.digest != digest or cursor.offset < 0:
            raise InvalidInput("the cursor is of another search: send it with the same q and filters", pointer="cursor")
        return cursor


class SearchQueries:
    """Answers searches from the latest view of the index. Thread-safe. All methods raise `MlgraphError` only."""

    def __init__(self, projection: SearchProjection) -> None:
        self._projection = projection
        self._lock = threading.Lock()
        self._rankings: ListingCache[Ranking] = ListingCache(most_listings=_RANKINGS, lifetime_s=_RANKING_S)
        self._first_letters: OrderedDict[tuple[str, SearchOptions], tuple[IndexState | None, int, dict[str, Any] | None]]
        self._first_letters = OrderedDict()

    def wait_until(self, watermark: int, timeout_s: float = 10.0) -> None:
        """Return once answers include transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        self._projection.wait_for(watermark, timeout_s)

    @property
    def watermark(self) -> int:
        """The last transaction that answers include."""
        return self._projection.watermark

    def includes(self, watermark: int) -> bool:
        """Return whether answers include transaction `watermark` already."""
        return self.watermark >= watermark

    def search(self, q: str, options: SearchOptions = DEFAULTS, *, at_least: int = 0) -> dict[str, Any]:
        """Return a page of hits (docs/search.md), from an index that includes transaction `at_least`."""
        if options.prefix and len(q) <= _FIRST_LETTERS and not options.cursor:
            return self._of_first_letters(q, options)
        return self._searched(q, options, at_least)

    def _of_first_letters(self, q: str, options: SearchOptions) -> dict[str, Any]:
        """Return the first page for the first letters of what is typed: many documents match, and everybody types the same.

        The answer is kept as long as the index and the day are the same.
        """
        key = q, options
        current = self._projection.view().state, clock.now_us() // _DAY_US
        with self._lock:
            state, day, cached = self._first_letters.get(key, _NO_ANSWER)
        if cached is not None and state is current[0] and day == current[1]:  # a commit may change priors alone
            return cached
        answer = self._searched(q, options, 0)
        with self._lock:
            self._first_letters[key] = (*current, answer)
            while len(self._first_letters) > _ANSWERS:
                self._first_letters.popitem(last=False)
        return answer

    def _searched(self, q: str, options: SearchOptions, at_least: int) -> dict[str, Any]:
        digest = _digest(q, options)
        cursor = _Cursor.decode(options.cursor, digest) if options.cursor else _Cursor(0, digest, 0)
        # a later page comes from the ranking of the first one, unless that is older than the caller wants
        ranking = self._rankings.get((digest, cursor.watermark)) if cursor.offset and cursor.watermark >= at_least else None
        if ranking is None:
            ranking = self.ranking(q, options)
        answer = self.page(q, options, ranking, cursor.offset)
        if answer["partial"]:
            self._rankings.put((digest, answer["watermark"]), ranking, len(ranking.hits))
        return answer

    def ranking(self, q: str, options: SearchOptions = DEFAULTS) -> Ranking:
        """Return all hits of a search, ranked, in the latest view of the index."""
        if len(q) > MAX_QUERY_CHARS:
            raise InvalidInput(f"q has {len(q)} characters, {MAX_QUERY_CHARS} are allowed", pointer="q")
        with self._building_again():
            view = self._projection.view()
            ranker = Ranker(view, clock.now_us() // _DAY_US, self._projection.uri)
            return ranker.ranked(parse_query(q, prefix=options.prefix), _selection(options))

    def page(self, q: str, options: SearchOptions, ranking: Ranking, offset: int) -> dict[str, Any]:
        """Return the page of a ranking that begins behind the first `offset` hits."""
        with self._building_again():
            return self._page(q, options, ranking, offset)

    @contextmanager
    def _building_again(self) -> Iterator[None]:
        """Let the index be built again if its files cannot be read."""
        try:
            yield
        except UnreadableIndex:
            self._projection.build_again()
            raise

    def _page(self, q: str, options: SearchOptions, ranking: Ranking, offset: int) -> dict[str, Any]:
        query, selection = parse_query(q, prefix=options.prefix), _selection(options)
        page = ranking.page(selection, offset, options.limit)
        counts = ranking.view.counts(ranking.matching, selection, _VALUES)
        end = offset + len(page)
        is_partial = bool(page) and end < counts.total
        watermark = ranking.view.state.watermark
        return {
            "q": query.text,
            "hits": self._hits(ranking, page, query, explain=options.explain),
            "facets": counts.by_value,
            "facets_others": {name: others for name, others in counts.others.items() if others},
            "total": counts.total,
            "total_is": ranking.total_is,
            "partial": is_partial,
            "reason": "limit" if is_partial else None,
            "frontier": _Cursor(end, _digest(q, options), watermark).encode() if is_partial else None,
            "omitted_words": query.omitted_words,
            "watermark": watermark,
        }

    def candidates(self, text: str, kinds: Collection[str] = (), most: int = 200) -> list[Candidate]:
        """Return current assets whose words or meaning are near those of a text, the best of both first.

        At most `most` of each way to be near; only of `kinds`, if given. Raises `Unavailable` while the index is being built.
        """
        view = self._projection.view()
        return _candidates(view, parse_query(text[:MAX_QUERY_CHARS]), view.nearest(text_words(text), most, most), kinds, most)

    def candidates_of(self, asset: int, kinds: Collection[str] = (), most: int = 200) -> list[Candidate]:
        """Return the same for the words and the meaning of an asset (its number in the store), without the asset itself.

        Empty if the index does not have it.
        """
        view = self._projection.view()
        own = self.documents([asset]).get(asset)
        if own is None:
            return []
        query = parse_query(" ".join(document_words(own)))
        found = _candidates(view, query, view.nearest_to(asset, most + 1, most + 1), kinds, most + 1)
        return [each for each in found if each.asset != asset]

    def documents(self, assets: Collection[int]) -> dict[int, SearchDocument]:
        """Return the documents of those of `assets` (numbers of the store) that the index has."""
        view = self._projection.view()
        hits = within(view, assets, {})
        return {hit.asset: SearchDocument.of_body(body) for hit, body in zip(hits, view.bodies(hits), strict=True)}

    @staticmethod
    def _hits(ranking: Ranking, page: Sequence[IndexHit], query: ParsedQuery, *, explain: bool) -> list[dict[str, Any]]:
        documents = map(SearchDocument.of_body, ranking.view.bodies(page))
        return [_hit(ranking, hit, document, query, explain=explain) for hit, document in zip(page, documents, strict=True)]


def _hit(ranking: Ranking, hit: IndexHit, document: SearchDocument, query: ParsedQuery, *, explain: bool) -> dict[str, Any]:
    matched = matched_fields(query, document, ranking.misspelled)
    if hit.asset in ranking.meant:
        nearest = ranking.view.closest_words(ranking.meaning, hit, _MEANING_WORDS)
        matched.append({"field": MEANING, "words": nearest})
    body: dict[str, Any] = {
        "uri": document.uri,
        "kind": document.kind,
        "name": document.name,
        "description": document.description or None,
        "owners": [uri for uri, _ in document.owners],
        "owner_names": [name for _, name in document.owners],
        "tags": list(document.tags),
        "team": document.team,
        "platform": document.platform,
        "environment": document.environment,
        "state": document.state,
        "successor": document.successor,
        "score": round(ranking.scores.get(hit.asset, 0.0), 6),
        "matched": matched,
    }
    if explain:
        body["explain"] = ranking.explained(hit)
    return body


def _candidates(
    view: MeaningView, query: ParsedQuery, nearest: Sequence[tuple[int, float]], kinds: Collection[str], most: int
) -> list[Candidate]:
    selection = _selection(SearchOptions(kind=tuple(kinds)))
    words = view.hits(any_word_clause(query), selection, most) if query.words else []
    near = dict(nearest)
    scores = {hit.asset: hit.score for hit in words}
    meant = by_meaning(within(view, near, selection), near)
    ranks = fuse([list(scores.items()), [(asset, near[asset]) for asset in meant]])
    order = sorted(ranks, key=lambda asset: (-ranks[asset], asset))
    return [Candidate(asset, scores.get(asset, 0.0), near.get(asset, 0.0)) for asset in order]


def _selection(options: SearchOptions) -> dict[str, tuple[str, ...]]:
    """Return the filters that are given; without `state`, deleted assets are out."""
    return {"state": CURRENT, **{name: values for name in FILTERS if (values := getattr(options, name))}}


def _digest(q: str, options: SearchOptions) -> str:
    """Return what identifies a search apart from its page."""
    values = [getattr(options, each.name) for each in fields(options) if each.name not in ("limit", "cursor", "explain")]
    return hashlib.blake2b(orjson.dumps([q, *values]), digest_size=9).hexdigest()
