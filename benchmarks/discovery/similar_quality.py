"""How well near-duplicates are found on a labelled set, by mlgraph and by each single criterion; false suggestions; plans."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import orjson

from benchmarks.discovery.labelled_set import LabelledPair, LabelledSet
from benchmarks.discovery.planting.hard_negatives import RELATED
from benchmarks.discovery.similar_baselines import Criterion
from benchmarks.figures import Figures, of_samples
from benchmarks.wire import Connection

HITS: Final = 10
_CLOSE: Final = 1e-6


class SimilarMiss(NamedTuple):
    """A labelled question with a wrong answer."""

    check: str
    asked: str
    expected: str
    got: str


@dataclass(slots=True)
class SimilarResult:
    """Figures and misses of one engine."""

    figures: Figures = field(default_factory=dict)
    misses: list[SimilarMiss] = field(default_factory=list)


class SimilarClient:
    """`/api/v1/similar` over HTTP; keeps the latencies of assets."""

    name = "mlgraph"

    def __init__(self, url: str) -> None:
        self._connection = Connection(url)
        self._known: dict[str, dict[str, Any]] = {}
        self.taken_s: list[float] = []

    def answer(self, uri: str) -> dict[str, Any]:
        """Return the answer for an asset."""
        if uri not in self._known:
            started = time.perf_counter()
            found = self._connection.get(f"/api/v1/similar?{urlencode({'uri': uri, 'limit': HITS})}")
            self.taken_s.append(time.perf_counter() - started)
            self._known[uri] = _checked(found.status, found.body)
        return self._known[uri]

    def plan(self, text: str) -> dict[str, Any]:
        """Return the answer for a plan."""
        found = self._connection.post("/api/v1/similar", orjson.dumps({"text": text, "limit": HITS}))
        return _checked(found.status, found.body)

    def ranked(self, uri: str) -> list[str]:
        """Return the hits for an asset."""
        return [hit["uri"] for hit in self.answer(uri)["hits"]]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _checked(status: int, body: bytes) -> dict[str, Any]:
    if status != 200:
        raise ValueError(f"similar was answered {status}: {body[:300]!r}")
    answer: dict[str, Any] = orjson.loads(body)
    return answer


def pair_quality(criterion: Criterion, labelled: LabelledSet) -> SimilarResult:
    """Return precision at 1 and recall at 10 by half. Both assets of each positive pair are asked for.

    Precision at 1 counts the answers with a hit; recall counts all. Baselines do not know which assets are related (versions,
    environments, parents): these are left out of their answers.
    """
    related = _related(labelled)
    result = SimilarResult()
    ranks: dict[int, list[int | None]] = defaultdict(list)
    firsts: dict[int, list[bool]] = defaultdict(list)
    for pair in labelled.positives:
        for asset, other in ((pair.asset, pair.other), (pair.other, pair.asset)):
            hits = [uri for uri in criterion.ranked(asset) if uri not in related[asset]][:HITS]
            right = labelled.answers[asset]
            ranks[pair.half].append(next((place for place, uri in enumerate(hits, 1) if uri in right), None))
            if hits:
                firsts[pair.half].append(hits[0] in right)
            if not hits or hits[0] not in right:
                result.misses.append(SimilarMiss(f"{pair.how} {pair.kind}", asset, other, ", ".join(hits[:3]) or "nothing"))
    for half, found in ranks.items():
        name = f"similar.{criterion.name}.half {half}"
        result.figures[f"{name}.precision at 1"] = sum(firsts[half]) / max(len(firsts[half]), 1)
        result.figures[f"{name}.recall at 1"] = sum(rank == 1 for rank in found) / len(found)
        result.figures[f"{name}.recall at 10"] = sum(rank is not None for rank in found) / len(found)
    return result


def _related(labelled: LabelledSet) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pair in labelled.negatives:
        if pair.how in RELATED:
            found[pair.asset].add(pair.other)
            found[pair.other].add(pair.asset)
    return found


def false_suggestions(client: SimilarClient, labelled: LabelledSet) -> SimilarResult:
    """Return how often an asset without a duplicate gets a suggestion, and how many labelled negatives are suggested."""
    result = SimilarResult()
    for uri in labelled.unique:
        suggested = _suggested(client.answer(uri))
        if suggested:
            result.misses.append(SimilarMiss("unique", uri, "nothing", ", ".join(suggested[:3])))
    result.figures["similar.unique.suggested"] = len(result.misses)
    result.figures["similar.unique.asked"] = len(labelled.unique)
    counts: dict[str, int] = defaultdict(int)
    for pair in labelled.negatives:
        counts[pair.how] += 0
        if pair.other in _suggested(client.answer(pair.asset)):
            counts[pair.how] += 1
            result.misses.append(SimilarMiss(f"negative {pair.how}", pair.asset, "not suggested", pair.other))
    result.figures |= {f"similar.negatives.{how}": count for how, count in counts.items()}
    return result


def _suggested(answer: Mapping[str, Any]) -> list[str]:
    return [hit["uri"] for hit in answer["hits"] if hit.get("suggested", True)]


def plans_quality(client: SimilarClient, labelled: LabelledSet) -> SimilarResult:
    """Return for how many plans a right answer is among the first three, and for how many absent ones nothing is suggested."""
    result = SimilarResult()
    right = 0
    for brief in labelled.briefs:
        hits = [hit["uri"] for hit in client.plan(brief.text)["hits"][:3]]
        if brief.answers.intersection(hits):
            right += 1
        else:
            result.misses.append(SimilarMiss("plan", brief.text, min(brief.answers), ", ".join(hits) or "nothing"))
    nothing = 0
    for text in labelled.absent_briefs:
        answer = client.plan(text)
        nothing += bool(answer["nothing_like_it"])
        if not answer["nothing_like_it"]:
            result.misses.append(SimilarMiss("absent plan", text, "nothing", ", ".join(_suggested(answer)[:3])))
    result.figures["similar.plans.right"] = right / len(labelled.briefs)
    result.figures["similar.absent plans.right"] = nothing / len(labelled.absent_briefs)
    return result


def unbalanced(client: SimilarClient, pairs: Sequence[LabelledPair]) -> list[str]:
    """Return the hits whose contributions do not add up to their score."""
    return [
        f"{pair.asset}: {hit['uri']} has score {hit['score']}, contributions {sum(each['contribution'] for each in hit['why'])}"
        for pair in pairs
        for hit in client.answer(pair.asset)["hits"]
        if abs(hit["score"] - sum(each["contribution"] for each in hit["why"])) > _CLOSE
    ]


def similar_latencies(client: SimilarClient) -> Figures:
    """Return the latencies of all answers so far."""
    return of_samples("similar.one", client.taken_s, len(client.taken_s))
