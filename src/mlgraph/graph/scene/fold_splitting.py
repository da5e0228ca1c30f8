"""Splitting of folds into parts: by group of the row, then kind, then namespace, then name, so that every asset is near.

What is split are units: an asset, or the members of a cycle in one group, which stay together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np

from mlgraph.graph.model.rows import Bools, Bytes, Ints, Longs

MOST_PARTS: Final = 12
"""Most parts of an open fold."""
OPENINGS: Final = 3
"""Openings after which each asset of a fold of at most `MOST_PARTS` ** `OPENINGS` assets has a mark of its own."""
NEAR: Final = MOST_PARTS**OPENINGS
CYCLES: Final = 255
"""The kind of units that are cycles: no kind has this code."""
SplitName = Literal["group", "kind", "namespace", "name", "cycle", "rest"]
_LEVELS: Final[tuple[SplitName, ...]] = ("group", "kind", "namespace", "name")
_NAME: Final = len(_LEVELS) - 1


@dataclass(frozen=True, slots=True)
class SplitKeys:
    """What assets are split by: arrays of one entry an asset, whose order is that of the parts.

    `groups` are those of the rows, `namespaces` are numbered in order. `units` int64[n]: the position of the first member of the
    asset's unit, which is its own if it is alone. Members of a unit have equal keys; a cycle has the kind `CYCLES`.
    """

    groups: Ints
    kinds: Bytes
    namespaces: Ints
    units: Longs

    @classmethod
    def of(cls, groups: Ints, kinds: Bytes, namespaces: Ints) -> SplitKeys:
        """Return the keys where each asset is a unit."""
        return cls(groups, kinds, namespaces, np.arange(len(groups), dtype=np.int64))

    def with_cycles(self, cycles: Ints, root: int) -> SplitKeys:
        """Return the keys where a unit has the members of a cycle in one group; the root remains alone.

        `cycles` int32[n]: the number of each asset's cycle; -1: it is in none.
        """
        inside = np.flatnonzero(cycles >= 0)
        inside = inside[inside != root]
        if not len(inside):
            return self
        pairs = cycles[inside].astype(np.int64) * (int(self.groups.max()) + 1) + self.groups[inside]
        _, first, place, counts = np.unique(pairs, return_index=True, return_inverse=True, return_counts=True)
        units, kinds, namespaces = self.units.copy(), self.kinds.copy(), self.namespaces.copy()
        units[inside] = inside[first][place]
        kinds[inside[(counts > 1)[place]]] = CYCLES
        namespaces[inside] = namespaces[units[inside]]
        return SplitKeys(self.groups, kinds, namespaces, units)

    def values(self, level: int, members: Longs) -> Longs:
        """Return the keys of a dimension, by its place in `_LEVELS`."""
        column: Ints | Bytes | Longs = (self.groups, self.kinds, self.namespaces, self.units)[level]
        return column[members].astype(np.int64)


class PartLabel(NamedTuple):
    """What separates a fold from its siblings: `by`, the finest of `dimensions`; `first` and `last` are its keys in each."""

    by: SplitName
    dimensions: tuple[SplitName, ...]
    first: tuple[int, ...]
    last: tuple[int, ...]


class SplitPart(NamedTuple):
    """A part of a fold: its members (positions of assets, ascending), and what separates it from the other parts."""

    members: Longs
    label: PartLabel


def openings_of(size: int) -> int:
    """Return after how many openings each of `size` assets can have a mark of its own."""
    found = 1
    while MOST_PARTS**found < size:
        found += 1
    return found


def dimension_of(keys: SplitKeys, members: Longs) -> SplitName:
    """Return the first dimension that separates `members`; `name` where each of them gets a mark of its own."""
    kinds = keys.kinds[members]
    alone = len(members) <= MOST_PARTS or (
        (kinds == CYCLES).any() and len(np.unique(keys.units[members])) <= MOST_PARTS  # without cycles each is a unit
    )
    if not alone:
        for level in range(_NAME):
            values = keys.values(level, members)
            if (values != values[0]).any():
                return _LEVELS[level]
    return "name"


def split(keys: SplitKeys, members: Longs, most: int, room: int = MOST_PARTS) -> Sequence[SplitPart]:
    """Return the parts of a fold, at most `room`, with at most `most` members each where this is possible.

    `most` times `room` is at least the number of members. A dimension is passed over where its keys are too unequal for that.
    Keys that are too many for a part each share parts, in order; a part that is too large is split by the next dimension at once.
    """
    by_level = [keys.values(level, members) for level in range(len(_LEVELS))]
    order = np.lexsort(by_level[::-1])
    return list(_Split.of(members[order], [values[order] for values in by_level], most).parts(room))


@dataclass(frozen=True, slots=True)
class _Split:
    """Splits members that are in order of all dimensions. `begins[level]`: whether a key of this or an earlier one begins."""

    members: Longs
    values: Sequence[Longs]
    begins: Sequence[Bools]
    most: int

    @classmethod
    def of(cls, members: Longs, values: Sequence[Longs], most: int) -> _Split:
        begins, before = [], np.zeros(len(members), np.bool_)
        before[0] = True
        for each in values:
            before = before.copy()
            before[1:] |= each[1:] != each[:-1]
            begins.append(before)
        return cls(members, values, begins, most)

    def parts(self, room: int) -> Iterator[SplitPart]:
        size = len(self.members)
        separating = [level for level in range(_NAME) if (self.values[level] != self.values[level][0]).any()]
        alone = size <= MOST_PARTS or int(self.begins[_NAME].sum()) <= room
        level = _NAME if alone else next(iter(separating), _NAME)
        if alone:
            separating = []
        places = list(self._cut(0, size, level, room))
        ends = [*(begin for begin, _ in places[1:]), size]
        for (low, by), high in zip(places, ends, strict=True):
            levels = [each for each in (*separating, _NAME) if each <= by]
            keys = [tuple(int(self.values[each][at]) for each in levels) for at in (low, high - 1)]
            label = PartLabel(_LEVELS[by], tuple(_LEVELS[each] for each in levels), *keys)
            yield SplitPart(np.sort(self.members[low:high]), label)

    def _cut(self, low: int, high: int, level: int, room: int) -> Iterator[tuple[int, int]]:
        """Yield (first position, dimension that separates it) for each part of the members from `low` to `high`."""
        starts = low + np.flatnonzero(self.begins[level][low:high])
        if not len(starts) or starts[0] != low:
            starts = np.concatenate([[low], starts])
        if level == _NAME:
            yield from ((begin, level) for begin in _balanced(starts, low, high, room))
            return
        begins = _balanced(starts, low, high, room)
        sizes = np.diff([*begins, high])
        needed = -(-sizes // self.most)
        if len(begins) == 1 or needed.sum() > room:
            yield from self._cut(low, high, level + 1, room)
            return
        shares = _shared(sizes, needed, room)
        for (begin, end), share in zip(pairwise([*begins, high]), shares, strict=True):
            if share == 1:
                yield begin, level
            else:
                yield from self._cut(begin, end, level + 1, share)


def _shared(sizes: Longs, needed: Longs, room: int) -> list[int]:
    """Return how many parts each range gets: those that need several share what is left, the largest parts first."""
    shares: Longs = needed.copy()
    several = np.flatnonzero(needed > 1)
    while len(several) and shares.sum() < room:
        shares[several[np.argmax(sizes[several] / shares[several])]] += 1
    return shares.tolist()


def _balanced(starts: Longs, low: int, high: int, most: int) -> list[int]:
    """Return the first position of each part: one a key, or `most` ranges of keys with about equally many members."""
    if len(starts) <= most:
        found: list[int] = starts.tolist()
        return found
    begins, last = [], -1
    for part in range(most):
        wanted = low + -(-part * (high - low) // most)
        # a later part leaves at least one key to each part after it, an earlier one takes at least one
        place = int(np.searchsorted(starts, wanted, side="left"))
        place = min(max(place, last + 1), len(starts) - (most - part))
        last = place
        begins.append(int(starts[place]))
    return begins
