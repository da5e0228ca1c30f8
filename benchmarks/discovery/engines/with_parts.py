"""Two baselines: BM25 alone (tantivy, with its English stemmer), and static embeddings alone (wordllama, cosine)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import tantivy
import wordllama  # type: ignore[import-untyped]

from benchmarks.discovery.engines.base import NO_FILTERS, CatalogueDocument
from benchmarks.discovery.search_queries import LIMIT, Found, SearchHit
from benchmarks.discovery.vocabulary import STOP_WORDS, words

_BATCH: Final = 4_096
_HEAP_BYTES: Final = 128_000_000


class Bm25:
    """Any word of the query in name, columns and description; as one text; stop words do not count."""

    name = "BM25 alone"

    def __init__(self, documents: Iterable[CatalogueDocument]) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("text", tokenizer_name="en_stem")
        for field in ("uri", "shown"):
            builder.add_text_field(field, stored=True, tokenizer_name="raw")
        self._index = tantivy.Index(builder.build())
        writer = self._index.writer(_HEAP_BYTES, 1)
        for each in documents:
            writer.add_document(tantivy.Document(text=each.text, uri=each.uri, shown=each.name))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def search(self, text: str, *, limit: int = LIMIT, prefix: bool = False, filters: Mapping[str, str] = NO_FILTERS) -> Found:
        """Return the first hits; prefixes and filters are not supported."""
        del prefix, filters
        every = words(text)
        listed = [word for word in every if word not in STOP_WORDS] or every
        if not listed:
            return Found([], None)
        query = self._index.parse_query(" ".join(listed), ["text"])
        found = self._searcher.search(query, limit)
        hits = [self._searcher.doc(address) for _, address in found.hits]
        return Found([SearchHit(hit["uri"][0], hit["shown"][0]) for hit in hits], None)

    def close(self) -> None:
        """Do nothing: the index is in memory."""


class Embeddings:
    """The nearest texts by cosine of wordllama's vectors: name, description and columns as one text."""

    name = "embeddings alone"

    def __init__(self, documents: Iterable[CatalogueDocument]) -> None:
        self._model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
        listed = list(documents)
        self._hits = [SearchHit(each.uri, each.name) for each in listed]
        self._vectors = self._embedded([each.text for each in listed])

    def search(self, text: str, *, limit: int = LIMIT, prefix: bool = False, filters: Mapping[str, str] = NO_FILTERS) -> Found:
        """Return the nearest hits; prefixes and filters are not supported."""
        del prefix, filters
        scores = self._vectors @ self._embedded([text])[0]
        best = np.argsort(-scores, kind="stable")[:limit]
        return Found([self._hits[number] for number in best.tolist()], None)

    def close(self) -> None:
        """Do nothing: the vectors are in memory."""

    def _embedded(self, texts: Sequence[str]) -> np.ndarray:
        parts = [
            np.asarray(self._model.embed(list(texts[start : start + _BATCH]), norm=True), np.float32)
            for start in range(0, len(texts), _BATCH)
        ]
        return np.concatenate(parts)
