"""A small catalogue for tests: assets described in a line, without a server."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlgraph.domain.vocabulary import KINDS
from mlgraph.search.similarity.catalogue import Catalogue
from mlgraph.search.similarity.profiles import Described
from mlgraph.search.similarity.signals import rank
from mlgraph.search.similarity.subjects import Context, Subject
from mlgraph.search.similarity.text.vocabulary import DIMENSIONS, Floats
from mlgraph.search.similarity.text.words import hashed

DATASET = KINDS["dataset"].code


def hashed_vectors(words: Sequence[str]) -> Floats:
    """Return a random unit vector for each word, the same for equal words: no two words mean the same."""
    rows = [np.random.default_rng(hashed(word)).standard_normal(DIMENSIONS) for word in words]
    found: Floats = np.array(rows, np.float32).reshape(len(words), DIMENSIONS)
    return found


class Planted:
    """A catalogue of datasets by number, with their sources."""

    def __init__(self) -> None:
        self.catalogue = Catalogue(hashed_vectors)
        self.sources: dict[int, frozenset[int]] = {}

    def put(self, number: int, name: str, description: str = "", columns: str = "", sources: Sequence[int] = ()) -> Subject:
        """Add a dataset; `columns` are names separated by spaces, each with a type after a colon."""
        listed = [(name, kind) for name, _, kind in (column.partition(":") for column in columns.split())]
        self.catalogue.put(number, Described(DATASET, "s3://lake", name, "", description, listed))
        self.sources[number] = frozenset(sources)
        return self.subject(number)

    def subject(self, number: int) -> Subject:
        profile = self.catalogue.profile(number)
        assert profile is not None
        return Subject(number, profile, self.sources[number])

    def context(self) -> Context:
        return self.catalogue.context(lambda _: 0.8)

    def ranked(self, number: int) -> list[int]:
        """Return the other datasets, the most similar first."""
        others = [self.subject(other) for other in self.sources if other != number]
        return [each.subject.asset for each in rank(self.subject(number), others, self.context())]
