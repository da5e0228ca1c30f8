"""Interval algebra, compared with sets of integers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.graph.model.spans import Spans, covers, intersect, overlapping, subtract, union

MOMENTS = range(13)
pieces = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=6)
checked = settings(derandomize=True, deadline=None)


def moments_of(spans: list[tuple[int, int]]) -> set[int]:
    return {moment for start, end in spans for moment in range(start, end)}


def is_normal(spans: Spans) -> bool:
    """Return whether the spans are sorted and not empty, and neither overlap nor touch."""
    return all(start < end for start, end in spans) and all(a[1] < b[0] for a, b in pairwise(spans))


@checked
@given(pieces, pieces)
def test_spans_are_sets_of_moments(left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    a, b = union(left), union(right)
    assert is_normal(a)
    assert moments_of(a) == moments_of(left)
    assert moments_of(intersect(a, b)) == moments_of(a) & moments_of(b)
    assert moments_of(subtract(a, b)) == moments_of(a) - moments_of(b)
    assert is_normal(intersect(a, b))
    assert is_normal(subtract(a, b))
    assert [moment for moment in MOMENTS if covers(a, moment)] == sorted(moments_of(a))


@checked
@given(st.lists(pieces, max_size=4))
def test_overlapping_covers_the_moments_in_two_or_more_sets(sets: list[list[tuple[int, int]]]) -> None:
    spans = [union(listed) for listed in sets]
    expected = {moment for moment in MOMENTS if sum(covers(listed, moment) for listed in spans) >= 2}
    assert moments_of(overlapping(spans)) == expected
    assert is_normal(overlapping(spans))


def test_touching_spans_become_one_and_empty_ones_vanish() -> None:
    assert union([(3, 5), (1, 3), (7, 7), (9, 8)]) == [(1, 5)]
