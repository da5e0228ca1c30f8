"""The search index of a data directory: the inverted index and the vectors, which one state belongs to."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlgraph.ports.search_index import Alignment, Clause, Counts, GraphValues, IndexHit, IndexState, Selection, WrittenDocument
from mlgraph.stores.search_index.meaning_index import MeaningIndex
from mlgraph.stores.search_index.tantivy_index import TantivyIndex, TantivyView

_log = logging.getLogger(__name__)


class SearchView:
    """The `MeaningView` of one commit."""

    def __init__(self, words: TantivyView, meaning: MeaningIndex) -> None:
        self._words = words
        self._meaning = meaning
        self.state = words.state

    def hits(self, clause: Clause, selection: Selection, limit: int, offset: int = 0) -> list[IndexHit]:
        """Return the best hits, best first."""
        return self._words.hits(clause, selection, limit, offset)

    def by_prior(self, clause: Clause, selection: Selection, limit: int) -> list[IndexHit]:
        """Return hits by descending prior instead of score."""
        return self._words.by_prior(clause, selection, limit)

    def counts(self, clause: Clause, selection: Selection, most_values: int) -> Counts:
        """Return how many documents match, with at most `most_values` values of each filter field."""
        return self._words.counts(clause, selection, most_values)

    def bodies(self, hits: Sequence[IndexHit]) -> list[dict[str, Any]]:
        """Return what is stored of each hit."""
        return self._words.bodies(hits)

    def frequency(self, field: str, word: str) -> int:
        """Return how many documents have `word` in a field."""
        return self._words.frequency(field, word)

    def continuations(self, field: str, prefix: str, most: int) -> list[str]:
        """Return words in a field that begin with `prefix`, the most frequent first."""
        return self._words.continuations(field, prefix, most)

    def nearest(self, meaning: Mapping[str, float], most: int, most_of_kind: int) -> list[tuple[int, float]]:
        """Return (asset, cosine) of the documents nearest to the weighted words, nearest first."""
        return self._meaning.nearest(meaning, most, most_of_kind)

    def nearest_to(self, asset: int, most: int, most_of_kind: int) -> list[tuple[int, float]]:
        """Return the same for the vector of an asset, the asset itself included; empty if it has none."""
        return self._meaning.nearest_to(asset, most, most_of_kind)

    def alignments(self, meaning: Mapping[str, float], hits: Sequence[IndexHit]) -> list[Alignment]:
        """Return how well the words of each hit cover those of `meaning` by their own meaning."""
        return self._meaning.alignments(list(meaning), self._words.words_of(hits))

    def closest_words(self, meaning: Mapping[str, float], hit: IndexHit, most: int) -> list[str]:
        """Return the words of a hit that are nearest in meaning to any word of `meaning`, nearest first."""
        return self._meaning.closest_words(list(meaning), self._words.words_of([hit])[0], most)


class SearchFiles:
    """The `SearchIndex` of a directory. `writes`: this process writes it."""

    def __init__(self, directory: Path, *, writes: bool = True) -> None:
        self._directory = directory
        self._writes = writes
        self._words = TantivyIndex(directory / "words")
        self._meaning = MeaningIndex(directory / "vectors")

    def open(self) -> IndexState | None:
        """Open the index for reading, and return its state; None if there is no usable one, the reason of which is logged."""
        state = self._words.open(verified=self._writes)
        if state is None:
            return None
        if not self._meaning.open(state.slots, writes=self._writes):
            _log.warning("the search index is not used, it will be built again: its vectors are missing or truncated")
            return None
        return state

    def begin_writing(self, *, from_scratch: bool) -> None:
        """Lock the index for writing; `from_scratch` empties it first. Raises `Unavailable` if another process has the lock."""
        self._words.begin_writing(from_scratch=from_scratch)
        if from_scratch:
            self._meaning.close()
            shutil.rmtree(self._directory / "vectors", ignore_errors=True)
            self._meaning.open(0, writes=True)

    def put(self, documents: Sequence[WrittenDocument], removed: Collection[int] = ()) -> None:
        """Replace the documents of these assets, and remove those of `removed`, with the next commit."""
        self._words.put(documents, removed)
        self._meaning.put(documents, removed)

    def commit(self, state: IndexState) -> None:
        """Make everything put so far durable and visible, with the state that it includes."""
        self._meaning.flush()
        self._words.commit(replace(state, slots=self._meaning.slots))

    def view(self) -> SearchView | None:
        """Return the latest view; None while there is none."""
        words = self._words.view()
        return None if words is None else SearchView(words, self._meaning)

    def graph_values(self) -> GraphValues:
        """Return what the documents of current assets have from the graph."""
        return self._meaning.graph_values()

    def warm(self) -> None:
        """Load what the first query would wait for: the embedding model and compiled kernels."""
        self._meaning.warm()

    def refresh(self) -> bool:
        """Load what another process committed since; return whether there was something."""
        loaded = self._words.refresh()
        view = self._words.view()
        if loaded and view is not None:
            self._meaning.load(view.state.slots)
        return loaded

    def close(self) -> None:
        """Stop writing, after merges in progress, and close the files."""
        self._words.close()
        self._meaning.close()
