"""The names of origins, kept: they are few, and only ever more."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import orjson

from mlgraph.graph.csr.text_arena import Pieces
from mlgraph.graph.model.rows import Ints
from mlgraph.ports.store import FactReader


class OriginNames(NamedTuple):
    """Origins by number: their names as JSON, quoted, and the place of each among all names in order."""

    names: Pieces
    rank: Ints


class Origins:
    """Reads the origins anew only when one is asked for that was not there."""

    def __init__(self, reader: FactReader) -> None:
        self._reader = reader
        self._known = _names_of({})

    def cached(self, number: int) -> OriginNames:
        """Return the names that are known already. Raises `LookupError` if those up to `number` are not."""
        if number >= len(self._known.rank):
            raise LookupError(number)
        return self._known

    def upto(self, number: int) -> OriginNames:
        """Return the names of all origins up to `number` at least."""
        if number >= len(self._known.rank):
            self._known = _names_of(dict(self._reader.origins()))
        return self._known


def _names_of(names: dict[int, str]) -> OriginNames:
    size = max(names, default=0) + 1
    listed = [names.get(number, "") for number in range(size)]
    rank = np.empty(size, np.int32)
    rank[sorted(range(size), key=listed.__getitem__)] = np.arange(size, dtype=np.int32)
    return OriginNames(Pieces.of((orjson.dumps(name).decode() for name in listed), raw=True), rank)
