"""Order of hits: fusion, the bounded prior, successors before deprecated assets."""

from hypothesis import given
from hypothesis import strategies as st

from mlgraph.search.fusion import MOST_RANKS, RANK_CONSTANT, fuse, ordered, successors_first, with_prior

RANKED = st.lists(st.integers(1, 60), unique=True, max_size=40)


def test_fusion_adds_reciprocal_ranks() -> None:
    k = RANK_CONSTANT
    found = fuse([[(1, 9.0), (2, 8.0)], [(2, 0.9), (3, 0.8)]], [1.0, 0.5])
    assert found == {1: 1 / (k + 1), 2: 1 / (k + 2) + 0.5 / (k + 1), 3: 0.5 / (k + 2)}


def test_equal_scores_share_a_rank() -> None:
    found = fuse([[(1, 2.0), (2, 2.0), (3, 1.0)]])
    assert found[1] == found[2] == 1 / (RANK_CONSTANT + 1)
    assert found[3] == 1 / (RANK_CONSTANT + 3)


@given(RANKED, st.lists(st.integers(0, 255), min_size=61, max_size=61))
def test_the_prior_moves_no_hit_further_than_its_bound(ranked: list[int], priors: list[int]) -> None:
    moved = with_prior(ranked, dict(enumerate(priors)), str)
    assert sorted(moved) == sorted(ranked)
    for place, asset in enumerate(ranked):
        assert abs(moved.index(asset) - place) <= MOST_RANKS


@given(RANKED)
def test_equal_priors_change_nothing(ranked: list[int]) -> None:
    assert with_prior(ranked, dict.fromkeys(ranked, 7), str) == ranked


@given(RANKED, st.dictionaries(st.integers(1, 60), st.integers(1, 60), max_size=20))
def test_a_deprecated_asset_is_never_before_its_successor(ranked: list[int], links: dict[int, int]) -> None:
    successors = {old: new for old, new in links.items() if new > old}  # without circles
    listed = successors_first(ranked, successors)
    assert sorted(listed) == sorted(ranked)
    for old, new in successors.items():
        if old in listed and new in listed:
            assert listed.index(new) < listed.index(old)


@given(RANKED, st.dictionaries(st.integers(1, 60), st.integers(1, 60), max_size=20))
def test_circles_of_successors_lose_no_hit(ranked: list[int], links: dict[int, int]) -> None:
    assert sorted(successors_first(ranked, links)) == sorted(ranked)


def test_equal_keys_are_ordered_by_uri_and_only_their_uris_are_read() -> None:
    read: list[int] = []

    def uri(asset: int) -> str:
        read.append(asset)
        return f"mlg://dataset/{9 - asset}"

    keys = {1: 0.5, 2: 0.5, 3: 0.1, 4: 0.9}
    assert ordered(keys, lambda asset: -keys[asset], uri) == [4, 2, 1, 3]
    assert set(read) == {1, 2}
