"""The compiled algebra of spans against the plain one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.timestamps import FOREVER
from mlgraph.graph.model import spans
from mlgraph.graph.model.rows import Longs
from mlgraph.graph.model.spans import Spans
from mlgraph.graph.projection.batch import compiled_spans

moments = st.one_of(st.integers(0, 12), st.just(FOREVER))
any_spans = st.lists(st.tuples(moments, moments), max_size=8)
unions = any_spans.map(spans.union)
quick = settings(derandomize=True, deadline=None, max_examples=300)


def as_array(listed: Spans) -> Longs:
    return np.array(listed, np.int64).reshape(-1, 2)


def as_list(array: Longs) -> Spans:
    return [(start, end) for start, end in array.tolist()]


@quick
@given(any_spans)
def test_union(listed: Spans) -> None:
    assert as_list(compiled_spans.union(as_array(listed))) == spans.union(listed)


@quick
@given(unions, unions)
def test_intersect_and_subtract(left: Spans, right: Spans) -> None:
    assert as_list(compiled_spans.intersect(as_array(left), as_array(right))) == spans.intersect(left, right)
    assert as_list(compiled_spans.subtract(as_array(left), as_array(right))) == spans.subtract(left, right)


@quick
@given(st.lists(unions, max_size=4))
def test_several(sets: list[Spans]) -> None:
    flat = [span for listed in sets for span in listed]
    assert as_list(compiled_spans.several(as_array(flat))) == spans.several(sets)
