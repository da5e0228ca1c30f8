"""The similarity index: follows the log in a thread of its own, and keeps profiles and sources of assets in memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import numpy as np

from mlgraph.domain import clock
from mlgraph.domain.errors import Unavailable
from mlgraph.domain.vocabulary import RELATIONS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.model.rows import Bools
from mlgraph.graph.traversal.source_sets import source_sets
from mlgraph.ports.store import Changes, FactReader
from mlgraph.search.similarity.catalogue import Catalogue
from mlgraph.search.similarity.sources import SourceIndex
from mlgraph.search.similarity.text.vocabulary import Embed
from mlgraph.services.discovery.described_assets import COMPARED_CODES, MEASURED_CODES, DescribedAssets, relevant_part
from mlgraph.services.history.asserted_facts import by_asset
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.projection.projection_thread import ProjectionThread

_log = logging.getLogger(__name__)

_POLL_S: Final = 0.2
_MOST_REST_S: Final = 0.5
_TRANSACTIONS: Final = 2_000
_AT_ONCE: Final = 500
"""Assets that are read together."""
_SOURCES_REST: Final = 9
"""Pause between two computations of all sources, as a multiple of the time that one took."""
_SOURCES_PAUSE_S: Final = 30.0
_ALIAS_OF: Final = RELATIONS["alias_of"].code

OnChanges = Callable[[GraphVersion, Changes, Collection[int]], None]
"""Given a graph, the changes of the log up to its watermark, and the assets that entered the catalogue with them."""


class SimilarityIndex(ProjectionThread):
    """Keeps the catalogue of compared assets current. Thread-safe but for `start` and `stop`."""

    def __init__(self, reader: FactReader, follower: Follower, embed: Embed) -> None:
        """`embed`: the vectors of words; the first call may take long."""
        super().__init__("mlgraph-similar", "the similarity index", _POLL_S)
        self._reader = reader
        self._follower = follower
        self._embed = embed
        self.catalogue: Catalogue | None = None
        """None until the first scan of the store begins."""
        self.sources = SourceIndex()
        self.metrics: dict[int, tuple[int, ...]] = {}
        """The metrics of evaluations and model versions, as numbers of the catalogue's columns."""
        self.on_changes: OnChanges | None = None
        self.on_idle: Callable[[GraphVersion], bool] | None = None
        """Called when there are no changes to read; returns whether it did something."""
        self._latest: dict[tuple[int, int], int] = {}
        """By asset and origin: a hash of what its latest patch said of the compared parts."""
        self._is_built = False
        self._built, self._to_build = 0, 0
        self._sources_due = 0.0
        self._watermark = 0

    @property
    def watermark(self) -> int:
        """The last transaction that answers include."""
        return self._watermark

    @property
    def is_available(self) -> bool:
        """Whether all assets of the store were read once."""
        return self._is_built

    def ready(self) -> Catalogue:
        """Return the catalogue. Raises `Unavailable` while it is being built."""
        if self.catalogue is None or not self._is_built:
            reason = self.failure or f"{self._built} of {self._to_build} assets are in it"
            raise Unavailable(f"the similarity index is being built: {reason}; try again", retry_after_s=2)
        return self.catalogue

    def step(self) -> bool:
        """Read one batch of changes; return whether there was one."""
        if self._follower.caught_up_at == 0.0:
            return False
        graph = self._follower.snapshot()
        if not self._is_built:
            self._build(graph)
            return True
        if graph.watermark <= self.watermark:
            self._refresh_sources(graph)
            return self.on_idle is not None and self.on_idle(graph)
        with self._reader.session():
            changes = self._reader.changes(self.watermark, min(_TRANSACTIONS, graph.watermark - self.watermark))
            entered = self._apply(graph, changes)
        self._refresh_sources(graph)
        self._publish(changes.upto)
        if self.on_changes is not None:
            self.on_changes(graph, changes, entered)
        return True

    def _build(self, graph: GraphVersion) -> None:
        """Read all assets of the store."""
        started = time.monotonic()
        catalogue = self.catalogue = Catalogue(self._embed)
        numbers = [asset for asset in range(1, len(graph.asset_index)) if self._is_read(graph, asset)]
        self._built, self._to_build = 0, len(numbers)
        for place in range(0, len(numbers), _AT_ONCE):
            if self._stopping:
                return
            chunk_started = time.monotonic()
            with self._reader.session():
                self._put(graph, catalogue, numbers[place : place + _AT_ONCE])
            self._built = min(place + _AT_ONCE, len(numbers))
            self._wake.wait(min(0.05, time.monotonic() - chunk_started))  # queries need the interpreter too
        self._refresh_sources(graph)
        self._is_built = True
        self._publish(graph.watermark)
        self._report_recent(graph, catalogue)
        _log.info("the similarity index was built: %d assets in %.1f s", len(catalogue), time.monotonic() - started)

    def _report_recent(self, graph: GraphVersion, catalogue: Catalogue) -> None:
        """Report the assets of the last transactions: those that arrived while this server started, or before it stopped."""
        if self.on_changes is None:
            return
        with self._reader.session():
            changes = self._reader.at(graph.watermark).changes(max(0, graph.watermark - _TRANSACTIONS), _TRANSACTIONS)
        self.on_changes(graph, changes, [row.asset for row in changes.assets if row.asset in catalogue])

    @staticmethod
    def _is_read(graph: GraphVersion, asset: int) -> bool:
        return graph.asset_index.kind(asset) in COMPARED_CODES or graph.asset_index.kind(asset) in MEASURED_CODES

    def _put(self, graph: GraphVersion, catalogue: Catalogue, assets: Collection[int]) -> list[int]:
        """Read assets again; return those that entered the catalogue."""
        index = graph.asset_index
        self._note_metrics(catalogue, [asset for asset in assets if index.kind(asset) in MEASURED_CODES])
        compared = [asset for asset in assets if index.kind(asset) in COMPARED_CODES]
        described = DescribedAssets(self._reader, graph).of(compared)
        entered = [asset for asset in described if asset not in catalogue]
        for asset in compared:
            if asset in described:
                catalogue.put(asset, described[asset])
            else:
                catalogue.remove(asset)
        return entered

    def _note_metrics(self, catalogue: Catalogue, assets: Collection[int]) -> None:
        for asset, records in by_asset(self._reader.asset_records(assets)).items() if assets else ():
            named: dict[str, None] = {}
            for record in records:
                metrics = (record.state.get("properties") or {}).get("metrics")
                named.update(dict.fromkeys(map(str, metrics)) if isinstance(metrics, dict | list) else {})
            if named:
                self.metrics[asset] = tuple(catalogue.columns.number(name) for name in list(named)[:32])

    def _apply(self, graph: GraphVersion, changes: Changes) -> list[int]:
        catalogue = self.ready()
        touched = {asset for asset in changes.asserted if self._is_read(graph, asset)}
        for source, relation, target in changes.edges:
            if relation == _ALIAS_OF:
                touched.update(self._names_of(graph, source, target))
        touched.update(
            dataset for row in changes.assets if row.dataset and (dataset := graph.aliases.at(row.dataset, clock.now_us()))
        )
        if graph.aliases:
            touched.update([graph.aliases.at(asset, clock.now_us()) for asset in touched])
        fresh = by_asset(self._reader.asset_records_in(touched & changes.asserted, self.watermark, changes.upto))
        changed = sorted(asset for asset in touched if not self._is_repeated(catalogue, asset, fresh.get(asset, [])))
        entered: list[int] = []
        for place in range(0, len(changed), _AT_ONCE):
            entered += self._put(graph, catalogue, changed[place : place + _AT_ONCE])
        return entered

    @staticmethod
    def _names_of(graph: GraphVersion, *names: int) -> Iterator[int]:
        for name in names:
            yield name
            yield from graph.aliases.names_of(name)
            yield from graph.aliases.targets_of(name)

    def _is_repeated(self, catalogue: Catalogue, asset: int, records: Collection[Any]) -> bool:
        """Return whether records of an asset only repeat what its origins said before: nearly every event does."""
        if not records:
            return False
        reported: dict[tuple[int, int], int] = {}
        repeated = asset in catalogue
        for record in sorted(records, key=lambda each: each.valid_from):
            part = relevant_part(record)
            key = (asset, record.origin)
            if part is None:
                self._latest.pop(key, None)
                repeated = False
                continue
            digest = hash(repr(part))
            repeated = repeated and self._latest.get(key) == digest
            reported[key] = digest
        self._latest.update(reported)
        return repeated

    def _refresh_sources(self, graph: GraphVersion) -> None:
        """Compute the sources of all assets again if the graph changed, at most a tenth of the time."""
        now = time.monotonic()
        if graph.watermark == self.sources.watermark or (now < self._sources_due and self._is_built):
            return
        catalogue = self.catalogue
        sets = source_sets(graph, clock.now_us(), _compared())
        self.sources = SourceIndex(sets, catalogue.assets() if catalogue is not None else ())
        took_s = time.monotonic() - now
        self._sources_due = time.monotonic() + min(_SOURCES_PAUSE_S, 0 if took_s < _POLL_S else _SOURCES_REST * took_s)

    def _publish(self, watermark: int) -> None:
        with self._published:
            self._watermark = watermark
            self._published.notify_all()

    def _rest(self, took_s: float) -> None:
        """Pause as long as the step took: changes that arrive meanwhile cost less in one batch."""
        if not self._waiting:
            self._wake.wait(min(_MOST_REST_S, took_s))


def _compared() -> Bools:
    found = np.zeros(256, np.bool_)
    found[list(COMPARED_CODES)] = True
    return found
