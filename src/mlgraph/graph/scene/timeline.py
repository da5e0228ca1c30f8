"""When assets are in a closure: the moments at which it changes, and the assets in it from each of them on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from mlgraph.graph.model.rows import Bools, Ints, Longs

MOST_MOMENTS: Final = 200
Presence = Literal["same", "appeared", "gone", "later"]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The assets of a closure over time.

    `moments` int64[m] (microseconds) are ascending; `present` bool[m + 1, n] says of each of `assets` int32[n] whether it is in
    the closure before the first moment (row 0), and from each moment on until the next. `stands_for` int64[m]: how many moments.
    """

    assets: Ints
    moments: Longs
    stands_for: Longs
    present: Bools

    @property
    def most_at_once(self) -> int:
        """The greatest number of assets that are in the closure at one moment."""
        return int(self.present.sum(axis=1).max())

    def changes(self) -> list[tuple[int, int, int, int]]:
        """Return (moment, appeared, gone, number of moments it stands for) for each moment."""
        before, after = self.present[:-1], self.present[1:]
        appeared, gone = (after & ~before).sum(axis=1), (before & ~after).sum(axis=1)
        columns = (self.moments, appeared, gone, self.stands_for)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def state_at(self, moment: int) -> int:
        """Return the row of `present` for a moment: the number of moments up to it."""
        return int(np.searchsorted(self.moments, moment, side="right"))

    def take(self, chosen: Longs) -> Timeline:
        """Return the timeline of the assets at these positions, in that order."""
        return Timeline(self.assets[chosen], self.moments, self.stands_for, self.present[:, chosen])

    def presence(self, present: Bools, moment: int, *, is_now: bool) -> list[Presence]:
        """Return of each asset how its place is shown at a moment at which those of `present` bool[n] are in the closure.

        `appeared`: it joined at the last moment up to this one (not where `is_now`). An absent asset is `gone` if it was there
        before, else `later`.
        """
        state = self.state_at(moment)
        earlier = self.present[: state + 1].any(axis=0)
        joined = ~self.present[state - 1] & present if state and not is_now else np.zeros(len(present), np.bool_)
        words = np.where(present, np.where(joined, 1, 0), np.where(earlier, 2, 3))
        names: tuple[Presence, ...] = ("same", "appeared", "gone", "later")
        return [names[word] for word in words.tolist()]


def evenly(many: int, most: int) -> Longs:
    """Return the last positions of `most` groups of about equally many consecutive positions below `many`."""
    last: Longs = np.arange(1, most + 1) * many // most - 1
    return last


def only_changes(timeline: Timeline, most: int = MOST_MOMENTS) -> Timeline:
    """Return the timeline without the moments at which nothing changes, and with at most `most`: one stands for several then."""
    changed = (timeline.present[1:] != timeline.present[:-1]).any(axis=1)
    chosen = np.flatnonzero(changed)
    stands_for = timeline.stands_for[chosen]
    if len(chosen) > most:
        last = evenly(len(chosen), most)
        sums = np.concatenate([[0], np.cumsum(stands_for)])
        stands_for = np.diff(sums[np.concatenate([[0], last + 1])])
        chosen = chosen[last]
    present = timeline.present[np.concatenate([[0], chosen + 1])]
    return Timeline(timeline.assets, timeline.moments[chosen], stands_for, present)
