"""Profiles, words, copies by name, postings and sketches against naive models."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlgraph.domain.vocabulary import KINDS
from mlgraph.search.similarity.postings import Postings
from mlgraph.search.similarity.profiles import Profile, described, type_family
from mlgraph.search.similarity.sketches import bands, bands_of_rows
from mlgraph.search.similarity.text.copies import identity_of
from mlgraph.search.similarity.text.thesaurus import concept
from mlgraph.search.similarity.text.words import split, words

NUMBER = st.integers(0, 2**32 - 1)
NUMBERS = st.lists(NUMBER, max_size=20).map(tuple)
NEIGHBOURS = st.dictionaries(NUMBER, st.frozensets(NUMBER, max_size=10), max_size=5)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 2**64 - 1), NEIGHBOURS)
def test_a_profile_survives_packing(
    name: tuple[int, ...],
    text: tuple[int, ...],
    columns: tuple[int, ...],
    metrics: tuple[int, ...],
    identity: int,
    neighbours: dict[int, frozenset[int]],
) -> None:
    profile = Profile(7, name, text, columns, bytes(len(columns)), metrics, identity, neighbours)
    assert Profile.unpack(profile.pack()) == profile


@pytest.mark.parametrize("name", ["userId", "user_id", "user.id", "USER-ID", "users/id"])
def test_all_spellings_of_an_identifier_have_the_same_words(name: str) -> None:
    assert words(name) == words("user id")


def test_words_are_split_stemmed_and_bounded() -> None:
    assert list(split("HTTPServer2 数据目录")) == ["http", "server", "2", "数据", "据目", "目录"]
    assert words("the shipped parcels of 3f2a9c0d77e1") == ["ship", "parcel"]
    assert [*map(concept, words("cust txn_amt attrition"))] == [*map(concept, words("client transaction value churn"))]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("s3://lake-prod", "ratings"), ("s3://lake-dev", "ratings"), True),
        (("mlflow:prod", "ranker"), ("mlflow:staging", "ranker"), True),
        (("mlflow:prod", "ranker_v1"), ("mlflow:prod", "ranker-v2"), True),
        (("s3://lake", "sales_2023"), ("s3://lake", "sales/2024-01-31"), True),
        (("s3://lake", "ratings"), ("s3://lake", "ratings_clean"), False),
        (("s3://lake", "dataset_17"), ("s3://lake", "dataset_18"), False),
        (("s3://lake", "orders_eu"), ("s3://lake", "orders_us"), False),
        (("a", "prod"), ("a", "dev"), False),
    ],
)
def test_copies_by_name_differ_in_environment_or_version_alone(one: tuple[str, str], other: tuple[str, str], same: bool) -> None:
    assert (identity_of(1, *one) == identity_of(1, *other)) is same
    assert identity_of(1, *one) != identity_of(2, *one)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 10**6)), max_size=300), st.integers(1, 40))
def test_postings_find_what_a_dict_finds(pairs: list[tuple[int, int]], most: int) -> None:
    postings = Postings()
    naive: dict[int, list[int]] = defaultdict(list)
    for number, (key, value) in enumerate(pairs):
        if not naive[key] or naive[key][-1] != value:
            naive[key].append(value)
        postings.add([key], value)
        if number % 60 == 59:
            postings._merge()
    for key, values in naive.items():
        assert set(postings.find(key, 10**6)) == set(values)
        assert len(postings.find(key, most)) == min(most, len(postings.find(key, 10**6)))


def test_more_alike_sets_share_more_bands() -> None:
    rng = np.random.default_rng(1)
    shared = []
    for overlap in (2, 10, 18, 20):
        counts = []
        for _ in range(200):
            numbers = rng.choice(10**6, 40, replace=False)
            one, other = numbers[:20], np.concatenate([numbers[:overlap], numbers[20 : 40 - overlap]])
            counts.append(len(set(bands(one.tolist())) & set(bands(other.tolist()))))
        shared.append(np.mean(counts))
    assert shared == sorted(shared)
    assert shared[-1] == 6
    assert shared[0] < 0.5
    rows = np.array([[5, 9, -1], [9, 5, -1]], np.int32)
    assert bands_of_rows(rows)[0].tolist() == bands_of_rows(rows)[1].tolist() == bands([5, 9])
    assert bands([]) == []


def test_states_of_any_shape_are_described() -> None:
    dataset = KINDS["dataset"].code
    wild = {
        "name": 3,
        "description": ["x"],
        "tags": [1, "t"],
        "properties": {"schema": {"a": 1}, "metrics": 7, "nearest_neighbours": []},
    }
    found = described(dataset, "ns", "n", wild)
    assert (found.title, found.description, list(found.columns), list(found.metrics)) == ("", " t", [], [])
    schema = [{"name": "a", "type": "BIGINT", "fields": [{"name": "b"}]}, "junk", {"type": "int"}]
    found = described(dataset, "ns", "n", {"properties": {"schema": schema, "entities": ["user_id", 4]}})
    assert [path for path, _ in found.columns] == ["a", "a.b", "user_id"]
    families = {
        name: type_family(name) for name in ("BIGINT", "varchar(20)", "timestamp with time zone", "array<int>", "boolean", "?")
    }
    assert len({*families.values()}) == len(families)
