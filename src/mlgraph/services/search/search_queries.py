"""Search queries: from the text that a person types to a page of ranked hits, with counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.search_options import DEFAULTS, FILTERS, SearchOptions
from mlgraph.ports.search_index import Clause, Counts, Every, IndexHit, IndexView, OneOfAssets, Selection, Term, WordSum
from mlgraph.search.documents import SearchDocument, exact_queries
from mlgraph.search.fusion import fuse, with_prior
from mlgraph.search.lexical import lexical_clause
from mlgraph.search.matching import is_phrase_in, matched_fields
from mlgraph.search.query_text import MAX_QUERY_CHARS, ParsedQuery, parse_query
from mlgraph.services.search.projection import SearchProjection

_CURRENT: Final = ("live", "deprecated")
"""The states that a search finds unless it asks for another."""
_WINDOW: Final = 300
"""Hits of each list that are fused; further hits follow in the order of their words."""
_VALUES: Final = 50
"""Values listed of each facet."""
_EXACT_AT_MOST: Final = 1_000
_PHRASE_CANDIDATES: Final = 1_000


@dataclass(slots=True)
class _Ranking:
    """Ranked hits of one search, and what they are counted with."""

    matching: Clause
    exact: dict[int, str] = field(default_factory=dict)
    """The stage of each asset of the exact match, in order."""
    fused: list[int] = field(default_factory=list)
    hits: dict[int, IndexHit] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    forgiving: bool = False
    total_is: str = "exact"


class SearchQueries:
    """Answers searches from the latest view of the index. Thread-safe. All methods raise `MlgraphError` only."""

    def __init__(self, projection: SearchProjection) -> None:
        self._projection = projection

    def wait_until(self, watermark: int, timeout_s: float = 10.0) -> None:
        """Return once answers include transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        self._projection.wait_for(watermark, timeout_s)

    def includes(self, watermark: int) -> bool:
        """Return whether answers include transaction `watermark` already."""
        return self._projection.watermark >= watermark

    def search(self, q: str, options: SearchOptions = DEFAULTS) -> dict[str, Any]:
        """Return a page of hits (docs/search.md)."""
        if len(q) > MAX_QUERY_CHARS:
            raise InvalidInput(f"q has {len(q)} characters, {MAX_QUERY_CHARS} are allowed", pointer="q")
        offset = _offset_of(options.cursor)
        view = self._projection.view()
        query = parse_query(q, prefix=options.prefix)
        selection = _selection(options)
        ranking = self._ranked(view, query, q.strip(), selection)
        page = self._page(view, ranking, selection, offset, options.limit)
        counts = view.counts(ranking.matching, selection, _VALUES)
        return self._answer(view, options, query, ranking, page, counts, offset)

    def _ranked(self, view: IndexView, query: ParsedQuery, text: str, selection: Selection) -> _Ranking:
        if query.is_empty:
            return _Ranking(Every() if not text else OneOfAssets(()))
        exact = self._exact(view, text, selection)
        stages = {hit.asset: stage for stage, hits in exact for hit in hits}
        found = {hit.asset: hit for _, hits in exact for hit in hits}
        if stages and query.is_identifier and exact[0][0] in ("uri", "name", "name, other case"):
            only = [hit.asset for hit in exact[0][1]]
            return _Ranking(OneOfAssets(tuple(only)), {asset: stages[asset] for asset in only}, hits=found)
        forgiving = not stages
        words = lexical_clause(query, view, forgiving=forgiving)
        lexical = view.hits(words, selection, _WINDOW)
        total_is = "exact"
        if query.phrases:
            candidates = view.hits(words, selection, _PHRASE_CANDIDATES)
            total_is = "exact" if len(candidates) < _PHRASE_CANDIDATES else "at_least"
            lexical = self._with_phrases(view, candidates, query)
            words = OneOfAssets(tuple(hit.asset for hit in lexical))
            stages = {asset: stage for asset, stage in stages.items() if asset in {hit.asset for hit in lexical}}
        hits = {hit.asset: hit for hit in lexical} | {asset: found[asset] for asset in stages}
        scores = fuse([[hit.asset for hit in lexical]])
        order = sorted(scores, key=lambda asset: (-scores[asset], -hits[asset].prior, asset))
        order = with_prior(order, {asset: hit.prior for asset, hit in hits.items()}, str)
        parts = {hit.asset: {"words": round(hit.score, 4), "words_rank": rank} for rank, hit in enumerate(lexical, 1)}
        matching = WordSum((words, OneOfAssets(tuple(stages)))) if stages else words
        return _Ranking(matching, stages, order, hits, scores, parts, forgiving, total_is)

    @staticmethod
    def _exact(view: IndexView, text: str, selection: Selection) -> list[tuple[str, list[IndexHit]]]:
        """Return the stages of the exact match that have hits, each with hits that no earlier stage has, by prior."""
        seen: set[int] = set()
        stages = []
        for stage, key in exact_queries(text):
            hits = [hit for hit in view.hits(Term("exact", key), selection, _EXACT_AT_MOST) if hit.asset not in seen]
            seen.update(hit.asset for hit in hits)
            if hits:
                stages.append((stage, sorted(hits, key=lambda hit: (-hit.prior, hit.asset))))
        return stages

    @staticmethod
    def _with_phrases(view: IndexView, hits: Sequence[IndexHit], query: ParsedQuery) -> list[IndexHit]:
        """Return the hits with all phrases of the query word for word."""
        bodies = view.bodies(hits)
        return [
            hit
            for hit, body in zip(hits, bodies, strict=True)
            if all(is_phrase_in(phrase, SearchDocument.of_body(body)) for phrase in query.phrases)
        ]

    @staticmethod
    def _page(view: IndexView, ranking: _Ranking, selection: Selection, offset: int, limit: int) -> list[IndexHit]:
        if not ranking.hits and isinstance(ranking.matching, Every):
            return view.by_prior(selection, limit, offset)
        listed = [*ranking.exact, *(asset for asset in ranking.fused if asset not in ranking.exact)]
        page = [ranking.hits[asset] for asset in listed[offset : offset + limit]]
        if len(page) < limit and len(ranking.fused) >= _WINDOW:
            seen = set(listed)
            further = view.hits(ranking.matching, selection, offset + limit + len(ranking.exact))
            rest = [hit for hit in further if hit.asset not in seen]
            start = max(0, offset - len(listed))
            page += rest[start : start + limit - len(page)]
        return page

    def _answer(
        self,
        view: IndexView,
        options: SearchOptions,
        query: ParsedQuery,
        ranking: _Ranking,
        page: Sequence[IndexHit],
        counts: Counts,
        offset: int,
    ) -> dict[str, Any]:
        documents = [SearchDocument.of_body(body) for body in view.bodies(page)]
        end = offset + len(page)
        is_partial = bool(page) and end < counts.total
        return {
            "q": query.text,
            "hits": [
                self._hit(hit, document, query, ranking, explain=options.explain)
                for hit, document in zip(page, documents, strict=True)
            ],
            "facets": counts.by_value,
            "facets_others": {name: others for name, others in counts.others.items() if others},
            "total": counts.total,
            "total_is": ranking.total_is,
            "partial": is_partial,
            "reason": "limit" if is_partial else None,
            "frontier": f"{end}" if is_partial else None,
            "omitted_words": query.omitted_words,
            "watermark": view.state.watermark,
        }

    @staticmethod
    def _hit(hit: IndexHit, document: SearchDocument, query: ParsedQuery, ranking: _Ranking, *, explain: bool) -> dict[str, Any]:
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
            "score": round(ranking.scores.get(hit.asset, hit.score), 6),
            "matched": matched_fields(query, document, forgiving=ranking.forgiving),
        }
        if explain:
            stage = ranking.exact.get(hit.asset)
            parts: Mapping[str, Any] = ranking.parts.get(hit.asset, {})
            body["explain"] = {"exact": stage, **parts, "prior": hit.prior}
        return body


def _selection(options: SearchOptions) -> dict[str, tuple[str, ...]]:
    """Return the filters that are given; without `state`, deleted assets are out."""
    return {"state": _CURRENT, **{name: values for name in FILTERS if (values := getattr(options, name))}}


def _offset_of(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise InvalidInput("the cursor is not one that a search returned as frontier", pointer="cursor")
    return int(cursor)
