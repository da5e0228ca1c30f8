"""Sets of moments as sorted, disjoint half-open spans [start, end)."""

from __future__ import annotations

from collections.abc import Iterable

Spans = list[tuple[int, int]]


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Return the moments in any of `spans`; touching spans become one, empty ones vanish."""
    joined: Spans = []
    for start, end in sorted(spans):
        if end <= start:
            continue
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def covers(spans: Iterable[tuple[int, int]], moment: int) -> bool:
    """Say whether `moment` lies in one of `spans`."""
    return any(start <= moment < end for start, end in spans)


def intersect(left: Spans, right: Spans) -> Spans:
    """Return the moments in both."""
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
    """Return the moments in `left` and not in `right`."""
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


def several(sets: Iterable[Spans]) -> Spans:
    """Return the moments that lie in at least two of `sets`."""
    changes: list[tuple[int, int]] = []
    for spans in sets:
        for start, end in spans:
            changes.append((start, 1))
            changes.append((end, -1))
    changes.sort()
    found: Spans = []
    depth = 0
    for position, (moment, step) in enumerate(changes):
        depth += step
        following = changes[position + 1][0] if position + 1 < len(changes) else moment
        if depth > 1 and following > moment:
            found.append((moment, following))
    return union(found)
