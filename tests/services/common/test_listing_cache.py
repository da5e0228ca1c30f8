from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.services.common.listing_cache import ListingCache

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_a_list_is_forgotten_when_nobody_reads_it() -> None:
    clock = Clock()
    cache: ListingCache[str] = ListingCache(lifetime_s=10, now=clock)
    cache.put("a", "list", 5)
    clock.s = 9
    assert cache.get("a") == "list"
    clock.s = 18
    assert cache.get("a") == "list"
    clock.s = 29
    assert cache.get("a") is None
    assert len(cache) == 0


def test_the_list_read_last_stays() -> None:
    cache: ListingCache[str] = ListingCache(most_listings=2)
    cache.put("a", "A", 1)
    cache.put("b", "B", 1)
    cache.get("a")
    cache.put("c", "C", 1)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")


def test_a_list_beyond_the_limit_of_entries_is_stored_alone() -> None:
    cache: ListingCache[str] = ListingCache(most_entries=10)
    cache.put("a", "A", 4)
    cache.put("big", "B", 100)
    assert (cache.get("a"), cache.get("big")) == (None, "B")
    cache.put("a", "A", 4)
    assert (cache.get("a"), cache.get("big")) == ("A", None)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 9), st.booleans())))
def test_any_use_keeps_to_the_limits(uses: list[tuple[str, int, bool]]) -> None:
    cache: ListingCache[int] = ListingCache(most_listings=3, most_entries=15)
    recent: list[tuple[str, int]] = []
    for key, entries, is_put in uses:
        if is_put:
            cache.put(key, entries, entries)
            recent = [use for use in recent if use[0] != key] + [(key, entries)]
            while len(recent) > 3 or (sum(size for _, size in recent) > 15 and len(recent) > 1):
                recent.pop(0)
        else:
            known = dict(recent)
            assert cache.get(key) == known.get(key)
            if key in known:
                recent = [use for use in recent if use[0] != key] + [(key, known[key])]
        assert len(cache) == len(recent)
