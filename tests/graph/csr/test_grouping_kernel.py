"""Grouping kernels, compared with list comprehensions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.graph.csr.grouping_kernel import first_with_least, grouped, places_among

_numbers = st.one_of(st.integers(0, 5), st.integers(0, 2**31 - 1))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.integers(0, 7), max_size=60), st.integers(0, 3))
def test_positions_are_grouped_by_key_in_order(keys: list[int], spare: int) -> None:
    groups = 8 + spare
    index, positions = grouped(np.array(keys, np.int32), groups)
    assert len(index) == groups + 1
    found = [positions[index[key] : index[key + 1]].tolist() for key in range(groups)]
    assert found == [[position for position, each in enumerate(keys) if each == key] for key in range(groups)]


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(_numbers, st.integers(0, 255)), max_size=80))
def test_each_number_is_returned_once_with_its_first_position_and_least_value(entries: list[tuple[int, int]]) -> None:
    numbers, values = [number for number, _ in entries], [value for _, value in entries]
    places, least = first_with_least(np.array(numbers, np.int32), np.array(values, np.uint8))
    expected = {number: numbers.index(number) for number in dict.fromkeys(numbers)}
    assert places.tolist() == list(expected.values())
    assert least.tolist() == [min(value for each, value in entries if each == number) for number in expected]


@settings(deadline=None)  # the first call compiles
@given(st.lists(_numbers, min_size=1, max_size=80, unique=True), st.data())
def test_positions_in_a_list_are_found(listed: list[int], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(listed), max_size=40))
    found = places_among(np.array(listed, np.int32), np.array(wanted, np.int32))
    assert found.tolist() == [listed.index(number) for number in wanted]
