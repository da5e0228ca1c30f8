"""Spans of time as arrays int64[k, 2], for compiled code: each function does what its namesake in `graph.model.spans` does."""

from __future__ import annotations

import numba
import numpy as np

from mlgraph.graph.model.rows import Longs


@numba.njit(cache=True, nogil=True)
def union(spans: Longs) -> Longs:
    """Return the moments in any of `spans`, in order; spans that touch become one."""
    joined = np.empty_like(spans)
    many = 0
    for place in np.argsort(spans[:, 0]):
        start, end = spans[place, 0], spans[place, 1]
        if end <= start:
            continue
        if many and start <= joined[many - 1, 1]:
            joined[many - 1, 1] = max(joined[many - 1, 1], end)
        else:
            joined[many, 0], joined[many, 1] = start, end
            many += 1
    return joined[:many]


@numba.njit(cache=True, nogil=True)
def intersect(left: Longs, right: Longs) -> Longs:
    """Return the moments in both; each is a union."""
    common = np.empty((len(left) + len(right), 2), np.int64)
    many, i, j = 0, 0, 0
    while i < len(left) and j < len(right):
        start, end = max(left[i, 0], right[j, 0]), min(left[i, 1], right[j, 1])
        if start < end:
            common[many, 0], common[many, 1] = start, end
            many += 1
        if left[i, 1] < right[j, 1]:
            i += 1
        else:
            j += 1
    return common[:many]


@numba.njit(cache=True, nogil=True)
def subtract(left: Longs, right: Longs) -> Longs:
    """Return the moments in `left` and not in `right`; each is a union."""
    rest = np.empty((len(left) + len(right), 2), np.int64)
    many, j = 0, 0
    for i in range(len(left)):
        start, end = left[i, 0], left[i, 1]
        while j < len(right) and right[j, 1] <= start:
            j += 1
        k = j
        while k < len(right) and right[k, 0] < end:
            if start < right[k, 0]:
                rest[many, 0], rest[many, 1] = start, right[k, 0]
                many += 1
            start = max(start, right[k, 1])
            k += 1
        if start < end:
            rest[many, 0], rest[many, 1] = start, end
            many += 1
    return rest[:many]


@numba.njit(cache=True, nogil=True)
def several(spans: Longs) -> Longs:
    """Return the moments that lie in at least two of `spans`."""
    starts, ends = np.sort(spans[:, 0]), np.sort(spans[:, 1])
    found = np.empty_like(spans)
    many, depth, i, j = 0, 0, 0, 0
    while j < len(ends):
        if i < len(starts) and starts[i] < ends[j]:
            depth += 1
            if depth == 2:
                found[many, 0] = starts[i]
            i += 1
        else:
            if depth == 2:
                found[many, 1] = ends[j]
                many += 1
            depth -= 1
            j += 1
    return union(found[:many])
