"""Decides which of several candidates counts at each moment."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any, TypeVar

Candidate = TypeVar("Candidate")


def greatest_over_time(entries: Iterable[tuple[int, int, Any, Candidate]]) -> list[tuple[int, int, Candidate]]:
    """Return (start, end, candidate) in order: at each moment the candidate whose entry has the greatest rank then.

    `entries` are (start, end, rank, candidate). Ranks are compared; those of one moment are distinct.
    """
    listed = sorted(entries, key=lambda entry: entry[0])
    moments = sorted({moment for start, end, _, _ in listed for moment in (start, end)})
    valid: list[_Descending] = []
    found: list[tuple[int, int, Candidate]] = []
    place = 0
    for moment, following in pairwise(moments):
        while place < len(listed) and listed[place][0] <= moment:
            heappush(valid, _Descending(listed[place]))
            place += 1
        while valid and valid[0].entry[1] <= moment:
            heappop(valid)
        if valid:
            candidate = valid[0].entry[3]
            if found and found[-1][1] == moment and found[-1][2] == candidate:
                found[-1] = (found[-1][0], following, candidate)
            else:
                found.append((moment, following, candidate))
    return found


class _Descending:
    """An entry of a heap with the greatest rank at its top."""

    __slots__ = ("entry",)

    def __init__(self, entry: tuple[int, int, Any, Any]) -> None:
        self.entry = entry

    def __lt__(self, other: _Descending) -> bool:
        return bool(self.entry[2] > other.entry[2])
