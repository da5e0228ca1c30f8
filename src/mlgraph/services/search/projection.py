"""The search projection: follows the log in a thread of its own, with its own watermark, and writes the index."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.errors import Unavailable
from mlgraph.domain.vocabulary import KINDS
from mlgraph.graph.csr.snapshot import GraphVersion
from mlgraph.graph.traversal.teams import Teams
from mlgraph.ports.search_index import IndexState, MeaningView, SearchIndex, WrittenDocument
from mlgraph.ports.store import Changes, FactReader
from mlgraph.search.documents import SearchDocument, exact_keys, indexed_fields, team_digest
from mlgraph.search.embedding import document_words
from mlgraph.services.projection.log_follower import Follower
from mlgraph.services.projection.projection_thread import ProjectionThread
from mlgraph.services.search.affected_documents import affected_assets, serving_assets
from mlgraph.services.search.document_builder import LAST_MOMENT, NOT_INDEXED, DocumentBuilder
from mlgraph.services.search.graph_priors import GraphPriors

_log = logging.getLogger(__name__)

_POLL_S: Final = 0.1
_COMMIT_GAP_S: Final = 0.3
"""Pause between commits while there is something to write: a commit flushes files to the disk."""
_TRANSACTIONS: Final = 2_000
_AT_ONCE: Final = 1_000
"""Documents that are built together."""
_REST: Final = 2
"""Pause after a step, as a multiple of its time: intake and queries have most of the interpreter during a load."""
_MOST_REST_S: Final = 2.0
_MOST_HASHES: Final = 50_000
_REFRESH_S: Final = 5.0
"""Shortest time between refreshes of the priors."""
_REFRESH_REST: Final = 30
"""Time between refreshes, as a multiple of the time that one took."""


class SearchProjection(ProjectionThread):
    """Keeps the search index current. Thread-safe but for `start` and `stop`.

    `writes` False: another process writes the index, and this one loads what that committed.
    """

    def __init__(
        self,
        reader: FactReader,
        follower: Follower,
        index: SearchIndex,
        *,
        writes: bool = True,
    ) -> None:
        super().__init__("mlgraph-search", "the search index", _POLL_S)
        self._reader = reader
        self._follower = follower
        self._index = index
        self._writes = writes
        self._is_open = False
        self._is_damaged = False
        self._priors = GraphPriors()
        self._stale: NDArray[np.int32] = np.empty(0, np.int32)
        self._put_before: dict[int, int] = {}
        """Hashes of the documents that were put last, by asset."""
        self._refreshed = -1
        self._refresh_at = 0.0
        self._built = 0
        self._to_build = 0
        self._watermark = 0
        self.caught_up_at = 0.0
        """When the index had all that the graph had (monotonic seconds; 0: not yet)."""

    @property
    def watermark(self) -> int:
        """The last transaction that answers include."""
        return self._watermark

    @property
    def is_available(self) -> bool:
        """Whether the index is open and complete."""
        return self._is_open

    def stop(self) -> None:
        """Stop the thread and wait for it; close the index."""
        super().stop()
        self._index.close()

    def view(self) -> MeaningView:
        """Return the latest view of the index. Raises `Unavailable` while the index is being built."""
        view = self._index.view()
        if view is None or not self._is_open:
            reason = self.failure or (
                f"it is being built, {self._built} of {self._to_build} assets are in it"
                if self._to_build
                else "it is being opened"
            )
            raise Unavailable(f"the search index cannot be used yet: {reason}; try again", retry_after_s=2)
        return view

    def build_again(self) -> None:
        """Build the index again, because its files cannot be read; answers are not available until then."""
        if self._writes and self._is_open:
            _log.warning("the search index cannot be read and is built again")
            self._is_open, self._is_damaged = False, True
            self._wake.set()

    def uri(self, asset: int) -> str:
        """Return the URI of an asset of the index."""
        return self._follower.snapshot().asset_index.uri(asset)

    def refresh_priors_at(self, moment_s: float) -> None:
        """Refresh the priors at a moment (monotonic seconds), if the graph has changed by then."""
        self._refresh_at = moment_s

    def step(self) -> bool:
        """Write one batch of changes, or load what was written; return whether there was something."""
        if not self._is_open:
            return self._open()
        if not self._writes:
            return self._load()
        started, graph = time.monotonic(), self._follower.snapshot()
        if graph.watermark <= self.watermark:
            self.caught_up_at = time.monotonic()
            return self._refresh_priors(graph)
        with self._reader.session():
            changes = self._reader.changes(self.watermark, min(_TRANSACTIONS, graph.watermark - self.watermark))
            self._write(graph, changes)
        if changes.upto >= graph.watermark:  # all that the graph had, even if it changes all the time
            self.caught_up_at = started
        return True

    def _open(self) -> bool:
        """Open the index of this store and these rules, or build it; return False while there is no graph yet."""
        if self._follower.caught_up_at == 0.0:
            return False
        state = None if self._is_damaged else self._index.open()
        fits = state is not None and state.is_complete and state.stamp == self._stamp(state.watermark)
        if not self._writes:
            if state is None or not fits:
                raise Unavailable("the first process is building the search index")
            self._index.warm()
            self._publish(state.watermark)
            return True
        if state is not None and not fits:
            _log.warning("the search index is of another store or of later transactions: it is built again")
        self._index.warm()
        self._index.begin_writing(from_scratch=not fits)
        if state is not None and fits:
            self._publish(state.watermark)
        else:
            self._build()
        return True

    def _refresh_priors(self, graph: GraphVersion) -> bool:
        """Write some of the documents again whose prior or team the graph has changed; return whether there are more."""
        now = time.monotonic()
        if not len(self._stale) and (now < self._refresh_at or graph.watermark == self._refreshed):
            return False
        if not len(self._stale):
            self._priors.refresh(graph, serving_assets(graph, self._index.view()))
            known = self._index.graph_values()
            numbered = Teams(graph, LAST_MOMENT).of(known.assets)
            teams = np.array([*map(team_digest, numbered.uris), team_digest(None)], np.uint32)[numbered.number]
            self._stale = known.assets[(self._priors.of(graph, known.assets) != known.priors) | (teams != known.teams)]
            self._refreshed = graph.watermark
            self._refresh_at = now + max(_REFRESH_S, _REFRESH_REST * (time.monotonic() - now))
        batch, self._stale = self._stale[:_AT_ONCE], self._stale[_AT_ONCE:]
        if len(batch):
            with self._reader.session():
                self._put(graph, batch.tolist())
            self._commit(self.watermark)
        return len(self._stale) > 0

    def _load(self) -> bool:
        loaded = self._index.refresh()
        view = self._index.view()
        if loaded and view is not None:
            self._publish(view.state.watermark)
        if self.watermark >= self._follower.snapshot().watermark:
            self.caught_up_at = time.monotonic()
        return loaded

    def _build(self) -> None:
        """Write the documents of all assets."""
        started, graph = time.monotonic(), self._follower.snapshot()
        numbers = [asset for asset in range(1, len(graph.asset_index)) if graph.asset_index.kind(asset) not in NOT_INDEXED]
        self._built, self._to_build = 0, len(numbers)
        self._put_before.clear()
        self._priors.refresh(graph, serving_assets(graph, self._index.view()))
        for place in range(0, len(numbers), _AT_ONCE):
            if self._stopping:
                return
            with self._reader.session():
                self._put(graph, numbers[place : place + _AT_ONCE])
            self._built = min(place + _AT_ONCE, len(numbers))
        self._commit(graph.watermark)
        self._is_damaged = False
        _log.info("the search index was built: %d assets in %.1f s", len(numbers), time.monotonic() - started)

    def _write(self, graph: GraphVersion, changes: Changes) -> None:
        affected = sorted(affected_assets(self._reader, graph, changes))
        for place in range(0, len(affected), _AT_ONCE):
            self._put(graph, affected[place : place + _AT_ONCE])
        self._commit(changes.upto)

    def _put(self, graph: GraphVersion, assets: Collection[int]) -> None:
        builder = DocumentBuilder(self._reader, graph, self._priors)
        documents = builder.documents(assets)
        removed = set(assets) - {document.asset for document in documents}
        for asset in removed:
            self._put_before.pop(asset, None)
        # each run mentions its datasets again, mostly without a change
        changed = {document.asset: hash(document) for document in documents}
        fresh = [document for document in documents if self._put_before.get(document.asset) != changed[document.asset]]
        self._index.put([written(document) for document in fresh], removed)
        if len(self._put_before) > _MOST_HASHES:
            self._put_before.clear()
        self._put_before.update(changed)

    def _commit(self, watermark: int) -> None:
        stamp = self._stamp(watermark)
        if stamp is None:
            raise Unavailable("the store has no such transaction")
        self._index.commit(IndexState(watermark, stamp))
        self._publish(watermark)

    def _publish(self, watermark: int) -> None:
        with self._published:
            self._watermark, self._is_open = watermark, True
            self._published.notify_all()

    def _stamp(self, watermark: int) -> str | None:
        return self._reader.stamp(watermark) if watermark else "empty"

    def _rest(self, took_s: float) -> None:
        """Pause unless somebody waits for the index."""
        if self._writes and not self._waiting:
            self._wake.wait(max(_COMMIT_GAP_S, min(_MOST_REST_S, _REST * took_s)))

    def _failed(self, reason: str) -> None:
        self._put_before.clear()  # what was put and not committed may be lost
        super()._failed(reason)


def written(document: SearchDocument) -> WrittenDocument:
    """Return a document as it is written to the index."""
    filters = {
        "kind": [document.kind],
        "platform": [document.platform] if document.platform else [],
        "environment": [document.environment] if document.environment else [],
        "team": [document.team] if document.team else [],
        "owner": [uri for uri, _ in document.owners],
        "tag": [*dict.fromkeys(document.tags)],
        "state": [document.state],
    }
    return WrittenDocument(
        document.asset,
        exact_keys(document),
        indexed_fields(document),
        filters,
        document.prior,
        document.changed_day,
        document.successor_asset,
        document.body(),
        document_words(document),
        0 if document.state == "deleted" else KINDS[document.kind].code + 1,
        document.graph_prior,
        team_digest(document.team),
    )
