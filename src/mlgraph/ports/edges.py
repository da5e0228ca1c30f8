"""Facts of edges as columns: a chunk of a bulk load on its way into the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from mlgraph.domain.stated import NOTHING, StatedEdge
from mlgraph.domain.vocabulary import RELATIONS

RELATION_ROWS: Final = tuple(RELATIONS)
"""The name of each relation by its row in the vocabulary."""

Words = NDArray[np.uint64]
Longs = NDArray[np.int64]


class EdgeColumns(NamedTuple):
    """One row an edge. A digest is two words; texts are spans [begin, end) of the chunk, from -1 where nothing is said."""

    digest: Words
    source_key: Words
    target_key: Words
    source: Longs
    target: Longs
    role: Longs
    version: Longs
    relation: Longs
    """Rows of `RELATION_ROWS`."""
    origin: Longs
    """Places in the list of origins."""
    valid_from: Longs
    valid_to: Longs

    def at(self, rows: NDArray[np.integer] | NDArray[np.bool_] | slice) -> EdgeColumns:
        """Return these rows."""
        return EdgeColumns._make(column[rows] for column in self)


class StatedEdges(Sequence[StatedEdge]):
    """Facts of edges, each with its times and no properties but role and version: as columns, and one by one when asked."""

    def __init__(self, text: bytes, origins: Sequence[str], columns: EdgeColumns) -> None:
        """Hold columns over the bytes that they were read from."""
        self.text = text
        self.origins = origins
        self.columns = columns

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.columns.relation)

    @overload
    def __getitem__(self, place: int) -> StatedEdge: ...
    @overload
    def __getitem__(self, place: slice) -> StatedEdges: ...
    def __getitem__(self, place: int | slice) -> StatedEdge | StatedEdges:
        """Return one, or some."""
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        return self._stated(range(len(self))[place])

    def __iter__(self) -> Iterator[StatedEdge]:
        """Yield each."""
        return map(self._stated, range(len(self)))

    def take(self, rows: NDArray[np.int64]) -> StatedEdges:
        """Return those at these places."""
        return StatedEdges(self.text, self.origins, self.columns.at(rows))

    def uri(self, span: NDArray[np.int64]) -> str:
        """Return the URI that a span holds."""
        return self.text[int(span[0]) : int(span[1])].decode("ascii")

    def _stated(self, row: int) -> StatedEdge:
        of = self.columns
        role, version = (self.uri(column[row]) if column[row, 0] >= 0 else None for column in (of.role, of.version))
        return StatedEdge(
            of.digest[row].tobytes(), self.uri(of.source[row]), of.source_key[row].tobytes(), RELATION_ROWS[of.relation[row]],
            self.uri(of.target[row]), of.target_key[row].tobytes(), self.origins[of.origin[row]], int(of.valid_from[row]),
            int(of.valid_to[row]), NOTHING, role, version,
        )  # fmt: skip
