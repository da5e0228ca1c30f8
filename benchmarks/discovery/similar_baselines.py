"""Single criteria that "already built" is compared with: BM25, embeddings, columns, raw tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from benchmarks.discovery.engines.base import documents
from benchmarks.discovery.engines.with_parts import Bm25, Embeddings
from benchmarks.discovery.labelled_set import LabelledSet
from benchmarks.discovery.labelled_statistics import jaccard
from mlgraph.domain.uri import AssetUri
from mlgraph.domain.vocabulary import WALKED

_LOOKED_AT: Final = 300
"""Hits of a text search among which those of the same kind are looked for."""
Ranked = Mapping[str, Sequence[str]]


class Criterion(Protocol):
    """Ranks the assets of one kind by how similar they are to one of them."""

    name: str

    def ranked(self, uri: str) -> list[str]:
        """Return the most similar assets, the best first."""


class TextCriterion:
    """The text of the asset as the query of a search engine."""

    def __init__(self, engine: Bm25 | Embeddings, labelled: LabelledSet) -> None:
        self.name = engine.name
        self._engine = engine
        self._texts = {each.uri: each.text for each in documents(labelled.facts)}

    def ranked(self, uri: str) -> list[str]:
        """Return the nearest texts of the same kind."""
        kind = AssetUri.parse(uri).kind
        hits = self._engine.search(self._texts[uri], limit=_LOOKED_AT).hits
        return [hit.uri for hit in hits if hit.uri != uri and AssetUri.parse(hit.uri).kind == kind]


class SetCriterion:
    """The Jaccard index of sets, such as column names or raw tables."""

    def __init__(self, name: str, sets: Mapping[str, frozenset[str]]) -> None:
        self.name = name
        self._sets = sets
        self._with = defaultdict(set)
        for uri, elements in sets.items():
            for element in elements:
                self._with[element].add(uri)

    def ranked(self, uri: str) -> list[str]:
        """Return the assets of the same kind with a common element."""
        kind, mine = AssetUri.parse(uri).kind, self._sets.get(uri, frozenset())
        near = {other for element in mine for other in self._with[element] if AssetUri.parse(other).kind == kind}
        return sorted(near - {uri}, key=lambda other: (-jaccard(mine, self._sets[other]), other))[:_LOOKED_AT]


def criteria(labelled: LabelledSet) -> list[Criterion]:
    """Return the baselines on the catalogue of a labelled set."""
    listed = list(documents(labelled.facts))
    return [
        TextCriterion(Bm25(listed), labelled),
        TextCriterion(Embeddings(listed), labelled),
        SetCriterion("columns alone", column_sets(labelled)),
        SetCriterion("raw tables alone", raw_tables(labelled)),
    ]


def column_sets(labelled: LabelledSet) -> dict[str, frozenset[str]]:
    """Return the column names in the schema of each asset, in lower case; features of a view are its columns."""
    found: dict[str, set[str]] = defaultdict(set)
    names = {fact["asset"]["uri"]: fact["asset"].get("name", "") for fact in labelled.facts if "asset" in fact}
    for fact in labelled.facts:
        if "asset" in fact:
            schema = fact["asset"].get("properties", {}).get("schema", [])
            found[fact["asset"]["uri"]].update(column["name"].lower() for column in schema)
        elif fact["edge"]["relation"] == "part_of":
            found[fact["edge"]["target"]].add(names[fact["edge"]["source"]].lower())
    return {uri: frozenset(columns) for uri, columns in found.items() if columns}


def raw_tables(labelled: LabelledSet) -> dict[str, frozenset[str]]:
    """Return for each asset the assets upstream of it that have nothing upstream; a model has those of its versions."""
    upstream: dict[str, set[str]] = defaultdict(set)
    for fact in labelled.facts:
        if "edge" in fact:
            source, target = fact["edge"]["source"], fact["edge"]["target"]
            if fact["edge"]["relation"] in WALKED or fact["edge"]["relation"] == "version_of":
                upstream[target].add(source)
    found: dict[str, frozenset[str]] = {}
    for uri in list(upstream):
        _leaves(uri, upstream, found)
    return found


def _leaves(uri: str, upstream: Mapping[str, set[str]], found: dict[str, frozenset[str]]) -> frozenset[str]:
    if uri not in found:
        found[uri] = frozenset()  # a cycle ends here
        above = upstream.get(uri, set())
        parts = [_leaves(each, upstream, found) if upstream.get(each) else frozenset([each]) for each in above]
        found[uri] = frozenset().union(*parts)
    return found[uri]
