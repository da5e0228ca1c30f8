"""Ranking of the hits of a query: exact names, words and meaning fused, the prior, and successors before deprecated assets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mlgraph.ports.search_index import Clause, Every, IndexHit, IndexView, MeaningView, OneOfAssets, Selection, Term, WordSum
from mlgraph.search.documents import SearchDocument, document_stems, exact_queries
from mlgraph.search.embedding import query_words
from mlgraph.search.fusion import fuse, ordered, successors_first, with_prior
from mlgraph.search.lexical import lexical_clause, misspelled_words
from mlgraph.search.matching import is_misspelled, is_phrase_in
from mlgraph.search.prior import with_freshness
from mlgraph.search.query_text import ParsedQuery

CURRENT: Final = ("live", "deprecated")
"""The states that a search finds unless it asks for another."""
WINDOW: Final = 300
"""Hits of each list that are fused; further hits follow in the order of their words."""
_EXACT_AT_MOST: Final = 1_000
_PHRASE_CANDIDATES: Final = 1_000
_NEAREST: Final = 200
_NEAREST_OF_KIND: Final = 20
"""Documents that are found by meaning at most: in all, and of each kind, so that a filter by kind finds some too."""
_LEAST_COSINE: Final = 0.2
"""Similarity from which on a document is found by its meaning."""
_LEAST_WEIGHT: Final = 0.02
"""Weight of the hits by meaning where a hit has all words of the query: they follow those by words."""
_ALIGNED: Final = 150
"""Hits that are compared word by word at most, because their words are read for it."""
_WORDS_WEIGHT: Final = 0.2
"""Weight of the score by words beside the alignment, relative to the best one."""
COMPLETE_STAGES: Final = frozenset({"uri", "name", "name, other case"})
"""The stages in which a URI or dotted name names the asset completely, so that nothing else is meant."""


@dataclass(slots=True)
class Ranking:
    """Ranked hits of one search: those of the first `WINDOW`, and the clause that all hits match."""

    view: MeaningView
    matching: Clause
    order: list[int] = field(default_factory=list)
    """The assets of the window, best first."""
    exact: dict[int, str] = field(default_factory=dict)
    """The stage of the exact match of each asset that has one."""
    hits: dict[int, IndexHit] = field(default_factory=dict)
    scores: dict[int, float] = field(default_factory=dict)
    words: Mapping[int, tuple[int, float]] = field(default_factory=dict)
    """Rank and score by words."""
    meant: Mapping[int, tuple[int, float]] = field(default_factory=dict)
    """Rank and cosine by meaning."""
    aligned: Mapping[int, float] = field(default_factory=dict)
    """The score by words and their meaning, of those that were compared word by word; 1 more for the best of those alike."""
    priors: Mapping[int, int] = field(default_factory=dict)
    meaning: Mapping[str, float] = field(default_factory=dict)
    """The words that the hits by meaning are nearest to."""
    misspelled: frozenset[str] = frozenset()
    """The words (singulars) for which typos were allowed."""
    total_is: str = "exact"

    def page(self, selection: Selection, offset: int, limit: int) -> list[IndexHit]:
        """Return the hits from `offset` on: those of the window, then the others by words alone."""
        page = [self.hits[asset] for asset in self.order[offset : offset + limit]]
        if len(page) == limit or (self.order and len(self.order) < WINDOW) or isinstance(self.matching, OneOfAssets):
            return page
        listed = set(self.order)
        further = self.view.hits(self.matching, selection, offset + limit + len(listed))
        rest = [hit for hit in further if hit.asset not in listed]
        start = max(0, offset - len(listed))
        return page + rest[start : start + limit - len(page)]

    def explained(self, hit: IndexHit) -> dict[str, Any]:
        """Return how the rank of a hit came about: its stage of the exact match, rank and score of each list, and prior."""
        body: dict[str, Any] = {"exact": self.exact.get(hit.asset)}
        for name, found in (("words", self.words), ("meaning", self.meant)):
            if hit.asset in found:
                rank, score = found[hit.asset]
                body.update({f"{name}_rank": rank, name: round(score, 4)})
        if hit.asset in self.aligned:
            body["aligned"] = round(self.aligned[hit.asset], 4)
        return {**body, "prior": self.priors.get(hit.asset, hit.prior)}


class Ranker:
    """Ranks the hits of queries in one view. `now_day` is the present day since the epoch, `uri` that of an asset."""

    def __init__(self, view: MeaningView, now_day: int, uri: Callable[[int], str]) -> None:
        self._view = view
        self._now_day = now_day
        self._uri = uri

    def ranked(self, query: ParsedQuery, selection: Selection) -> Ranking:
        """Return the ranked hits of a query in a selection.

        What matches does not depend on the filters: they select from it, so that counts of values are totals of filters.
        """
        view = self._view
        if query.is_empty:
            return Ranking(view, OneOfAssets(())) if query.text else self._all(selection)
        stages = self._exact(query.text, selection)
        exact = {hit.asset: stage for stage, hits in stages for hit in hits}
        listed = {hit.asset for hit in within(view, exact, selection)} if len(selection) > 1 else set(exact)
        hits = {hit.asset: hit for _, found in stages for hit in found if hit.asset in listed}
        own = {asset: stage for asset, stage in exact.items() if asset in listed}
        if stages and query.is_identifier and stages[0][0] in COMPLETE_STAGES:
            best = tuple(hit.asset for hit in stages[0][1])
            only = [asset for asset in best if asset in listed]
            return Ranking(view, OneOfAssets(best), only, {asset: own[asset] for asset in only}, hits)
        misspelled = frozenset() if stages else misspelled_words(query, view)
        ranking = Ranking(view, lexical_clause(query, view, misspelled), exact=own, hits=hits, misspelled=misspelled)
        lexical = view.hits(ranking.matching, selection, _PHRASE_CANDIDATES if query.phrases else WINDOW)
        if query.phrases:
            lexical = self._verified(ranking, lexical, query)
        near = self._near(ranking, query, has_exact=bool(stages))
        found = within(view, near, selection)
        ranking.hits.update((hit.asset, hit) for hit in (*found, *lexical))
        if len(lexical) < WINDOW and not query.phrases:  # all hits are at hand: to match the words again would cost more
            ranking.matching = OneOfAssets(tuple({*exact, *near, *(hit.asset for hit in lexical)}))
        elif near or (exact and not query.phrases):
            ranking.matching = WordSum((ranking.matching, OneOfAssets((*exact, *near))))
        self._fuse(ranking, lexical, [(asset, near[asset]) for asset in by_meaning(found, near)], query)
        return ranking

    def _near(self, ranking: Ranking, query: ParsedQuery, *, has_exact: bool) -> dict[int, float]:
        """Return the similarity of the documents that a query finds by meaning; note its words in the ranking."""
        if not is_about_meaning(query, has_exact=has_exact):
            return {}
        ranking.meaning = query_words(query)
        nearest = self._view.nearest(ranking.meaning, _NEAREST, _NEAREST_OF_KIND)
        return {asset: cosine for asset, cosine in nearest if cosine >= _LEAST_COSINE}

    def _covered(self, query: ParsedQuery, lexical: Sequence[IndexHit]) -> bool:
        """Return whether the best hit by words has every word of the query, typos and a word being typed included."""
        if not lexical:
            return False
        stems = document_stems(SearchDocument.of_body(self._view.bodies(lexical[:1])[0]))
        return all(word.is_prefix or word.stem in stems or is_misspelled(word, stems) for word in query.words)

    def _aligned(self, ranking: Ranking, lexical: Sequence[IndexHit], candidates: Sequence[int]) -> dict[int, float]:
        """Return the score of some candidates: how well their words cover the query by meaning, and their score by words.

        Of hits that are alike to the query, such as copies of one table for other regions, the best has 1 more than the others:
        they follow the best of each other group. So has the best hit by words: numbers have no meaning, and may tell it apart.
        """
        hits = [ranking.hits[asset] for asset in candidates]
        words = {hit.asset: hit.score / lexical[0].score for hit in lexical} if lexical and lexical[0].score else {}
        aligned = self._view.alignments(ranking.meaning, hits)
        scored = sorted(
            (
                (each.score + _WORDS_WEIGHT * words.get(hit.asset, 0.0), hit.asset, each.by_word)
                for hit, each in zip(hits, aligned, strict=True)
            ),
            key=lambda each: (-each[0], -ranking.hits[each[1]].prior, self._uri(each[1])),
        )
        seen: set[tuple[int, ...]] = set()
        found = {}
        for score, asset, by_word in scored:
            is_first = by_word not in seen or words.get(asset) == 1.0
            found[asset] = score / (1.0 + _WORDS_WEIGHT) + is_first
            if by_word:
                seen.add(by_word)
        return found

    def _all(self, selection: Selection) -> Ranking:
        """Return all assets of a selection by prior."""
        hits = self._view.by_prior(Every(), selection, WINDOW)
        order = [hit.asset for hit in self._by_prior(hits)]
        return Ranking(self._view, Every(), order, hits={hit.asset: hit for hit in hits})

    def _by_prior(self, hits: Iterable[IndexHit]) -> list[IndexHit]:
        return ordered(hits, lambda hit: -hit.prior, lambda hit: self._uri(hit.asset))

    def _exact(self, text: str, selection: Selection) -> list[tuple[str, list[IndexHit]]]:
        """Return the stages of the exact match that have hits in the states of a selection, whatever its other filters.

        Each has hits that no earlier stage has, by prior.
        """
        current = {"state": CURRENT if set(selection["state"]) <= set(CURRENT) else selection["state"]}
        seen: set[int] = set()
        stages = []
        for stage, key in exact_queries(text):
            if not self._view.frequency("exact", key):  # costs a hundredth of a search
                continue
            listed = self._view.by_prior(Term("exact", key), current, _EXACT_AT_MOST)
            hits = self._by_prior(hit for hit in listed if hit.asset not in seen)
            seen.update(hit.asset for hit in hits)
            if hits:
                stages.append((stage, hits))
        return stages

    def _verified(self, ranking: Ranking, candidates: Sequence[IndexHit], query: ParsedQuery) -> list[IndexHit]:
        """Return the hits with all phrases of the query word for word, and restrict the ranking to them."""
        bodies = self._view.bodies(candidates)
        documents = (SearchDocument.of_body(body) for body in bodies)
        hits = [
            hit
            for hit, document in zip(candidates, documents, strict=True)
            if all(is_phrase_in(phrase, document) for phrase in query.phrases)
        ]
        assets = {hit.asset for hit in hits}
        ranking.total_is = "exact" if len(candidates) < _PHRASE_CANDIDATES else "at_least"
        ranking.matching = OneOfAssets(tuple(sorted(assets)))
        ranking.exact = {asset: stage for asset, stage in ranking.exact.items() if asset in assets}
        return hits

    def _fuse(
        self, ranking: Ranking, lexical: Sequence[IndexHit], meant: Sequence[tuple[int, float]], query: ParsedQuery
    ) -> None:
        """Set the order of a ranking, and what it came from.

        Where the best hit has all words of the query, hits by meaning follow those by words. Else the first by both are ordered
        by how well they cover the query word by word.
        """
        listed = [(hit.asset, hit.score) for hit in lexical]
        covered = bool(ranking.exact) or self._covered(query, lexical)
        ranking.scores = fuse([listed, meant], [1.0, _LEAST_WEIGHT if covered else 1.0])
        if meant and not covered and len(query.words) > 1:
            first = ordered(ranking.scores, lambda asset: -ranking.scores[asset], self._uri)[:_ALIGNED]
            ranking.aligned = self._aligned(ranking, lexical, first)
            ranking.scores.update((asset, 1.0 + value) for asset, value in ranking.aligned.items())
        priors = {asset: with_freshness(hit.prior, hit.changed_day, self._now_day) for asset, hit in ranking.hits.items()}
        scores = ranking.scores
        fused = ordered(scores, lambda asset: (-scores[asset], -priors[asset]), self._uri)
        moved = [asset for asset in with_prior(fused, priors, self._uri) if asset not in ranking.exact]
        successors = {asset: hit.successor for asset, hit in ranking.hits.items() if hit.successor}
        ranking.order = successors_first([*ranking.exact, *moved], successors)
        ranking.priors = priors
        ranking.words = {hit.asset: (rank, hit.score) for rank, hit in enumerate(lexical, 1)}
        ranking.meant = {asset: (rank, near) for rank, (asset, near) in enumerate(meant, 1)}


def is_about_meaning(query: ParsedQuery, *, has_exact: bool) -> bool:
    """Return whether a query is also matched by meaning: no quoted phrase, no name of an asset, and more than two letters."""
    is_name = query.is_identifier or (has_exact and " " not in query.text)
    return not query.phrases and not is_name and sum(map(len, query_words(query))) > 2


def within(view: IndexView, assets: Collection[int], selection: Selection) -> list[IndexHit]:
    """Return those of some assets that are in a selection."""
    return view.hits(OneOfAssets(tuple(assets)), selection, len(assets)) if assets else []


def by_meaning(found: Sequence[IndexHit], near: Mapping[int, float]) -> list[int]:
    """Return the assets of hits by descending similarity."""
    return sorted((hit.asset for hit in found), key=lambda asset: (-near[asset], asset))
