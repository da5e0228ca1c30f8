"""A cache of the names of origins, of the store and of rules; there are few of them, and none is ever removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import orjson

from mlgraph.domain.history import CURATED_ORIGIN
from mlgraph.graph.csr.text.text_arena import Pieces
from mlgraph.graph.model.rows import Ints
from mlgraph.ports.store import FactReader

_EMPTY: Final = b'""'


class OriginNames(NamedTuple):
    """Origins by number: the name as a JSON string, and the rank of the name in alphabetical order."""

    names: Pieces
    rank: Ints


class Origins:
    """Reads the origins again only when a requested one is not cached."""

    def __init__(self, reader: FactReader, rule_origins: Mapping[int, str]) -> None:
        """`rule_origins`: as in `GraphVersion`, their numbers are greater than those of the store."""
        self._reader = reader
        self._of_rules = rule_origins
        self._in_store = 0
        """The number after the greatest cached one of the store."""
        self._known = _names_of({})

    def cached(self, number: int) -> OriginNames:
        """Return the cached names, those of rules among them. Raises `LookupError` if origin `number` of the store is not."""
        if number >= self._in_store:
            raise LookupError(number)
        return self._known

    def upto(self, number: int) -> OriginNames:
        """Return the names of all origins, at least up to `number` of the store and those of rules."""
        if number >= self._in_store:
            in_store = self._reader.origins()
            allocated = (origin for origin in in_store if origin != CURATED_ORIGIN)  # the greatest one, in every store
            self._known, self._in_store = _names_of({**in_store, **self._of_rules}), max(allocated, default=0) + 1
        return self._known


def _names_of(names: dict[int, str]) -> OriginNames:
    """Return the names by number; a number without an origin has the empty one.

    Nearly all numbers are without one, because those of curation and of rules are the greatest that there are.
    """
    size = max(names, default=0) + 1
    texts, lengths, number = [], np.full(size, len(_EMPTY), np.int64), 0
    for origin in sorted(names):
        text = orjson.dumps(names[origin])
        lengths[origin] = len(text)
        texts += [_EMPTY * (origin - number), text]
        number = origin + 1
    texts.append(_EMPTY * (size - number))
    ranks, unnamed = np.arange(size, dtype=np.int32), size - len(names)
    rank = np.full(size, -1, np.int32)
    rank[sorted(names, key=names.__getitem__)] = ranks[unnamed:]
    rank[rank < 0] = ranks[:unnamed]
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    return OriginNames(Pieces(offsets, np.frombuffer(bytearray(b"".join(texts)), np.uint8)), rank)
