"""Interface of the search index: clauses of a query, documents to write, and views that answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Term:
    """Documents with a word in a field."""

    field: str
    word: str
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Typo:
    """Documents with a word in a field that differs from `word` by at most `distance` letters."""

    field: str
    word: str
    distance: int
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Phrase:
    """Documents with words in a field, one directly after the other."""

    field: str
    words: tuple[str, ...]
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Best:
    """Documents that match any of `clauses`; the score is the best of theirs (disjunction-max)."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class WordSum:
    """Documents that match at least `at_least` of `clauses`; the score is the sum of theirs."""

    clauses: tuple[Clause, ...]
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Every:
    """Documents that match all of `clauses`; without clauses, all documents."""

    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class OneOfAssets:
    """The documents of these assets; scores nothing."""

    assets: tuple[int, ...]


Clause = Term | Typo | Phrase | Best | WordSum | Every | OneOfAssets


class WrittenDocument(NamedTuple):
    """A document for the index: keys for the exact match, words by field, filter values by field, prior, and what is stored."""

    asset: int
    keys: Collection[str]
    fields: Mapping[str, str]
    filters: Mapping[str, Sequence[str]]
    prior: int
    changed_day: int
    """When it last changed, in days since the epoch."""
    successor: int
    """What replaces a deprecated asset (0: nothing)."""
    body: Mapping[str, Any]
    meaning: Mapping[str, float]
    """The words that say what it is about, with their weights; what `alignments` and `closest_words` compare."""
    mark: int
    """One more than the code of its kind; 0: it is deleted, and found by words only."""
    graph_prior: int
    """The part of the prior that comes from the graph, which changes without a fact about the asset."""
    team_digest: int
    """32 bits of its team's URI (0: none), which also changes without a fact about the asset."""


class IndexHit(NamedTuple):
    """A hit: the asset's number in the store, its score, and where the view has it; the others as in `WrittenDocument`."""

    asset: int
    score: float
    prior: int
    changed_day: int
    successor: int
    address: Any


class Alignment(NamedTuple):
    """How well the words of a document cover those of a query by their meaning: 0 to 1 in all, and by word of the query."""

    score: float
    by_word: tuple[int, ...]
    """In hundredths, in the order of the query's words: documents with equal ones are alike to the query."""


class GraphValues(NamedTuple):
    """What documents have from the graph: the part of the prior, and the digest of the team."""

    assets: NDArray[np.int32]
    priors: NDArray[np.uint8]
    teams: NDArray[np.uint32]


class Counts(NamedTuple):
    """How many documents match: in all, and by value of each filter field. `others`: those of values that are not listed."""

    total: int
    by_value: Mapping[str, Mapping[str, int]]
    others: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class IndexState:
    """What a commit includes: the log up to `watermark`, identified by `stamp`. `is_complete`: no initial build is under way."""

    watermark: int
    stamp: str
    is_complete: bool = True
    slots: int = 0
    """Documents with a vector."""


Selection = Mapping[str, Collection[str]]
"""Values by filter field: a document must have one of the values of each field."""


class IndexView(Protocol):
    """The index as of one commit. Thread-safe. Raises `Unavailable` if the files cannot be read any more."""

    state: IndexState

    def hits(self, clause: Clause, selection: Selection, limit: int, offset: int = 0) -> list[IndexHit]:
        """Return the best hits, best first."""

    def by_prior(self, clause: Clause, selection: Selection, limit: int) -> list[IndexHit]:
        """Return hits by descending prior instead of score."""

    def counts(self, clause: Clause, selection: Selection, most_values: int) -> Counts:
        """Return how many documents match, with at most `most_values` values of each filter field."""

    def bodies(self, hits: Sequence[IndexHit]) -> list[dict[str, Any]]:
        """Return what is stored of each hit."""

    def frequency(self, field: str, word: str) -> int:
        """Return how many documents have `word` in a field."""

    def continuations(self, field: str, prefix: str, most: int) -> list[str]:
        """Return words in a field that begin with `prefix`, the most frequent first."""


class MeaningView(IndexView, Protocol):
    """A view that also finds documents by what they are about."""

    def nearest(self, meaning: Mapping[str, float], most: int, most_of_kind: int) -> list[tuple[int, float]]:
        """Return (asset, cosine) of the documents nearest to the weighted words, nearest first.

        They are `most` of all and `most_of_kind` of each kind, ordered by the cosine; empty if no word has a vector.
        """

    def nearest_to(self, asset: int, most: int, most_of_kind: int) -> list[tuple[int, float]]:
        """Return the same for the vector of an asset, the asset itself included; empty if it has none."""

    def alignments(self, meaning: Mapping[str, float], hits: Sequence[IndexHit]) -> list[Alignment]:
        """Return how well the words of each hit cover those of `meaning` by their own meaning."""

    def closest_words(self, meaning: Mapping[str, float], hit: IndexHit, most: int) -> list[str]:
        """Return the words of a hit that are nearest in meaning to any word of `meaning`, nearest first."""


class SearchIndex(Protocol):
    """The files of the search index. One process writes."""

    def open(self) -> IndexState | None:
        """Open the index for reading, and return its state; None if there is no usable one, the reason of which is logged."""

    def begin_writing(self, *, from_scratch: bool) -> None:
        """Lock the index for writing; `from_scratch` empties it first. Raises `Unavailable` if another process has the lock."""

    def put(self, documents: Sequence[WrittenDocument], removed: Collection[int] = ()) -> None:
        """Replace the documents of these assets, and remove those of `removed`, with the next commit."""

    def commit(self, state: IndexState) -> None:
        """Make everything put so far durable and visible, with the state that it includes."""

    def view(self) -> MeaningView | None:
        """Return the latest view; None while there is none."""

    def graph_values(self) -> GraphValues:
        """Return what the documents of current assets have from the graph."""

    def warm(self) -> None:
        """Load what the first query would wait for: the embedding model and compiled kernels."""

    def refresh(self) -> bool:
        """Load what another process committed since; return whether there was something."""

    def close(self) -> None:
        """Stop writing, after merges in progress, and close the files."""
