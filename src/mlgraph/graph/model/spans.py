"""Interval algebra: union, intersection and difference of sets of half-open intervals [start, end).

A set is a list of intervals in order of time that neither overlap nor touch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

Spans = list[tuple[int, int]]


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return the union of `spans`, given in any order; touching intervals are merged, empty ones dropped."""
    listed = sorted(spans)
    if len(listed) == 1:  # the common case
        return listed if listed[0][0] < listed[0][1] else []
    joined: Spans = []
    for start, end in listed:
        if end <= start:
            continue
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def covers(spans: Iterable[tuple[int, int]], moment: int) -> bool:
    """Return whether `moment` lies in one of `spans`."""
    return any(start <= moment < end for start, end in spans)


def intersect(left: Spans, right: Spans) -> Spans:
    """Return the intersection of two sets."""
    if len(left) == 1 and len(right) == 1:  # the common case
        start, end = max(left[0][0], right[0][0]), min(left[0][1], right[0][1])
        return [(start, end)] if start < end else []
    common: Spans = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            common.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return common


def subtract(left: Spans, right: Spans) -> Spans:
    """Return the difference of two sets: `left` without `right`."""
    if not right:
        return left
    rest: Spans = []
    j = 0
    for left_start, end in left:
        start = left_start
        while j < len(right) and right[j][1] <= start:
            j += 1
        k = j
        while k < len(right) and right[k][0] < end:
            if start < right[k][0]:
                rest.append((start, right[k][0]))
            start = max(start, right[k][1])
            k += 1
        if start < end:
            rest.append((start, end))
    return rest


def overlapping(sets: Collection[Spans]) -> Spans:
    """Return the intervals that at least two of `sets` cover."""
    if len(sets) < 2:
        return []
    changes: list[tuple[int, int]] = []
    for spans in sets:
        for start, end in spans:
            changes.append((start, 1))
            changes.append((end, -1))
    changes.sort()
    found: Spans = []
    depth = 0
    for moment, step in changes:
        if depth > 1:
            found[-1] = (found[-1][0], moment)
        depth += step
        if depth == 2 and step == 1:
            found.append((moment, moment))
    return union(found)
