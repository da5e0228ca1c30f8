"""What is similar to an asset: hits with a score, its reasons, and which copy to reuse (docs/already-built.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mlgraph.domain import clock
from mlgraph.domain.errors import InvalidInput
from mlgraph.domain.vocabulary import KIND_NAMES
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.ports.store import FactReader
from mlgraph.search.similarity.catalogue import Catalogue
from mlgraph.search.similarity.profiles import Profile
from mlgraph.search.similarity.reasons import Reasons
from mlgraph.search.similarity.scoring import LISTED, SUGGESTED, of_pair, score
from mlgraph.search.similarity.signals import Ranked, rank
from mlgraph.search.similarity.subjects import Context, Subject
from mlgraph.services.discovery.described_assets import COMPARED, COMPARED_CODES
from mlgraph.services.discovery.dismissals import dismissed_with
from mlgraph.services.discovery.graph_context import measured_by, parent_of, related_to, sources_now
from mlgraph.services.discovery.near_texts import NearTexts
from mlgraph.services.discovery.reuse import Reuse
from mlgraph.services.discovery.similarity_index import SimilarityIndex
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.queries.resolver import Resolver

DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 100


@dataclass(frozen=True, slots=True)
class Comparison:
    """The compared candidates of an asset: ranked, without what is related to it and what was dismissed."""

    graph: GraphVersion
    query: Subject
    ranked: list[Ranked]
    context: Context
    candidates: int
    related: int
    dismissed: int
    watermark: int


class SimilarQueries:
    """Finds near-duplicates of assets. Thread-safe. All methods raise `MlgraphError` only."""

    def __init__(self, reader: FactReader, follower: Follower, index: SimilarityIndex, near: NearTexts) -> None:
        """`near`: candidates by their texts, beside those with words, columns or sources in common."""
        self._reader = reader
        self._resolver = Resolver(reader, follower)
        self._index = index
        self._near = near

    def wait_for(self, watermark: int, timeout_s: float = 10.0) -> None:
        """Return once answers include transaction `watermark`. Raises `Unavailable` after `timeout_s` seconds."""
        self._index.wait_for(watermark, timeout_s)
        self._near.wait_for(watermark, timeout_s)

    def reached(self, watermark: int) -> bool:
        """Return whether answers include transaction `watermark` already."""
        return min(self._index.watermark, self._near.watermark) >= watermark

    def similar(self, uri: str, *, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """Return the near-duplicates of an asset, the most similar first. A version means its model or dataset."""
        graph = self._resolver.graph(uri)
        with self._reader.session():
            found = self.compare(graph, self.compared_asset(graph, uri))
            return self._body(found, limit)

    def graph(self, *uris: str) -> GraphVersion:
        """Return the latest graph, one that has all of `uris` if there is such a one."""
        return self._resolver.graph(*uris)

    def compared_asset(self, graph: GraphVersion, uri: str) -> int:
        """Return the asset that a URI stands for in comparisons. Raises `InvalidInput` for a kind that is not compared."""
        moment = clock.now_us()
        asset = parent_of(graph, self._resolver.asset(graph, uri, moment), moment)
        if graph.asset_index.kind(asset) not in COMPARED_CODES:
            raise InvalidInput(
                f"a {KIND_NAMES[graph.asset_index.kind(asset)]} cannot be built twice; similar compares assets of the kinds "
                f"{', '.join(COMPARED)}, and takes a version or column for its model or dataset",
                pointer="uri",
            )
        return asset

    def compare(self, graph: GraphVersion, asset: int) -> Comparison:
        """Return the candidates for near-duplicates of an asset with their signals."""
        catalogue, moment = self._index.ready(), clock.now_us()
        sources = self._index.sources
        context = catalogue.context(sources.rarity)
        watermark = min(self._index.watermark, self._near.watermark, graph.watermark)
        profile = catalogue.profile(asset)
        if profile is None:  # nothing is said of it but its name
            return Comparison(graph, Subject(asset, _empty(graph, asset)), [], context, 0, 0, 0, watermark)
        query = Subject(asset, profile, *self._sources(graph, asset, moment))
        near = sources.candidates(query.leaves, query.inputs, asset)
        found = catalogue.candidates(profile, [*near, *self._similar_texts(catalogue, asset, profile)])
        candidates = [each for each in found if each != asset]
        related = related_to(self._reader, graph, asset, moment)
        dismissed = dismissed_with(self._reader, graph, asset)
        subjects: list[Subject] = []
        left_out = 0
        for each in candidates:
            other = catalogue.profile(each) if each not in related and each not in dismissed else None
            if other is None or other.kind != profile.kind or other.identity == profile.identity:
                left_out += each not in dismissed
                continue
            subjects.append(Subject(each, other, sources.leaves(each), sources.inputs(each)))
        around = _Around(self._index, graph, moment)
        ranked = rank(query, subjects, context, around)
        return Comparison(
            graph, around(query), ranked, context, len(candidates), left_out, len(dismissed & set(candidates)), watermark
        )

    def _sources(self, graph: GraphVersion, asset: int, moment: int) -> tuple[frozenset[int], frozenset[int]]:
        """Return the sources of the asset in question as of `graph`; those of candidates may be seconds older."""
        sources = self._index.sources
        if sources.watermark >= graph.watermark and sources.knows(asset):
            return sources.leaves(asset), sources.inputs(asset)
        return sources_now(graph, sources, asset, moment)

    def _similar_texts(self, catalogue: Catalogue, asset: int, profile: Profile) -> list[int]:
        words = catalogue.vocabulary.words
        text = " ".join(words[number] for number in (*profile.name, *profile.text))
        return self._near.of_asset(asset, text, KIND_NAMES[profile.kind])

    def _body(self, found: Comparison, limit: int) -> dict[str, Any]:
        graph, index = found.graph, found.graph.asset_index
        listed = [(each, score(each.signals)) for each in found.ranked]
        listed = [(each, value) for each, value in listed if value >= LISTED]
        hits = [self._hit(found, each, value) for each, value in listed[:limit]]
        reuse = Reuse(self._reader, graph)
        reuse.add_to(hits, found.query.asset)
        return {
            "uri": index.uri(found.query.asset),
            "kind": KIND_NAMES[index.kind(found.query.asset)],
            "name": index.name(found.query.asset),
            "hits": hits,
            "nothing_like_it": not hits,
            "talk_to": reuse.talk_to([found.query.asset, *(index.number(hit["uri"]) or 0 for hit in hits if hit["suggested"])]),
            "total": len(listed),
            "partial": len(listed) > limit,
            "reason": "limit" if len(listed) > limit else None,
            "passages": None,
            "left_out": {"related": found.related, "dismissed": found.dismissed},
            "watermark": found.watermark,
        }

    def _hit(self, found: Comparison, each: Ranked, value: float) -> dict[str, Any]:
        return {
            **asset_fields(found.graph, each.subject.asset),
            "score": value,
            "suggested": value >= SUGGESTED,
            "why": self.why(found, each),
            "copies": [],
        }

    @staticmethod
    def why(found: Comparison, each: Ranked) -> list[dict[str, Any]]:
        """Return the contributions to the score of a candidate, in words."""
        reasons = Reasons(found.query, each.subject, found.context, found.graph.asset_index.name)
        return [
            {"signal": part.signal, "contribution": part.contribution, "text": reasons.text(part)}
            for part in of_pair(each.signals)
        ]


class _Around:
    """Adds metrics to subjects."""

    def __init__(self, index: SimilarityIndex, graph: GraphVersion, moment: int) -> None:
        self._metrics: Mapping[int, tuple[int, ...]] = index.metrics
        self._graph, self._moment = graph, moment

    def __call__(self, subject: Subject) -> Subject:
        graph, moment = self._graph, self._moment
        measured = [] if not self._metrics else measured_by(graph, subject.asset, moment)
        metrics = {*subject.profile.metrics, *(each for asset in measured for each in self._metrics.get(asset, ()))}
        return replace(subject, metrics=frozenset(metrics))


def asset_fields(graph: GraphVersion, asset: int) -> dict[str, Any]:
    """Return URI, kind, name and owners of an asset."""
    index = graph.asset_index
    attributes = index.display_attributes(asset)
    return {
        "uri": index.uri(asset),
        "kind": KIND_NAMES[index.kind(asset)],
        "name": index.name(asset),
        "owners": list(attributes.owners) if attributes is not None else [],
    }


def _empty(graph: GraphVersion, asset: int) -> Profile:
    return Profile(graph.asset_index.kind(asset), (), (), (), b"", (), 0, {})
