"""The hash table from digests to numbers, compared with a dictionary."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.fact_row import digest
from mlgraph.stores.append.number_table import NumberTable

CROWDED = [bytes(4) + bytes([number]) * 12 for number in range(1, 40)]
"""Digests with the same home slot."""


@given(st.lists(st.lists(st.tuples(st.sampled_from(CROWDED), st.integers(1, 2**40)), max_size=12, unique_by=lambda p: p[0])))
def test_a_table_is_a_dictionary(batches: list[list[tuple[bytes, int]]]) -> None:
    table, model = NumberTable(1 << 12), dict[bytes, int]()
    for batch in batches:
        table.put([key for key, _ in batch], [number for _, number in batch])
        for key, number in batch:
            model.setdefault(key, number)  # the number of a digest never changes
        assert table.get(CROWDED) == [model.get(key, 0) for key in CROWDED]
        assert len(table) == len(model)


def test_it_grows_and_clears_itself_at_its_maximum_size() -> None:
    table = NumberTable(1 << 14)
    keys = [digest(str(number)) for number in range(30_000)]
    for begin in range(0, 9_000, 1_000):
        table.put(keys[begin : begin + 1_000], range(begin + 1, begin + 1_001))
    assert table.get(keys[:9_000]) == list(range(1, 9_001))
    assert table.get(keys[9_000:]) == [0] * 21_000
    table.put(keys[9_000:12_000], range(9_001, 12_001))
    assert table.get(keys[:9_000]) == [0] * 9_000
    assert table.get(keys[9_000:12_000]) == list(range(9_001, 12_001))
    table.put(keys, range(1, 30_001))  # more than its capacity at once
    assert all(found in (0, number) for number, found in enumerate(table.get(keys), 1))
    assert table.nbytes == 24 << 14
    assert table.get([]) == []


def test_it_reports_whether_it_is_complete() -> None:
    table = NumberTable(1 << 13)
    assert not table.is_complete
    table.is_complete = True
    keys = [digest(str(number)) for number in range(6_000)]
    table.put(keys[:4_000], range(1, 4_001))
    assert table.is_complete  # it has grown
    table.put(keys[4_000:], range(4_001, 6_001))
    assert not table.is_complete  # it has cleared itself
