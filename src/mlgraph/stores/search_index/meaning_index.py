"""Documents by what they are about: the vectors of their words, in files."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from mlgraph.domain.errors import Unavailable
from mlgraph.ports.search_index import Alignment, GraphValues, WrittenDocument
from mlgraph.search import embedding
from mlgraph.search.embedding import NOT_ALIGNED, Floats
from mlgraph.stores.search_index.vector_file import SlotRows, VectorFile
from mlgraph.stores.search_index.word_vectors import WordVectors

_log = logging.getLogger(__name__)

_FROM_GRAPH: Final = (np.uint8, np.uint8, np.uint32)
"""Types of marks, priors and teams."""


class MeaningIndex:
    """The vectors of a directory. Without the embedding model, nothing is found by its meaning, and the log has the reason."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._words = WordVectors()
        self._file: VectorFile | None = None
        self._is_reported = False

    @property
    def slots(self) -> int:
        """Documents with a vector."""
        return self._file.slots if self._file is not None else 0

    def open(self, slots: int, *, writes: bool) -> bool:
        """Open the vectors of `slots` documents; return False if the files do not have them."""
        self.close()
        try:
            file = VectorFile(self._directory, writes=writes)
        except Unavailable as error:
            _log.warning("%s", error.detail)
            return False
        if not file.load(slots):
            file.close()
            return False
        self._file = file
        return True

    def load(self, slots: int) -> None:
        """Use what another process has written since, in other files if it built the index again."""
        if self._file is not None and not (self._file.is_current() and self._file.load(slots)):
            self.open(slots, writes=False)

    def close(self) -> None:
        """Close the files."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def put(self, documents: Sequence[WrittenDocument], removed: Collection[int]) -> None:
        """Write the vectors of documents, and leave `removed` out of searches."""
        file = self._file
        if file is None:
            return
        file.remove(removed)
        if not documents:
            return
        vectors = np.zeros((len(documents), embedding.DIMENSIONS), np.float32)
        for place, document in enumerate(documents):
            vector = self._vector(document.meaning) if document.mark else None
            if vector is not None:
                vectors[place] = vector
        columns = zip(*((each.mark, each.graph_prior, each.team_digest) for each in documents), strict=True)
        marks, priors, teams = (np.array(values, kind) for values, kind in zip(columns, _FROM_GRAPH, strict=True))
        codes, quantized = embedding.code_of(vectors), embedding.quantized(vectors)
        file.put([document.asset for document in documents], SlotRows(marks, priors, teams, codes, quantized))

    def graph_values(self) -> GraphValues:
        """Return what the documents of current assets have from the graph."""
        if self._file is None:
            return GraphValues(np.empty(0, np.int32), np.empty(0, np.uint8), np.empty(0, np.uint32))
        live = self._file.column("marks") > 0
        return GraphValues(*(self._file.column(name)[live] for name in ("assets", "priors", "teams")))

    def flush(self) -> None:
        """Make everything written durable."""
        if self._file is not None:
            self._file.flush()

    def warm(self) -> None:
        """Load the model and the kernels."""
        self._vector({"customer": 1.0})
        embedding.warm()

    def nearest(self, meaning: Mapping[str, float], most: int, most_of_kind: int) -> list[tuple[int, float]]:
        """Return (asset, cosine) of the documents nearest to the weighted words, nearest first."""
        vector = self._vector(meaning) if meaning else None
        return [] if vector is None else self._nearest(vector, most, most_of_kind)

    def nearest_to(self, asset: int, most: int, most_of_kind: int) -> list[tuple[int, float]]:
        """Return the same for the vector of an asset, the asset itself included; empty if it has none."""
        file = self._file
        slot = file.slot_of(asset) if file is not None else None
        if file is None or slot is None:
            return []
        vector = file.vectors([slot])[0].astype(np.float32)
        length = float(np.linalg.norm(vector))
        return self._nearest(vector / length, most, most_of_kind) if length else []

    def _nearest(self, vector: Floats, most: int, most_of_kind: int) -> list[tuple[int, float]]:
        file = self._file
        if file is None or not file.slots:
            return []
        assets, marks, codes = file.column("assets"), file.column("marks"), file.column("codes")
        slots = embedding.nearest(embedding.code_of(vector), codes, marks, most, most_of_kind)
        cosines = embedding.similarities(vector, file.vectors(slots.tolist()))
        found = zip(assets[slots].tolist(), cosines.tolist(), strict=True)
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def alignments(self, query: Sequence[str], documents: Sequence[Sequence[str]]) -> list[Alignment]:
        """Return how well the words of each document cover those of a query by their meaning."""
        try:
            wanted = self._words.of(query)
            listed = [*dict.fromkeys(word for words in documents for word in words)]
            return embedding.alignments(query, wanted, listed, self._words.of(listed), documents)
        except Unavailable:
            return [NOT_ALIGNED] * len(documents)

    def closest_words(self, query: Sequence[str], words: Sequence[str], most: int) -> list[str]:
        """Return those of `words` that are nearest in meaning to any word of a query, nearest first."""
        try:
            return embedding.closest_words(self._words.of(query), self._words.of(words), words, most)
        except Unavailable:
            return []

    def _vector(self, meaning: Mapping[str, float]) -> Floats | None:
        """Return the unit vector of weighted words; None if none of them has one."""
        try:
            vectors = self._words.of(list(meaning))
        except Unavailable as error:
            if not self._is_reported:
                _log.warning("nothing is found by its meaning: %s", error.detail)
            self._is_reported = True
            return None
        vector = embedding.combined(vectors, np.array(list(meaning.values()), np.float32))
        return vector if vector.any() else None
