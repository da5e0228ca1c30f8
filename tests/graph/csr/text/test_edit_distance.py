"""Edit distances equal those of a naive table, for the last parts of URIs and for other names."""

from __future__ import annotations

from functools import lru_cache

from hypothesis import given, settings
from hypothesis import strategies as st

from mlgraph.domain.uri import AssetUri
from mlgraph.graph.csr.text.edit_distance import FAR, distances
from mlgraph.graph.csr.text.string_index import Strings
from mlgraph.graph.csr.text.text_arena import Pieces

texts = st.text(st.sampled_from("abAB./:# é%"), min_size=1, max_size=7)
deterministic = settings(derandomize=True, deadline=None, max_examples=400)


def naive(one: bytes, other: bytes) -> int:
    """Return the optimal string alignment distance, by its definition."""

    @lru_cache(None)
    def of(left: int, right: int) -> int:
        if not left or not right:
            return left + right
        differs = one[left - 1] != other[right - 1]
        found = min(of(left - 1, right) + 1, of(left, right - 1) + 1, of(left - 1, right - 1) + differs)
        if left > 1 and right > 1 and one[left - 1] == other[right - 2] and one[left - 2] == other[right - 1]:
            found = min(found, of(left - 2, right - 2) + 1)
        return found

    return of(len(one), len(other))


def last_parts(name: str, parts: int) -> str:
    starts = [0, *(place + 1 for place, char in enumerate(name) if char in "./:#")]
    return name[starts[-parts:][0] :] if len(starts) >= parts else name


def strings(listed: list[str]) -> Strings:
    pieces = Pieces.of(listed, raw=True)
    return Strings(pieces.offsets, pieces.data)


@deterministic
@given(st.lists(texts, min_size=1, max_size=4), texts, st.integers(0, 12))
def test_distances_are_those_of_the_definition(names: list[str], text: str, bound: int) -> None:
    sought = text.encode().lower()
    parts = 1 + sum(char in "./:#" for char in text)
    exact = [naive(last_parts(name, parts).encode().lower(), sought) for name in names]
    expected = [distance if distance <= bound else FAR for distance in exact]
    uris = [str(AssetUri("dataset", "a/b", name)) for name in names]
    assert distances(strings(names), text, bound, uris=False).tolist() == expected
    assert distances(strings(uris), text, bound, uris=True).tolist() == expected


def test_an_empty_name_is_far_from_everything() -> None:
    assert distances(strings(["", "a"]), "a", 5, uris=False).tolist() == [FAR, 0]
