"""When assets are in a closure: the moments at which it changes, and the states between them in which an asset is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mlgraph.graph.model.rows import Bools, Ints, Longs
from mlgraph.graph.scene.kernels import STATES, Masks, changes_by_state, masks_between

MOST_MOMENTS: Final = 200
Presence = Literal["same", "appeared", "gone", "later"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The assets of a closure over time.

    `moments` int64[m] (microseconds) are ascending. State 0 is before the first of them, state `i` from the i-th on until the
    next. Bit `i` of the mask uint64[n, 4] of each of `assets` int32[n] says whether it is in the closure in state `i`.
    `stands_for` int64[m]: how many moments. At each, `appeared` int64[m] assets join the closure and `gone` int64[m] leave it;
    `changing` bool[m]: these, or the edges between the assets, change.
    """

    assets: Ints
    moments: Longs
    stands_for: Longs
    masks: Masks
    appeared: Longs
    gone: Longs
    at_first: int
    changing: Bools

    @classmethod
    def of(cls, assets: Ints, moments: Longs, stands_for: Longs, masks: Masks, changing: Bools) -> Timeline:
        """Return the timeline of assets with these masks; `changing`: at which moments anything else changes too."""
        appeared, gone, at_first = changes_by_state(masks, len(moments) + 1)
        every = changing | (appeared[1:] > 0) | (gone[1:] > 0)
        return cls(assets, moments, stands_for, masks, appeared[1:], gone[1:], at_first, every)

    @classmethod
    def of_states(cls, assets: Ints, moments: Longs, stands_for: Longs, present: Bools, changing: Bools) -> Timeline:
        """Return the timeline of assets that are in the closure as `present` bool[m + 1, n] says, of any number of moments.

        `changing` bool[m]: at which of them anything else changes too.
        """
        chosen = np.flatnonzero((present[1:] != present[:-1]).any(axis=1) | changing)
        stands_for = stands_for[chosen]
        if len(chosen) > MOST_MOMENTS:
            last = evenly(len(chosen), MOST_MOMENTS)
            sums = np.concatenate([[0], np.cumsum(stands_for)])
            stands_for = np.diff(sums[np.concatenate([[0], last + 1])])
            chosen = chosen[last]
        bits = np.zeros((len(assets), STATES), np.bool_)
        bits[:, : len(chosen) + 1] = present[np.concatenate([[0], chosen + 1])].T
        masks = np.packbits(bits, axis=1, bitorder="little").view("<u8").astype(np.uint64)
        return cls.of(assets, moments[chosen], stands_for, masks, np.ones(len(chosen), np.bool_))

    @property
    def most_at_once(self) -> int:
        """The greatest number of assets that are in the closure at one moment."""
        return self.at_first + int(np.cumsum(self.appeared - self.gone).max(initial=0))

    def changes(self) -> list[tuple[int, int, int, int]]:
        """Return (moment, appeared, gone, number of moments it stands for) for each moment at which something changes."""
        columns = (self.moments, self.appeared, self.gone, self.stands_for)
        chosen = self.changing
        return list(zip(*(column[chosen].tolist() for column in columns), strict=True))

    def take(self, chosen: Longs) -> Timeline:
        """Return the timeline of all assets in another order, that of these positions."""
        of_moments = (self.appeared, self.gone, self.at_first, self.changing)
        return Timeline(self.assets[chosen], self.moments, self.stands_for, self.masks[chosen], *of_moments)

    def presence(self, places: Longs, present: Bools, moment: int, *, is_now: bool) -> list[Presence]:
        """Return how the assets at these positions are shown at a moment at which those of `present` bool[p] are in the closure.

        `appeared`: it joined at the last change up to this moment (not where `is_now`). An absent asset is `gone` if it was there
        before, else `later`.
        """
        masks = self.masks[places]
        state = int(np.searchsorted(self.moments, moment, side="right"))
        earlier = masks_between(masks, 0, state + 1)
        joined = np.zeros(len(places), np.bool_)
        changed = self.changing[:state]
        if changed.any() and not is_now:
            last = int(np.flatnonzero(changed)[-1])
            joined = present & ~masks_between(masks, last, last + 1)
        words = np.where(present, np.where(joined, 1, 0), np.where(earlier, 2, 3))
        names: tuple[Presence, ...] = ("same", "appeared", "gone", "later")
        return [names[word] for word in words.tolist()]


def evenly(many: int, most: int) -> Longs:
    """Return the last positions of `most` groups of about equally many consecutive positions below `many`."""
    last: Longs = np.arange(1, most + 1) * many // most - 1
    return last
