"""What exists already of what a brief or plan describes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mlgraph.domain import deadlines
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.vocabulary import KIND_NAMES, KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.store import FactReader
from mlgraph.search.similarity.briefs import (
    LISTED,
    BriefSignals,
    Passage,
    brief_score,
    brief_signals,
    groups_of_copies,
    of_brief,
    passages,
    read_passages,
)
from mlgraph.search.similarity.catalogue import Catalogue
from mlgraph.search.similarity.scoring import PRIOR, Contribution
from mlgraph.search.similarity.subjects import Context, Subject
from mlgraph.services.discovery.described_assets import COMPARED_CODES
from mlgraph.services.discovery.near_texts import NearTexts
from mlgraph.services.discovery.reuse import Reuse
from mlgraph.services.discovery.similar import asset_fields
from mlgraph.services.discovery.similarity_index import SimilarityIndex
from mlgraph.services.projection.log_follower import Follower

MAX_TEXT_BYTES: Final = 1_000_000
_PER_PASSAGE: Final = 60
"""Candidates of one passage."""
_TIME_S: Final = 8.0
"""Time for the passages of a plan: those that are left then are counted, and the answer is partial."""
_LISTED_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class _Hit:
    """An asset with its best passage."""

    signals: BriefSignals
    score: float
    passage: Passage
    subject: Subject


class Plans:
    """Finds what exists of what texts describe."""

    def __init__(self, index: SimilarityIndex, follower: Follower, reader: FactReader, near: NearTexts) -> None:
        self._index = index
        self._follower = follower
        self._reader = reader
        self._near = near

    def similar_to_text(self, text: str, kinds: Sequence[str] = (), *, limit: int) -> dict[str, Any]:
        """Return what exists of what `text` describes, of `kinds` only if there are any: each asset by its best passage.

        Raises `InvalidInput` for a text of white space alone: nothing was compared then.
        """
        if not text.strip():
            raise InvalidInput("the text is empty: say what is to be built")
        catalogue, graph = self._index.ready(), self._follower.snapshot()
        context = catalogue.context(self._index.sources.rarity)
        every = read_passages(passages(text), context)
        codes = frozenset(KINDS[kind].code for kind in kinds) or COMPARED_CODES
        best: dict[int, _Hit] = {}
        started, done = time.monotonic(), 0
        for passage in every:
            if time.monotonic() - started > _TIME_S:
                break
            deadlines.raise_if_exceeded()
            self._compare(catalogue, context, passage, codes, best)
            done += 1
        found = sorted((asset for asset, hit in best.items() if hit.score >= LISTED), key=lambda a: (-best[a].score, a))
        listed = groups_of_copies((best[asset].subject for asset in found), context)
        with self._reader.session():
            hits = [
                {
                    **_body(graph, context, asset, best[asset], catalogue),
                    "copies": [graph.asset_index.uri(copy) for copy in copies],
                }
                for asset, *copies in listed[:limit]
            ]
            reuse = Reuse(self._reader, graph)
            reuse.add_to(hits)
        cut = "time" if done < len(every) else "limit" if len(listed) > limit else None
        return {
            "uri": None,
            "kind": None,
            "name": None,
            "passages": len(every),
            "hits": hits,
            "nothing_like_it": not hits,
            "talk_to": reuse.talk_to([graph.asset_index.number(hit["uri"]) or 0 for hit in hits]),
            "total": len(listed),
            "partial": cut is not None,
            "reason": cut,
            "left_out": {"related": 0, "dismissed": 0},
            "watermark": min(self._index.watermark, self._near.watermark, graph.watermark),
        }

    def _compare(
        self, catalogue: Catalogue, context: Context, passage: Passage, codes: frozenset[int], best: dict[int, _Hit]
    ) -> None:
        kinds = [KIND_NAMES[code] for code in sorted(codes)]
        near = self._near.of_text(passage.text, kinds)
        found = dict.fromkeys([*catalogue.about(passage.known(), codes, _PER_PASSAGE), *near])
        subjects = [Subject(asset, profile) for asset in found if (profile := catalogue.profile(asset)) and profile.kind in codes]
        for subject, signals in zip(subjects, brief_signals(passage, subjects, context), strict=True):
            value = brief_score(signals)
            if subject.asset not in best or best[subject.asset].score < value:
                best[subject.asset] = _Hit(signals, value, passage, subject)


def _body(graph: GraphVersion, context: Context, asset: int, hit: _Hit, catalogue: Catalogue) -> dict[str, Any]:
    why = [
        {"signal": part.signal, "contribution": part.contribution, "text": _text(context, asset, hit, part, catalogue)}
        for part in of_brief(hit.signals)
    ]
    return {**asset_fields(graph, asset), "score": hit.score, "suggested": True, "why": why}


def _text(context: Context, asset: int, hit: _Hit, part: Contribution, catalogue: Catalogue) -> str:
    if part.signal == PRIOR:
        return "of all assets, few are what a text describes"
    if part.signal == "meaning":
        return "the text and its description mean much the same"
    profile = catalogue.profile(asset)
    numbers = () if profile is None else (*profile.name, *profile.text)
    concepts, known = context.vocabulary.concepts, hit.passage.known()
    shared = {concepts[n]: context.vocabulary.words[n] for n in reversed(numbers) if concepts[n] in known}
    words = [shared[each] for each in sorted(shared, key=lambda each: (-context.rarities[each], each))[:_LISTED_WORDS]]
    named = ", ".join(words) or "its columns"
    if part.signal == "described":
        return f"the text speaks of {100 * part.value:.0f} % of what describes it: {named}"
    return f"its words cover {100 * part.value:.0f} % of what the text is about{f', in the same words {named}' if words else ''}"
