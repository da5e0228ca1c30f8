"""Splitting of folds into parts: by group of the row, then kind, then namespace, then name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np

from mlgraph.graph.model.rows import Bytes, Ints, Longs

MOST_PARTS: Final = 12
"""Most parts of an open fold."""
SplitName = Literal["group", "kind", "namespace", "name", "rest"]
_DIMENSIONS: Final[tuple[SplitName, ...]] = ("group", "kind", "namespace")


@dataclass(frozen=True, slots=True)
class SplitKeys:
    """What assets are split by: int arrays of one entry an asset, whose order is that of the parts.

    `groups` are those of the rows, `namespaces` are numbered in order. Assets are in order of kind, then URI, so that their own
    positions are the keys of their names.
    """

    groups: Ints
    kinds: Bytes
    namespaces: Ints


class SplitPart(NamedTuple):
    """A part of a fold: its members (positions of assets, ascending), and the first and last key of the dimension in it."""

    members: Longs
    first: int
    last: int


class FoldSplit(NamedTuple):
    """The parts of a fold and the dimension that separates them."""

    by: SplitName
    parts: Sequence[SplitPart]


def dimension_of(keys: SplitKeys, members: Longs) -> SplitName:
    """Return the dimension by which a fold of `members` splits: the first that separates them."""
    if len(members) <= MOST_PARTS:
        return "name"
    for name in _DIMENSIONS:
        values = _values(keys, name, members)
        if (values != values[0]).any():
            return name
    return "name"


def split(keys: SplitKeys, members: Longs) -> FoldSplit:
    """Return the parts of a fold, at most `MOST_PARTS`. Keys that are too many for a part each share parts, in order."""
    by = dimension_of(keys, members)
    values = _values(keys, by, members)
    order = np.argsort(values, kind="stable")
    ordered, sorted_values = members[order], values[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(sorted_values)) + 1])
    begins = list(_balanced(starts, len(members)))
    bounds = zip(begins, [*begins[1:], len(members)], strict=True)
    parts = [SplitPart(np.sort(ordered[low:high]), int(sorted_values[low]), int(sorted_values[high - 1])) for low, high in bounds]
    return FoldSplit(by, parts)


def _balanced(starts: Longs, size: int) -> Iterator[int]:
    """Yield the first position of each part: one a key, or `MOST_PARTS` ranges of keys with about equally many members."""
    if len(starts) <= MOST_PARTS:
        yield from starts.tolist()
        return
    last = -1
    for part in range(MOST_PARTS):
        wanted = part * size // MOST_PARTS
        # a later part leaves at least one key to each part after it, an earlier one takes at least one
        place = int(np.searchsorted(starts, wanted, side="left"))
        place = min(max(place, last + 1), len(starts) - (MOST_PARTS - part))
        last = place
        yield int(starts[place])


def _values(keys: SplitKeys, name: SplitName, members: Longs) -> Longs:
    if name == "name":
        return members
    column: Ints | Bytes = keys.kinds if name == "kind" else keys.groups if name == "group" else keys.namespaces
    return column[members].astype(np.int64)
