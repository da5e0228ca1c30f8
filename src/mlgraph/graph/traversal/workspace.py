"""Reusable visit marks and queues of traversals: allocating or clearing them would cost more than most traversals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import numpy as np

from mlgraph.graph.model.rows import Bytes, Ints, Longs

_LEVELS: Final = 4096
_LAST_EPOCH: Final = 255


class ForWalk(NamedTuple):
    """Marks by node, the epoch that marks a visit, a queue of nodes, and an array for the ends of levels."""

    stamp: Bytes
    epoch: int
    queue: Ints
    ends: Longs


class ForAssets(NamedTuple):
    """Marks by asset, and the epoch that marks one."""

    stamp: Bytes
    epoch: int


class SearchLevels(NamedTuple):
    """The entries of two levels of a search: each with its predecessor, the group of its parent, and its sort key in that."""

    items: Longs
    back: Ints
    parents: Ints
    keys: Ints

    @classmethod
    def of_size(cls, size: int) -> SearchLevels:
        """Return arrays for `size` entries; memory is taken only for the entries that are written."""
        return cls(np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32))


class ForStates(NamedTuple):
    """Marks by state, the epoch, a queue of states with predecessors and groups, two levels, and an array for ends of levels."""

    stamp: Bytes
    epoch: int
    queue: Longs
    back: Ints
    groups: Ints
    levels: SearchLevels
    ends: Longs


class _EpochMarks:
    """Marks that a new epoch invalidates without clearing them; an epoch fits a byte, so that more marks fit the CPU caches."""

    def __init__(self) -> None:
        self.stamp = np.zeros(0, np.uint8)
        self.epoch = 0

    def ready(self, size: int) -> bool:
        """Start a new epoch for `size` marks; return whether the array had to grow."""
        grown = len(self.stamp) < size
        if grown or self.epoch >= _LAST_EPOCH:
            self.stamp = np.zeros(max(size, 1024) * 9 // 8 if grown else len(self.stamp), np.uint8)
            self.epoch = 0
        self.epoch += 1
        return grown


class Workspace:
    """Marks and queues for one traversal at a time."""

    def __init__(self) -> None:
        self._nodes, self._assets, self._states = _EpochMarks(), _EpochMarks(), _EpochMarks()
        self._queue = np.zeros(0, np.int32)
        self._long_queue, self._back, self._groups = np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32)
        self._levels = SearchLevels.of_size(0)
        self._ends = np.zeros(_LEVELS, np.int64)

    def for_walk(self, nodes: int) -> ForWalk:
        """Return marks and a queue for `nodes` nodes, valid until the next call."""
        if self._nodes.ready(nodes):
            self._queue = np.zeros(len(self._nodes.stamp) + 1, np.int32)
        return ForWalk(self._nodes.stamp, self._nodes.epoch, self._queue, self._ends)

    def for_assets(self, assets: int) -> ForAssets:
        """Return marks for `assets` assets, valid until the next call."""
        self._assets.ready(assets)
        return ForAssets(self._assets.stamp, self._assets.epoch)

    def for_states(self, states: int, paths: int) -> ForStates:
        """Return marks and queues for `states` states, and levels for them and `paths` paths, valid until the next call."""
        if self._states.ready(states):
            size = len(self._states.stamp)
            self._long_queue = np.zeros(size, np.int64)
            self._back, self._groups = np.zeros(size, np.int32), np.zeros(size, np.int32)
        if len(self._levels.items) < 2 * (states + paths):
            self._levels = SearchLevels.of_size(2 * (len(self._states.stamp) + paths))
        return ForStates(
            self._states.stamp,
            self._states.epoch,
            self._long_queue,
            self._back,
            self._groups,
            self._levels,
            self._ends,
        )

    def grow_levels(self, levels: int) -> None:
        """Enlarge the array for the ends of levels to at least `levels`."""
        self._ends = np.zeros(2 * levels, np.int64)


_free: list[Workspace] = []
"""Idle workspaces, as many as traversals ever ran at once; appending to and popping from a list is atomic."""


@contextmanager
def borrowed() -> Iterator[Workspace]:
    """Borrow a workspace; its contents are undefined once it is returned."""
    try:
        space = _free.pop()
    except IndexError:
        space = Workspace()
    try:
        yield space
    finally:
        _free.append(space)
