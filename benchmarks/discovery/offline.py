"""The comparison of a labelled set without a server: the catalogue, the sources and the candidates of mlgraph in one process.

A server gives the same answers (tests/contract/test_similar.py compares them); here ten seeds take a minute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, cast

import numpy as np

from benchmarks.discovery.fact_builder import Fact
from mlgraph.domain import clock
from mlgraph.domain.history import EdgeRecord
from mlgraph.domain.timestamps import FOREVER
from mlgraph.domain.uri import AssetUri, dataset_of_column
from mlgraph.domain.vocabulary import KINDS, RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion, MutableGraph
from mlgraph.graph.model.rows import NodeKey, Row, edge_flags, plain_layers
from mlgraph.graph.traversal.source_sets import source_sets
from mlgraph.ports.store import AssetRow, FactReader
from mlgraph.search.similarity.briefs import BriefSignals, brief_score, brief_signals, groups_of_copies, passages, read_passages
from mlgraph.search.similarity.catalogue import Catalogue
from mlgraph.search.similarity.profiles import described
from mlgraph.search.similarity.signals import Ranked, rank, vectors_of
from mlgraph.search.similarity.sources import SourceIndex
from mlgraph.search.similarity.subjects import Context, Subject
from mlgraph.search.similarity.text.vocabulary import Floats
from mlgraph.services.discovery.described_assets import COMPARED_CODES, with_named_columns
from mlgraph.services.discovery.graph_context import related_to
from mlgraph.stores.search_index.word_vectors import WordVectors

_NEAR: Final = 120
"""Candidates of a passage by words and by vectors each: with the search, a server has about as many."""
_ALWAYS: Final = (0, FOREVER)


@dataclass(frozen=True, slots=True)
class _NoRecords:
    """The part of a store that comparisons read: a labelled set has no promotions and no dismissals."""

    def edges_from(self, sources: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return nothing."""
        del sources, relations
        return []

    def edges_into(self, targets: Collection[int], relations: Collection[int]) -> list[EdgeRecord]:
        """Return nothing."""
        del targets, relations
        return []


class Offline:
    """A catalogue in memory."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._graph = MutableGraph()
        self._numbers: dict[str, int] = {}
        self._kinds: dict[int, str] = {}
        states: dict[int, dict[str, Any]] = {}
        for fact in facts:
            if "asset" in fact:
                states[self._number(fact["asset"]["uri"])] = fact["asset"]
            else:
                self._edge(fact["edge"])
        self._graph.publish(1)
        self.graph: GraphVersion = self._graph.snapshot
        self.catalogue = Catalogue(WordVectors().of)
        for asset, state in states.items():
            uri = AssetUri.parse(state["uri"])
            if KINDS[uri.kind].code in COMPARED_CODES:
                found = described(KINDS[uri.kind].code, uri.namespace, uri.name, state)
                self.catalogue.put(asset, with_named_columns(self.graph, asset, found))
        kinds = np.zeros(256, np.bool_)
        kinds[list(COMPARED_CODES)] = True
        self.sources = SourceIndex(source_sets(self.graph, clock.now_us(), kinds), self.catalogue.assets())
        self.context: Context = self.catalogue.context(self.sources.rarity)
        self._assets = self.catalogue.assets()

    def _number(self, text: str) -> int:
        number = self._numbers.get(text)
        if number is None:
            uri = AssetUri.parse(text)
            dataset = dataset_of_column(uri) if uri.kind == "column" else None
            of = self._number(str(dataset)) if dataset is not None else 0
            number = self._numbers[text] = len(self._numbers) + 1
            self._kinds[number] = uri.kind
            self._graph.asset_index.add(AssetRow(number, text, KINDS[uri.kind].code, of))
        return number

    def _edge(self, edge: dict[str, Any]) -> None:
        source, target = self._number(edge["source"]), self._number(edge["target"])
        relation = RELATIONS[edge["relation"]].code
        properties = edge.get("properties", {})
        rows = [
            Row(
                layer,
                NodeKey(source),
                relation,
                NodeKey(target),
                1,
                *_ALWAYS,
                edge_flags(relation, properties.get("role"), properties),
            )
            for layer in plain_layers(relation, KINDS[self._kinds[source]].code)
        ]
        if rows:
            self._graph.replace((source, relation, target), rows)

    @cached_property
    def _vectors(self) -> Floats:
        """The vectors of all assets, for plans."""
        profiles = [profile for asset in self._assets if (profile := self.catalogue.profile(asset)) is not None]
        return vectors_of(profiles, self.context)

    def subject(self, asset: int) -> Subject | None:
        """Return an asset with its sources; None if nothing is said of it."""
        profile = self.catalogue.profile(asset)
        if profile is None:
            return None
        return Subject(asset, profile, self.sources.leaves(asset), self.sources.inputs(asset))

    def number(self, uri: str) -> int:
        """Return the number of an asset."""
        return self._numbers[uri]

    def uri(self, asset: int) -> str:
        """Return the URI of an asset."""
        return self.graph.asset_index.uri(asset)

    def candidates(self, asset: int) -> list[Subject]:
        """Return the candidates of an asset that are not related to it."""
        profile = self.catalogue.profile(asset)
        if profile is None:
            return []
        related = related_to(cast("FactReader", _NoRecords()), self.graph, asset, clock.now_us())
        found = []
        near = self.sources.candidates(self.sources.leaves(asset), self.sources.inputs(asset), asset)
        for each in self.catalogue.candidates(profile, near):
            other = self.catalogue.profile(each)
            if each in related or other is None or other.kind != profile.kind or other.identity == profile.identity:
                continue
            found.append(Subject(each, other, self.sources.leaves(each), self.sources.inputs(each)))
        return found

    def around(self, subject: Subject) -> Subject:
        """Return a subject with its metrics."""
        return replace(subject, metrics=frozenset(subject.profile.metrics))

    def ranked(self, uri: str) -> list[Ranked]:
        """Return the compared candidates of an asset, the most similar first."""
        asset = self.number(uri)
        query = self.subject(asset)
        if query is None:
            return []
        return rank(query, self.candidates(asset), self.context, self.around)

    def about(self, text: str) -> list[tuple[str, BriefSignals]]:
        """Return the assets that a text may describe, each with the signals of its best passage."""
        best: dict[int, BriefSignals] = {}
        for passage in read_passages(passages(text), self.context):
            nearest = np.argsort(-(self._vectors @ passage.vector))[:_NEAR]
            found = [
                *self.catalogue.about(passage.known(), COMPARED_CODES, _NEAR),
                *(self._assets[each] for each in nearest.tolist()),
            ]
            subjects = [Subject(each, profile) for each in dict.fromkeys(found) if (profile := self.catalogue.profile(each))]
            for subject, signals in zip(subjects, brief_signals(passage, subjects, self.context), strict=True):
                if subject.asset not in best or brief_score(signals) > brief_score(best[subject.asset]):
                    best[subject.asset] = signals
        ranked = sorted(best, key=lambda asset: (-brief_score(best[asset]), asset))
        subjects = [Subject(asset, profile) for asset in ranked if (profile := self.catalogue.profile(asset)) is not None]
        return [(self.uri(asset), best[asset]) for asset, *_ in groups_of_copies(subjects, self.context)]

    def uris(self, ranked: Iterable[Ranked]) -> list[str]:
        """Return the URIs of ranked assets."""
        return [self.uri(each.subject.asset) for each in ranked]
